package alloy_test

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"slices"
	"strconv"
	"strings"
	"testing"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/cuecontext"
	"github.com/grafana/alloy/syntax/ast"
	"github.com/grafana/alloy/syntax/parser"
	"github.com/grafana/alloy/syntax/printer"

	"github.com/detectviz/detectviz/compiler/diag"
	"github.com/detectviz/detectviz/compiler/emit"
	"github.com/detectviz/detectviz/compiler/emit/alloy"
	"github.com/detectviz/detectviz/compiler/emit/emittest"
	"github.com/detectviz/detectviz/compiler/plan"
	"github.com/detectviz/detectviz/schema"
)

func components(t testing.TB) map[string]alloy.Component {
	t.Helper()
	source, err := fs.ReadFile(schema.Files, "alloy.cue")
	if err != nil {
		t.Fatal(err)
	}
	table := cuecontext.New().CompileBytes(source).LookupPath(cue.ParsePath("#AlloyComponents"))
	out, err := alloy.DecodeComponents(table)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestGolden(t *testing.T) {
	known := components(t)
	cases := map[string]*plan.Plan{
		"dev-platform": emittest.DevPlatform(),
		"values":       values(),
		"none":         {Name: "none", Instances: []plan.Instance{{Name: "node"}}},
	}
	for name, p := range cases {
		t.Run(name, func(t *testing.T) {
			findings := emittest.Golden(t, name, func() ([]emit.File, diag.List) { return alloy.Emit(p, known) })
			if len(findings) > 0 {
				t.Errorf("findings: %+v", findings)
			}
			files, _ := alloy.Emit(p, known)
			for _, f := range files {
				parsed, err := parser.ParseFile(f.Path, f.Content)
				if err != nil {
					t.Fatal(err)
				}
				var again bytes.Buffer
				if err := printer.Fprint(&again, parsed); err != nil {
					t.Fatal(err)
				}
				if again.WriteByte('\n'); !bytes.Equal(again.Bytes(), f.Content) {
					t.Errorf("alloy fmt would change the file to:\n%s", again.Bytes())
				}
			}
		})
	}
}

// values has one attribute of each kind of value, the awkward ones included.
func values() *plan.Plan {
	p := emittest.DevPlatform()
	p.Name, p.Dir = "values", "compositions/values"
	p.Instances = []plan.Instance{
		{Name: "first", Plugin: "community/x/first", Pos: emittest.At(3), Alloy: []plan.AlloyBlock{
			{Name: "logging", Attributes: []plan.AlloyAttr{{Name: "level", Value: "info"}, {Name: "write_to", Value: map[string]any{"$sinks": "loki"}}}},
			shared("two\nlines"),
			{Name: "loki.write", Label: "logs", Sinks: []plan.AlloySink{{Kind: "loki", Export: "receiver"}}},
			{Name: "otelcol.processor.batch", Label: "in",
				Blocks: []plan.AlloyBlock{{Name: "output", Attributes: []plan.AlloyAttr{{Name: "logs", Value: map[string]any{"$sinks": "otelcol.logs"}}}}},
				Sinks:  []plan.AlloySink{{Kind: "otelcol.logs", Export: "input"}}},
			{Name: "otelcol.exporter.loki", Label: "out", Attributes: []plan.AlloyAttr{{Name: "forward_to", Value: []any{map[string]any{"$ref": "loki.write.logs.receiver"}}}},
				Sinks: []plan.AlloySink{{Kind: "otelcol.logs", Export: "input"}}},
		}},
		{Name: "second", Plugin: "community/x/second", Pos: emittest.At(5), Alloy: []plan.AlloyBlock{
			shared("another comment"),
			{Name: "prometheus.remote_write", Label: "all", Attributes: []plan.AlloyAttr{
				{Name: "bool", Value: true},
				{Name: "int", Value: int64(-7)},
				{Name: "number", Value: json.Number("1e3")},
				{Name: "float", Value: 0.25},
				{Name: "template", Value: `${1} %{2} "quoted" \d` + "\n\ttab ü \x00"},
				{Name: "empty_list", Value: []any{}},
				{Name: "env", Value: map[string]any{"$env": "INGEST_USER"}},
				{Name: "password_file", Value: map[string]any{"$credential": "ingest"}},
				{Name: "headers", Value: map[string]any{"$object": map[string]any{"X-Scope-OrgID": "a", "plain": int64(1), "deep": map[string]any{"$object": map[string]any{"x": []any{"y"}}}}}},
			}},
		}},
	}
	return p
}

func shared(comment string) plan.AlloyBlock {
	return plan.AlloyBlock{Name: "prometheus.exporter.self", Label: "alloy", Comment: comment}
}

func TestFindings(t *testing.T) {
	known := components(t)
	block := func(name, label string, attrs ...plan.AlloyAttr) plan.AlloyBlock {
		return plan.AlloyBlock{Name: name, Label: label, Attributes: attrs}
	}
	ref := func(to string) map[string]any { return map[string]any{"$ref": to} }
	write := plan.AlloyBlock{Name: "prometheus.remote_write", Label: "mimir", Sinks: []plan.AlloySink{{Kind: "prometheus", Export: "receiver"}}}
	tests := map[string]struct {
		blocks   []plan.AlloyBlock
		code     string
		severity diag.Severity
		says     []string
	}{
		"unknown component": {
			blocks: []plan.AlloyBlock{block("prometheus.scrap", "x")},
			code:   "DVZ405", says: []string{"prometheus.scrap is no Alloy component", "did you mean prometheus.scrape?"},
		},
		"no label": {
			blocks: []plan.AlloyBlock{block("loki.write", "")},
			code:   "DVZ405", says: []string{"loki.write has no label"},
		},
		"a label too many": {
			blocks: []plan.AlloyBlock{block("logging", "x")},
			code:   "DVZ405", says: []string{"logging takes no label"},
		},
		"reference to nothing": {
			blocks: []plan.AlloyBlock{write, block("prometheus.scrape", "x", plan.AlloyAttr{Name: "forward_to", Value: []any{ref("prometheus.remote_write.mimr.receiver")}})},
			code:   "DVZ401", says: []string{"refers to prometheus.remote_write.mimr.receiver", "candidates: prometheus.remote_write.mimir.receiver"},
		},
		"reference to an unknown component": {
			blocks: []plan.AlloyBlock{block("prometheus.scrape", "x", plan.AlloyAttr{Name: "targets", Value: ref("discovery.docker.all.targets")})},
			code:   "DVZ401", says: []string{"no such Alloy component"},
		},
		"unknown export": {
			blocks: []plan.AlloyBlock{write, block("prometheus.scrape", "x", plan.AlloyAttr{Name: "forward_to", Value: []any{ref("prometheus.remote_write.mimir.recv")}})},
			code:   "DVZ401", says: []string{`has no export "recv"`},
		},
		"sink of another kind": {
			blocks: []plan.AlloyBlock{write, block("loki.source.journal", "x", plan.AlloyAttr{Name: "forward_to", Value: []any{ref("prometheus.remote_write.mimir.receiver")}})},
			code:   "DVZ401", says: []string{"takes Loki entries", "is Prometheus samples", "candidates: none"},
		},
		"signal of another kind": {
			blocks: []plan.AlloyBlock{
				block("otelcol.exporter.prometheus", "m"),
				{Name: "otelcol.receiver.otlp", Label: "in", Blocks: []plan.AlloyBlock{block("output", "", plan.AlloyAttr{Name: "traces", Value: []any{ref("otelcol.exporter.prometheus.m.input")}})}},
			},
			code: "DVZ401", says: []string{"output.traces of otelcol.receiver.otlp.in takes OpenTelemetry traces"},
		},
		"all sinks of another kind": {
			blocks: []plan.AlloyBlock{write, block("loki.source.journal", "x", plan.AlloyAttr{Name: "forward_to", Value: map[string]any{"$sinks": "prometheus"}})},
			code:   "DVZ401", says: []string{"takes Loki entries, not Prometheus samples"},
		},
		"sink that is no export": {
			blocks: []plan.AlloyBlock{{Name: "loki.write", Label: "l", Sinks: []plan.AlloySink{{Kind: "loki", Export: "input"}}}},
			code:   "DVZ401", says: []string{`no export "input"`, "its exports are receiver"},
		},
		"nothing receives": {
			blocks: []plan.AlloyBlock{block("prometheus.scrape", "x", plan.AlloyAttr{Name: "forward_to", Value: map[string]any{"$sinks": "prometheus"}})},
			code:   "DVZ404", severity: diag.Warning, says: []string{"nothing receives the Prometheus samples that prometheus.scrape.x of node sends"},
		},
		"two markers": {
			blocks: []plan.AlloyBlock{block("loki.write", "x", plan.AlloyAttr{Name: "a", Value: map[string]any{"$ref": "a.b", "$env": "C"}})},
			code:   "DVZ403", says: []string{"exactly one of $ref"},
		},
		"not a number": {
			blocks: []plan.AlloyBlock{block("loki.write", "x", plan.AlloyAttr{Name: "a", Value: []any{json.Number("0x")}})},
			code:   "DVZ403", says: []string{"not a number"},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			p := &plan.Plan{Name: "x", Instances: []plan.Instance{{Name: "node", Pos: emittest.At(4), Alloy: test.blocks}}}
			files, findings := alloy.Emit(p, known)
			if len(findings) != 1 {
				t.Fatalf("got %d findings, want 1: %+v", len(findings), findings)
			}
			d := findings[0]
			severity := test.severity
			if severity == "" {
				severity = diag.Error
			}
			if d.Code != test.code || d.Severity != severity || d.Pos != emittest.At(4) {
				t.Errorf("got %+v", d)
			}
			for _, s := range test.says {
				if !strings.Contains(d.Message+"\n"+d.Hint, s) {
					t.Errorf("%q does not say %q", d.Message+"\n"+d.Hint, s)
				}
			}
			if (len(files) > 0) != (severity == diag.Warning) {
				t.Errorf("%d files beside a finding of severity %s", len(files), severity)
			}
		})
	}
}

