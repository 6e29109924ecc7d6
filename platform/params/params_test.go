package params_test

import (
	"flag"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/detectviz/detectviz/platform/params"
)

// resolve runs one param through a command line.
func resolve(t *testing.T, list []params.Param, args ...string) error {
	t.Helper()
	flags := flag.NewFlagSet("test", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	set, err := params.Register(flags, list)
	if err != nil {
		t.Fatal(err)
	}
	if err := flags.Parse(args); err != nil {
		t.Fatal(err)
	}
	return set.Resolve()
}

func TestTypes(t *testing.T) {
	var (
		s string
		i int64
		b bool
		d time.Duration
	)
	tests := []struct {
		value params.Value
		text  string
		want  string // as String writes it
		err   string
	}{
		{params.String(&s, ""), "any text", "any text", ""},
		{params.Int(&i, 1), "-5", "-5", ""},
		{params.Int(&i, 1), "5.5", "", "not a whole number"},
		{params.Int(&i, 1), "99999999999999999999", "", "not a whole number"},
		{params.Bool(&b, false), "true", "true", ""},
		{params.Bool(&b, false), "yes", "", "neither true nor false"},
		{params.Duration(&d, 0), "90s", "1m30s", ""},
		{params.Duration(&d, 0), "5", "", "not a duration such as"},
		{params.Size(&i, 0), "256MiB", "256MiB", ""},
		{params.Size(&i, 0), "1GB", "1000000000B", ""},
		{params.Size(&i, 0), "1.5KiB", "1536B", ""},
		{params.Size(&i, 0), "0B", "0B", ""},
		{params.Size(&i, 0), "12", "", "not a size such as"},
		{params.Size(&i, 0), "-1MiB", "", "not a size such as"},
		{params.Size(&i, 0), "1e3MiB", "", "not a size such as"},
		{params.Size(&i, 0), "infB", "", "not a size such as"},
		{params.Size(&i, 0), "9999999999TiB", "", "not a size such as"},
		{params.Address(&s, ""), "127.0.0.1:8080", "127.0.0.1:8080", ""},
		{params.Address(&s, ""), "[::1]:0", "[::1]:0", ""},
		{params.Address(&s, ""), ":80", ":80", ""},
		{params.Address(&s, ""), "127.0.0.1", "", "not an address such as"},
		{params.Address(&s, ""), "h:65536", "", "not an address such as"},
		{params.Address(&s, ""), "http://h:80", "", "not an address such as"},
		{params.URL(&s, ""), "https://example.org/x", "https://example.org/x", ""},
		{params.URL(&s, ""), "https://me:hunter2@example.org/", "https://me:xxxxx@example.org/", ""},
		{params.URL(&s, ""), "ftp://example.org", "", "not an absolute URL"},
		{params.URL(&s, ""), "me:hunter2@example.org", "", "not an absolute URL"},
		{params.Enum(&s, "", "debug", "info"), "info", "info", ""},
		{params.Enum(&s, "", "debug", "info"), "inf", "", `"inf" is not one of debug, info`},
	}
	for _, tt := range tests {
		t.Run(tt.value.Type()+" "+tt.text, func(t *testing.T) {
			err := resolve(t, []params.Param{{Name: "x", Value: tt.value}}, "--x="+tt.text)
			if tt.err != "" {
				if err == nil || !strings.Contains(err.Error(), tt.err) {
					t.Fatalf("got %v, want an error with %q", err, tt.err)
				}
				if strings.Contains(err.Error(), "hunter2") {
					t.Fatalf("the error tells a password: %v", err)
				}
				return
			}
			if err != nil || tt.value.String() != tt.want {
				t.Errorf("got %s, %v; want %s", tt.value, err, tt.want)
			}
		})
	}
}

func TestOrigin(t *testing.T) {
	var listen string
	list := []params.Param{{Name: "health_listen", Env: "DVZ_TEST_LISTEN", Value: params.Address(&listen, "127.0.0.1:1")}}
	check := func(want string, args ...string) {
		t.Helper()
		params.Address(&listen, "127.0.0.1:1")
		if err := resolve(t, list, args...); err != nil || listen != want {
			t.Errorf("got %s, %v; want %s", listen, err, want)
		}
	}
	check("127.0.0.1:1")
	t.Setenv("DVZ_TEST_LISTEN", "")
	check("127.0.0.1:1")
	t.Setenv("DVZ_TEST_LISTEN", "127.0.0.1:2")
	check("127.0.0.1:2")
	check("127.0.0.1:3", "--health-listen", "127.0.0.1:3")
}

func TestAllErrorsAtOnce(t *testing.T) {
	var (
		d, e     time.Duration
		size     int64
		token, u string
	)
	t.Setenv("DVZ_TEST_SIZE", "10GiB")
	err := resolve(t, []params.Param{
		{Name: "interval", Value: params.Duration(&d, time.Minute), Min: "1s", Max: "1h"},
		{Name: "timeout", Value: params.Duration(&e, time.Minute), Min: "1s"},
		{Name: "max_size", Env: "DVZ_TEST_SIZE", Value: params.Size(&size, 1), Max: "1GiB"},
		{Name: "token", Env: "DVZ_TEST_TOKEN", Required: true, Value: params.String(&token, "")},
		{Name: "upstream", Required: true, Value: params.URL(&u, "")},
	}, "--interval", "5ms", "--timeout", "1s")
	want := `--interval: 5ms is out of bounds: must be at least 1s
environment variable DVZ_TEST_SIZE: 10GiB is out of bounds: must be at most 1GiB
--token is required: give the flag or set the environment variable DVZ_TEST_TOKEN
--upstream is required`
	if err == nil || err.Error() != want {
		t.Errorf("got:\n%v\nwant:\n%s", err, want)
	}
	if d != time.Minute || size != 1 {
		t.Errorf("a wrong value was stored: %s, %d", d, size)
	}
	if e != time.Second {
		t.Errorf("a bound is not inclusive: %s", e)
	}
}

func TestBoolNeedsNoValue(t *testing.T) {
	var b bool
	if err := resolve(t, []params.Param{{Name: "verbose", Value: params.Bool(&b, false)}}, "--verbose"); err != nil || !b {
		t.Errorf("got %t, %v", b, err)
	}
}

func TestNameCollision(t *testing.T) {
	var s string
	flags := flag.NewFlagSet("test", flag.ContinueOnError)
	flags.String("state", "", "")
	if _, err := params.Register(flags, []params.Param{{Name: "state", Value: params.String(&s, "")}}); err == nil {
		t.Error("no error for a param named like a flag")
	}
}

func FuzzValues(f *testing.F) {
	for _, s := range []string{"256MiB", "15s", "[::1]:80", "https://a@b/c", ".B", "1.2.3GB"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var s string
		var n int64
		var d time.Duration
		// What was accepted is accepted again as it is printed.
		for _, v := range []params.Value{params.Size(&n, 0), params.Duration(&d, 0), params.Address(&s, ""), params.Int(&n, 0)} {
			if resolve(t, []params.Param{{Name: "x", Value: v}}, "--x="+text) != nil {
				continue
			}
			printed := v.String()
			if err := resolve(t, []params.Param{{Name: "x", Value: v}}, "--x="+printed); err != nil || v.String() != printed {
				t.Errorf("%s %q is printed as %q, which gives %s, %v", v.Type(), text, printed, v, err)
			}
		}
	})
}
