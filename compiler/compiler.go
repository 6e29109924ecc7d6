// Package compiler turns a composition into a dedicated binary and the files
// around it. It only strings the stages together; each is a package of its own:
//
//	source → catalog → check → plan → emit → link
//
// A stage takes a value and returns a value and diagnostics; no stage reaches
// back. Only source, catalog, link and this package touch the disk.
package compiler

import (
	"errors"
	"io/fs"
	"path/filepath"
	"strings"

	"golang.org/x/mod/modfile"

	"github.com/detectviz/detectviz/compiler/catalog"
	"github.com/detectviz/detectviz/compiler/diag"
)

// Version is the version of dvz.
const Version = "0.1.0"

// Generator is how generated files name the dvz that wrote them.
const Generator = "dvz " + Version

// Workspace is a folder with compositions/ and generated/: either the repository
// of the framework itself, or a user's own, which a dvz.yaml marks.
type Workspace struct {
	Root     string // absolute
	cwd      string // diagnostics show paths relative to it
	catalog  *catalog.Catalog
	settings *settings     // of dvz.yaml; nil in the framework's own repository
	module   *modfile.File // go.mod of the workspace; nil likewise
}

// Open finds the workspace that a folder belongs to: the folder itself or the
// nearest parent with a dvz.yaml, or the framework's own repository. plugins
// holds the plugins that come with this dvz; those of a user's workspace are
// added. A workspace that is found and cannot be used is a *WorkspaceError.
func Open(dir string, plugins fs.FS) (*Workspace, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	root, own, err := findRoot(abs)
	if err != nil {
		return nil, err
	}
	w := &Workspace{Root: root, cwd: abs}
	var more []catalog.Tree
	if own {
		var diags diag.List
		if plugins, more, diags = w.configure(plugins); diags.HasErrors() {
			return nil, &WorkspaceError{w.shown(diags)}
		}
	}
	w.catalog, err = catalog.Load(plugins, more...)
	if twice, ok := errors.AsType[*catalog.Collision](err); ok {
		var diags diag.List
		d := diags.Errorf("DVZ514", diag.Pos{File: "plugins/" + twice.Path + "/plugin.cue"}, "the framework has a plugin %s as well", twice.Path)
		d.Hint = "move the folder to another place below plugins/custom"
		return nil, &WorkspaceError{w.shown(diags)}
	}
	if err != nil {
		return nil, err
	}
	return w, nil
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
