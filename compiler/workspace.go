package compiler

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/semver"

	"github.com/detectviz/detectviz/compiler/catalog"
	"github.com/detectviz/detectviz/compiler/diag"
	"github.com/detectviz/detectviz/compiler/source"
)

// SettingsFile makes a folder a workspace. The framework's own repository is one
// without it.
const SettingsFile = "dvz.yaml"

// tag is this dvz's version as Go writes versions of modules.
const tag = "v" + Version

// getTool is the command that moves a go.mod to this dvz's version.
const getTool = "go get -tool " + catalog.Module + "/cmd/dvz@" + tag

// WorkspaceError is a workspace that cannot be used as it is: its dvz.yaml, its
// go.mod or the places of its plugins are at fault.
type WorkspaceError struct{ Findings diag.List }

// Error implements error with the first finding.
func (e *WorkspaceError) Error() string {
	return e.Findings[0].Pos.String() + ": " + e.Findings[0].Message
}

// settings is what dvz.yaml says: either a version of the framework or a folder
// that holds its sources.
type settings struct {
	version string      // "v0.1.0"
	replace string      // as written, slash separated; relative to dvz.yaml or absolute
	at      source.Node // the value that says so
}

// findRoot returns the workspace that a folder belongs to: the folder itself or
// the nearest parent with a dvz.yaml or the framework's own go.mod.
func findRoot(dir string) (root string, own bool, err error) {
	module := "" // the nearest folder with another go.mod
	for root = dir; ; root = filepath.Dir(root) {
		if _, err := os.Stat(filepath.Join(root, SettingsFile)); err == nil {
			return root, true, nil
		}
		content, err := os.ReadFile(filepath.Join(root, "go.mod"))
		if err == nil && modfile.ModulePath(content) == catalog.Module {
			return root, false, nil
		}
		if err == nil && module == "" {
			module = root
		}
		if root == filepath.Dir(root) {
			break
		}
	}
	if module != "" {
		return "", false, fmt.Errorf("%s is a Go module, but no workspace: it holds no %s; run dvz init in an empty folder to make a workspace", module, SettingsFile)
	}
	return "", false, fmt.Errorf("%s is in no workspace: neither it nor a folder above it holds a %s; run dvz init in an empty folder to make one", dir, SettingsFile)
}

// configure reads dvz.yaml and go.mod of a user's own workspace, and adds its
// plugins to those of the framework.
func (w *Workspace) configure(plugins fs.FS) (fs.FS, []catalog.Tree, diag.List) {
	s, diags := w.readSettings()
	if diags.HasErrors() {
		return nil, nil, diags
	}
	w.settings = s
	if s.replace != "" {
		folder := w.checkout()
		content, err := os.ReadFile(filepath.Join(folder, "go.mod"))
		if err != nil || modfile.ModulePath(content) != catalog.Module {
			d := at(diags.Errorf("DVZ512", s.at.Pos, "%s does not hold the sources of %s", s.replace, catalog.Module), &s.at)
			d.Hint = "name a folder with a checkout of it, relative to " + SettingsFile
			return nil, nil, diags
		}
		plugins = os.DirFS(filepath.Join(folder, "plugins"))
	}
	if w.module, diags = w.readModule(); diags.HasErrors() {
		return nil, nil, diags
	}
	folder := filepath.Join(w.Root, "plugins")
	if _, err := os.Stat(folder); err != nil {
		return plugins, nil, nil
	}
	return plugins, []catalog.Tree{{Module: w.module.Module.Mod.Path, Files: os.DirFS(folder)}}, nil
}

// checkout returns the folder with the framework's sources.
func (w *Workspace) checkout() string {
	folder := filepath.FromSlash(w.settings.replace)
	if filepath.IsAbs(folder) {
		return filepath.Clean(folder)
	}
	return filepath.Join(w.Root, folder)
}

func (w *Workspace) readSettings() (*settings, diag.List) {
	var diags diag.List
	top := diag.Pos{File: SettingsFile}
	content, err := readRegular(filepath.Join(w.Root, SettingsFile))
	if err != nil {
		diags.Errorf("DVZ510", top, "%s cannot be read: %s", SettingsFile, reason(err))
		return nil, diags
	}
	if strings.TrimSpace(string(content)) == "" {
		diags.Errorf("DVZ510", top, "%s is empty", SettingsFile).Hint = "write framework: " + tag
		return nil, diags
	}
	root, diags := source.Parse(SettingsFile, content)
	if diags.HasErrors() {
		return nil, diags
	}
	if root.Kind != source.Map {
		at(diags.Errorf("DVZ510", root.Pos, "%s must be a map", SettingsFile), root).Hint = "write framework: " + tag
		return nil, diags
	}
	unknownKeys(&diags, root, "framework")
	s := &settings{}
	switch n := root.Get("framework"); {
	case n == nil:
		if !diags.HasErrors() { // a misspelt key says enough
			diags.Errorf("DVZ510", root.Pos, "framework is missing").Hint = "write framework: " + tag
		}
	case n.Kind == source.String && n.Text != "":
		s.version, s.at = n.Text, *n
		checkVersion(&diags, s)
	case n.Kind == source.Map:
		unknownKeys(&diags, n, "replace")
		folder := n.Get("replace")
		if folder != nil && folder.Kind == source.String && folder.Text != "" {
			s.replace, s.at = filepath.ToSlash(folder.Text), *folder
		} else if !diags.HasErrors() {
			diags.Errorf("DVZ510", n.Pos, "framework.replace must name a folder").Hint = "write framework: {replace: ../detectviz}"
		}
	default:
		at(diags.Errorf("DVZ510", n.Pos, "framework must be a version or a folder"), n).Hint = "write framework: " + tag + ", or framework: {replace: ../detectviz}"
	}
	return s, diags
}

