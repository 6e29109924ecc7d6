package source_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/detectviz/detectviz/compiler/diag"
	"github.com/detectviz/detectviz/compiler/source"
)

// FuzzRead proves that no composition, of any kind and with any overlay, makes
// Read panic or hang, that every finding stands inside of its file, and that nil
// means an error.
func FuzzRead(f *testing.F) {
	kinds := []string{"yaml", "json", "cue"}
	add := func(kind byte, text, overlay string) { f.Add(kind, []byte(text), []byte(overlay)) }
	for _, tt := range faults {
		add(0, tt.text, "metadata: {name: a}")
	}
	for _, tt := range jsonFaults {
		if len(tt.text) < 10_000 {
			add(1, tt.text, tt.text)
		}
	}
	for _, tt := range cueFaults {
		if len(tt.text) < 10_000 {
			add(2, tt.text, tt.text)
		}
	}
	add(0, complete, complete)
	add(0, base, "metadata: 5\nspec: {plugins: [core/auth/jwt: {config: {ttl: 1s}}, {as: x}, 5], pipelines: {p: [1]}}")
	add(0, "a: &x [1, 2]\nb: {<<: [{c: 1}, {d: *x}], e: !!str 1}\n? f\n: |\n  g\n", "a: *x")
	add(0, "\ufeffa: 'it''s'\r\nb: \"\\x41\\\"\"\r\n", "a: 1 # dvz:ignore DVZ203 because x\n# dvz:ignore\n")
	add(0, "composition: {name: a, plugins: [x, y: {enabled: true}]}\nhealth: {plugins: {include: all}}\n", "{}")
	add(0, "spec: {core_plugins: [{name: x, type: y, config: {a: 1}}]}", "b: |\n # dvz:ignore DVZ203 because x\n 'c'\nd: >\n")
	f.Fuzz(func(t *testing.T, kind byte, text, overlay []byte) {
		ext := kinds[int(kind)%len(kinds)]
		dir := fstest.MapFS{"composition." + ext: {Data: text}, "overlays/o." + ext: {Data: overlay}}
		c, l := source.ReadFS(dir, ".", source.Options{Overlays: []string{"o"}})
		if c == nil && !l.HasErrors() {
			t.Fatal("no composition and no error")
		}
		inside := func(pos diag.Pos, width int) {
			file := dir[pos.File]
			if file == nil {
				t.Fatalf("%v is in no file", pos)
			}
			lines := strings.Split(string(file.Data), "\n")
			if pos.Line > len(lines) || pos.Line > 0 && pos.Column-1+width > len(lines[pos.Line-1]) {
				t.Fatalf("%v with width %d is outside of the file", pos, width)
			}
		}
		for _, d := range l {
			inside(d.Pos, max(d.Width-1, 0))
			for _, r := range d.Related {
				inside(r.Pos, max(r.Width-1, 0))
			}
		}
		if c != nil {
			walk(c.Root, 0, inside)
			for _, i := range c.Ignores {
				inside(diag.Pos{File: i.Pos.File, Line: i.Line}, 0)
				inside(i.Pos, i.Width)
			}
		}
	})
}

// walk visits each node of a tree, as far as a test has time for.
func walk(n *source.Node, depth int, visit func(diag.Pos, int)) {
	if depth > 20 {
		return
	}
	visit(n.Pos, n.Width)
	for _, item := range n.Items {
		walk(item, depth+1, visit)
	}
	for _, field := range n.Fields {
		visit(field.Pos, field.Width)
		walk(field.Value, depth+1, visit)
	}
}

// FuzzParseTemplate proves that the parts cover the string, in order.
func FuzzParseTemplate(f *testing.F) {
	for _, text := range []string{"", "a", "${state}/x", "http://${params.listen}/m", "$${x}", "$$${host}", "${", "${x}", "${params.}"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		parts, err := source.ParseTemplate(text)
		if err != nil {
			te := err.(*source.TemplateError)
			if te.Offset < 0 || te.Width < 2 || te.Offset+te.Width > len(text) {
				t.Fatalf("the error stands at %d+%d of %q", te.Offset, te.Width, text)
			}
			return
		}
		var again strings.Builder
		for _, p := range parts {
			switch p.Kind {
			case source.LiteralPart:
				again.WriteString(strings.ReplaceAll(p.Text, "${", "$${"))
			case source.ParamPart:
				again.WriteString("${params." + p.Text + "}")
			default:
				again.WriteString("${" + string(p.Kind) + "}")
			}
		}
		if again.String() != text {
			t.Fatalf("%q came back as %q", text, again.String())
		}
	})
}
