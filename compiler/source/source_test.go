package source_test

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/detectviz/detectviz/compiler/diag"
	"github.com/detectviz/detectviz/compiler/source"
)

// read reads a composition from its text.
func read(text string) (*source.Composition, diag.List) {
	folder := fstest.MapFS{"composition.yaml": {Data: []byte(text)}}
	return source.ReadFS(folder, "compositions/c", source.Options{})
}

// lines prints findings as "line:column+width code message".
func lines(l diag.List) []string {
	var out []string
	for _, d := range l.Sorted() {
		out = append(out, fmt.Sprintf("%d:%d+%d %s %s", d.Pos.Line, d.Pos.Column, d.Width, d.Code, d.Message))
	}
	return out
}

// faults are texts that are no YAML, or more YAML than a composition may be.
var faults = []struct {
	name, text string
	want       string // in the form of lines
	usable     bool   // whether there still is a composition
}{
	{name: "empty", text: "", want: `0:0+0 DVZ006 the file is empty`},
	{name: "comments only", text: "# nothing\n\n", want: `0:0+0 DVZ006 the file is empty`},
	{name: "null", text: "~\n", want: `0:0+0 DVZ006 the file is empty`},
	{name: "a separator at the end", text: "---\na: 1\n---\n", usable: true},
	{name: "two documents", text: "a: 1\n---\nb: 2\n", want: `2:1+0 DVZ007 the file holds more than one YAML document`, usable: true},
	{name: "nul", text: "a: 1\nb: \x00\n", want: `2:4+0 DVZ003 the file holds a NUL byte; it is not a text file`},
	{name: "latin-1", text: "a: caf\xe9\n", want: `1:7+0 DVZ003 the file is not UTF-8 text: the byte 0xe9 is not a character`},
	{name: "utf-16", text: "\xff\xfea\x00", want: `0:0+0 DVZ003 the file is UTF-16`},
	{name: "control character", text: "a: \x1b[1m\n", want: `1:4+0 DVZ003 the file holds the control character U+001B`},
	{name: "tab", text: "spec:\n\tplugins: []\n", want: `2:1+1 DVZ005 a tab is used for indentation; YAML allows only spaces`},
	{name: "tab after spaces", text: "spec:\n  a: 1\n \tb: 2\n", want: `3:2+1 DVZ005 a tab is used for indentation; YAML allows only spaces`},
	{name: "indentation", text: "a:\n  b: 1\n   c: 2\n  d: 3\n", want: `3:4+4 DVZ004 a key cannot stand here`},
	{name: "dedent", text: "a:\n    b: 1\n  c: 2\n", want: `3:3+4 DVZ004 the indentation does not fit the lines above`},
	{name: "missing colon", text: "a:\n  b\n  c: 2\n", want: `3:3+4 DVZ004 a key cannot stand here`},
	{name: "colon in value", text: "a: 1\nb: x: y\n", want: `2:1+7 DVZ004 a key cannot stand here`},
	{name: "unclosed bracket", text: "a: 1\nb: [1, 2\nc: 3\nd: 4\n", want: `2:1+8 DVZ004 a list in brackets misses a comma or its closing "]"`},
	{name: "unclosed brace", text: "a: 1\nb: {c: 2\nd: 4\n", want: `2:1+8 DVZ004 a map in braces misses a comma or its closing "}"`},
	{name: "error inside a later bracket", text: "a: [1,\n  2,\n  3]\nb: 1\nc: [1,\n 2}\nd: 1\n", want: `5:1+6 DVZ004 a list in brackets misses a comma or its closing "]"`},
	{name: "unclosed quote", text: "a: 1\nb: \"x\nc: 3\n", want: `2:1+5 DVZ004 a quote is opened and not closed`},
	{name: "bad start", text: "a: 1\nb: @x\n", want: `2:4+2 DVZ004 a value cannot begin with "@"`},
	{name: "bad escape", text: `a: "\q"`, want: `1:1+7 DVZ004 unknown escape in a double-quoted text`},
	{name: "duplicate key", text: "a: 1\nb: 2\na: 3\n", want: `3:1+1 DVZ008 the key "a" is written twice`, usable: true},
	{name: "duplicate key, equal value, quoted", text: "{a: 1, \"a\": 1}", want: `1:8+3 DVZ008 the key "a" is written twice`, usable: true},
	{name: "unknown anchor", text: "a: 1\nb: *x\n", want: `2:4+2 DVZ009 the alias *x has no anchor &x above it`},
	{name: "anchor inside of itself", text: "a: &x [1, *x]\n", want: `1:11+2 DVZ009 the alias *x stands inside of its own anchor`, usable: true},
	{name: "complex key", text: "[1, 2]: x\n", want: `1:1+0 DVZ011 a key must be plain text`, usable: true},
	{name: "no key", text: "a: 1\n~: x\n", want: `2:1+0 DVZ011 a key must be plain text`, usable: true},
	{name: "tag", text: "a: !vault x\n", want: `1:11+1 DVZ011 the tag !vault has no meaning in a composition`, usable: true},
	{name: "tag that does not fit", text: "a: !!int x\n", want: `1:10+1 DVZ011 the value does not fit its tag !!int`, usable: true},
	{name: "merge of a scalar", text: "a: {<<: 5}\n", want: `1:9+1 DVZ011 a merge key (<<) takes a map or a list of maps`, usable: true},
	{name: "two merge keys", text: "a: {<<: {b: 1}, <<: {b: 2}}\n", want: `1:17+2 DVZ008 the key "<<" is written twice`, usable: true},
	{name: "a carriage return alone", text: "a: 1\rb: 2\n", want: `1:5+0 DVZ003 the file holds a carriage return without a line feed`},
	{name: "octal", text: "a: 0644\n", want: `1:4+4 DVZ012 the number begins with a zero, which some readers take for octal`, usable: true},
	{name: "infinite", text: "a: .inf\n", want: `1:4+4 DVZ012 .inf is not a usable number`, usable: true},
}

