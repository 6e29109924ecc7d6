package jsonfile_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/detectviz/detectviz/platform/contracts"
	"github.com/detectviz/detectviz/platform/testkit"
	jsonfile "github.com/detectviz/detectviz/plugins/community/exporters/json"
)

func newSeries(name string, labels ...string) *contracts.Series {
	s := &contracts.Series{Name: name}
	for i := 0; i < len(labels); i += 2 {
		s.Labels = append(s.Labels, contracts.Label{Name: labels[i], Value: labels[i+1]})
	}
	return s
}

func batch(samples ...contracts.Sample) *contracts.Metrics {
	m := contracts.NewMetrics()
	m.Samples = append(m.Samples, samples...)
	return m
}

// started returns a running exporter; zero options get their defaults.
func started(t testing.TB, cfg jsonfile.Config) *jsonfile.Exporter {
	t.Helper()
	if cfg.MaxSize == 0 {
		cfg.MaxSize = 100 << 20
	}
	e, err := jsonfile.New(cfg, testkit.Host(t))
	if err != nil {
		t.Fatal(err)
	}
	if err := e.OnStart(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.OnStop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return e
}

func read(t testing.TB, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func send(t testing.TB, e *jsonfile.Exporter, samples ...contracts.Sample) {
	t.Helper()
	if err := e.ExportMetrics(t.Context(), batch(samples...)); err != nil {
		t.Fatal(err)
	}
}

func TestLines(t *testing.T) {
	path := filepath.Join(t.TempDir(), "m.jsonl")
	e := started(t, jsonfile.Config{Path: path})
	at := time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC).UnixMilli()
	up := newSeries("up", "instance", "a", "job", "node")
	odd := newSeries("odd", "path", "C:\\dir\t\"x\"\n", "utf8", "grün", "zbad", "\xff!\x00")
	send(t, e,
		contracts.Sample{Series: up, Time: at, Value: 1},
		contracts.Sample{Series: up, Time: at + 15001, Value: 0.1},
		contracts.Sample{Series: newSeries("bare"), Time: at, Value: -1e300},
		contracts.Sample{Series: odd, Time: at, Value: math.NaN()},
		contracts.Sample{Series: odd, Time: at, Value: math.Inf(1)},
		contracts.Sample{Series: odd, Time: at, Value: math.Inf(-1)},
		contracts.Sample{Series: odd, Time: at, Value: contracts.StaleMarker()},
		contracts.Sample{Series: up, Time: 0, Value: 1 << 53},
	)
	oddText := `{"name":"odd","labels":{"path":"C:\\dir\u0009\"x\"\n","utf8":"grün","zbad":"�!\u0000"},"time":"2026-01-31T12:00:00.000Z","value":`
	want := `{"name":"up","labels":{"instance":"a","job":"node"},"time":"2026-01-31T12:00:00.000Z","value":1}
{"name":"up","labels":{"instance":"a","job":"node"},"time":"2026-01-31T12:00:15.001Z","value":0.1}
{"name":"bare","labels":{},"time":"2026-01-31T12:00:00.000Z","value":-1e+300}
` + oddText + `"NaN"}
` + oddText + `"+Inf"}
` + oddText + `"-Inf"}
` + oddText + `null}
{"name":"up","labels":{"instance":"a","job":"node"},"time":"1970-01-01T00:00:00.000Z","value":9.007199254740992e+15}
`
	if got := read(t, path); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func FuzzEveryLineIsJSON(f *testing.F) {
	f.Add("up", "job", "node", int64(1e12), 1.5)
	f.Add("\xff\"\\", "\x00", "\u2028\n", int64(math.MinInt64), math.Inf(-1))
	f.Fuzz(func(t *testing.T, name, label, value string, at int64, v float64) {
		path := filepath.Join(t.TempDir(), "m.jsonl")
		e := started(t, jsonfile.Config{Path: path})
		send(t, e, contracts.Sample{Series: newSeries(name, label, value), Time: at, Value: v})
		text := read(t, path)
		if !json.Valid([]byte(text)) || strings.Count(text, "\n") != 1 || !strings.HasSuffix(text, "\n") || !utf8.ValidString(text) {
			t.Fatalf("not one line of JSON: %q", text)
		}
		var line struct {
			Name   string
			Labels map[string]string
			Value  any
		}
		if err := json.Unmarshal([]byte(text), &line); err != nil {
			t.Fatal(err)
		}
		// encoding/json replaces what is no UTF-8 in the same way.
		if want := roundTrip(name); line.Name != want {
			t.Errorf("name %q, want %q", line.Name, want)
		}
		if want := roundTrip(value); line.Labels[roundTrip(label)] != want {
			t.Errorf("labels %q, want %q", line.Labels, want)
		}
		if number, ok := line.Value.(float64); ok && number != v {
			t.Errorf("value %v, want %v", number, v)
		}
	})
}

func roundTrip(s string) (back string) {
	text, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	if err := json.Unmarshal(text, &back); err != nil {
		panic(err)
	}
	return back
}

func TestRotation(t *testing.T) {
	for _, keep := range []int{0, 2} {
		t.Run(fmt.Sprintf("keep %d", keep), func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, "m.jsonl")
			e := started(t, jsonfile.Config{Path: path, MaxSize: 100, Keep: keep})
			s := newSeries("m")
			for i := range 10 { // two lines fill a file
				send(t, e, contracts.Sample{Series: s, Time: 0, Value: float64(i)})
			}
			var got []string
			entries, _ := os.ReadDir(dir)
			for _, entry := range entries {
				for line := range strings.Lines(read(t, filepath.Join(dir, entry.Name()))) {
					got = append(got, entry.Name()+":"+line[strings.LastIndex(line, ":")+1:len(line)-2])
				}
			}
			want := map[int]string{0: "[m.jsonl:8 m.jsonl:9]", 2: "[m.jsonl:8 m.jsonl:9 m.jsonl.1:6 m.jsonl.1:7 m.jsonl.2:4 m.jsonl.2:5]"}[keep]
			if fmt.Sprint(got) != want {
				t.Errorf("got %v, want %s", got, want)
			}
		})
	}
}

