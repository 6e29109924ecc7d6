package catalog

import (
	"slices"
	"strconv"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/build"
	"cuelang.org/go/cue/literal"
)

// Evaluating a manifest is most of what a vet costs, so it is done once an
// instance, with that instance's config, and not once more without any: what is
// needed before, the plugin's name and its #Config, is read off the syntax.

// readLiterals reads fields of the manifest that are written as literals. It
// reports false when one that has no default is computed or missing.
func readLiterals(inst *build.Instance, into fields) bool {
	found := 0
	for _, decl := range manifestDecls(inst) {
		field, ok := decl.(*ast.Field)
		if !ok {
			continue
		}
		name, _, _ := ast.LabelName(field.Label)
		lit, ok := field.Value.(*ast.BasicLit)
		if !ok || into[name] == nil {
			continue
		}
		switch target := into[name].(type) {
		case *string:
			text, err := literal.Unquote(lit.Value)
			if err != nil {
				return false
			}
			*target = text
			found++
		case *bool:
			b, err := strconv.ParseBool(lit.Value)
			if err != nil {
				return false
			}
			*target = b
		}
	}
	needed := 0
	for _, target := range into {
		if _, ok := target.(*string); ok {
			needed++
		}
	}
	return found == needed
}

// readMetrics reads the manifest's metrics if they are written as literals.
func readMetrics(inst *build.Instance) (metrics []Metric, ok bool) {
	for _, decl := range manifestDecls(inst) {
		if _, plain := decl.(*ast.Field); !plain {
			return nil, false // an if may hold them
		}
		value := valueOf(decl, "metrics")
		if value == nil {
			continue
		}
		list, ok := value.(*ast.ListLit)
		if !ok {
			return nil, false
		}
		for _, elem := range list.Elts {
			entry, ok := elem.(*ast.StructLit)
			if !ok {
				return nil, false
			}
			var m Metric
			for _, decl := range entry.Elts {
				for field, target := range map[string]*string{"name": &m.Name, "help": &m.Help} {
					if lit, ok := valueOf(decl, field).(*ast.BasicLit); ok {
						*target, _ = literal.Unquote(lit.Value)
					}
				}
			}
			if m.Name == "" || m.Help == "" {
				return nil, false
			}
			metrics = append(metrics, m)
		}
		return metrics, true
	}
	return nil, len(manifestDecls(inst)) > 0
}

// valueOf returns the value of a declaration that is the field of a name, or nil.
func valueOf(decl ast.Decl, name string) ast.Expr {
	field, ok := decl.(*ast.Field)
	if !ok {
		return nil
	}
	if label, _, _ := ast.LabelName(field.Label); label != name {
		return nil
	}
	return field.Value
}

// manifestDecls returns what the struct of the field plugin declares.
func manifestDecls(inst *build.Instance) []ast.Decl {
	if lit := manifestStruct(inst); lit != nil {
		return lit.Elts
	}
	return nil
}

// manifestStruct returns the struct of the field plugin.
func manifestStruct(inst *build.Instance) *ast.StructLit {
	for _, f := range inst.Files {
		for _, decl := range f.Decls {
			if !isManifest(decl) {
				continue
			}
			value := decl.(*ast.Field).Value
			if and, ok := value.(*ast.BinaryExpr); ok { // schema.#Plugin & {…}
				value = and.Y
			}
			if lit, ok := value.(*ast.StructLit); ok {
				return lit
			}
		}
	}
	return nil
}

func isManifest(decl ast.Decl) bool {
	return valueOf(decl, "plugin") != nil
}

// definitions evaluates a plugin's package without its manifest.
func (c *Catalog) definitions(inst *build.Instance) cue.Value {
	without := *inst // another pointer is another package to CUE
	for _, f := range inst.Files {
		all := f.Decls
		var rest []ast.Decl
		for _, decl := range all {
			if !isManifest(decl) {
				rest = append(rest, decl)
			}
		}
		// References are resolved to this very file, so it is changed in place
		// and back again.
		f.Decls = rest
		defer func() { f.Decls = all }()
	}
	return c.ctx.BuildInstance(&without)
}

// withoutDocs takes out of the manifest what only its documentation needs, so
// that it is not evaluated for each instance. The result puts it back.
func (p *Plugin) withoutDocs() (restore func()) {
	manifest := manifestStruct(p.inst)
	if manifest == nil {
		return func() {}
	}
	all := manifest.Elts
	manifest.Elts = slices.DeleteFunc(slices.Clone(all), func(d ast.Decl) bool {
		return valueOf(d, "examples") != nil || valueOf(d, "metrics") != nil
	})
	return func() { manifest.Elts = all }
}

// filled returns the manifest with a config and self in it. They are filled in at
// the root of the package, because a manifest may speak of its own config as
// plugin.config. The package is built once a plugin: what CUE builds, its context
// keeps for ever.
func (p *Plugin) filled(config ast.Expr, self Self) cue.Value {
	if !p.lean.Exists() {
		lean := *p.inst // another pointer is another package to CUE
		restore := p.withoutDocs()
		p.lean = p.catalog.ctx.BuildInstance(&lean)
		restore()
	}
	if !at(p.lean, "plugin").Exists() {
		return p.lean // it does not compile, and says why
	}
	return at(p.lean.FillPath(manifestPath, p.catalog.ctx.BuildExpr(ast.NewStruct(
		"config", config,
		"self", ast.NewStruct(
			"instance", ast.NewString(self.Instance),
			"composition", ast.NewString(self.Composition),
			"state", ast.NewString(self.State),
		),
	))), "plugin")
}

var manifestPath = cue.MakePath(cue.Str("plugin"))
