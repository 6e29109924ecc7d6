package compiler

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/mod/modfile"

	"github.com/detectviz/detectviz/compiler/catalog"
	"github.com/detectviz/detectviz/compiler/emit"
	"github.com/detectviz/detectviz/compiler/jsonschema"
	"github.com/detectviz/detectviz/compiler/scaffold"
)

// schemaFile is what editors check compositions with; compositions that dvz init
// makes refer to it.
const schemaFile = "composition.schema.json"

// InitOptions say what workspace is made.
type InitOptions struct {
	Dir       string // the folder, which may not exist yet
	Module    string // path of the Go module; "": from the git remote or the folder's name
	Framework string // folder with a checkout of the framework; "": this dvz's version
	Plugins   fs.FS  // those that come with this dvz
}

// Init makes a workspace in an empty folder and returns its module path. It
// writes everything or nothing.
func Init(ctx context.Context, o InitOptions) (module string, err error) {
	dir, err := filepath.Abs(o.Dir)
	if err != nil {
		return "", err
	}
	kept, err := leftAlone(dir)
	if err != nil {
		return "", err
	}
	says, replace, checkout := tag, "", ""
	if o.Framework != "" {
		if replace, checkout, err = replacementFor(dir, o.Framework); err != nil {
			return "", err
		}
		says = "{replace: " + replace + "}"
		o.Plugins = os.DirFS(filepath.Join(checkout, "plugins"))
	}
	w, err := scaffold.NewWorkspace(dir, o.Module, says)
	if err != nil {
		return "", err
	}
	f, err := readFramework(ctx, checkout)
	if err != nil {
		return "", err
	}
	mod, err := workspaceModule(w.Module, replace, f)
	if err != nil {
		return "", err
	}
	cat, err := catalog.Load(o.Plugins)
	if err != nil {
		return "", err
	}
	schema, err := jsonschema.Composition(cat)
	if err != nil {
		return "", err
	}
	files, err := w.Files()
	if err != nil {
		return "", err
	}
	files = append(files,
		emit.File{Path: "go.mod", Content: mod},
		emit.File{Path: "go.sum", Content: mergeSums(f.sum)},
		emit.File{Path: schemaFile, Content: schema})
	files = slices.DeleteFunc(files, func(f emit.File) bool { return slices.Contains(kept, f.Path) })
	return w.Module, scaffold.Write(dir, files)
}

// harmless are the files that a new repository commonly begins with. Those that
// are there are left as they are.
var harmless = []string{".git", ".gitignore", "LICENSE", "LICENSE.md", "LICENSE.txt", "README", "README.md"}

// leftAlone returns what a folder holds that stays as it is. Anything else is an
// error: dvz init would mix its files with those of something else.
func leftAlone(dir string) (kept []string, err error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var other []string
	for _, e := range entries {
		if slices.Contains(harmless, e.Name()) {
			kept = append(kept, e.Name())
		} else {
			other = append(other, e.Name())
		}
	}
	if len(other) == 0 {
		return kept, nil
	}
	more := ""
	if n := len(other) - 5; n > 0 {
		other, more = other[:5], fmt.Sprintf(" and %d more", n)
	}
	return nil, fmt.Errorf("%s is not empty: it holds %s%s; dvz init needs an empty folder, or one with no more than .git, .gitignore, LICENSE and README.md",
		dir, strings.Join(other, ", "), more)
}

// replacementFor returns a checkout of the framework as dvz.yaml and go.mod name
// it, and its absolute path.
func replacementFor(dir, folder string) (replace, checkout string, err error) {
	if checkout, err = filepath.Abs(folder); err != nil {
		return "", "", err
	}
	content, err := os.ReadFile(filepath.Join(checkout, "go.mod"))
	if err != nil || modfile.ModulePath(content) != catalog.Module {
		return "", "", fmt.Errorf("%s does not hold the sources of %s", folder, catalog.Module)
	}
	if filepath.IsAbs(folder) {
		return filepath.ToSlash(checkout), checkout, nil
	}
	rel, err := filepath.Rel(dir, checkout)
	if err != nil {
		return filepath.ToSlash(checkout), checkout, nil
	}
	if rel = filepath.ToSlash(rel); !strings.HasPrefix(rel, "../") && rel != ".." {
		rel = "./" + rel // a path to go, not a module
	}
	return rel, checkout, nil
}

// Refresh writes again what dvz init took from this dvz: the schema that
// manifests import, and that of compositions. It returns the paths of the files
// that have changed, relative to the workspace. The framework's own repository
// has no such files.
func (w *Workspace) Refresh() ([]string, error) {
	if w.module == nil {
		return nil, nil
	}
	files := scaffold.Schema()
	schema, err := jsonschema.Composition(w.catalog)
	if err != nil {
		return nil, err
	}
	files = append(files, emit.File{Path: schemaFile, Content: schema})
	var changed []string
	for _, f := range files {
		wrote, err := replace(filepath.Join(w.Root, filepath.FromSlash(f.Path)), f.Content)
		if err != nil {
			return changed, err
		}
		if wrote {
			changed = append(changed, f.Path)
		}
	}
	return changed, nil
}

// NewPlugin makes a plugin of a type in plugins/custom and returns its path. The
// name is such as "acme/thing". This Workspace does not know the plugin yet: it
// has to be opened again. A type or name that cannot be is a scaffold.Mistake.
func (w *Workspace) NewPlugin(pluginType, name string) (string, error) {
	module := catalog.Module
	if w.module != nil {
		module = w.module.Module.Mod.Path
	}
	p, err := scaffold.NewPlugin(pluginType, name, module)
	if err != nil {
		return "", err
	}
	folder := filepath.Join(w.Root, "plugins", filepath.FromSlash(p.Path))
	if _, err := os.Lstat(folder); err == nil {
		return "", fmt.Errorf("%s is there already", w.Shown(folder))
	}
	files, err := p.Files()
	if err != nil {
		return "", err
	}
	return p.Path, scaffold.Write(folder, files)
}
