package diag_test

import (
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
			"a hint too far to the right", "abc: " + strings.Repeat("x", 90) + " wrong\n",
			diag.Diagnostic{Pos: at(1, 97), Width: 5, Message: "m", Hint: strings.Repeat("h", 90)},
			"f.yaml:1:97: error[DVZ102]: m\n    1 | abc: " + strings.Repeat("x", 90) + " wrong\n      | " + strings.Repeat(" ", 96) + "^^^^^\n" +
				"      = " + strings.Repeat("h", 90) + "\n",
		},
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

func TestIgnoredFindingsAreNotPrinted(t *testing.T) {
	var l diag.List
	l.Errorf("DVZ203", at(1, 1), "known").Ignored = "a reason"
	l.Warnf("DVZ214", at(1, 1), "news")
	got := printed(t, "a\n", l)
	if want := "f.yaml:1:1: warning[DVZ214]: news\n    1 | a\n      | ^\n"; got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
	if l.HasErrors() {
		t.Error("an ignored error stops the build")
	}
	if got := diag.Summary(l, 12*time.Millisecond); got != "1 warning (12 ms) · dvz explain DVZ214" {
		t.Errorf("got %q", got)
	}
}

// TestNamesDoNotSpeakToTheTerminal: names of files are not checked as their
// contents are.
func TestNamesDoNotSpeakToTheTerminal(t *testing.T) {
	var l diag.List
	l.Errorf("DVZ001", diag.Pos{File: "a\x1b[2Jb.yaml"}, "no \x1b]0;x\x07").Hint = "see \x1bc"
	if got := printed(t, "", l); strings.ContainsAny(got, "\x1b\x07") || !strings.Contains(got, "a\uFFFD[2Jb.yaml") {
		t.Errorf("got %q", got)
	}
}

func TestRelatedPlaceInAnotherFile(t *testing.T) {
	var l diag.List
	d := l.Errorf("DVZ206", diag.Pos{File: "overlays/prod.yaml", Line: 2, Column: 3}, "two")
	d.Related = []diag.Related{{Pos: diag.Pos{File: "composition.yaml", Line: 1, Column: 1}, Width: 5, Message: "first claimed here"}}
	files := map[string]string{"overlays/prod.yaml": "x\n  second\n", "composition.yaml": "first\n"}
	var out strings.Builder
	p := diag.Printer{Source: func(file string) []byte { return []byte(files[file]) }}
	if err := p.Print(&out, l); err != nil {
		t.Fatal(err)
	}
	const want = "overlays/prod.yaml:2:3: error[DVZ206]: two\n    2 |   second\n      |   ^\n" +
		"composition.yaml:1:1: note: first claimed here\n    1 | first\n      | ^^^^^\n"
	if out.String() != want {
		t.Errorf("got:\n%s\nwant:\n%s", &out, want)
	}
}

func TestSummary(t *testing.T) {
	var warning, both, plugins diag.List
	plugins.Errorf("DVZ102", at(1, 1), "m").Plugin = "core/auth/jwt"
	plugins.Errorf("DVZ103", at(2, 1), "m").Plugin = "core/auth/jwt"
	plugins.Errorf("DVZ203", at(3, 1), "m")
	one := plugins[:1]
	plugins = append(plugins, diag.Diagnostic{Code: "DVZ212", Severity: diag.Warning, Plugin: "core/server/http"})
	warning.Warnf("DVZ214", at(1, 1), "m")
	both.Warnf("DVZ214", at(1, 1), "m")
	both.Errorf("DVZ203", at(2, 1), "m")
	both.Errorf("DVZ101", at(3, 1), "m")
	for want, l := range map[string]diag.List{
		"no problems (12 ms)":                               nil,
		"1 warning (12 ms) · dvz explain DVZ214":            warning,
		"2 errors, 1 warning (12 ms) · dvz explain DVZ203":  both,
		"2 errors, 2 warnings (12 ms) · dvz explain DVZ203": append(warning, both...),
		"1 error in 1 plugin (12 ms) · dvz explain DVZ102":  one,

		"3 errors, 1 warning in 2 plugins (12 ms) · dvz explain DVZ102": plugins,
	} {
		if got := diag.Summary(l, 12*time.Millisecond); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
