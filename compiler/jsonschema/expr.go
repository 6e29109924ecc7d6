package jsonschema

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"

	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/token"

	"github.com/detectviz/detectviz/compiler/catalog"
)

// walker turns CUE into JSON Schema. It reads the syntax and not the evaluated
// values, in which the conditions of a struct are decided by its defaults: what
// JSON Schema cannot say must be allowed, not decided. So whatever the walker
// does not understand allows everything, and vet has the last word.
type walker struct {
	catalog    *catalog.Catalog
	partial    bool     // nothing is required: in an overlay
	references bool     // texts may hold ${…}: in the configs of plugins
	plugin     string   // path of the plugin whose #Config is read; empty: package schema
	siblings   []string // fields that are referred to, on the way here
	defs       *members // definitions that hold an object
}

// value returns the schema of a place: of a field, an item or a map's value.
func (w *walker) value(x ast.Expr) schema {
	s := w.expr(x)
	if w.references {
		s = referring(s)
	}
	return nullable(s)
}

// expr returns the schema of what an expression allows.
func (w *walker) expr(x ast.Expr) schema {
	switch x := x.(type) {
	case *ast.ParenExpr:
		return w.expr(x.X)
	case *ast.Ident:
		return w.ident(x)
	case *ast.SelectorExpr:
		return w.imported(x)
	case *ast.BasicLit:
		if v, ok := scalar(x); ok {
			return enum(v)
		}
	case *ast.UnaryExpr:
		return w.unary(x)
	case *ast.BinaryExpr:
		switch x.Op {
		case token.AND:
			return w.conjunction(w.expr(x.X), w.expr(x.Y))
		case token.OR:
			return w.disjunction(x)
		}
	case *ast.CallExpr:
		return call(x)
	case *ast.ListLit:
		return w.list(x)
	case *ast.StructLit:
		return w.object(x)
	}
	return schema{}
}

// predeclared are the types of CUE that a composition can hold.
var predeclared = map[string]schema{
	"string": {"type": "string"},
	"bool":   {"type": "boolean"},
	"number": {"type": "number"},
	"float":  {"type": "number"},
	"int":    {"type": "integer"},
	"int64":  {"type": "integer"},
	"uint":   {"type": "integer", "minimum": json.Number("0")},
	"uint16": {"type": "integer", "minimum": json.Number("0")},
}

func (w *walker) ident(x *ast.Ident) schema {
	node, ok := x.Node.(ast.Expr)
	if field, isField := x.Node.(*ast.Field); isField {
		node, ok = field.Value, true
	}
	switch {
	case !ok:
		return predeclared[x.Name]
	case !strings.HasPrefix(x.Name, "#"):
		return w.sibling(x.Name, node)
	case w.plugin == "":
		return w.schema(x.Name) // knows the comment, too
	}
	return w.definition(x.Name, node, "")
}

// sibling returns the schema of what another field may be. Fields that refer to
// each other allow everything.
func (w *walker) sibling(name string, x ast.Expr) schema {
	if slices.Contains(w.siblings, name) {
		return schema{}
	}
	in := *w
	in.siblings = append(slices.Clip(w.siblings), name)
	s := maps.Clone(in.expr(x))
	maps.DeleteFunc(s, func(k string, _ any) bool { return slices.Contains(annotations, k) })
	return s
}

// imported returns a definition of package schema.
func (w *walker) imported(x *ast.SelectorExpr) schema {
	pkg, ok := x.X.(*ast.Ident)
	if !ok {
		return schema{}
	}
	spec, ok := pkg.Node.(*ast.ImportSpec)
	if !ok || spec.Path.Value != `"`+catalog.Module+`/schema"` {
		return schema{}
	}
	name, _, _ := ast.LabelName(x.Sel)
	in := *w
	in.plugin = ""
	return in.schema(name)
}

// schema returns the schema of a definition of package schema.
func (w *walker) schema(name string) schema {
	field, ok := w.catalog.Schema(name).Source().(*ast.Field)
	if !ok {
		return schema{} // there is none, and the plugin does not evaluate
	}
	return w.definition(name, field.Value, comment(field))
}

// defs stands before the name of a definition in a reference to it.
const defs = "#/$defs/"

