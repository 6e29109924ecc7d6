package gomain

import (
	"cmp"
	"fmt"
	"go/token"
	"go/types"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/dave/jennifer/jen"
)

// scope decides under which names packages are imported. A name must not be
// one of main.go's own, and a local variable may hide an import only when the
// import is not used any more: `node, err := prometheus.New(…)` may follow
// `prometheus` the import, and `prometheus, err := prometheus.New(…)` is how
// instances named after their plugin read best.
type scope struct {
	imports map[string]*imported // by import path
	step    int                  // position in assemble; 0 before it
	locals  map[string]int       // local variable → step of its declaration
}

type imported struct {
	name       string // package name
	pluginType string // "importer"; empty for a package that is no plugin
	lastUse    int    // step
}

func newScope() *scope {
	return &scope{imports: make(map[string]*imported), locals: make(map[string]int)}
}

// use notes that a package is used at the present step.
func (s *scope) use(path, name, pluginType string) {
	p, ok := s.imports[path]
	if !ok {
		p = &imported{name: name, pluginType: pluginType}
		s.imports[path] = p
	}
	p.lastUse = max(p.lastUse, s.step)
}

// declare notes that a statement declares a local variable; what follows is the
// next step.
func (s *scope) declare(name string) {
	s.locals[name] = s.step
	s.step++
}

// reserved reports whether main.go uses a name for something of its own.
func reserved(name string) bool {
	switch name {
	case "main", "init", "plan", "params", "secrets", "assemble", "p", "err", "_":
		return true
	}
	return token.IsKeyword(name) || types.Universe.Lookup(name) != nil
}

// nameImports gives each package its name in the file. Packages that would
// have the same name all get a longer one, so that no name depends on the order
// of the instances.
func (s *scope) nameImports(f *jen.File) {
	paths := slices.Sorted(maps.Keys(s.imports))
	count := make(map[string]int)
	for _, p := range paths {
		count[s.imports[p].name]++
	}
	// Packages that are no plugins keep their names where they can: everyone
	// knows what time and contracts are.
	slices.SortStableFunc(paths, func(a, b string) int {
		return cmp.Compare(min(1, len(s.imports[a].pluginType)), min(1, len(s.imports[b].pluginType)))
	})
	taken := make(map[string]bool)
	for _, importPath := range paths {
		pkg := s.imports[importPath]
		name := pkg.name
		if (count[name] > 1 && pkg.pluginType != "") || !s.free(name, pkg, taken) {
			name = longName(importPath, pkg)
		}
		unique := name
		for n := 2; !s.free(unique, pkg, taken); n++ {
			unique = fmt.Sprintf("%s%d", name, n)
		}
		taken[unique] = true
		if unique == path.Base(importPath) {
			f.ImportName(importPath, unique)
		} else {
			f.ImportAlias(importPath, unique)
		}
	}
}

// free reports whether a package can have the name.
func (s *scope) free(name string, pkg *imported, taken map[string]bool) bool {
	if taken[name] || reserved(name) {
		return false
	}
	declared, hidden := s.locals[name]
	return !hidden || pkg.lastUse <= declared
}

// longName says more of a package: prometheusexporter for a plugin, otherwise
// the folder before it (htmltemplate), or std for a package at the root.
func longName(importPath string, pkg *imported) string {
	if pkg.pluginType != "" {
		return pkg.name + pkg.pluginType
	}
	parent := path.Base(path.Dir(importPath))
	if parent == "." {
		return "std" + pkg.name
	}
	letters := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, strings.ToLower(parent))
	return strings.TrimLeft(letters, "0123456789") + pkg.name
}
