package gomain_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

func unquote(s string) (string, error) { return strconv.Unquote(s) }

// checkTypes compiles a main.go against the packages in testdata/src, which
// declare what the generated code may use and nothing else. A plugin that is
// not there is the package testdata/src/plugin.
func checkTypes(t *testing.T, src []byte) {
	t.Helper()
	im := &standIns{fset: token.NewFileSet(), done: make(map[string]*types.Package)}
	file, err := parser.ParseFile(im.fset, "main.go", src, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	conf := types.Config{Importer: im, GoVersion: "go1.26", Error: func(err error) { t.Errorf("does not compile: %v", err) }}
	conf.Check("main", im.fset, []*ast.File{file}, nil) // errors went to conf.Error
	if t.Failed() {
		t.Logf("%s", src)
	}
}

// standIns imports packages from testdata/src.
type standIns struct {
	fset *token.FileSet
	done map[string]*types.Package
}

func (s *standIns) Import(importPath string) (*types.Package, error) {
	if p := s.done[importPath]; p != nil {
		return p, nil
	}
	short := strings.TrimPrefix(importPath, "github.com/detectviz/detectviz/")
	dir := filepath.Join("testdata", "src", filepath.FromSlash(short))
	name := path.Base(short)
	if strings.HasPrefix(short, "plugins/") {
		dir = filepath.Join("testdata", "src", "plugin")
	}
	src, err := os.ReadFile(filepath.Join(dir, filepath.Base(dir)+".go"))
	if err != nil {
		return nil, fmt.Errorf("main.go must not import %s: %w", importPath, err)
	}
	file, err := parser.ParseFile(s.fset, importPath+".go", src, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	if file.Name.Name == "plugin" {
		file.Name.Name = name
	}
	conf := types.Config{Importer: s}
	p, err := conf.Check(importPath, s.fset, []*ast.File{file}, nil)
	s.done[importPath] = p
	return p, err
}
