package source_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/detectviz/detectviz/compiler/diag"
	"github.com/detectviz/detectviz/compiler/source"
)

// folder makes a composition folder of names and texts in turn.
func folder(files ...string) fstest.MapFS {
	out := fstest.MapFS{}
	for pair := range slices.Chunk(files, 2) {
		out[pair[0]] = &fstest.MapFile{Data: []byte(pair[1])}
	}
	return out
}

// readFile reads a composition from a file of a name.
func readFile(name, text string) (*source.Composition, diag.List) {
	return source.ReadFS(folder(name, text), "c", source.Options{})
}

// full prints findings with all that they say.
func full(l diag.List) string {
	var b strings.Builder
	for _, d := range l.Sorted() {
		fmt.Fprintf(&b, "%v+%d %s[%s] %s", d.Pos, d.Width, d.Severity, d.Code, d.Message)
		if d.Hint != "" {
			fmt.Fprintf(&b, " (%s)", d.Hint)
		}
		b.WriteString("\n")
		for _, r := range d.Related {
			fmt.Fprintf(&b, "  %v+%d %s\n", r.Pos, r.Width, r.Message)
		}
	}
	return b.String()
}

// tree prints a tree, one key or scalar a line, with the place of each. Places
// in the composition file are without its name.
func tree(n *source.Node) string {
	var b strings.Builder
	place := func(pos diag.Pos, width int) string {
		file := strings.TrimPrefix(pos.File, "c/")
		if strings.HasPrefix(file, "composition.") {
			file = ""
		} else {
			file += ":"
		}
		return fmt.Sprintf("%s%d:%d+%d", file, pos.Line, pos.Column, width)
	}
	var print func(n *source.Node, indent string)
	print = func(n *source.Node, indent string) {
		switch n.Kind {
		case source.Map:
			fmt.Fprintf(&b, "{%s\n", place(n.Pos, n.Width))
			for _, f := range n.Fields {
				fmt.Fprintf(&b, "%s%s %s ", indent, f.Key, place(f.Pos, f.Width))
				print(f.Value, indent+"  ")
			}
		case source.List:
			fmt.Fprintf(&b, "[%s\n", place(n.Pos, n.Width))
			for _, item := range n.Items {
				b.WriteString(indent + "- ")
				print(item, indent+"  ")
			}
		default:
			fmt.Fprintf(&b, "%d %s %s\n", n.Kind, n.Text, place(n.Pos, n.Width))
		}
	}
	print(n, "")
	return b.String()
}

