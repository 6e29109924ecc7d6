package source_test

import (
	"strings"
	"testing"

	"github.com/detectviz/detectviz/compiler/source"
)

// TestSyntaxErrors reads files with several syntax errors, or with one that looks
// like another one to YAML's parser.
func TestSyntaxErrors(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"a full-width colon, found at the line below", "a:\n  b：1\n  c: 2\n", `
2:4+3 "：" is a full-width colon, which YAML does not know (write ": ", a colon and a space)`},
		{"full-width colons everywhere", "a：1\nb：2\nc: 3\nd:\n  e：4\n  f: 5\n", `
1:2+3 "：" is a full-width colon, which YAML does not know (write ": ", a colon and a space)
2:2+3 "：" is a full-width colon, which YAML does not know (write ": ", a colon and a space)
5:4+3 "：" is a full-width colon, which YAML does not know (write ": ", a colon and a space)`},
		{"full-width characters that are not the mistake", "a: 你好，世界：是\nb: \"：\" # ：\nc: x: y\n", `
3:1+7 a key cannot stand here (check the indentation, and the line above for a missing colon; a value that holds ": " needs quotes)`},
		{"nothing but full-width colons", "a：1\nb：2\n", `
1:2+3 "：" is a full-width colon, which YAML does not know (write ": ", a colon and a space)`},
		{"full-width dashes", "a:\n  - x\n  －b\n  －c\nd: 1\n", `
3:3+3 "－" is a full-width hyphen, which YAML does not know (write "- ", a hyphen and a space)
4:3+3 "－" is a full-width hyphen, which YAML does not know (write "- ", a hyphen and a space)`},
		{"a quote that a typographic one closes", "a: \"b”\nc: 1\n", `
1:6+3 "”" is a typographic quote, which YAML does not know (write the plain quotes " or ')`},
		{"entries of their own", "l:\n  - a: @b\n    c: 1\n  - d: [1\n  - e: {f: 1\n    g: 2\nh:\n  - 'i\n", `
2:8+2 a value cannot begin with "@" (put the value in quotes)
4:3+7 a list in brackets misses a comma or its closing "]"
5:3+10 a map in braces misses a comma or its closing "}"
8:3+4 a quote is opened and not closed`},
		{"errors of separate sections", "a:\n  b: @x\nc:\n  d: 1\n   e: 2\nf:\n  g: [1\nh: 1\n", `
2:6+2 a value cannot begin with "@" (put the value in quotes)
5:4+4 a key cannot stand here (check the indentation, and the line above for a missing colon; a value that holds ": " needs quotes)
7:3+5 a list in brackets misses a comma or its closing "]"`},
		{"what only follows from the first error", "spec:\n  plugins\n    - a: 1\n    - b: 1\n  health: 1\n", `
3:5+6 a key cannot stand here (check the indentation, and the line above for a missing colon; a value that holds ": " needs quotes)`},
		{"what became a part of a text", "spec:\n  plugins\n    - a\n        as: x\n    - b\n    - c: 1\n", `
4:9+5 a key cannot stand here (check the indentation, and the line above for a missing colon; a value that holds ": " needs quotes)`},
		{"all unknown anchors, but not one that is lost with its line", "a: *x\nb: *y\nc:\n  d: [&z 1\ne: *z\n", `
1:4+2 the alias *x has no anchor &x above it
2:4+2 the alias *y has no anchor &y above it
4:3+8 a list in brackets misses a comma or its closing "]"`},
		{"one tab of many", "a:\n\tb: 1\nc:\n\td: 1\ne: @f\n", `
2:1+1 a tab is used for indentation; YAML allows only spaces
5:4+2 a value cannot begin with "@" (put the value in quotes)`},
		{"templates", "{{- if .a }}\nb: 1\n{{- end }}\n", `
1:1+2 "{{" begins a template that nothing has rendered (render the file before, or use params)`},
		{"a plugin without its dash", "l:\n  - a: 1\n  core/server/http\n", `
3:3+16 "- " is missing before this item of a list (an item of a list begins with "- ")`},
		{"the markers of a conflict", "a: 1\n<<<<<<< HEAD\nb: 1\n=======\nb: 2\n>>>>>>> x\n", `
2:1+12 a marker of a merge conflict (resolve the conflict and remove the lines that begin with <<<<<<<, ======= and >>>>>>>)`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			root, l := source.Parse("", []byte(tt.text))
			if root != nil {
				t.Error("a file with syntax errors has a tree")
			}
			got := strings.NewReplacer(" error[DVZ004]", "", " error[DVZ005]", "", " error[DVZ009]", "").Replace(full(l))
			got = strings.ReplaceAll("\n"+strings.TrimSpace(got), "\n:", "\n")
			if got != tt.want {
				t.Errorf("got %s\nwant %s", got, tt.want)
			}
		})
	}
}

// TestBrokenValues reads values that are reported here: the stages behind do not
// report them as missing, so that each has one finding.
func TestBrokenValues(t *testing.T) {
	for _, value := range []string{"010", ".inf", "!!int x", "!include x", "{{ .Values.x }}", "&a [*a]", "\n  b：1", "\n  - core/server/http："} {
		c, l := read("a: " + value + "\n")
		if len(l) != 1 {
			t.Errorf("%s: %v", value, lines(l))
			continue
		}
		n := c.Root.Get("a")
		if n.Kind == source.List {
			n = n.Items[0]
		}
		if !n.Broken || n.Kind != source.Null {
			t.Errorf("%s: got %+v, want a broken node", value, n)
		}
	}
	for _, value := range []string{"", "~", "!!str 010", "10", "b：1", "\n  - 你好：x"} {
		if c, l := read("a: " + value + "\n"); l != nil || c.Root.Get("a").Broken {
			t.Errorf("%s is broken: %v", value, lines(l))
		}
	}
}

func TestTypographicQuotes(t *testing.T) {
	c, l := read("a: “x”\n＂b＂: 1\nc: ‘y’ and ‘z’\nd: \"“x”\"\ne: “\n")
	want := "1:4+7 DVZ025 “ and ” are no quotes to YAML, but a part of the text\n" +
		"2:1+7 DVZ025 ＂ and ＂ are no quotes to YAML, but a part of the text"
	if got := strings.Join(lines(l), "\n"); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	for key, want := range map[string]string{"a": "x", "b": "1", "c": "‘y’ and ‘z’", "d": "“x”", "e": "“"} {
		if n := c.Root.Get(key); n == nil || n.Text != want {
			t.Errorf("%s: got %+v, want %q", key, n, want)
		}
	}
}

// TestIndentation finds the spaces that stand in a key to YAML. Nothing else is
// said of such a file: its keys stand in other maps than they seem to.
func TestIndentation(t *testing.T) {
	c, l := read("a:\n\u00a0\u00a0b: 1\n")
	want := "2:1+4 DVZ005 a non-breaking space (U+00A0) is used for indentation; YAML knows only plain spaces"
	if got := strings.Join(lines(l), "\n"); got != want || c != nil {
		t.Errorf("got %v, %s\nwant %s", c, got, want)
	}
}