func TestReopensAfterLogrotate(t *testing.T) {
	path := filepath.Join(t.TempDir(), "m.jsonl")
	e := started(t, jsonfile.Config{Path: path})
	s := newSeries("m")
	send(t, e, contracts.Sample{Series: s, Value: 1})
	if err := os.Rename(path, path+".moved"); err != nil {
		t.Fatal(err)
	}
	send(t, e, contracts.Sample{Series: s, Value: 2})
	if got := read(t, path); !strings.HasSuffix(got, `"value":2}`+"\n") || strings.Count(got, "\n") != 1 {
		t.Errorf("the new file holds %q", got)
	}
	if got := read(t, path+".moved"); !strings.HasSuffix(got, `"value":1}`+"\n") || strings.Count(got, "\n") != 1 {
		t.Errorf("the old file holds %q", got)
	}
	if err := os.Truncate(path, 0); err != nil { // logrotate's copytruncate
		t.Fatal(err)
	}
	send(t, e, contracts.Sample{Series: s, Value: 3})
	if got := read(t, path); !strings.HasPrefix(got, `{"name":"m"`) || strings.Count(got, "\n") != 1 {
		t.Errorf("the truncated file holds %q", got)
	}
}

func TestUnfinishedLastLine(t *testing.T) {
	whole := `{"name":"m","labels":{},"time":"1970-01-01T00:00:00.000Z","value":1}` + "\n"
	for _, test := range []struct{ name, before, want string }{
		{"new", "", ""},
		{"whole", whole, whole},
		{"cut in a line", whole + whole[:30], whole},
		{"cut near the start of a line", whole + `{"n`, whole},
		{"somebody's file", "important: data", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "m.jsonl")
			if err := os.WriteFile(path, []byte(test.before), 0o600); err != nil {
				t.Fatal(err)
			}
			if test.name == "somebody's file" {
				e, err := jsonfile.New(jsonfile.Config{Path: path, MaxSize: 1}, testkit.Host(t))
				if err != nil {
					t.Fatal(err)
				}
				if err := e.OnStart(t.Context()); err == nil || !strings.Contains(err.Error(), "does not end in a line of metrics") {
					t.Errorf("got %v", err)
				}
				if got := read(t, path); got != test.before {
					t.Errorf("the file was changed to %q", got)
				}
				return
			}
			e := started(t, jsonfile.Config{Path: path})
			send(t, e, contracts.Sample{Series: newSeries("m"), Value: 1})
			if got := read(t, path); got != test.want+whole {
				t.Errorf("got %q", got)
			}
		})
	}
}

