package scaffold

import (
	"fmt"
	"go/token"
	"go/types"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing/fstest"

	"github.com/detectviz/detectviz/compiler/catalog"
	"github.com/detectviz/detectviz/compiler/docs"
	"github.com/detectviz/detectviz/compiler/emit"
	"github.com/detectviz/detectviz/templates"
)

// Custom is the folder below plugins/ that is the user's own: no plugin of the
// framework is ever in it.
const Custom = "custom"

// Plugin is a plugin to be made.
type Plugin struct {
	Type    string // one of PluginTypes
	Path    string // "custom/acme/thing"
	Import  string // Go import path
	Package string // Go package name
	Name    string // short name: the last part of the path
	Author  string // the first part of the path below custom
	Metric  string // how names of its metrics begin
}

// PluginTypes are the types of plugins that can be made, sorted.
func PluginTypes() []string {
	entries, err := fs.ReadDir(templates.Files, "scaffold/plugins")
	if err != nil {
		panic(err) // the templates are embedded
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// Mistake is an argument that names no plugin which can be made.
type Mistake string

// Error implements error.
func (m Mistake) Error() string { return string(m) }

func mistake(format string, args ...any) error { return Mistake(fmt.Sprintf(format, args...)) }

var part = regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`)

// NewPlugin checks the type and the name of a plugin, such as "acme/thing", for
// the module of a workspace.
func NewPlugin(pluginType, name, module string) (Plugin, error) {
	if known := PluginTypes(); !slices.Contains(known, pluginType) {
		return Plugin{}, mistake("there is no scaffold for plugins of type %q; the types are %s", pluginType, strings.Join(known, ", "))
	}
	below := strings.TrimPrefix(name, Custom+"/")
	parts := strings.Split(below, "/")
	if len(parts) < 2 || slices.ContainsFunc(parts, func(s string) bool { return !part.MatchString(s) || len(s) > 63 }) {
		return Plugin{}, mistake("%q is no name for a plugin: write owner/name, such as acme/thing, in lower-case letters, digits and -", name)
	}
	short := parts[len(parts)-1]
	p := Plugin{
		Type:    pluginType,
		Path:    path.Join(Custom, below),
		Package: strings.ReplaceAll(short, "-", ""),
		Name:    short,
		Author:  parts[0],
		Metric:  strings.ReplaceAll(short, "-", "_"),
	}
	p.Import = path.Join(module, "plugins", p.Path)
	if taken(p.Package) {
		p.Package += pluginType
	}
	return p, nil
}

// taken reports whether a package of that name would hide a word of Go or a
// package that the scaffolds import.
func taken(name string) bool {
	return token.IsKeyword(name) || types.Universe.Lookup(name) != nil || slices.Contains([]string{
		"bytes", "context", "contracts", "fmt", "http", "httptest", "io", "json", "main", "net", "plugin",
		"schema", "slices", "slog", "strconv", "strings", "test", "testdata", "testing", "testkit", "time",
	}, name)
}

// Files returns the files of the plugin's folder: manifest, code, test, and the
// README.md and the config types that dvz and cue would write.
func (p Plugin) Files() ([]emit.File, error) {
	files, err := render(path.Join("plugins", p.Type), p)
	if err != nil {
		return nil, err
	}
	tree := fstest.MapFS{}
	for i := range files {
		if rest, found := strings.CutPrefix(files[i].Path, "code"); found {
			files[i].Path = p.Package + rest // thing.go, thing_test.go
		}
		tree[path.Join(p.Path, files[i].Path)] = &fstest.MapFile{Data: files[i].Content}
	}
	cat, err := catalog.Load(tree)
	if err != nil {
		return nil, err
	}
	plugin, err := cat.Plugin(p.Path)
	if err != nil {
		return nil, err
	}
	page, err := docs.Markdown(plugin)
	if err != nil {
		return nil, err
	}
	return append(files, emit.File{Path: "README.md", Content: page}), nil
}
