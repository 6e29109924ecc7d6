package scaffold_test

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/detectviz/detectviz/compiler/emit"
	"github.com/detectviz/detectviz/compiler/link"
	"github.com/detectviz/detectviz/compiler/scaffold"
)

func TestNamesOfPlugins(t *testing.T) {
	for name, want := range map[string]scaffold.Plugin{
		"acme/thing": {
			Type: "importer", Path: "custom/acme/thing", Import: "example.com/shop/plugins/custom/acme/thing",
			Package: "thing", Name: "thing", Author: "acme", Metric: "thing",
		},
		"custom/acme/north-2/dial-up": {
			Type: "importer", Path: "custom/acme/north-2/dial-up", Import: "example.com/shop/plugins/custom/acme/north-2/dial-up",
			Package: "dialup", Name: "dial-up", Author: "acme", Metric: "dial_up",
		},
		// Words of Go, and packages that the code imports, are no names of packages.
		"acme/range":     {Type: "importer", Path: "custom/acme/range", Import: "example.com/shop/plugins/custom/acme/range", Package: "rangeimporter", Name: "range", Author: "acme", Metric: "range"},
		"acme/contracts": {Type: "importer", Path: "custom/acme/contracts", Import: "example.com/shop/plugins/custom/acme/contracts", Package: "contractsimporter", Name: "contracts", Author: "acme", Metric: "contracts"},
		"acme/len":       {Type: "importer", Path: "custom/acme/len", Import: "example.com/shop/plugins/custom/acme/len", Package: "lenimporter", Name: "len", Author: "acme", Metric: "len"},
	} {
		if got, err := scaffold.NewPlugin("importer", name, "example.com/shop"); err != nil || got != want {
			t.Errorf("%s: got %+v, %v", name, got, err)
		}
	}
	for _, name := range []string{"", "thing", "custom/thing", "Acme/thing", "acme/Thing", "acme/", "/thing", "acme//thing", "../thing", "acme/..", "acme/2thing",
		"acme/thing-", "acme/thing_2", "acme/th ing", "acme/thing\n", "acme/" + strings.Repeat("x", 64)} {
		_, err := scaffold.NewPlugin("importer", name, "example.com/shop")
		if _, ok := errors.AsType[scaffold.Mistake](err); !ok {
			t.Errorf("%q: %v", name, err)
		}
	}
	if _, err := scaffold.NewPlugin("server", "acme/thing", "example.com/shop"); err == nil || !strings.Contains(err.Error(), strings.Join(scaffold.PluginTypes(), ", ")) {
		t.Errorf("an unsupported type: %v", err)
	}
}

// TestEveryType: what the files do is tried by the script init_replace.
func TestEveryType(t *testing.T) {
	for _, pluginType := range scaffold.PluginTypes() {
		p, err := scaffold.NewPlugin(pluginType, "acme/dial-up", "example.com/shop")
		if err != nil {
			t.Fatal(err)
		}
		files, err := p.Files()
		if err != nil {
			t.Fatal(err)
		}
		want := []string{"README.md", "config_gen.go", "dialup.go", "dialup_test.go", "plugin.cue"}
		if pluginType == "integration" {
			want = []string{"README.md", "plugin.cue"}
		}
		var paths []string
		for _, f := range files {
			paths = append(paths, f.Path)
			if strings.Contains(string(f.Content), "[[.") || strings.Contains(string(f.Content), "<no value>") {
				t.Errorf("%s of %s is not filled in:\n%s", f.Path, pluginType, f.Content)
			}
		}
		if slices.Sort(paths); !slices.Equal(paths, want) {
			t.Errorf("%s: %v, want %v", pluginType, paths, want)
		}
	}
}

