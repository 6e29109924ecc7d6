package source_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/detectviz/detectviz/compiler/diag"
	"github.com/detectviz/detectviz/compiler/source"
)

// FuzzRead proves that no input makes Read panic or hang, that every finding
// stands inside of the file, and that nil means an error.
func FuzzRead(f *testing.F) {
	for _, tt := range faults {
		f.Add([]byte(tt.text))
	}
	f.Add([]byte(complete))
	f.Add([]byte("a: &x [1, 2]\nb: {<<: [{c: 1}, {d: *x}], e: !!str 1}\n? f\n: |\n  g\n"))
	f.Add([]byte("\ufeffa: 'it''s'\r\nb: \"\\x41\\\"\"\r\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		c, l := source.ReadFS(fstest.MapFS{"composition.yaml": {Data: text}}, ".", source.Options{})
		if c == nil && !l.HasErrors() {
			t.Fatal("no composition and no error")
		}
		lines := strings.Split(string(text), "\n")
		inside := func(pos diag.Pos, width int) {
			if pos.Line > len(lines) || pos.Line > 0 && pos.Column-1+width > len(lines[pos.Line-1]) {
				t.Fatalf("%v with width %d is outside of the file", pos, width)
			}
		}
		for _, d := range l {
			inside(d.Pos, max(d.Width-1, 0))
		}
		if c != nil {
			walk(c.Root, 0, inside)
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
