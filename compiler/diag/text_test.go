package diag_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/detectviz/detectviz/compiler/diag"
)

// printed runs the printer over one file, f.yaml.
func printed(t *testing.T, content string, l diag.List) string {
	t.Helper()
	var out strings.Builder
	p := diag.Printer{Source: func(file string) []byte {
		if file == "f.yaml" {
			return []byte(content)
		}
		return nil
	}}
	if err := p.Print(&out, l); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func at(line, column int) diag.Pos { return diag.Pos{File: "f.yaml", Line: line, Column: column} }

func TestPrint(t *testing.T) {
	long := strings.Repeat("x", 300) + "intervall" + strings.Repeat("y", 300)
	tests := []struct {
		name, content string
		d             diag.Diagnostic
		want          string
	}{
		{
			"caret and hint", "a\n        intervall: 15s\n",
			diag.Diagnostic{Pos: at(2, 9), Width: 9, Message: "m", Hint: `did you mean "interval"?`},
			"f.yaml:2:9: error[DVZ102]: m\n    2 |         intervall: 15s\n      |         ^^^^^^^^^ did you mean \"interval\"?\n",
		},
		{
			"tabs are widened", "\tkey:\tvalue",
			diag.Diagnostic{Pos: at(1, 7), Width: 5, Message: "m"},
			"f.yaml:1:7: error[DVZ102]: m\n    1 |     key:    value\n      |             ^^^^^\n",
		},
		{
			"wide runes take two columns", "name: 監視 x",
			diag.Diagnostic{Pos: at(1, 7), Width: 6, Message: "m"},
			"f.yaml:1:7: error[DVZ102]: m\n    1 | name: 監視 x\n      |       ^^^^\n",
		},
		{
			"combining marks take none", "e\u0301: x",
			diag.Diagnostic{Pos: at(1, 6), Width: 1, Message: "m"},
			"f.yaml:1:6: error[DVZ102]: m\n    1 | e\u0301: x\n      |    ^\n",
		},
		{
			"escape sequences and bad bytes are harmless", "a: \x1b[31m\xff",
			diag.Diagnostic{Pos: at(1, 4), Message: "m"},
			"f.yaml:1:4: error[DVZ102]: m\n    1 | a: \uFFFD[31m\uFFFD\n      |    ^\n",
		},
		{
			"carriage return", "a: 1\r\nb: 2\r\n",
			diag.Diagnostic{Pos: at(1, 4), Width: 1, Message: "m"},
			"f.yaml:1:4: error[DVZ102]: m\n    1 | a: 1\n      |    ^\n",
		},
		{
			"width past the end of the line", "ab",
			diag.Diagnostic{Pos: at(1, 2), Width: 90, Message: "m"},
			"f.yaml:1:2: error[DVZ102]: m\n    1 | ab\n      |  ^\n",
		},
		{
			"place past the end of the line", "ab",
			diag.Diagnostic{Pos: at(1, 3), Message: "m", Hint: "h"},
			"f.yaml:1:3: error[DVZ102]: m\n    1 | ab\n      |   ^ h\n",
		},
		{
			"a line without a column", "ab",
			diag.Diagnostic{Pos: at(1, 0), Message: "m", Hint: "h"},
			"f.yaml:1: error[DVZ102]: m\n    1 | ab\n      | h\n",
		},
		{
			"the file as a whole", "ab",
			diag.Diagnostic{Pos: diag.Pos{File: "f.yaml"}, Message: "m", Hint: "h"},
			"f.yaml: error[DVZ102]: m\n      = h\n",
		},
		{
			"a file that cannot be shown", "",
			diag.Diagnostic{Pos: diag.Pos{File: "g.yaml", Line: 3, Column: 1}, Message: "m"},
			"g.yaml:3:1: error[DVZ102]: m\n",
		},
		{
			"a long line is cut to a window", long,
			diag.Diagnostic{Pos: at(1, 301), Width: 9, Message: "m"},
			"f.yaml:1:301: error[DVZ102]: m\n    1 | …" + strings.Repeat("x", 40) + "intervall" + strings.Repeat("y", 111) + "…\n      | " +
				strings.Repeat(" ", 41) + "^^^^^^^^^\n",
		},
		{
			"a secret is masked", "secret: hunter2 # x",
			diag.Diagnostic{Pos: at(1, 9), Width: 7, Message: "m", Secret: true},
			"f.yaml:1:9: error[DVZ102]: m\n    1 | secret: ******* # x\n      |         ^^^^^^^\n",
		},
		{
			"related places", "a: 1\na: 1\n",
			diag.Diagnostic{Pos: at(2, 1), Width: 1, Message: "m", Related: []diag.Related{{Pos: at(1, 1), Width: 1, Message: "first here"}}},
			"f.yaml:2:1: error[DVZ102]: m\n    2 | a: 1\n      | ^\nf.yaml:1:1: note: first here\n    1 | a: 1\n      | ^\n",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.d.Code, tt.d.Severity = "DVZ102", diag.Error
			if got := printed(t, tt.content, diag.List{tt.d}); got != tt.want {
				t.Errorf("got:\n%s\nwant:\n%s", got, tt.want)
			}
		})
	}
}

