// Package compiler turns a composition into a dedicated binary and the files
// around it. It only strings the stages together; each is a package of its own:
//
//	source → catalog → check → plan → emit → link
//
// A stage takes a value and returns a value and diagnostics; no stage reaches
// back. Only source, catalog, link and this package touch the disk.
package compiler

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/detectviz/detectviz/compiler/catalog"
	"github.com/detectviz/detectviz/compiler/diag"
)

// Version is the version of dvz.
const Version = "0.1.0"

// Generator is how generated files name the dvz that wrote them.
const Generator = "dvz " + Version

// Workspace is a folder with a go.mod, compositions/ and generated/.
type Workspace struct {
	Root    string // absolute
	cwd     string // diagnostics show paths relative to it
	catalog *catalog.Catalog
}

// Open finds the workspace that a folder belongs to: the folder itself or the
// nearest parent that holds a go.mod. plugins holds the plugins that
// compositions may name.
func Open(dir string, plugins fs.FS) (*Workspace, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	root := abs
	for {
		if _, err := os.Stat(filepath.Join(root, "go.mod")); err == nil {
			break
		}
		parent := filepath.Dir(root)
		if parent == root {
			return nil, fmt.Errorf("%s is in no workspace: neither it nor a folder above it holds a go.mod", abs)
		}
		root = parent
	}
	cat, err := catalog.Load(plugins)
	if err != nil {
		return nil, err
	}
	return &Workspace{Root: root, cwd: abs, catalog: cat}, nil
}

// Catalog returns the plugins that compositions may name.
func (w *Workspace) Catalog() *catalog.Catalog { return w.catalog }

// abs returns a path given by the user as an absolute one.
func (w *Workspace) abs(path string) string {
	if filepath.IsAbs(path) {
		return filepath.Clean(path)
	}
	return filepath.Join(w.cwd, path)
}

// inWorkspace returns a path as plans and generated files name it: relative to
// the workspace and slash separated, wherever dvz was started.
func (w *Workspace) inWorkspace(path string) string {
	rel, err := filepath.Rel(w.Root, w.abs(path))
	if err != nil || strings.HasPrefix(rel, "..") {
		return filepath.ToSlash(w.abs(path))
	}
	return filepath.ToSlash(rel)
}

// shown rewrites the positions to what the user sees from where they are.
func (w *Workspace) shown(diags diag.List) diag.List {
	for i := range diags {
		diags[i].Pos.File = w.Shown(diags[i].Pos.File)
		for j := range diags[i].Related {
			diags[i].Related[j].Pos.File = w.Shown(diags[i].Related[j].Pos.File)
		}
	}
	return diags.Sorted()
}

// Shown returns a path of the workspace relative to the folder that dvz was
// started in, where that is not longer than two steps up.
func (w *Workspace) Shown(path string) string {
	if path == "" {
		return ""
	}
	abs := filepath.FromSlash(path)
	if !filepath.IsAbs(abs) {
		abs = filepath.Join(w.Root, abs)
	}
	rel, err := filepath.Rel(w.cwd, abs)
	if err != nil || strings.HasPrefix(rel, filepath.Join("..", "..", "..")) {
		return abs
	}
	return filepath.ToSlash(rel)
}