// definition returns the schema of a definition. One that holds an object is
// written once, below $defs, if it is package schema's or holds itself; a
// plugin's own stand where they are used, because editors show their names.
func (w *walker) definition(name string, x ast.Expr, about string) schema {
	name = w.scope() + strings.TrimPrefix(name, "#")
	ref := schema{"$ref": defs + name}
	if w.defs.index(name) >= 0 {
		if w.defs.get(name) == nil {
			w.defs.set(name, schema{}) // within itself
		}
		return ref
	}
	*w.defs = append(*w.defs, member{name, nil})
	s := w.expr(x)
	recursive := w.defs.get(name) != nil
	if !recursive && (w.plugin != "" || !holdsObject(s)) {
		w.defs.remove(name)
		return s
	}
	if recursive && s["properties"] == nil {
		s = schema{} // "#A: #A | string" would never come to an end
	}
	w.defs.set(name, described(nullable(s), about))
	return ref
}

// scope is what stands before the name of a definition. In a config a definition
// of package schema takes references, elsewhere it does not.
func (w *walker) scope() string {
	switch {
	case w.plugin != "":
		return strings.ReplaceAll(w.plugin, "/", ".") + "."
	case w.references:
		return "config."
	}
	return ""
}

// resolved returns what a reference refers to, which is empty within itself.
func (w *walker) resolved(s schema) schema {
	if name, ok := s["$ref"].(string); ok {
		return w.defs.get(strings.TrimPrefix(name, defs))
	}
	return s
}

func holdsObject(s schema) bool {
	inner, _ := s["anyOf"].([]schema)
	return s["$ref"] != nil || slices.Contains(s.types(), "object") || slices.ContainsFunc(inner, holdsObject)
}

// conjunction returns the schema of what both schemas allow. Each of two objects
// refuses the fields of the other, so that one object is made of them.
func (w *walker) conjunction(a, b schema) schema {
	if !holdsObject(a) || !holdsObject(b) {
		return both(a, b)
	}
	if a, b = w.resolved(a), w.resolved(b); !isObject(a) || !isObject(b) {
		return schema{} // a choice of objects, or a part of itself
	}
	return merged(a, b)
}

// bounds are the operators that bound a number.
var bounds = map[token.Token]string{
	token.GEQ: "minimum", token.GTR: "exclusiveMinimum", token.LEQ: "maximum", token.LSS: "exclusiveMaximum",
}

func (w *walker) unary(x *ast.UnaryExpr) schema {
	if x.Op == token.MUL {
		return w.expr(x.X)
	}
	if v, ok := scalar(x); ok {
		return enum(v)
	}
	operand, ok := scalar(x.X)
	if !ok {
		return schema{} // depends on another field
	}
	text, isText := operand.(string)
	switch {
	case x.Op == token.MAT && isText:
		return matching(text)
	case x.Op == token.NMAT && isText && portable(text):
		return schema{"type": "string", "not": schema{"pattern": text}}
	case x.Op == token.NEQ && operand == "":
		return schema{"type": "string", "minLength": 1}
	case x.Op == token.NEQ && operand != nil:
		return schema{"type": typeOf(operand), "not": enum(operand)}
	case bounds[x.Op] != "" && typeOf(operand) == "number":
		return schema{"type": "number", bounds[x.Op]: operand}
	}
	return schema{}
}

// disjunction returns the schema of alternatives. A literal beside a type that
// takes it is only a default.
func (w *walker) disjunction(x *ast.BinaryExpr) schema {
	var literals []any
	var all []schema
	notes := schema{}
	lists := false // a list of literals is the default
	for _, arm := range operands(x, token.OR) {
		u, marked := arm.(*ast.UnaryExpr)
		if marked = marked && u.Op == token.MUL; marked {
			arm = u.X
		}
		v, isScalar := scalar(arm)
		list, isList := scalars(arm)
		text, isError := errorText(arm)
		switch {
		case isError:
			notes["errorMessage"] = text
			continue
		case marked && isScalar:
			notes["default"] = v
		case marked && isList:
			notes["default"], lists = list, true
			continue
		}
		if isScalar && v != nil {
			literals = append(literals, v)
			continue
		}
		s := w.expr(arm)
		for _, k := range annotations {
			if v, ok := s[k]; ok && notes[k] == nil {
				notes[k] = v
			}
		}
		all = append(all, s)
	}
	if lists && !slices.ContainsFunc(all, func(s schema) bool { return slices.Contains(s.types(), "array") }) {
		all = append(all, schema{"type": "array"})
	}
	literals = slices.DeleteFunc(literals, func(v any) bool {
		return slices.ContainsFunc(all, func(s schema) bool { return takes(s, v) })
	})
	if len(literals) > 0 {
		all = append([]schema{enum(literals...)}, all...)
	}
	return either(all).noted(notes)
}