func TestSecretIsMaskedBesideOtherFindings(t *testing.T) {
	var l diag.List
	l.Errorf("DVZ102", at(1, 19), "m").Width = 3
	d := l.Errorf("DVZ301", at(1, 10), "m")
	d.Width, d.Secret = 7, true
	if got := printed(t, "{secret: hunter2, ttl: 1}", l); strings.Contains(got, "hunter2") {
		t.Errorf("the secret shows:\n%s", got)
	}
}

func TestColor(t *testing.T) {
	var l diag.List
	l.Errorf("DVZ102", at(1, 1), "m")
	l.Warnf("DVZ214", at(1, 1), "m")
	var out strings.Builder
	p := diag.Printer{Color: true, Source: func(string) []byte { return []byte("a") }}
	if err := p.Print(&out, l); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"\x1b[1;31merror[DVZ102]\x1b[0m", "\x1b[1;33mwarning[DVZ214]\x1b[0m", "\x1b[1;33m^\x1b[0m"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is missing in %q", want, out.String())
		}
	}
	if strings.Contains(printed(t, "a", l), "\x1b") {
		t.Error("colours without being asked for")
	}
}

func TestSummary(t *testing.T) {
	var warning, both diag.List
	warning.Warnf("DVZ214", at(1, 1), "m")
	both.Warnf("DVZ214", at(1, 1), "m")
	both.Errorf("DVZ203", at(2, 1), "m")
	both.Errorf("DVZ101", at(3, 1), "m")
	for want, l := range map[string]diag.List{
		"no problems (12 ms)":                               nil,
		"1 warning (12 ms) · dvz explain DVZ214":            warning,
		"2 errors, 1 warning (12 ms) · dvz explain DVZ203":  both,
		"2 errors, 2 warnings (12 ms) · dvz explain DVZ203": append(warning, both...),
	} {
		if got := diag.Summary(l, 12*time.Millisecond); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestWriteJSON(t *testing.T) {
	var out strings.Builder
	if err := diag.WriteJSON(&out, nil); err != nil || out.String() != "[]\n" {
		t.Fatalf("no findings: %q, %v", out.String(), err)
	}
	out.Reset()
	var l diag.List
	d := l.Errorf("DVZ206", at(9, 7), "two <instances>")
	d.Width, d.Hint, d.Related = 4, "h", []diag.Related{{Pos: at(3, 7), Message: "first"}}
	if err := diag.WriteJSON(&out, l); err != nil {
		t.Fatal(err)
	}
	const want = `[{"code":"DVZ206","severity":"error","pos":{"file":"f.yaml","line":9,"column":7},"width":4,` +
		`"message":"two <instances>","hint":"h","related":[{"pos":{"file":"f.yaml","line":3,"column":7},"message":"first"}]}]`
	var got strings.Builder
	enc := json.NewEncoder(&got)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(json.RawMessage(out.String())); err != nil {
		t.Fatal(err)
	}
	if strings.TrimSpace(got.String()) != want {
		t.Errorf("got  %s\nwant %s", got.String(), want)
	}
}
