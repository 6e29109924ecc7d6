package catalog_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/detectviz/detectviz/compiler/catalog"
)

// minimal is a plugin of the smallest kind.
func minimal(path, more string) fstest.MapFS {
	return fstest.MapFS{
		path + "/plugin.cue": {Data: []byte("package p\n\nimport \"github.com/detectviz/detectviz/schema\"\n\n" +
			"plugin: schema.#Plugin & {\n\tname: \"p\", type: \"importer\", version: \"0.1.0\", trust: \"custom\", description: \"x\"\n\tconfig: #Config\n" + more + "\n}\n\n#Config: {}\n")},
		path + "/config_gen.go": {Data: []byte("package p\n\ntype Config struct {\n}\n")},
	}
}

func TestTrees(t *testing.T) {
	c, err := catalog.Load(minimal("core/one", ""),
		catalog.Tree{Module: "example.com/shop", Files: minimal("custom/acme/two", "")},
		catalog.Tree{Module: "example.org/more", Files: minimal("custom/more/three", "")})
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"core/one", "custom/acme/two", "custom/more/three"}; !slices.Equal(c.Paths(), want) {
		t.Errorf("paths %v, want %v", c.Paths(), want)
	}
	all, err := c.All()
	if err != nil {
		t.Fatal(err)
	}
	var imports []string
	for _, p := range all {
		imports = append(imports, p.Import)
	}
	if want := []string{
		"github.com/detectviz/detectviz/plugins/core/one",
		"example.com/shop/plugins/custom/acme/two",
		"example.org/more/plugins/custom/more/three",
	}; !slices.Equal(imports, want) {
		t.Errorf("imports %v, want %v", imports, want)
	}
}

func TestCollision(t *testing.T) {
	_, err := catalog.Load(minimal("core/one", ""), catalog.Tree{Module: "example.com/shop", Files: minimal("core/one", "")})
	collision, ok := errors.AsType[*catalog.Collision](err)
	if want := (catalog.Collision{Path: "core/one", First: catalog.Module, Second: "example.com/shop"}); !ok || *collision != want {
		t.Errorf("got %v", err)
	}
}

// TestABrokenTree: a folder that cannot be read is an error, not a plugin less.
func TestABrokenTree(t *testing.T) {
	missing := catalog.Tree{Module: "example.com/shop", Files: os.DirFS(filepath.Join(t.TempDir(), "none"))}
	if _, err := catalog.Load(minimal("core/one", ""), missing); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}

// TestBrokenManifestsHaveAPlace: in the plugin, also where the schema has a say.
func TestBrokenManifestsHaveAPlace(t *testing.T) {
	for name, test := range map[string]struct {
		more string
		line int
	}{
		"syntax":    {"\tlifecycle: [}", 8},
		"reference": {"\tdoc: nothing", 8},
		"schema":    {"\n\tlifecycle: [\"begin\"]", 9},
		"closed":    {"\n\n\ttypo: 1", 10},
	} {
		t.Run(name, func(t *testing.T) {
			c, err := catalog.Load(minimal("core/one", ""), catalog.Tree{Module: "example.com/shop", Files: minimal("custom/acme/two", test.more)})
			if err != nil {
				t.Fatal(err)
			}
			_, err = c.All()
			broken, ok := errors.AsType[*catalog.Broken](err)
			if !ok || broken.Plugin != "custom/acme/two" || broken.Pos.File != "plugins/custom/acme/two/plugin.cue" || broken.Pos.Line != test.line {
				t.Errorf("got %+v: %v", broken, err)
			}
			if ok && !strings.HasPrefix(broken.Error(), "the manifest of plugin custom/acme/two is broken: ") {
				t.Errorf("it says %s", broken)
			}
		})
	}
}