// noted returns a schema with annotations. Of a choice, editors show the message
// of the parts.
func (s schema) noted(notes schema) schema {
	out := maps.Clone(s)
	maps.Copy(out, notes)
	choices, ok := s["anyOf"].([]schema)
	if message := notes["errorMessage"]; ok && message != nil {
		delete(out, "errorMessage")
		parts := slices.Clone(choices)
		for i, c := range choices {
			if c["$ref"] == nil {
				parts[i] = c.with("errorMessage", message)
			}
		}
		out["anyOf"] = parts
	}
	return out
}

// operands returns what an operator joins, from left to right.
func operands(x ast.Expr, op token.Token) []ast.Expr {
	if p, ok := x.(*ast.ParenExpr); ok {
		return operands(p.X, op)
	}
	if b, ok := x.(*ast.BinaryExpr); ok && b.Op == op {
		return append(operands(b.X, op), operands(b.Y, op)...)
	}
	return []ast.Expr{x}
}

// errorText returns the text of error("…").
func errorText(x ast.Expr) (string, bool) {
	c, ok := x.(*ast.CallExpr)
	if !ok || len(c.Args) != 1 {
		return "", false
	}
	if name, ok := c.Fun.(*ast.Ident); !ok || name.Name != "error" {
		return "", false
	}
	text, _ := scalar(c.Args[0])
	s, _ := text.(string)
	return s, true
}

// calls are the validators of CUE's library that JSON Schema has too.
var calls = map[string]struct{ keyword, jsonType string }{
	"strings.MinRunes": {"minLength", "string"},
	"strings.MaxRunes": {"maxLength", "string"},
	"list.MinItems":    {"minItems", "array"},
	"list.MaxItems":    {"maxItems", "array"},
	"list.UniqueItems": {"uniqueItems", "array"},
	"struct.MinFields": {"minProperties", "object"},
	"struct.MaxFields": {"maxProperties", "object"},
}

func call(x *ast.CallExpr) schema {
	f, ok := x.Fun.(*ast.SelectorExpr)
	if !ok {
		return schema{}
	}
	pkg, _ := f.X.(*ast.Ident)
	name, _, err := ast.LabelName(f.Sel)
	if pkg == nil || err != nil {
		return schema{}
	}
	c := calls[pkg.Name+"."+name]
	switch {
	case c.keyword == "uniqueItems":
		return schema{"type": c.jsonType, c.keyword: true}
	case c.keyword == "" || len(x.Args) != 1:
		return schema{}
	}
	v, ok := scalar(x.Args[0])
	if !ok {
		return schema{}
	}
	return schema{"type": c.jsonType, c.keyword: v}
}

// list returns the schema of a list. Items that are like all that follow them
// only say how many there are at least.
func (w *walker) list(x *ast.ListLit) schema {
	s := schema{"type": "array"}
	var first []schema
	for _, element := range x.Elts {
		switch e := element.(type) {
		case *ast.Ellipsis:
			if e.Type != nil {
				s["items"] = w.value(e.Type)
			}
			if len(first) > 0 {
				s["minItems"] = len(first)
				if slices.ContainsFunc(first, func(f schema) bool { return !reflect.DeepEqual(f, s["items"]) }) {
					s["prefixItems"] = first
				}
			}
			return s
		case *ast.Comprehension:
			return schema{"type": "array"}
		default:
			first = append(first, w.value(e))
		}
	}
	if len(first) > 0 {
		s["prefixItems"], s["minItems"] = first, len(first)
	}
	s["maxItems"] = len(first)
	return s
}
