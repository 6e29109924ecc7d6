package gomain_test

import (
	"bytes"
	"flag"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/detectviz/detectviz/compiler/emit/gomain"
	"github.com/detectviz/detectviz/compiler/plan"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// TestGolden writes each case twice and compares both with
// testdata/<case>/main.go, which must be what gofmt makes of it and must compile
// against stand-ins for the platform and the plugins.
func TestGolden(t *testing.T) {
	for name, p := range cases() {
		t.Run(name, func(t *testing.T) {
			got := emitMain(t, p)
			if again := emitMain(t, p); !bytes.Equal(got, again) {
				t.Fatal("the second run gave other bytes")
			}
			golden := filepath.Join("testdata", name, "main.go")
			if *update {
				if err := os.MkdirAll(filepath.Dir(golden), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(golden, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatalf("%v (run go test -update)", err)
			}
			if !bytes.Equal(got, want) {
				t.Errorf("main.go differs from %s (go test -update rewrites it); got:\n%s", golden, got)
			}
			checkFormatted(t, got)
			checkTypes(t, got)
		})
	}
}

func emitMain(t *testing.T, p *plan.Plan) []byte {
	t.Helper()
	files, diags := gomain.Emit(p)
	for _, d := range diags {
		t.Errorf("%s: %s", d.Code, d.Message)
	}
	if len(files) != 1 || files[0].Path != "main.go" {
		t.Fatalf("got %d files", len(files))
	}
	return files[0].Content
}

func checkFormatted(t *testing.T, src []byte) {
	t.Helper()
	formatted, err := format.Source(src)
	if err != nil {
		t.Fatalf("does not parse: %v\n%s", err, src)
	}
	if !bytes.Equal(formatted, src) {
		t.Errorf("is not what gofmt makes of it:\n%s", formatted)
	}
}

// TestBadPlan has plans that cannot be Go; each must say so and give no file.
func TestBadPlan(t *testing.T) {
	for name, tc := range map[string]struct {
		change func(p *plan.Plan)
		want   string
	}{
		"duration":         {func(p *plan.Plan) { p.Health.Interval = "soon" }, `"soon" is not a duration`},
		"undeclared param": {config("Listen", plan.Value{Kind: plan.ParamValue, Text: "nope"}), `instance "http": param "nope" is not declared`},
		"unknown package":  {config("Listen", plan.Value{Kind: plan.StructValue, Type: "big.Int", Fields: fields("A", str("b"))}), "uses package big, which has no import path"},
		"no type":          {config("Listen", plan.Value{Kind: plan.ListValue, Items: []plan.Value{str("a")}}), "has no Go type"},
		"not a literal":    {config("Listen", plan.Value{Kind: plan.ListValue, Type: "chan int", Items: []plan.Value{str("a")}}), "has no literal"},
		"missing provider": {func(p *plan.Plan) { p.Instances[0].Requires = []plan.Wire{wire("Auth", "Authenticator", "jwt")} }, `"jwt" is not in the program`},
		"missing delivery": {func(p *plan.Plan) {
			p.Pipelines = []plan.Pipeline{{Name: "x", Signal: "metrics", Var: "x", To: []string{"http"}}}
		}, "has no delivery"},
		"late provider": {func(p *plan.Plan) {
			p.Instances = append(p.Instances, instance("jwt", "core/auth/jwt", "auth"))
			p.Instances[0].Requires = []plan.Wire{wire("Auth", "Authenticator", "jwt")}
		}, `"jwt" is constructed later`},
	} {
		t.Run(name, func(t *testing.T) {
			p := cases()["small"]
			tc.change(p)
			files, diags := gomain.Emit(p)
			if len(files) != 0 {
				t.Errorf("wrote %d files", len(files))
			}
			if !diags.HasErrors() || !strings.Contains(diags[0].Message, tc.want) {
				t.Errorf("got %v, want %q", diags, tc.want)
			}
		})
	}
}

func config(field string, v plan.Value) func(*plan.Plan) {
	return func(p *plan.Plan) { p.Instances[0].Code.Config.Fields = fields(field, v) }
}

// TestDisabledLeavesNoTrace: an instance without code is nowhere in the file.
func TestDisabledLeavesNoTrace(t *testing.T) {
	p := cases()["small"]
	before := emitMain(t, p)
	ghost := instance("ghost", "community/integrations/ghost", "integration")
	ghost.Code = nil
	ghost.Provides = []string{"LogHandler"}
	p.Instances = append(p.Instances, ghost)
	p.Instances[0].DependsOn = []string{"ghost"}
	if after := emitMain(t, p); !bytes.Equal(before, after) {
		t.Errorf("an instance without code changed main.go:\n%s", after)
	}
}

// FuzzText puts any text wherever a user's text may stand. The file must stay Go
// that gofmt agrees with, and the literals must hold the text.
func FuzzText(f *testing.F) {
	for _, s := range []string{
		"plain", "", "*/ ends a comment", "a\nb", `q"b\`, "`", "%d %s", "日本語", "\ufeff", "\x00", "\xff\xfe", "+build ignore",
		"go:build ignore", "\u2028", "# heading", "- item", "//line x.go:1", "DO NOT EDIT.", "\r", "\t- a\n\n1. b",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		p := cases()["small"]
		p.Description, p.Instances[0].Description = s, s
		p.Instances[0].Code.Config.Fields = fields("Listen", str(s))
		p.Params[0].Help = s
		src := emitMain(t, p)
		checkFormatted(t, src)
		file, err := parser.ParseFile(token.NewFileSet(), "main.go", src, 0)
		if err != nil {
			t.Fatal(err)
		}
		if s == "" {
			return
		}
		for _, key := range []string{"Description", "Listen", "Help"} {
			if got, ok := stringField(file, key); !ok || got != s {
				t.Errorf("%s is %q, want %q", key, got, s)
			}
		}
	})
}

// TestInstances asks for the instance of every line of the largest case and
// compares with the marks that the golden file cannot hold: each line that
// names an instance's variable or string.
func TestInstances(t *testing.T) {
	src := emitMain(t, cases()["full"])
	at := gomain.Instances(src)
	lineOf := func(text string) int {
		i := bytes.Index(src, []byte(text))
		if i < 0 {
			t.Fatalf("%q is not in main.go", text)
		}
		return 1 + bytes.Count(src[:i], []byte("\n"))
	}
	for text, want := range map[string]string{
		"package main":                             "",
		"return nil\n}":                            "",
		`plugins/core/auth/jwt"`:                   "core-auth-jwt",
		`plugins/community/importers/prometheus"`:  "node, self",
		"node, err := ":                            "node",
		"\t\tJob: ":                                "node",
		`return p.Failed("node", err)`:             "node",
		`p.Add(platform.Instance{Name: "node"`:     "node",
		"p.LogTo(logs)":                            "logs",
		`{Instance: "core-auth-jwt", Field: "sec`:  "core-auth-jwt",
		"\tAuth: ":                                 "core-auth-jwt",
		"Middlewares: ":                            "http",
		`toSqlite := p.DeliverMetrics(`:            "sqlite",
		`{Instance: "relabel", Process: `:          "relabel",
		`p.MetricsPipeline("node-metrics"`:         "",
		`p.ImportMetrics("self", `:                 "self",
		"if _, err := audit.New(audit.Config{}, p": "audit",
	} {
		if got := at(lineOf(text)); got != want {
			t.Errorf("line of %q: got %q, want %q", text, got, want)
		}
	}
	if got := gomain.Instances([]byte("not Go"))(1); got != "" {
		t.Errorf("of a file that is not Go: %q", got)
	}
}

// stringField finds the first string literal that is a struct field's value.
func stringField(file *ast.File, key string) (string, bool) {
	for n := range ast.Preorder(file) {
		kv, ok := n.(*ast.KeyValueExpr)
		if !ok {
			continue
		}
		if id, ok := kv.Key.(*ast.Ident); !ok || id.Name != key {
			continue
		}
		if lit, ok := kv.Value.(*ast.BasicLit); ok {
			s, err := unquote(lit.Value)
			return s, err == nil
		}
	}
	return "", false
}
