package compiler_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/detectviz/detectviz/compiler"
	"github.com/detectviz/detectviz/compiler/diag"
	"github.com/detectviz/detectviz/compiler/emit"
	"github.com/detectviz/detectviz/compiler/plan"
)

// plugins are those of this repository.
var plugins = os.DirFS("../plugins")

// shop is a composition that generates a file of every kind.
const shop = `metadata: {name: shop, version: 1.2.0, description: sells things}
spec:
  plugins:
    - community/importers/prometheus: {as: node, config: {targets: ["http://127.0.0.1:9100/metrics"]}}
    - community/exporters/prometheus
    - core/server/http
    - community/integrations/observability/alloy/mimir-exporter
  pipelines:
    all: {from: [node], to: [prometheus]}
`

// workspace writes files into a new workspace of a user, whose framework is this
// checkout, and returns it.
func workspace(t *testing.T, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	framework, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	write(t, root, "dvz.yaml", "framework: {replace: "+framework+"}\n")
	write(t, root, "go.mod", "module example.com/shop\n\ngo 1.26\n\nrequire github.com/detectviz/detectviz v0.0.0\n\nreplace github.com/detectviz/detectviz => "+framework+"\n")
	for path, content := range files {
		write(t, root, path, content)
	}
	return root
}

func write(t testing.TB, root, path, content string) {
	t.Helper()
	full := filepath.Join(root, filepath.FromSlash(path))
	if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(full, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

func open(t *testing.T, dir string) *compiler.Workspace {
	t.Helper()
	w, err := compiler.Open(dir, plugins)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// compile compiles and emits a composition without findings of weight.
func compile(t *testing.T, w *compiler.Workspace, dir string) (*plan.Plan, []emit.File) {
	t.Helper()
	p, diags := w.Compile(dir)
	if p == nil {
		t.Fatalf("%s: %+v", dir, diags)
	}
	files, diags := w.Emit(p)
	if diags.HasErrors() {
		t.Fatalf("%s: %+v", dir, diags)
	}
	return p, files
}

func TestOpenFindsTheWorkspace(t *testing.T) {
	root := workspace(t, map[string]string{"compositions/a/b/x": ""})
	for _, dir := range []string{".", "compositions", "compositions/a/b"} {
		if w := open(t, filepath.Join(root, dir)); w.Root != root {
			t.Errorf("from %s: %s, want %s", dir, w.Root, root)
		}
	}
	outside := t.TempDir()
	_, err := compiler.Open(outside, plugins)
	if err == nil || !strings.Contains(err.Error(), outside+" is in no workspace: neither it nor a folder above it holds a dvz.yaml; run dvz init in an empty folder to make one") {
		t.Errorf("outside of any workspace: %v", err)
	}
}

func TestCompositionsAreListed(t *testing.T) {
	root := workspace(t, map[string]string{
		"compositions/shop/composition.yaml":    shop,
		"compositions/shop/meta.yaml":           "title: The shop\nowner: sales\ntags: [a, b]\n",
		"compositions/bad/composition.yaml":     "metadata: {name: [",
		"compositions/bare/composition.yaml":    "metadata: {name: other-name, version: 0.1.0, description: from here}",
		"compositions/bare/meta.yaml":           "description: from meta\ntags: {not: a list}\n",
		"compositions/notes/README.md":          "no composition",
		"compositions/composition.yaml":         "a file beside the folders",
		"compositions/deep/er/composition.yaml": shop,
	})
	got, err := open(t, root).Compositions()
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, s := range got {
		names = append(names, s.Dir+"="+s.Name)
	}
	if want := []string{"compositions/bad=bad", "compositions/bare=other-name", "compositions/shop=shop"}; !slices.Equal(names, want) {
		t.Fatalf("got %v, want %v", names, want)
	}
	s := got[2]
	if s.Version != "1.2.0" || s.Title != "The shop" || s.Description != "sells things" || s.Owner != "sales" || !slices.Equal(s.Tags, []string{"a", "b"}) {
		t.Errorf("got %+v", s)
	}
	none, err := open(t, workspace(t, nil)).Compositions()
	if err != nil || len(none) != 0 {
		t.Errorf("a workspace without compositions has %v, %v", none, err)
	}
}

func TestResolve(t *testing.T) {
	root := workspace(t, map[string]string{
		"compositions/shop/composition.yaml": shop,
		"compositions/till/composition.yaml": strings.Replace(shop, "name: shop", "name: till", 1),
		"elsewhere/x/composition.yaml":       shop,
		"elsewhere/x/meta.yaml":              "",
	})
	in := func(parts ...string) string { return filepath.Join(append([]string{root}, parts...)...) }
	tests := map[string]struct {
		from string // the folder that dvz was started in
		args []string
		want []string // absolute
		says string   // the error
	}{
		"nothing":            {root, nil, []string{in("compositions", "shop"), in("compositions", "till")}, ""},
		"nothing, in a sub":  {in("elsewhere"), nil, []string{in("compositions", "shop"), in("compositions", "till")}, ""},
		"folder":             {root, []string{"compositions/shop"}, []string{in("compositions", "shop")}, ""},
		"folder with slash":  {root, []string{"compositions/shop/"}, []string{in("compositions", "shop")}, ""},
		"this folder":        {in("compositions", "till"), []string{"."}, []string{in("compositions", "till")}, ""},
		"sibling":            {in("compositions", "till"), []string{"../shop"}, []string{in("compositions", "shop")}, ""},
		"absolute":           {root, []string{in("elsewhere", "x")}, []string{in("elsewhere", "x")}, ""},
		"file":               {root, []string{"elsewhere/x/composition.yaml"}, []string{in("elsewhere", "x")}, ""},
		"file, from beside":  {in("elsewhere", "x"), []string{"composition.yaml"}, []string{in("elsewhere", "x")}, ""},
		"name":               {root, []string{"till"}, []string{in("compositions", "till")}, ""},
		"name, from a sub":   {in("elsewhere"), []string{"till", "shop"}, []string{in("compositions", "till"), in("compositions", "shop")}, ""},
		"unknown":            {root, []string{"shop", "nonsense"}, nil, "there is no composition nonsense; dvz list shows those of this workspace"},
		"misspelt":           {root, []string{"shops"}, nil, "there is no composition shops; did you mean shop?"},
		"another file":       {root, []string{"elsewhere/x/meta.yaml"}, nil, "elsewhere/x/meta.yaml is no composition: expected a folder with a composition.yaml"},
		"name with a slash":  {in("elsewhere"), []string{"x/../../compositions/none"}, nil, "there is no composition"},
		"a workspace's file": {root, []string{"go.mod"}, nil, "go.mod is no composition"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			w := open(t, test.from)
			got, err := w.Resolve(test.args)
			if test.says != "" {
				if err == nil || !strings.Contains(err.Error(), test.says) {
					t.Errorf("got %v, %v; want an error that says %q", got, err, test.says)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			for i := range got {
				if !filepath.IsAbs(got[i]) {
					got[i] = filepath.Join(test.from, got[i])
				}
				got[i] = filepath.Clean(got[i])
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
	empty := workspace(t, nil)
	if _, err := open(t, empty).Resolve(nil); err == nil || err.Error() != empty+" has no compositions: expected compositions/<name>/composition.yaml" {
		t.Errorf("an empty workspace: %v", err)
	}
}

// TestFromAnywhere: the same bytes, wherever dvz was started and however the
// composition was named.
func TestFromAnywhere(t *testing.T) {
	root := workspace(t, map[string]string{"compositions/shop/composition.yaml": shop, "a/b/c/x": ""})
	_, want := compile(t, open(t, root), "compositions/shop")
	for from, dir := range map[string]string{
		".": filepath.Join(root, "compositions", "shop"), "compositions": "shop", "compositions/shop": ".", "a/b/c": "../../../compositions/shop/",
	} {
		p, got := compile(t, open(t, filepath.Join(root, from)), dir)
		if p.Dir != "compositions/shop" {
			t.Errorf("from %s: the plan names %s", from, p.Dir)
		}
		same(t, "from "+from, got, want)
	}
}

// same compares two sets of files.
func same(t *testing.T, what string, got, want []emit.File) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%s: %d files, want %d", what, len(got), len(want))
		return
	}
	for i := range got {
		if got[i].Path != want[i].Path || string(got[i].Content) != string(want[i].Content) {
			t.Errorf("%s: %s differs from %s:\n%s", what, got[i].Path, want[i].Path, got[i].Content)
		}
	}
}

func TestShownPaths(t *testing.T) {
	root := workspace(t, map[string]string{"compositions/shop/composition.yaml": "metadata: {nam: x}", "a/b/c/d/x": ""})
	for from, want := range map[string]string{
		".":                 "compositions/shop/composition.yaml",
		"compositions":      "shop/composition.yaml",
		"compositions/shop": "composition.yaml",
		"a/b":               "../../compositions/shop/composition.yaml",
		"a/b/c":             filepath.Join(root, "compositions/shop/composition.yaml"),
		"a/b/c/d":           filepath.Join(root, "compositions/shop/composition.yaml"),
	} {
		w := open(t, filepath.Join(root, from))
		if got := w.Shown("compositions/shop/composition.yaml"); got != want {
			t.Errorf("from %s: %s, want %s", from, got, want)
		}
		if got := w.Shown(filepath.Join(root, "compositions", "shop", "composition.yaml")); got != want {
			t.Errorf("absolute, from %s: %s, want %s", from, got, want)
		}
		p, diags := w.Compile(filepath.Join(root, "compositions", "shop"))
		if p != nil || !diags.HasErrors() {
			t.Fatalf("a broken composition compiles: %+v", diags)
		}
		for _, d := range diags {
			if d.Pos.File != want {
				t.Errorf("from %s: a finding at %s, want %s", from, d.Pos.File, want)
			}
		}
	}
	if w := open(t, root); w.Shown("") != "" {
		t.Error("the path of nothing is shown")
	}
}

func TestCompileOfAFolderWithoutComposition(t *testing.T) {
	w := open(t, workspace(t, map[string]string{"compositions/none/x": ""}))
	for _, dir := range []string{"compositions/none", "compositions/missing"} {
		if p, diags := w.Compile(dir); p != nil || !diags.HasErrors() || diags[0].Code != "DVZ001" {
			t.Errorf("%s: %+v", dir, diags)
		}
	}
}

// TestBrokenPlugin: a manifest that does not compile is its author's mistake,
// and the user of the plugin is told so.
func TestBrokenPlugin(t *testing.T) {
	root := workspace(t, map[string]string{"compositions/x/composition.yaml": "metadata: {name: x, version: 1.0.0}\nspec: {plugins: [core/bad: {config: {on: true}}]}\n"})
	const head = "package bad\nimport \"github.com/detectviz/detectviz/schema\"\n#Config: on: bool @go(On,type=bool)\n" +
		"plugin: schema.#Plugin & {name: \"bad\", type: \"processor\", version: \"0.1.0\", trust: \"core\", description: \"x\", config: #Config\n"
	for name, test := range map[string][2]string{
		"unknown reference": {"lifecycle: [nothing]}", "nothing"},
		"self":              {"doc: self.instance}", "self"},
		"schema":            {"lifecycle: [\"begin\"]}", "begin"},
		"syntax":            {"lifecycle: [}", "plugin.cue"},
	} {
		t.Run(name, func(t *testing.T) {
			write(t, root, "plugins/core/bad/plugin.cue", head+test[0])
			write(t, root, "plugins/core/bad/config_gen.go", "package bad\n\ntype Config struct {\n\tOn bool `json:\"on\"`\n}\n")
			w := open(t, root)
			p, diags := w.Compile("compositions/x")
			if p != nil || len(diags) != 1 {
				t.Fatalf("got %+v", diags)
			}
			if d := diags[0]; d.Code != "DVZ207" || d.Severity != diag.Error || d.Pos.Line != 2 || d.Hint != "this is a mistake of the plugin's author" ||
				!strings.Contains(d.Message, "the manifest of plugin core/bad") || !strings.Contains(d.Message, test[1]) {
				t.Errorf("got %+v", d)
			}
		})
	}
}