func TestFailedBatchIsCutOff(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("mounting a small file system needs root")
	}
	dir := t.TempDir()
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size=600k", "dvz-test", dir).CombinedOutput(); err != nil {
		t.Skipf("mount: %s", out)
	}
	t.Cleanup(func() { exec.Command("umount", "-l", dir).Run() })
	path := filepath.Join(dir, "m.jsonl")
	e := started(t, jsonfile.Config{Path: path})
	s := newSeries("m", "label", "value")
	send(t, e, contracts.Sample{Series: s, Value: 1})
	before := read(t, path)
	large := contracts.NewMetrics()
	for range 10_000 { // about 900 KB: the first pieces fit
		large.Append(s, 0, 2)
	}
	if err := e.ExportMetrics(t.Context(), large); err == nil || contracts.IsPermanent(err) {
		t.Fatalf("got %v", err)
	}
	if got := read(t, path); got != before {
		t.Errorf("%d bytes are left, want %d", len(got), len(before))
	}
	if err := e.Health(t.Context()); err == nil || !strings.Contains(err.Error(), "no space left") {
		t.Errorf("health: %v", err)
	}
	send(t, e, contracts.Sample{Series: s, Value: 1})
	if got := read(t, path); got != before+before {
		t.Errorf("after the failure: %q", got)
	}
	if err := e.Health(t.Context()); err != nil {
		t.Errorf("health after recovery: %v", err)
	}
}

func TestCancelledBatchIsCutOff(t *testing.T) {
	path := filepath.Join(t.TempDir(), "m.jsonl")
	e := started(t, jsonfile.Config{Path: path})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := e.ExportMetrics(ctx, batch(contracts.Sample{Series: newSeries("m")})); err == nil {
		t.Error("a cancelled batch was acknowledged")
	}
	if got := read(t, path); got != "" {
		t.Errorf("got %q", got)
	}
}

func TestFailedRotationKeepsWhatWasDelivered(t *testing.T) {
	path := filepath.Join(t.TempDir(), "m.jsonl")
	e := started(t, jsonfile.Config{Path: path, MaxSize: 1, Keep: 1})
	s := newSeries("m")
	send(t, e, contracts.Sample{Series: s, Value: 1})
	before := read(t, path)
	if err := os.MkdirAll(filepath.Join(path+".1", "in the way"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := e.ExportMetrics(t.Context(), batch(contracts.Sample{Series: s, Value: 2})); err == nil || !strings.Contains(err.Error(), "rotate") {
		t.Errorf("got %v", err)
	}
	if got := read(t, path); got != before {
		t.Errorf("got %q, want %q", got, before)
	}
}

func TestStartErrors(t *testing.T) {
	dir := t.TempDir()
	for path, want := range map[string]string{
		filepath.Join(dir, "none", "m.jsonl"): "does not exist; create it or change path",
		dir:                                   "is a directory",
		"/dev/null":                           "is not a regular file",
	} {
		e, err := jsonfile.New(jsonfile.Config{Path: path, MaxSize: 1}, testkit.Host(t))
		if err != nil {
			t.Fatal(err)
		}
		if err := e.ExportMetrics(t.Context(), batch()); err == nil {
			t.Error("a batch was accepted before OnStart")
		}
		if err := e.OnStart(t.Context()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", path, err, want)
		}
	}
	if _, err := jsonfile.New(jsonfile.Config{Path: "x"}, testkit.Host(t)); err == nil {
		t.Error("max_size 0 was accepted")
	}
}
