package catalog

import (
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

// manifestDecls returns what the struct of the field plugin declares.
func manifestDecls(inst *build.Instance) []ast.Decl {
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
				return lit.Elts
			}
		}
	}
	return nil
}

func isManifest(decl ast.Decl) bool {
	field, ok := decl.(*ast.Field)
	if !ok {
		return false
	}
	name, _, _ := ast.LabelName(field.Label)
	return name == "plugin"
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

// filled evaluates a plugin's package with a config and self in its manifest.
// They are filled in at the root of the package, because a manifest may speak of
// its own config as plugin.config.
func (p *Plugin) filled(config ast.Expr, self Self) cue.Value {
	with := *p.inst
	with.Files = append(with.Files[:len(with.Files):len(with.Files)], &ast.File{Decls: []ast.Decl{
		&ast.Package{Name: ast.NewIdent(p.inst.PkgName)},
		&ast.Field{Label: ast.NewIdent("plugin"), Value: ast.NewStruct(
			"config", config,
			"self", ast.NewStruct(
				"instance", ast.NewString(self.Instance),
				"composition", ast.NewString(self.Composition),
				"state", ast.NewString(self.State),
			),
		)},
	}})
	pkg := p.catalog.ctx.BuildInstance(&with)
	if manifest := at(pkg, "plugin"); manifest.Exists() {
		return manifest
	}
	return pkg // it does not compile, and says why
}
