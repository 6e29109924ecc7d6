package scaffold

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"

	cuemodule "cuelang.org/go/mod/module"
	"golang.org/x/mod/module"

	"github.com/detectviz/detectviz/compiler/catalog"
	"github.com/detectviz/detectviz/compiler/emit"
	"github.com/detectviz/detectviz/schema"
)

// Workspace is a workspace to be made.
type Workspace struct {
	Name      string // of its folder
	Module    string // path of its Go module
	Framework string // what dvz.yaml says: "v0.1.0" or "{replace: ../detectviz}"
}

// NewWorkspace describes a workspace in a folder. Without a module path, the path
// follows from the git remote, or else from the folder's name.
func NewWorkspace(folder, modulePath, framework string) (Workspace, error) {
	w := Workspace{Name: filepath.Base(folder), Module: modulePath, Framework: framework}
	if w.Module == "" {
		w.Module = remote(folder)
	}
	if w.Module == "" {
		w.Module = "example.com/" + plain(w.Name)
	}
	if err := module.CheckImportPath(w.Module); err != nil {
		return w, fmt.Errorf("%q is no path for a Go module: write one such as github.com/acme/shop", w.Module)
	}
	return w, nil
}

var unusual = regexp.MustCompile(`[^a-z0-9-]+`)

// plain makes a folder's name fit for a module path.
func plain(name string) string {
	name = strings.Trim(unusual.ReplaceAllString(strings.ToLower(name), "-"), "-")
	if name == "" {
		return "workspace"
	}
	return name
}

// address matches where a git remote is: with a protocol, or in the form of scp.
var address = regexp.MustCompile(`^(?:[a-z+]+://)?(?:[^@/]+@)?([^/:]+)(?::[0-9]+)?[:/](.+?)(?:\.git)?/?$`)

// remote returns the module path of a git repository that has a remote origin,
// or "".
func remote(folder string) string {
	config, err := os.ReadFile(filepath.Join(folder, ".git", "config"))
	if err != nil {
		return ""
	}
	_, section, _ := strings.Cut(string(config), "[remote \"origin\"]")
	section, _, _ = strings.Cut(section, "\n[")
	for line := range strings.Lines(section) {
		name, value, _ := strings.Cut(line, "=")
		m := address.FindStringSubmatch(strings.TrimSpace(value))
		if strings.TrimSpace(name) != "url" || m == nil {
			continue
		}
		if p := m[1] + "/" + strings.Trim(m[2], "/"); module.CheckPath(p) == nil {
			return p
		}
	}
	return ""
}

// CueModule is the name of the workspace as a CUE module. Those of Go may be
// names that CUE does not allow.
func (w Workspace) CueModule() string {
	if cuemodule.CheckPathWithoutVersion(w.Module) == nil {
		return w.Module
	}
	return "example.com/" + plain(path.Base(w.Module))
}

// Files returns the files of a workspace that do not depend on others: all but
// go.mod, go.sum and the JSON Schema of compositions.
func (w Workspace) Files() ([]emit.File, error) {
	files, err := render("workspace", w)
	if err != nil {
		return nil, err
	}
	return append(files, Schema()...), nil
}

// Schema returns the CUE files that manifests import, in the place where the cue
// command finds them without a network.
func Schema() []emit.File {
	names, err := fs.Glob(schema.Files, "*.cue")
	if err != nil {
		panic(err) // the pattern is fine
	}
	var files []emit.File
	for _, name := range names {
		content, err := fs.ReadFile(schema.Files, name)
		if err != nil {
			panic(err) // the schema is embedded
		}
		files = append(files, emit.File{Path: path.Join("cue.mod/pkg", catalog.Module, "schema", name), Content: content})
	}
	return files
}
