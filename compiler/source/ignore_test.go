package source_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/detectviz/detectviz/compiler/source"
)

// ignored prints the comments of a composition that suppress findings, as
// "line:column+width → line code reason".
func ignored(c *source.Composition) string {
	var b strings.Builder
	for _, i := range c.Ignores {
		fmt.Fprintf(&b, "%s:%d:%d+%d → %d %s %s\n", strings.TrimPrefix(i.Pos.File, "c/"), i.Pos.Line, i.Pos.Column, i.Width, i.Line, i.Code, i.Reason)
	}
	return b.String()
}

func TestIgnores(t *testing.T) {
	c, l := source.ReadFS(folder("composition.yaml", `# dvz:ignore DVZ001 because it is the first line
a: 1 # dvz:ignore DVZ203 because it must be # really  `+`
#dvz:ignore   DVZ204	because  one

  # a comment in between
# dvz:ignore DVZ205 because two
b:
  - "x # dvz:ignore DVZ206 because quoted" # dvz:ignore DVZ207 because é
  - 'it''s # dvz:ignore DVZ206 because quoted
    # dvz:ignore DVZ206 because quoted'
  - &x "\" # dvz:ignore DVZ206 because quoted"
  - | # dvz:ignore DVZ208 because of the header
    # dvz:ignore DVZ206 because of the block

     # dvz:ignore DVZ206 because of the block
  # dvz:ignore DVZ209 because behind the block
  - >-
  # dvz:ignore DVZ210 because the block is empty
  - x#dvz:ignore DVZ206 because it is no comment
c: 1 # see dvz:ignore DVZ206 because it is about something else
d: [1, # dvz:ignore DVZ211 because in brackets
  2]
# dvz:ignore DVZ212 because at the end
`, "overlays/o.cue", `// dvz:ignore DVZ301 because above
e: f: 1 // dvz:ignore DVZ302 because behind
g: "// dvz:ignore DVZ303 because quoted"
h: [
	// dvz:ignore DVZ304 because in a list
	// dvz:ignore DVZ305 because twice
	"x",
]
`), "c", source.Options{Overlays: []string{"o"}})
	if l != nil {
		t.Fatal(full(l))
	}
	compare(t, ignored(c), `composition.yaml:1:1+48 → 2 DVZ001 it is the first line
composition.yaml:2:6+47 → 2 DVZ203 it must be # really
composition.yaml:3:1+33 → 7 DVZ204 one
composition.yaml:6:1+31 → 7 DVZ205 two
composition.yaml:8:44+30 → 8 DVZ207 é
composition.yaml:12:7+41 → 12 DVZ208 of the header
composition.yaml:16:3+44 → 17 DVZ209 behind the block
composition.yaml:18:3+46 → 19 DVZ210 the block is empty
composition.yaml:21:8+39 → 21 DVZ211 in brackets
composition.yaml:23:1+38 → 23 DVZ212 at the end
overlays/o.cue:1:1+34 → 2 DVZ301 above
overlays/o.cue:2:9+35 → 2 DVZ302 behind
overlays/o.cue:5:2+38 → 7 DVZ304 in a list
overlays/o.cue:6:2+34 → 7 DVZ305 twice
`)
}

func TestMalformedIgnores(t *testing.T) {
	const hint = ` dvz:ignore DVZ203 because of a reason; one code a comment)` + "\n"
	tests := []struct{ file, text, want string }{
		{"composition.yaml", "a: 1 # dvz:ignore\r\n", "1:6+12 error[DVZ030] this comment suppresses nothing: it has no code such as DVZ203 (write #"},
		{"composition.yaml", "a: 1 # dvz:ignore because of it\n", "1:6+26 error[DVZ030] this comment suppresses nothing: it has no code such as DVZ203 (write #"},
		{"composition.yaml", "a: 1 # dvz:ignore DVZ203\n", "1:6+19 error[DVZ030] this comment suppresses nothing: it has no \"because\" (write #"},
		{"composition.yaml", "a: 1 # dvz:ignore DVZ203 because  \n", "1:6+27 error[DVZ030] this comment suppresses nothing: it has no reason behind \"because\" (write #"},
		{"composition.yaml", "a: 1 # dvz:ignore DVZ203, DVZ204 because of it\n", "1:6+41 error[DVZ030] this comment suppresses nothing: it has no code such as DVZ203 (write #"},
		{"composition.cue", "a: 1 // dvz:ignore DVZ203 of it", "1:6+26 error[DVZ030] this comment suppresses nothing: it has no \"because\" (write //"},
	}
	for _, tt := range tests {
		c, l := readFile(tt.file, tt.text)
		compare(t, full(l), "c/"+tt.file+":"+tt.want+hint)
		if c == nil || c.Ignores != nil {
			t.Errorf("%q: got %v", tt.text, c)
		}
	}
}