func TestFaults(t *testing.T) {
	for _, tt := range faults {
		t.Run(tt.name, func(t *testing.T) {
			c, l := read(tt.text)
			if got := strings.Join(lines(l), "\n"); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
			if (c != nil) != tt.usable {
				t.Errorf("a composition: %v, want %v", c != nil, tt.usable)
			}
		})
	}
}

func TestHostileInputEndsSoon(t *testing.T) {
	laughs := "a: &a [x,x,x,x,x,x,x,x,x,x]\n"
	for c := 'b'; c < 'm'; c++ {
		laughs += fmt.Sprintf("%c: &%c [%s]\n", c, c, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*%c,", c-1), 10), ","))
	}
	tests := []struct{ name, text, code string }{
		{"billion laughs", laughs, "DVZ009"},
		{"1,000 deep", "a: " + strings.Repeat("[", 1000) + strings.Repeat("]", 1000), "DVZ010"},
		{"100,000 deep", "a: " + strings.Repeat("[", 100_000), "DVZ010"},
		{"1,000 deep maps", deepMap(1000), "DVZ010"},
		{"10 MB", strings.Repeat("a", source.MaxBytes+1), "DVZ002"},
		{"10 MB of brackets", strings.Repeat("[", source.MaxBytes), "DVZ010"},
		{"an error at the end of 10 MB", strings.Repeat("- a\n", source.MaxBytes/4-1) + "]", "DVZ004"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			begin := time.Now()
			_, l := read(tt.text)
			if len(l) != 1 || l[0].Code != tt.code {
				t.Errorf("got %v, want one %s", lines(l), tt.code)
			}
			if took := time.Since(begin); took > time.Minute { // a busy machine with -race is slow, a fault takes for ever
				t.Errorf("it took %v", took)
			}
		})
	}
}

func deepMap(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "%sa:\n", strings.Repeat(" ", i))
	}
	return b.String()
}

