package docs

import (
	"fmt"
	"strconv"
	"strings"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/token"
)

// Section describes #Config or a definition that it uses.
type Section struct {
	Name   string // "" for #Config itself, "TLS" for #TLS
	Doc    string
	Fields []Field
}

// Field describes one field of a section.
type Field struct {
	Name     string
	Type     string // in words: "list of URL", "duration", "fast or careful"
	Default  string // as it would be written; empty: none
	Doc      string
	Required bool
}

// Config describes a plugin's #Config: first #Config itself, then each
// definition that a field uses, in the order of use.
func Config(config cue.Value) ([]Section, error) {
	w := walker{seen: map[string]bool{}}
	if err := w.section("", config); err != nil {
		return nil, err
	}
	return w.sections, nil
}

type walker struct {
	sections []Section
	seen     map[string]bool // by name: each definition is described once
}

func (w *walker) section(name string, v cue.Value) error {
	fields, err := v.Fields(cue.Optional(true))
	if err != nil {
		return err
	}
	owner := cue.Dereference(v).Source()
	at := len(w.sections)
	w.sections = append(w.sections, Section{Name: name, Doc: doc(cue.Dereference(v))})
	type nested struct {
		name  string
		value cue.Value
	}
	var below []nested
	for fields.Next() {
		v := fields.Value()
		field := Field{
			Name:     fields.Selector().Unquoted(),
			Type:     v.IncompleteKind().String(),
			Doc:      doc(v),
			Required: fields.Selector().ConstraintType() == cue.RequiredConstraint,
		}
		if fields.Selector().ConstraintType() == 0 {
			field.Default = defaultText(v)
		}
		if source := declaration(owner, field.Name, v); source != nil {
			if words := typeWords(source.Value); words != "" {
				field.Type = words
			}
			for _, definition := range definitions(source.Value) {
				if element, ok := structOf(v); ok && !w.seen[definition] {
					w.seen[definition] = true
					below = append(below, nested{definition, element})
				}
			}
		}
		w.sections[at].Fields = append(w.sections[at].Fields, field)
	}
	for _, n := range below {
		if err := w.section(n.name, n.value); err != nil {
			return fmt.Errorf("#%s: %w", n.name, err)
		}
	}
	return nil
}

// declaration returns where a field is declared, or nil. A field that an if
// speaks of again has no single source: it is the one in the struct itself.
func declaration(owner ast.Node, name string, v cue.Value) *ast.Field {
	if f, ok := v.Source().(*ast.Field); ok {
		return f
	}
	if f, ok := owner.(*ast.Field); ok {
		owner = f.Value
	}
	if lit, ok := owner.(*ast.StructLit); ok {
		for _, d := range lit.Elts {
			if f, ok := d.(*ast.Field); ok {
				if label, _, err := ast.LabelName(f.Label); err == nil && label == name {
					return f
				}
			}
		}
	}
	return nil
}

// doc returns the comment above a field or definition.
func doc(v cue.Value) string {
	var parts []string
	for _, group := range v.Doc() {
		parts = append(parts, strings.TrimSpace(group.Text()))
	}
	return strings.Join(parts, "\n\n")
}

// defaultText returns the value that a field has when it is not written.
func defaultText(v cue.Value) string {
	d, _ := v.Default()
	if !d.IsConcrete() || d.Kind() == cue.StructKind {
		return ""
	}
	if text, err := d.String(); err == nil && text != "" {
		return text
	}
	text, err := d.MarshalJSON()
	if err != nil {
		return "" // a list of incomplete elements: there is no default to show
	}
	return string(text)
}

// structOf returns the struct that a field holds: itself, or the element of a
// list or map.
func structOf(v cue.Value) (cue.Value, bool) {
	kind := v.IncompleteKind()
	if kind&cue.ListKind != 0 {
		if element := v.LookupPath(cue.MakePath(cue.AnyIndex)); element.Exists() {
			return structOf(element)
		}
	}
	if kind == cue.StructKind {
		if element := v.LookupPath(cue.MakePath(cue.AnyString)); element.Exists() {
			return structOf(element)
		}
		return v, true
	}
	// A disjunction of a struct or list with something else, such as a default.
	if op, args := v.Expr(); op == cue.OrOp {
		for _, arg := range args {
			if element, ok := structOf(arg); ok {
				return element, true
			}
		}
	}
	return cue.Value{}, false
}

// definitions returns the names of the definitions that an expression refers
// to, those of package schema's scalars left out.
func definitions(expr ast.Expr) []string {
	var names []string
	ast.Walk(expr, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.SelectorExpr:
			return false
		case *ast.Ident:
			if name, ok := strings.CutPrefix(n.Name, "#"); ok {
				names = append(names, name)
			}
		}
		return true
	}, nil)
	return names
}