// checkVersion: manifests, schema and generated code belong together, so that a
// workspace is for one version of dvz.
func checkVersion(diags *diag.List, s *settings) {
	switch {
	case !semver.IsValid(s.version) || semver.Canonical(s.version) != s.version:
		at(diags.Errorf("DVZ510", s.at.Pos, "framework must be a version such as %s, not %q", tag, s.version), &s.at)
	case s.version != tag:
		d := at(diags.Errorf("DVZ511", s.at.Pos, "the workspace is for dvz %s, and this is dvz %s", s.version, tag), &s.at)
		d.Hint = "run its own with go tool dvz, or move it to this version: " + getTool + ", and write framework: " + tag
	}
}

func unknownKeys(diags *diag.List, n *source.Node, known string) {
	for _, f := range n.Fields {
		if f.Key != known {
			d := diags.Errorf("DVZ510", f.Pos, "unknown field %q in %s", f.Key, SettingsFile)
			d.Width, d.Hint = f.Width, "the only field here is "+known
		}
	}
}

// readModule reads the workspace's go.mod, which must ask for the framework in
// the way that dvz.yaml does: the one decides what is checked, the other what is
// built.
func (w *Workspace) readModule() (*modfile.File, diag.List) {
	var diags diag.List
	said := diag.Related{Pos: w.settings.at.Pos, Width: w.settings.at.Width, Message: "said here"}
	content, err := readRegular(filepath.Join(w.Root, "go.mod"))
	if err != nil {
		diags.Errorf("DVZ513", said.Pos, "go.mod, which belongs to %s, cannot be read: %s", SettingsFile, reason(err))
		return nil, diags
	}
	mod, err := modfile.Parse("go.mod", content, nil)
	if err != nil {
		for _, broken := range parseErrors(err) {
			diags.Errorf("DVZ513", diag.Pos{File: "go.mod", Line: broken.Pos.Line, Column: broken.Pos.LineRune}, "%s", broken.Err)
		}
		return nil, diags
	}
	if mod.Module == nil {
		diags.Errorf("DVZ513", diag.Pos{File: "go.mod"}, "go.mod names no module").Hint = "begin it with a line such as module example.com/shop"
		return nil, diags
	}
	disagree := func(line *modfile.Line, hint, format string, args ...any) {
		pos := diag.Pos{File: "go.mod", Line: 1, Column: 1}
		if line != nil {
			pos.Line, pos.Column = line.Start.Line, line.Start.LineRune
		}
		d := diags.Errorf("DVZ513", pos, format, args...)
		d.Hint, d.Related = hint, []diag.Related{said}
	}
	required, replaced := requirement(mod, catalog.Module), replacement(mod, catalog.Module)
	switch s := w.settings; {
	case s.replace != "" && replaced == nil:
		disagree(nil, fmt.Sprintf("run go mod edit -replace %s=%s", catalog.Module, s.replace),
			"go.mod does not replace the framework, and %s does", SettingsFile)
	case s.replace != "" && w.inRoot(replaced.New.Path) != w.checkout():
		disagree(replaced.Syntax, fmt.Sprintf("run go mod edit -replace %s=%s", catalog.Module, s.replace),
			"go.mod replaces the framework by %s, and %s by %s", replaced.New.Path, SettingsFile, s.replace)
	case s.replace == "" && replaced != nil:
		disagree(replaced.Syntax, "write framework: {replace: "+replaced.New.Path+"} there, or run go mod edit -dropreplace "+catalog.Module,
			"go.mod replaces the framework by %s, and %s does not", replaced.New.Path, SettingsFile)
	case required == nil:
		disagree(nil, "run "+getTool, "go.mod does not require the framework")
	case s.replace == "" && required.Mod.Version != s.version:
		disagree(required.Syntax, "run "+getTool, "go.mod requires the framework's %s, and %s says %s", required.Mod.Version, SettingsFile, s.version)
	}
	return mod, diags
}

// inRoot returns a path relative to the workspace, or an absolute one, as an
// absolute one.
func (w *Workspace) inRoot(path string) string {
	if path = filepath.FromSlash(path); filepath.IsAbs(path) {
		return filepath.Clean(path)
	}
	return filepath.Join(w.Root, path)
}

func requirement(mod *modfile.File, path string) *modfile.Require {
	for _, r := range mod.Require {
		if r.Mod.Path == path {
			return r
		}
	}
	return nil
}

func replacement(mod *modfile.File, path string) *modfile.Replace {
	for _, r := range mod.Replace {
		if r.Old.Path == path {
			return r
		}
	}
	return nil
}

func parseErrors(err error) modfile.ErrorList {
	if list, ok := errors.AsType[modfile.ErrorList](err); ok {
		return list
	}
	return modfile.ErrorList{{Err: err}}
}

// reason says why a file cannot be read, without its path.
func reason(err error) string {
	if broken, ok := errors.AsType[*fs.PathError](err); ok {
		return broken.Err.Error()
	}
	return err.Error()
}

// at underlines a value.
func at(d *diag.Diagnostic, n *source.Node) *diag.Diagnostic {
	d.Width = n.Width
	return d
}