func TestMissingFile(t *testing.T) {
	root := t.TempDir()
	for _, file := range []string{"yml/composition.yml", "empty/README.md", "folder/composition.yaml/x"} {
		if err := os.MkdirAll(filepath.Join(root, filepath.Dir(file)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(root, file), []byte("a: 1"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	tests := []struct{ dir, want, hint string }{
		{"nothing", "c/composition.yaml: there is no such file", "there is no such folder; dvz list shows all compositions"},
		{"empty", "c/composition.yaml: there is no such file", "the folder holds no composition.yaml"},
		{"yml", "c/composition.yaml: there is no such file", "rename composition.yml to composition.yaml"},
		{"folder", "c/composition.yaml: it is not a regular file", ""},
	}
	for _, tt := range tests {
		c, l := source.Read(filepath.Join(root, tt.dir), "c", source.Options{})
		if c != nil || len(l) != 1 || l[0].Code != "DVZ001" {
			t.Errorf("%s: got %v, %v", tt.dir, c, l)
			continue
		}
		if got := l[0].Pos.String() + ": " + l[0].Message; !strings.HasPrefix(got, tt.want) || l[0].Hint != tt.hint {
			t.Errorf("%s: got %q (%s), want %q (%s)", tt.dir, got, l[0].Hint, tt.want, tt.hint)
		}
	}
}

// noPermission is a file system whose files may not be opened.
type noPermission struct{}

func (noPermission) Open(name string) (fs.File, error) {
	return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrPermission}
}

func TestNoPermission(t *testing.T) {
	if _, l := source.ReadFS(noPermission{}, "c", source.Options{}); len(l) != 1 || l[0].Message != "you have no permission to read the file" {
		t.Errorf("got %v", l)
	}
}

const complete = `# A composition that uses everything.
metadata: {name: dev, version: 1.0.0, description: "a – b", environment: development}
params:
  listen: {type: address, default: "127.0.0.1:8080", env: DVZ_LISTEN, help: where}
  mode: {type: enum, values: [a, b], default: a}
  n: {type: int, min: 1, max: 0x10}
spec:
  plugins:
    - core/auth/jwt:
        as: users
        config: &shared {ttl: 15m}
    - core/server/http
    - community/exporters/sqlite:
        enabled: false
        depends_on: [users]
        config: {<<: *shared, path: "x"}
        delivery: {queue: {size: 5, when_full: drop_oldest}, retry: {max_elapsed: 1h}}
    - core/logging/otelzap:
  pipelines:
    p: {from: [a], through: [b], to: [c, d]}
  health: {enabled: false, interval: 1m, timeout: 1s, listen: ":9", plugins: {include: [users]}}
  limits: {memory: 256MiB, cpu: 50%}
`

func TestDecode(t *testing.T) {
	c, l := read(complete)
	if l != nil {
		t.Fatal(lines(l))
	}
	same := func(what string, got, want any) {
		t.Helper()
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %+v, want %+v", what, got, want)
		}
	}
	pos := func(line, column int) diag.Pos {
		return diag.Pos{File: "compositions/c/composition.yaml", Line: line, Column: column}
	}
	same("dir", c.Dir, "compositions/c")
	same("name", c.Name, source.Text{Value: "dev", Pos: pos(2, 18), Width: 3})
	same("environment, behind a wide character", c.Environment, source.Text{Value: "development", Pos: pos(2, 76), Width: 11})
	same("params", len(c.Params), 3)
	same("param", c.Params[0].Name.Value+" "+c.Params[0].Type+" "+c.Params[0].Default.Text+" "+c.Params[0].Env+" "+c.Params[0].Help, "listen address 127.0.0.1:8080 DVZ_LISTEN where")
	same("enum", c.Params[1].Values, []string{"a", "b"})
	same("bounds", c.Params[2].Min+" "+c.Params[2].Max, "1 16")
	same("no default", c.Params[2].Default, (*source.Node)(nil))
	same("plugins", len(c.Plugins), 4)

	jwt, http, sqlite, zap := c.Plugins[0], c.Plugins[1], c.Plugins[2], c.Plugins[3]
	same("path", jwt.Path, source.Text{Value: "core/auth/jwt", Pos: pos(9, 7), Width: 13})
	same("as", jwt.As, source.Text{Value: "users", Pos: pos(10, 13), Width: 5})
	same("enabled", []bool{jwt.Enabled, http.Enabled, sqlite.Enabled, zap.Enabled}, []bool{true, true, false, true})
	same("a path alone", http.Path, source.Text{Value: "core/server/http", Pos: pos(12, 7), Width: 16})
	same("no config", []*source.Node{http.Config, zap.Config}, []*source.Node{nil, nil})
	same("depends_on", sqlite.DependsOn, []source.Text{{Value: "users", Pos: pos(15, 22), Width: 5}})
	same("merged", sqlite.Config.Get("ttl"), &source.Node{Kind: source.String, Text: "15m", Pos: pos(11, 31), Width: 3})
	same("quoted", sqlite.Config.Get("path"), &source.Node{Kind: source.String, Text: "x", Pos: pos(16, 37), Width: 3})
	same("delivery", sqlite.Delivery, source.Delivery{Pos: pos(17, 19), QueueSize: 5, WhenFull: "drop_oldest", MaxElapsed: "1h"})
	same("default delivery", zap.Delivery, source.Delivery{QueueSize: 10000, WhenFull: "block", MaxElapsed: "5m"})

	p := c.Pipelines[0]
	same("pipeline", p.Name.Value+p.From[0].Value+p.Through[0].Value+p.To[0].Value+p.To[1].Value, "pabcd")
	same("health", c.Health.Interval+c.Health.Timeout+c.Health.Listen+c.Health.Include[0].Value, "1m1s:9users")
	same("health flags", []bool{c.Health.Enabled, c.Health.All}, []bool{false, false})
	same("limits", c.Limits, source.Limits{Memory: "256MiB", CPU: "50%"})
}

func TestDecodeDefaults(t *testing.T) {
	c, l := read("metadata: {}\n")
	if l != nil {
		t.Fatal(lines(l))
	}
	if want := (source.Health{Enabled: true, Interval: "30s", Timeout: "5s", All: true}); !reflect.DeepEqual(c.Health, want) {
		t.Errorf("health: got %+v, want %+v", c.Health, want)
	}
	if c.Environment.Value != "production" {
		t.Errorf("environment: got %q", c.Environment.Value)
	}
}

// TestDecodeAnyShape feeds decode shapes that only check reports.
func TestDecodeAnyShape(t *testing.T) {
	for _, text := range []string{
		"5", "[1]", "metadata: 5", "metadata: [1]\nspec: x", "params: [1]", "params: {a: 5, b: [x]}",
		"spec: {plugins: 5}", "spec: {plugins: {a: b}}", "spec: {plugins: [5, [], {}, {a: 5}, {a: {config: [1], delivery: 3, depends_on: x}}]}",
		"spec: {pipelines: [a], health: 7, limits: []}", "spec: {pipelines: {a: 5, b: {from: {x: 1}, to: [[1]]}}, health: {plugins: 5}}",
	} {
		if c, l := read(text); c == nil || l != nil {
			t.Errorf("%q: %v", text, lines(l))
		}
	}
}

func TestOptionsBesideThePath(t *testing.T) {
	c, _ := read("spec:\n  plugins:\n    - core/auth/jwt:\n      as: users\n      config: {ttl: 5m}\n")
	if p := c.Plugins[0]; p.Path.Value != "core/auth/jwt" || p.As.Value != "users" || p.Config.Get("ttl").Text != "5m" {
		t.Errorf("got %+v", p)
	}
}

func TestScalars(t *testing.T) {
	tests := map[string]source.Node{
		"yes":        {Kind: source.String, Text: "yes"},
		"True":       {Kind: source.Bool, Text: "true"},
		"1_000":      {Kind: source.Int, Text: "1000"},
		"0x1F":       {Kind: source.Int, Text: "31"},
		"+7":         {Kind: source.Int, Text: "7"},
		"1.10":       {Kind: source.Float, Text: "1.10"},
		"2026-01-02": {Kind: source.String, Text: "2026-01-02"},
		"!!str 5":    {Kind: source.String, Text: "5"},
		"'it''s'":    {Kind: source.String, Text: "it's"},
		`"a\"b"`:     {Kind: source.String, Text: `a"b`},
		"~":          {Kind: source.Null},
	}
	for text, want := range tests {
		c, l := read("a: " + text + " # x\n")
		if l != nil {
			t.Errorf("%s: %v", text, lines(l))
			continue
		}
		got := c.Root.Get("a")
		written := strings.TrimPrefix(text, "!!str ")
		if got.Kind != want.Kind || got.Text != want.Text || got.Width != len(written) {
			t.Errorf("%s: got %+v, want %+v", text, got, want)
		}
	}
}

func TestPositionsSurviveOddLineBreaks(t *testing.T) {
	c, l := read("\ufeffa: 1\r\nb: \"x\u2028y\"\nc: 3\r\n")
	if l != nil {
		t.Fatal(lines(l))
	}
	for key, want := range map[string]string{"a": "1:7", "b": "2:4", "c": "3:4"} {
		if got := c.Root.Get(key).Pos; fmt.Sprintf("%d:%d", got.Line, got.Column) != want {
			t.Errorf("%s: got %v, want %s", key, got, want)
		}
	}
}

func TestParseTemplate(t *testing.T) {
	tests := []struct {
		text string
		want []source.Part
		err  string
	}{
		{text: ""},
		{text: "plain $5 $", want: []source.Part{{Kind: source.LiteralPart, Text: "plain $5 $"}}},
		{text: "${params.listen}", want: []source.Part{{Kind: source.ParamPart, Text: "listen"}}},
		{text: "${state}/m.db", want: []source.Part{{Kind: source.StatePart}, {Kind: source.LiteralPart, Text: "/m.db", Offset: 8}}},
		{text: "a${host}${params.x}b", want: []source.Part{{Kind: source.LiteralPart, Text: "a"}, {Kind: source.HostPart, Offset: 1}, {Kind: source.ParamPart, Text: "x", Offset: 8}, {Kind: source.LiteralPart, Text: "b", Offset: 19}}},
		{text: "$${x}", want: []source.Part{{Kind: source.LiteralPart, Text: "${x}"}}},
		{text: "ab${state", err: `2+7 "${" without a closing "}"; write "$${" for the two characters themselves`},
		{text: "${stat}", err: `0+7 unknown reference "${stat}"; there are ${params.name}, ${state} and ${host}, and "$${" writes "${"`},
		{text: "x${params.}", err: `1+10 unknown reference "${params.}"; there are ${params.name}, ${state} and ${host}, and "$${" writes "${"`},
	}
	for _, tt := range tests {
		got, err := source.ParseTemplate(tt.text)
		var msg string
		if te, ok := err.(*source.TemplateError); ok {
			msg = fmt.Sprintf("%d+%d %s", te.Offset, te.Width, te.Message)
		}
		if msg != tt.err || !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%q: got %+v, %s, want %+v, %s", tt.text, got, msg, tt.want, tt.err)
		}
	}
}