// typeWords says in words what an expression allows, or "" when it cannot.
func typeWords(expr ast.Expr) string {
	switch x := expr.(type) {
	case *ast.ParenExpr:
		return typeWords(x.X)
	case *ast.Ident:
		return identWords(x)
	case *ast.SelectorExpr:
		name, _, _ := ast.LabelName(x.Sel)
		name = strings.TrimPrefix(name, "#")
		if name == "Interval" {
			return "duration, longer than 0s"
		}
		if strings.ToUpper(name) == name {
			return name // URL
		}
		return strings.ToLower(name)
	case *ast.BasicLit:
		if text, err := strconv.Unquote(x.Value); err == nil {
			return text
		}
		return x.Value
	case *ast.UnaryExpr:
		return unaryWords(x)
	case *ast.BinaryExpr:
		switch x.Op {
		case token.AND:
			return conjunctionWords(x)
		case token.OR:
			return disjunctionWords(x)
		}
	case *ast.ListLit:
		return listWords(x)
	case *ast.StructLit:
		for _, element := range x.Elts {
			if field, ok := element.(*ast.Field); ok {
				if _, pattern := field.Label.(*ast.ListLit); pattern {
					return join("map of", typeWords(field.Value), " ")
				}
			}
		}
	}
	return ""
}

// identWords returns the name of a predeclared type or of a struct, whose
// section it heads. A scalar of the plugin's own is described, but the name of
// one with a pattern says more than the pattern.
func identWords(x *ast.Ident) string {
	name, own := strings.CutPrefix(x.Name, "#")
	definition := resolve(x)
	if !own || definition == nil {
		return name
	}
	if _, ok := definition.(*ast.StructLit); ok {
		return name
	}
	if words := typeWords(definition); words != "" && !strings.Contains(words, "matching") {
		return words
	}
	return strings.ToLower(name)
}

// resolve returns what the definition says that an identifier names, or nil for
// predeclared types.
func resolve(x *ast.Ident) ast.Expr {
	switch node := x.Node.(type) {
	case *ast.Field:
		return node.Value
	case ast.Expr:
		return node
	}
	return nil
}

func unaryWords(x *ast.UnaryExpr) string {
	switch operand := typeWords(x.X); x.Op {
	case token.MUL: // the mark of a default
		return operand
	case token.MAT:
		return "string matching " + codeSpan(operand)
	case token.NMAT:
		return "string not matching " + codeSpan(operand)
	case token.GTR, token.GEQ, token.LSS, token.LEQ, token.NEQ:
		return x.Op.String() + " " + operand
	}
	return ""
}

// disjunctionWords joins the alternatives. A default beside a type says nothing
// of the type; a default among literals is one of the choices.
func disjunctionWords(x *ast.BinaryExpr) string {
	var choices, types string
	for _, arm := range operands(x, token.OR) {
		words := typeWords(arm)
		literal, marked := arm, false
		if unary, ok := arm.(*ast.UnaryExpr); ok && unary.Op == token.MUL {
			literal, marked = unary.X, true
		}
		if _, ok := literal.(*ast.BasicLit); ok {
			choices = join(choices, words, " or ")
		} else if !marked {
			types = join(types, words, " or ")
		}
	}
	if types != "" {
		return types
	}
	return choices
}

// conjunctionWords puts the type first and joins the bounds.
func conjunctionWords(x *ast.BinaryExpr) string {
	var types, bounds string
	for _, part := range operands(x, token.AND) {
		words := typeWords(part)
		if _, bound := part.(*ast.UnaryExpr); bound {
			bounds = join(bounds, words, " and ")
		} else {
			types = join(types, words, " and ")
		}
	}
	return join(types, bounds, " ")
}

// operands returns the operands of a chain of one operator, from the left.
func operands(expr ast.Expr, op token.Token) []ast.Expr {
	if x, ok := expr.(*ast.BinaryExpr); ok && x.Op == op {
		return append(operands(x.X, op), operands(x.Y, op)...)
	}
	return []ast.Expr{expr}
}

func listWords(x *ast.ListLit) string {
	if len(x.Elts) == 0 {
		return "list"
	}
	last, open := x.Elts[len(x.Elts)-1].(*ast.Ellipsis)
	element, least := x.Elts[0], len(x.Elts)
	if open {
		element, least = last.Type, least-1
	}
	switch words := typeWords(element); {
	case words == "":
		return "list"
	case !open:
		return fmt.Sprintf("list of %d %s", least, words)
	case least > 0:
		return fmt.Sprintf("list of at least %d %s", least, words)
	default:
		return "list of " + words
	}
}

// codeSpan sets text in Markdown's code style, whatever backquotes it holds.
func codeSpan(text string) string {
	fence := "`"
	for strings.Contains(text, fence) {
		fence += "`"
	}
	return fence + text + fence
}

func join(a, b, separator string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + separator + b
}