func TestDifferingBlocksConflict(t *testing.T) {
	p := values()
	p.Instances[1].Alloy[0].Attributes = []plan.AlloyAttr{{Name: "x", Value: true}}
	_, findings := alloy.Emit(p, components(t))
	if len(findings) != 1 || findings[0].Code != "DVZ402" || findings[0].Pos != emittest.At(5) || !strings.Contains(findings[0].Message, "first and second both") {
		t.Errorf("got %+v", findings)
	}
	if len(findings[0].Related) != 1 || findings[0].Related[0].Pos != emittest.At(3) {
		t.Errorf("related: %+v", findings[0].Related)
	}
}

// FuzzString proves that Alloy reads back every string as it was given, and
// every key that is not refused.
func FuzzString(f *testing.F) {
	for _, s := range []string{"", "${1}", "%{if}", "$${x}", "a\"b", "`", "\\d+\n", "ü\u2028\x7f\xff", "// no comment", "X-Scope-OrgID"} {
		f.Add(s)
	}
	known := components(f)
	read := func(t *testing.T, value any) (ast.Expr, diag.List) {
		p := &plan.Plan{Name: "x", Instances: []plan.Instance{{Name: "node", Alloy: []plan.AlloyBlock{{
			Name: "loki.write", Label: "l", Attributes: []plan.AlloyAttr{{Name: "a", Value: value}},
		}}}}}
		files, findings := alloy.Emit(p, known)
		if len(findings) > 0 {
			return nil, findings
		}
		parsed, err := parser.ParseFile("x", files[0].Content)
		if err != nil {
			t.Fatal(err)
		}
		return parsed.Body[0].(*ast.BlockStmt).Body[0].(*ast.AttributeStmt).Value, nil
	}
	f.Fuzz(func(t *testing.T, s string) {
		value, findings := read(t, s)
		if findings != nil {
			t.Fatal(findings)
		}
		if got, err := strconv.Unquote(value.(*ast.LiteralExpr).Value); err != nil || got != s {
			t.Errorf("value: got %q, %v, want %q", got, err, s)
		}
		object, findings := read(t, map[string]any{"$object": map[string]any{s: true}})
		if findings == nil {
			if got := object.(*ast.ObjectExpr).Fields[0].Name.Name; got != s {
				t.Errorf("key: got %q, want %q", got, s)
			}
		} else if findings[0].Code != "DVZ403" || !strings.ContainsAny(strconv.Quote(s), `\`) && s != "" {
			t.Errorf("key %q: %+v", s, findings)
		}
	})
}

func TestComponentsWantOnlyWhatSomethingExports(t *testing.T) {
	known := components(t)
	var kinds []string
	for _, c := range known {
		for _, kind := range c.Exports {
			kinds = append(kinds, kind)
		}
	}
	for name, c := range known {
		for path, wanted := range c.Wants {
			if !slices.Contains(kinds, wanted) && !slices.Contains(kinds, "otelcol") {
				t.Errorf("%s: %s wants %s, which nothing exports", name, path, wanted)
			}
		}
	}
}
