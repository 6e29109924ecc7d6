// Package layers enforces which package of the module may import which. The
// table below is the architecture's; an analyzer applies it to every file, so
// that a forbidden import fails the tests and names the rule. Nothing in dvz
// uses this package: it serves the tests of this repository.
package layers

import (
	"fmt"
	"go/ast"
	"strconv"
	"strings"

	"golang.org/x/tools/go/analysis"
)

// layer is a row of the table: the packages in and below a folder of the
// module, and what they may import of the module.
type layer struct {
	dir string
	// only restricts the row to the package in dir itself.
	only bool
	// may reports whether a package may import another; both are paths
	// relative to the module.
	may func(from, to string) bool
	// why completes the sentence "x must not import y: …".
	why string
	// noReflect forbids the import of reflect outside tests.
	noReflect bool
}

// table holds the layers; the first row that matches a package counts.
var table = []layer{
	{dir: "", only: true, may: nothing, why: "the module's root holds no code"},
	{dir: "cmd", may: func(from, to string) bool {
		return in(to, "compiler") || in(to, from) || from == "cmd/dvz" && to == "plugins"
	}, why: "a command imports the compiler, and cmd/dvz the embedded files of package plugins"},
	{dir: "compiler", may: func(_, to string) bool {
		return in(to, "compiler") || in(to, "schema") || in(to, "templates")
	}, why: "the compiler imports schema and templates, and reads plugins as text"},
	{dir: "schema", may: nothing, why: "schema imports nothing of ours"},
	{dir: "templates", may: nothing, why: "templates import nothing of ours"},
	{dir: "platform/contracts", may: nothing, noReflect: true,
		why: "contracts import nothing of ours"},
	{dir: "platform", may: func(_, to string) bool { return in(to, "platform") }, noReflect: true,
		why: "the platform knows neither the compiler nor any plugin"},
	{dir: "plugins", only: true, may: nothing, why: "package plugins holds embedded files and no code"},
	{dir: "plugins", may: func(from, to string) bool {
		return in(to, "platform") && to != "platform" || in(to, from) || to != "plugins" && in(from, to)
	}, noReflect: true, why: "a plugin imports platform/contracts and the platform's helper packages; plugins meet through capabilities"},
	{dir: "generated", may: func(_, to string) bool {
		return in(to, "platform") || in(to, "plugins") && to != "plugins"
	}, noReflect: true, why: "a generated program imports the platform and the plugins of its composition"},
}

// nothing is the rule of a layer that imports nothing of ours.
func nothing(_, _ string) bool { return false }

// in reports whether path is dir or below it.
func in(path, dir string) bool {
	return path == dir || strings.HasPrefix(path, dir+"/")
}

// New returns the analyzer for the module of the given path. It needs syntax
// only, no types, and passes over packages of other modules.
func New(module string) *analysis.Analyzer {
	return &analysis.Analyzer{
		Name: "layers",
		Doc:  "report imports that the architecture of " + module + " forbids",
		Run: func(pass *analysis.Pass) (any, error) {
			// An external test package belongs to the package that it tests.
			from, ours := relative(module, strings.TrimSuffix(pass.Pkg.Path(), "_test"))
			if !ours || strings.HasSuffix(from, ".test") {
				return nil, nil
			}
			for _, file := range pass.Files {
				test := strings.HasSuffix(pass.Fset.File(file.FileStart).Name(), "_test.go")
				row := find(from)
				if row == nil {
					pass.Reportf(file.Name.Pos(), "%s belongs to no layer: move it, or give its folder a row in compiler/layers", from)
					continue
				}
				for _, spec := range file.Imports {
					if message := row.check(module, from, spec, test); message != "" {
						pass.Reportf(spec.Pos(), "%s", message)
					}
				}
			}
			return nil, nil
		},
	}
}

// check returns what is wrong with an import, or nothing.
func (l *layer) check(module, from string, spec *ast.ImportSpec, test bool) string {
	path, err := strconv.Unquote(spec.Path.Value)
	if err != nil {
		return "" // the parser has reported it
	}
	if path == "reflect" && l.noReflect && !test {
		return fmt.Sprintf("%s must not import reflect: what a generated program links is typed when it is compiled", from)
	}
	to, ours := relative(module, path)
	// An external test imports the package that it tests.
	if !ours || test && to == from || l.may(from, to) {
		return ""
	}
	if to == "" {
		to = "the module's root"
	}
	return fmt.Sprintf("%s must not import %s: %s", from, to, l.why)
}

// find returns the row of a package, or nil.
func find(path string) *layer {
	for i := range table {
		row := &table[i]
		if path == row.dir || !row.only && in(path, row.dir) {
			return row
		}
	}
	return nil
}

// relative cuts the module from a package's path; the root is "".
func relative(module, path string) (rel string, ours bool) {
	if path == module {
		return "", true
	}
	return strings.CutPrefix(path, module+"/")
}
