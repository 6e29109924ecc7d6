package compiler_test

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/detectviz/detectviz/compiler"
	"github.com/detectviz/detectviz/compiler/emit"
	"github.com/detectviz/detectviz/compiler/plan"
)

// small is a plan for the tests of Commit, which looks at no more of it.
var small = &plan.Plan{Name: "small", Version: "1.0.0", Dir: "compositions/small"}

// generated returns files with their manifest, as Emit does.
func generated(contents map[string]string) []emit.File {
	type entry struct {
		Path   string `json:"path"`
		SHA256 string `json:"sha256"`
	}
	var files []emit.File
	manifest := map[string]any{"from": small.Dir}
	var entries []entry
	for _, path := range slices.Sorted(maps.Keys(contents)) {
		files = append(files, emit.File{Path: path, Content: []byte(contents[path])})
		entries = append(entries, entry{path, fmt.Sprintf("%x", sha256.Sum256([]byte(contents[path])))})
	}
	manifest["files"] = entries
	content, err := json.Marshal(manifest)
	if err != nil {
		panic(err)
	}
	return append(files, emit.File{Path: "manifest.json", Content: content})
}

// tree reads all files below a folder; folders end in a slash.
func tree(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if os.IsNotExist(err) {
			return nil
		}
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel(dir, path)
		if d.IsDir() {
			out[filepath.ToSlash(rel)+"/"] = ""
			return nil
		}
		content, err := os.ReadFile(path)
		out[filepath.ToSlash(rel)] = string(content)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func commit(t *testing.T, w *compiler.Workspace, files []emit.File) compiler.Changes {
	t.Helper()
	changes, err := w.Commit(small, files)
	if err != nil {
		t.Fatal(err)
	}
	stale, err := w.Stale(small, files)
	if err != nil || len(stale) > 0 {
		t.Errorf("stale after Commit: %v, %v", stale, err)
	}
	return changes
}

func TestCommitWritesOnce(t *testing.T) {
	root := workspace(t, map[string]string{"generated/other/main.go": "package other", "keep": "x"})
	w := open(t, root)
	files := generated(map[string]string{"main.go": "package main\n", "a/b/c.yaml": "c: 1\n", "empty": ""})
	changes := commit(t, w, files)
	if want := []string{"a/b/c.yaml", "empty", "main.go", "manifest.json"}; !slices.Equal(slices.Sorted(slices.Values(changes.Written)), want) || changes.Unchanged != 0 || len(changes.Removed) != 0 {
		t.Errorf("the first time: %+v", changes)
	}
	dir := filepath.Join(root, "generated", "small")
	got := tree(t, dir)
	for _, f := range files {
		if got[f.Path] != string(f.Content) {
			t.Errorf("%s holds %q", f.Path, got[f.Path])
		}
		info, err := os.Stat(filepath.Join(dir, f.Path))
		if err != nil || info.Mode() != 0o644 {
			t.Errorf("%s: %v, %v", f.Path, info.Mode(), err)
		}
	}
	if len(got) != len(files)+3 { // and the folders ., a and a/b
		t.Errorf("there are also others: %v", slices.Sorted(maps.Keys(got)))
	}

	// Nothing is touched the second time: go build and make look at the times.
	long := time.Now().Add(-time.Hour).Truncate(time.Second)
	for _, f := range files {
		if err := os.Chtimes(filepath.Join(dir, f.Path), long, long); err != nil {
			t.Fatal(err)
		}
	}
	if changes := commit(t, w, files); changes.Unchanged != len(files) || len(changes.Written)+len(changes.Removed) != 0 {
		t.Errorf("the second time: %+v", changes)
	}
	for _, f := range files {
		if info, err := os.Stat(filepath.Join(dir, f.Path)); err != nil || !info.ModTime().Equal(long) {
			t.Errorf("%s was touched at %v, %v", f.Path, info.ModTime(), err)
		}
	}
	if got := tree(t, root); got["generated/other/main.go"] != "package other" || got["keep"] != "x" {
		t.Error("other folders changed")
	}
}

func TestCommitRemovesOnlyItsOwn(t *testing.T) {
	root := workspace(t, nil)
	w := open(t, root)
	commit(t, w, generated(map[string]string{"main.go": "1", "gone/deep/x.yaml": "x", "gone/y.yaml": "y", "both/z": "z", "already": "a"}))
	write(t, root, "generated/small/notes.md", "mine")
	write(t, root, "generated/small/both/mine", "mine")
	if err := os.Remove(filepath.Join(root, "generated/small/already")); err != nil {
		t.Fatal(err)
	}
	next := generated(map[string]string{"main.go": "2"})
	stale, err := w.Stale(small, next)
	if want := []string{"main.go: differs", "manifest.json: differs", "both/z: no longer generated", "gone/deep/x.yaml: no longer generated", "gone/y.yaml: no longer generated"}; err != nil || !slices.Equal(stale, want) {
		t.Errorf("stale: %q, %v; want %q", stale, err, want)
	}
	changes := commit(t, w, next)
	if want := []string{"both/z", "gone/deep/x.yaml", "gone/y.yaml"}; !slices.Equal(changes.Removed, want) {
		t.Errorf("removed %v, want %v", changes.Removed, want)
	}
	got := slices.Sorted(maps.Keys(tree(t, filepath.Join(root, "generated/small"))))
	if want := []string{"./", "both/", "both/mine", "main.go", "manifest.json", "notes.md"}; !slices.Equal(got, want) {
		t.Errorf("left are %v, want %v", got, want)
	}
}

func TestStale(t *testing.T) {
	root := workspace(t, nil)
	w := open(t, root)
	files := generated(map[string]string{"main.go": "1", "a": "2"})
	before := tree(t, root)
	stale, err := w.Stale(small, files)
	if want := []string{"a: missing", "main.go: missing", "manifest.json: missing"}; err != nil || !slices.Equal(stale, want) {
		t.Errorf("in an empty folder: %q, %v; want %q", stale, err, want)
	}
	if !maps.Equal(before, tree(t, root)) {
		t.Error("Stale wrote something")
	}
	commit(t, w, files)
	write(t, root, "generated/small/a", "")
	if stale, err := w.Stale(small, files); err != nil || !slices.Equal(stale, []string{"a: differs"}) {
		t.Errorf("a file was emptied: %q, %v", stale, err)
	}
}

// TestCommitRefuses has folders in which something is not dvz's. Each must say
// so and leave everything as it was.
func TestCommitRefuses(t *testing.T) {
	first := generated(map[string]string{"main.go": "1", "dir/x": "x"})
	second := generated(map[string]string{"main.go": "2", "dir/x": "y", "new": "n"})
	manifest := func(path string) string {
		return `{"from": "compositions/small", "files": [{"path": "main.go"}, {"path": "dir/x"}, {"path": ` + fmt.Sprintf("%q", path) + `}]}`
	}
	for name, test := range map[string]struct {
		change map[string]string // files to write after the first Commit
		folder string            // a folder to make
		says   []string
	}{
		"a foreign file":         {map[string]string{"new": "mine"}, "", []string{"generated/small/new was not written by dvz", "move the file away"}},
		"an empty foreign file":  {map[string]string{"new": ""}, "", []string{"was not written by dvz"}},
		"outside, up":            {map[string]string{"manifest.json": manifest("../../keep")}, "", []string{`"../../keep"`, "outside its folder"}},
		"outside, in the middle": {map[string]string{"manifest.json": manifest("a/../../../keep")}, "", []string{"outside its folder"}},
		"outside, absolute":      {map[string]string{"manifest.json": manifest("/keep")}, "", []string{"outside its folder"}},
		"outside, nothing":       {map[string]string{"manifest.json": manifest("")}, "", []string{"outside its folder"}},
		"a corrupt manifest":     {map[string]string{"manifest.json": `{"files": [`}, "", []string{"generated/small: manifest.json does not parse", "restore it or remove the folder, then generate again"}},
		"an empty manifest":      {map[string]string{"manifest.json": ""}, "", []string{"manifest.json does not parse"}},
		"a list of another kind": {map[string]string{"manifest.json": `{"files": "main.go"}`}, "", []string{"manifest.json does not parse"}},
		"a folder for a file":    {nil, "new", []string{"generated/small/new", "folder"}},
		"a file for a folder":    {nil, "", []string{"generated/small/dir", "a file stands where a folder should be"}},
	} {
		t.Run(name, func(t *testing.T) {
			root := workspace(t, map[string]string{"keep": "x", "generated/keep": "y"})
			w := open(t, root)
			commit(t, w, first)
			for path, content := range test.change {
				write(t, root, "generated/small/"+path, content)
			}
			if test.folder != "" {
				if err := os.Mkdir(filepath.Join(root, "generated/small", test.folder), 0o755); err != nil {
					t.Fatal(err)
				}
			}
			if name == "a file for a folder" {
				if err := os.RemoveAll(filepath.Join(root, "generated/small/dir")); err != nil {
					t.Fatal(err)
				}
				write(t, root, "generated/small/dir", "mine")
			}
			before := tree(t, root)
			changes, err := w.Commit(small, second)
			if err == nil {
				t.Fatalf("it was done: %+v", changes)
			}
			for _, say := range test.says {
				if !strings.Contains(err.Error(), say) {
					t.Errorf("does not say %q: %v", say, err)
				}
			}
			if after := tree(t, root); !maps.Equal(before, after) {
				t.Errorf("changed: %v became %v", before, after)
			}
		})
	}
}

func TestTwoCompositionsOfOneName(t *testing.T) {
	root := workspace(t, map[string]string{
		"compositions/small/composition.yaml": "metadata: {name: small, version: 1.0.0}",
		"compositions/other/composition.yaml": "metadata: {name: small, version: 1.0.0}",
	})
	w := open(t, root)
	files := generated(map[string]string{"main.go": "1"})
	commit(t, w, files)
	twin := &plan.Plan{Name: "small", Dir: "compositions/other"}
	if _, err := w.Commit(twin, files); err == nil || !strings.Contains(err.Error(), "generated/small belongs to compositions/small, which has the name small too") {
		t.Errorf("got %v", err)
	}
	// Once the first is gone, or has another name, the folder is free.
	write(t, root, "compositions/small/composition.yaml", "metadata: {name: renamed, version: 1.0.0}")
	if _, err := w.Commit(twin, files); err != nil {
		t.Errorf("the name is free: %v", err)
	}
}

func TestDigestCoversEveryFile(t *testing.T) {
	root := workspace(t, map[string]string{"compositions/shop/composition.yaml": shop})
	w := open(t, root)
	p, files := compile(t, w, "compositions/shop")
	digest := compiler.Digest(files)
	if len(digest) != 64 || strings.Trim(digest, "0123456789abcdef") != "" {
		t.Fatalf("the digest is %q", digest)
	}
	for _, f := range files {
		if f.Path == "manifest.json" {
			for _, other := range files {
				if sum := fmt.Sprintf("%x", sha256.Sum256(other.Content)); other.Path != f.Path && !strings.Contains(string(f.Content), `"sha256": "`+sum+`"`) {
					t.Errorf("the manifest has no digest of %s", other.Path)
				}
			}
		}
	}
	if again, files := compile(t, w, "compositions/shop"); compiler.Digest(files) != digest || again.Name != p.Name {
		t.Error("the same composition has another digest")
	}
	// A change that reaches only one of the files around the binary.
	for what, changed := range map[string]string{
		"version":     strings.Replace(shop, "1.2.0", "1.2.1", 1),
		"description": strings.Replace(shop, "sells things", "sells other things", 1),
		"target":      strings.Replace(shop, "9100", "9101", 1),
		"alloy":       strings.Replace(shop, "/mimir-exporter", "/mimir-exporter: {config: {tenant: a}}", 1),
		"limit":       shop + "  limits: {memory: 128MiB}\n",
	} {
		write(t, root, "compositions/shop/composition.yaml", changed)
		if _, files := compile(t, w, "compositions/shop"); compiler.Digest(files) == digest {
			t.Errorf("another %s, the same digest", what)
		}
	}
	if compiler.Digest(files[:0]) != "" {
		t.Error("no files have a digest")
	}
}

// TestCommitOfAComposition goes all the way, with the files that back ends write.
func TestCommitOfAComposition(t *testing.T) {
	root := workspace(t, map[string]string{"compositions/shop/composition.yaml": shop})
	w := open(t, root)
	p, files := compile(t, w, "compositions/shop")
	if _, err := w.Commit(p, files); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"main.go", "plan.json", "alloy/config.alloy", "prometheus/rules.yaml", "systemd/shop.service", "grafana/provisioning/datasources/shop.yaml"} {
		if !slices.ContainsFunc(files, func(f emit.File) bool { return f.Path == path }) {
			t.Errorf("%s is not generated", path)
		}
	}
	// Without Alloy and Grafana, their files go, and their folders with them.
	without := strings.Replace(shop, "    - community/integrations/observability/alloy/mimir-exporter\n", "", 1)
	write(t, root, "compositions/shop/composition.yaml", without)
	p, files = compile(t, w, "compositions/shop")
	changes, err := w.Commit(p, files)
	if err != nil || !slices.Contains(changes.Removed, "grafana/provisioning/alerting/shop.yaml") {
		t.Errorf("%+v, %v", changes, err)
	}
	for path := range tree(t, filepath.Join(root, "generated/shop")) {
		if strings.HasPrefix(path, "grafana") {
			t.Errorf("%s is left", path)
		}
	}
}
