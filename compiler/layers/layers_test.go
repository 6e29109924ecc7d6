package layers_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/mod/modfile"
	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/analysis/analysistest"

	"github.com/detectviz/detectviz/compiler/layers"
)

// TestRules runs the analyzer over a small module that breaks every rule once
// and keeps every one once; the sources say what is expected where.
func TestRules(t *testing.T) {
	analysistest.Run(t, analysistest.TestData(), layers.New("example.com/m"), "example.com/...")
}

// TestRepository runs the analyzer over every Go file of this module, those
// for other systems and behind build tags included.
func TestRepository(t *testing.T) {
	root := filepath.Join("..", "..")
	data, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	module := modfile.ModulePath(data)
	packages := parse(t, root)
	if len(packages) < 5 {
		t.Fatalf("found %d packages below %s, expected the whole module", len(packages), root)
	}
	analyzer := layers.New(module)
	for dir, files := range packages {
		path := module
		if dir != "." {
			path += "/" + dir
		}
		pass := &analysis.Pass{
			Analyzer: analyzer,
			Fset:     fset,
			Files:    files,
			Pkg:      types.NewPackage(path, files[0].Name.Name),
			Report: func(d analysis.Diagnostic) {
				t.Errorf("%s: %s", fset.Position(d.Pos), d.Message)
			},
		}
		if _, err := analyzer.Run(pass); err != nil {
			t.Error(err)
		}
	}
}

var fset = token.NewFileSet()

// parse reads the imports of every Go file below root, by folder.
func parse(t *testing.T, root string) map[string][]*ast.File {
	t.Helper()
	packages := map[string][]*ast.File{}
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := entry.Name()
		if entry.IsDir() {
			if path != root && (name == "testdata" || strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_")) {
				return filepath.SkipDir
			}
			return nil
		}
		if filepath.Ext(name) != ".go" {
			return nil
		}
		file, err := parser.ParseFile(fset, path, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		dir, err := filepath.Rel(root, filepath.Dir(path))
		if err != nil {
			return err
		}
		dir = filepath.ToSlash(dir)
		packages[dir] = append(packages[dir], file)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return packages
}