func TestModulePaths(t *testing.T) {
	origin := func(url string) string {
		return "[core]\n\tbare = false\n[remote \"upstream\"]\n\turl = https://example.org/other/one\n[remote \"origin\"]\n\tfetch = +refs/heads/*\n\turl = " + url + "\n[branch \"main\"]\n\tremote = origin\n"
	}
	for name, test := range map[string]struct{ folder, given, config, want, cue string }{
		"given":            {folder: "shop", given: "go.acme.dev/shop", config: origin("https://github.com/acme/shop.git"), want: "go.acme.dev/shop", cue: "go.acme.dev/shop"},
		"https":            {folder: "x", config: origin("https://github.com/acme/shop.git"), want: "github.com/acme/shop", cue: "github.com/acme/shop"},
		"with a user":      {folder: "x", config: origin("https://me:token@github.com/acme/shop/"), want: "github.com/acme/shop", cue: "github.com/acme/shop"},
		"scp":              {folder: "x", config: origin("git@github.com:acme/shop.git"), want: "github.com/acme/shop", cue: "github.com/acme/shop"},
		"ssh with a port":  {folder: "x", config: origin("ssh://git@git.acme.dev:2222/acme/shop.git"), want: "git.acme.dev/acme/shop", cue: "git.acme.dev/acme/shop"},
		"upper case":       {folder: "x", config: origin("git@github.com:Acme/Shop"), want: "github.com/Acme/Shop", cue: "example.com/shop"},
		"a local remote":   {folder: "shop", config: origin("/srv/git/shop.git"), want: "example.com/shop", cue: "example.com/shop"},
		"no remote":        {folder: "shop", config: "[core]\n", want: "example.com/shop", cue: "example.com/shop"},
		"the folder":       {folder: "My Shop (2)", want: "example.com/my-shop-2", cue: "example.com/my-shop-2"},
		"an odd folder":    {folder: "店", want: "example.com/workspace", cue: "example.com/workspace"},
		"given, no domain": {folder: "x", given: "shop", want: "shop", cue: "example.com/shop"},
	} {
		t.Run(name, func(t *testing.T) {
			folder := filepath.Join(t.TempDir(), test.folder)
			if err := os.MkdirAll(filepath.Join(folder, ".git"), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(folder, ".git", "config"), []byte(test.config), 0o644); err != nil {
				t.Fatal(err)
			}
			w, err := scaffold.NewWorkspace(folder, test.given, "v0.1.0")
			if err != nil || w.Module != test.want || w.CueModule() != test.cue {
				t.Errorf("got %+v, %s, %v", w, w.CueModule(), err)
			}
		})
	}
	for _, path := range []string{"no module", "/shop", "example.com//shop", "example.com/shop\n"} {
		if _, err := scaffold.NewWorkspace("shop", path, "v0.1.0"); err == nil {
			t.Errorf("%q was accepted", path)
		}
	}
}

func TestWriteIsAllOrNothing(t *testing.T) {
	files := []emit.File{{Path: "a/b.txt", Content: []byte("one")}, {Path: "a/c/d.txt", Content: []byte("two")}, {Path: "z.txt", Content: []byte("three")}}
	root := t.TempDir()
	folder := filepath.Join(root, "new", "folder")
	if err := scaffold.Write(folder, files); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"a/b.txt": "one", "a/c/d.txt": "two", "z.txt": "three"}
	if got := content(t, folder); !maps.Equal(got, want) {
		t.Errorf("got %v", got)
	}
	// What is there is not replaced, and nothing is left of the attempt.
	for name, there := range map[string]string{"a file": "z.txt", "a folder's name": "a"} {
		folder := t.TempDir()
		if err := os.WriteFile(filepath.Join(folder, there), []byte("mine"), 0o644); err != nil {
			t.Fatal(err)
		}
		err := scaffold.Write(folder, files)
		if _, ok := errors.AsType[*link.Error](err); !ok {
			t.Errorf("%s: %v", name, err)
		}
		if got := content(t, folder); !maps.Equal(got, map[string]string{there: "mine"}) {
			t.Errorf("%s: the folder holds %v", name, got)
		}
	}
	// A folder that had to be made is removed again.
	bad := append(slices.Clone(files), emit.File{Path: "z.txt/below", Content: []byte("impossible")})
	if err := scaffold.Write(filepath.Join(root, "other", "folder"), bad); err == nil {
		t.Error("a file below a file was written")
	}
	if _, err := os.Stat(filepath.Join(root, "other")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the folder is still there: %v", err)
	}
}

func content(t *testing.T, folder string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir(folder, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		rel, _ := filepath.Rel(folder, path)
		out[filepath.ToSlash(rel)] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}
