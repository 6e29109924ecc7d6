package gomain

import (
	"cmp"
	"go/ast"
	"go/parser"
	"strings"

	"github.com/dave/jennifer/jen"

	"github.com/detectviz/detectviz/compiler/plan"
)

// typeExpr writes a Go type as the plugin's config_gen.go spells it, seen from
// main: exported names belong to the plugin, package names to its imports.
func (e *emitter) typeExpr(inst plan.Instance, text string) *jen.Statement {
	expr, err := parser.ParseExpr(text)
	if err != nil {
		e.fail(inst, "%q is not a Go type", text)
		return jen.Null()
	}
	return e.astType(inst, text, expr)
}

func (e *emitter) astType(inst plan.Instance, text string, expr ast.Expr) *jen.Statement {
	switch t := expr.(type) {
	case *ast.Ident:
		if t.IsExported() {
			return e.plugin(inst, t.Name)
		}
		return jen.Id(t.Name)
	case *ast.StarExpr:
		return jen.Op("*").Add(e.astType(inst, text, t.X))
	case *ast.ArrayType:
		if t.Len == nil {
			return jen.Index().Add(e.astType(inst, text, t.Elt))
		}
	case *ast.MapType:
		return jen.Map(e.astType(inst, text, t.Key)).Add(e.astType(inst, text, t.Value))
	case *ast.SelectorExpr:
		if pkg, ok := t.X.(*ast.Ident); ok {
			if path := inst.Code.TypeImports[pkg.Name]; path != "" {
				e.scope.use(path, pkg.Name, "")
				return jen.Qual(path, t.Sel.Name)
			}
			e.fail(inst, "the config type %s uses package %s, which has no import path", text, pkg.Name)
			return jen.Null()
		}
	}
	e.fail(inst, "the config type %s has no literal", text)
	return jen.Null()
}

// plugin names an identifier of the instance's own package.
func (e *emitter) plugin(inst plan.Instance, name string) *jen.Statement {
	e.scope.use(inst.Code.Import, inst.Code.Package, inst.Type)
	return jen.Qual(inst.Code.Import, name)
}

// elemType is the element type of a list or map type. A type with a name of its
// own hides it; the elements then say theirs.
func elemType(text string) string {
	if elem, ok := strings.CutPrefix(text, "[]"); ok {
		return elem
	}
	if rest, ok := strings.CutPrefix(text, "map[string]"); ok {
		return rest
	}
	return ""
}

// sameType reports whether an element may leave out its type in a literal.
func sameType(typ, elem string) bool {
	return elem != "" && cmp.Or(typ, elem) == elem
}

// literalType is what stands before the braces of a composite literal.
func (e *emitter) literalType(inst plan.Instance, typ string, elide bool) *jen.Statement {
	base, pointer := strings.CutPrefix(typ, "*")
	switch {
	case base == "":
		e.fail(inst, "a list, map or struct has no Go type")
		return jen.Null()
	case elide:
		return jen.Null()
	case pointer:
		return jen.Op("&").Add(e.typeExpr(inst, base))
	}
	return e.typeExpr(inst, base)
}

func (e *emitter) secretType(pointer bool) *jen.Statement {
	t := e.qual(contractsPath, "Secret")
	if pointer {
		return jen.Op("&").Add(t)
	}
	return t
}