func compare(t *testing.T, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestFind(t *testing.T) {
	tests := []struct {
		files []string
		want  string
		err   string
	}{
		{[]string{"composition.yaml"}, "composition.yaml", ""},
		{[]string{"composition.cue", "overlays/composition.json"}, "composition.cue", ""},
		{[]string{"composition.json", "composition.yml"}, "composition.json", ""},
		{[]string{"composition.json", "composition.yaml"}, "", "the folder holds both composition.yaml and composition.json; one of them would be ignored"},
		{[]string{"README.md"}, "", "open composition.yaml: file does not exist"},
	}
	for _, tt := range tests {
		dir := fstest.MapFS{}
		for _, f := range tt.files {
			dir[f] = &fstest.MapFile{}
		}
		got, err := source.Find(dir)
		if got != tt.want || fmt.Sprint(err) != tt.err && (err != nil || tt.err != "") {
			t.Errorf("%v: got %q, %v, want %q, %s", tt.files, got, err, tt.want, tt.err)
		}
	}
	if _, err := source.Find(fstest.MapFS{}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("an empty folder: %v", err)
	}
	_, l := source.ReadFS(folder("composition.yaml", "a: 1", "composition.cue", "a: 1"), "c", source.Options{})
	compare(t, full(l), "c/composition.yaml+0 error[DVZ014] the folder holds both composition.yaml and composition.cue; one of them would be ignored (keep one of them)\n")
}

func TestDescribe(t *testing.T) {
	tests := []struct{ file, text, want string }{
		{"composition.yaml", "metadata: {name: a, version: 1.0.0, description: d}\nunknown: 1", "a 1.0.0 d"},
		{"composition.json", `{"metadata": {"name": "a", "version": "1.0.0"}, "metadata": 5}`, "a 1.0.0 "},
		{"composition.cue", `_v: "1.0.0"` + "\n" + `metadata: {name: "a", version: _v}`, "a 1.0.0 "},
		{"composition.yaml", "composition: {name: a, plugins: [core/server/http]}", "a 0.1.0 "},
		{"composition.yaml", "metadata: [", "  "},
		{"README.md", "", "  "},
	}
	for _, tt := range tests {
		name, version, description := source.Describe(folder(tt.file, tt.text))
		if got := name + " " + version + " " + description; got != tt.want {
			t.Errorf("%s %q: got %q, want %q", tt.file, tt.text, got, tt.want)
		}
	}
}

// TestKindsAgree reads one composition in each kind and expects one tree.
func TestKindsAgree(t *testing.T) {
	values := map[string]string{
		"composition.yaml": "a: {b: [1, 2.50, -3, true, null, \"x\"], \"c d\": \"1\"}\n",
		"composition.json": `{"a": {"b": [1, 2.50, -3, true, null, "x"], "c d": "1"}}`,
		"composition.cue":  "a: {b: [1, 2.50, -3, true, null, \"x\"], \"c d\": \"1\"}\n",
	}
	for name, text := range values {
		c, l := readFile(name, text)
		if l != nil {
			t.Errorf("%s: %s", name, full(l))
			continue
		}
		var got []string
		for _, item := range c.Root.Get("a").Get("b").Items {
			got = append(got, fmt.Sprint(item.Kind, " ", item.Text))
		}
		if s := strings.Join(got, ","); s != "2 1,3 2.50,2 -3,1 true,0 ,4 x" || c.Root.Get("a").Get("c d").Kind != source.String {
			t.Errorf("%s: got %s", name, s)
		}
	}
}

func TestMeta(t *testing.T) {
	sound := "metadata: {name: a}\n"
	tests := []struct{ meta, want, tree string }{
		{"title: A\ntags: [x]\n", "", "{meta.yaml:1:1+0\ntitle meta.yaml:1:1+5 4 A meta.yaml:1:8+1\ntags meta.yaml:2:1+4 [meta.yaml:2:7+0\n  - 4 x meta.yaml:2:8+1\n"},
		{"# nothing\n", "", ""},
		{"title: [\n", "c/meta.yaml:1:1+8 error[DVZ004] a value is missing\n", ""},
		{"a: 1\na: 2\n", "c/meta.yaml:2:1+1 error[DVZ008] the key \"a\" is written twice\n  c/meta.yaml:1:1+1 first written here\n", "{meta.yaml:1:1+0\na meta.yaml:1:1+1 2 1 meta.yaml:1:4+1\n"},
	}
	for _, tt := range tests {
		c, l := source.ReadFS(folder("composition.yaml", sound, "meta.yaml", tt.meta), "c", source.Options{})
		compare(t, full(l), tt.want)
		got := ""
		if c.Meta != nil {
			got = tree(c.Meta)
		}
		compare(t, got, tt.tree)
	}
	if c, l := readFile("composition.yaml", sound); c.Meta != nil || l != nil {
		t.Errorf("without meta.yaml: %v %v", c.Meta, l)
	}
	dir := folder("composition.yaml", sound)
	dir["meta.yaml"] = &fstest.MapFile{Mode: fs.ModeDir}
	_, l := source.ReadFS(dir, "c", source.Options{})
	compare(t, full(l), "c/meta.yaml+0 error[DVZ001] it is not a regular file\n")
}

// TestPluginType expects that the type of the seed's form is taken out of the
// tree, and a key of that name in the documented form is not.
func TestPluginType(t *testing.T) {
	c, l := readFile("composition.yaml", "spec:\n  core_plugins:\n    - name: jwt\n      type: auth\n")
	if l != nil || len(c.Plugins) != 1 {
		t.Fatal(full(l), c.Plugins)
	}
	want := source.Text{Value: "auth", Pos: diag.Pos{File: "c/composition.yaml", Line: 4, Column: 13}, Width: 4}
	if got := c.Plugins[0].Type; got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if options := c.Root.Get("spec").Get("plugins").Items[0]; strings.Contains(tree(options), "type") {
		t.Errorf("the tree holds the type: %s", tree(options))
	}
	for _, key := range []string{"type", "!dvz-type type"} {
		c, l := readFile("composition.yaml", "spec: {plugins: [{core/auth/jwt: {"+key+": auth}}]}")
		options := c.Root.Get("spec").Get("plugins").Items[0].Fields[0].Value
		if l != nil || c.Plugins[0].Type.Value != "" || options.Get("type") == nil {
			t.Errorf("%s: %v, the tree holds %s", key, full(l), tree(options))
		}
	}
}

// TestSymlinkLoops reads folders of the disk whose files lead to themselves.
func TestSymlinkLoops(t *testing.T) {
	const loop = "+0 error[DVZ001] the file cannot be read: too many levels of symbolic links\n"
	tests := []struct {
		link, want string
		overlays   []string
	}{
		{"composition.yaml", "c/composition.yaml" + loop, nil},
		{"composition.cue", "c/composition.cue" + loop, nil},
		{"meta.yaml", "c/meta.yaml" + loop, nil},
		{"overlays", "c/overlays/prod.yaml" + loop, []string{"prod"}},
	}
	for _, tt := range tests {
		dir := t.TempDir()
		if !strings.HasPrefix(tt.link, "composition") {
			if err := os.WriteFile(filepath.Join(dir, "composition.yaml"), []byte("a: 1\n"), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.Symlink(tt.link, filepath.Join(dir, tt.link)); err != nil {
			t.Fatal(err)
		}
		_, l := source.Read(dir, "c", source.Options{Overlays: tt.overlays})
		compare(t, full(l), tt.want)
	}
}

// TestTooMuchYAML expects that what yaml.v3 would need gigabytes for is refused.
func TestTooMuchYAML(t *testing.T) {
	_, l := readFile("composition.yaml", "["+strings.Repeat("a,", 4_000_000)+"]")
	compare(t, full(l), "c/composition.yaml+0 error[DVZ002] the file has more than 3000000 lines and commas; a composition has some hundreds\n")
	_, l = readFile("composition.yaml", strings.Repeat("- a\n", 1_000_001))
	compare(t, full(l), "c/composition.yaml:1000000:3+0 error[DVZ002] the file holds more than 1000000 values (keep data out of the composition; refer to it by its path)\n")
}
