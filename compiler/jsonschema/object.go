package jsonschema

import (
	"encoding/json"
	"slices"
	"strings"

	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/token"
)

// object returns the schema of a struct. All structs of a composition belong to
// definitions, and so are closed.
func (w *walker) object(x *ast.StructLit) schema {
	o := object{walker: w, more: false}
	for _, decl := range x.Elts {
		o.declare(decl)
	}
	for _, decl := range x.Elts {
		if c, ok := decl.(*ast.Comprehension); ok {
			o.conditional(c)
		}
	}
	own := schema{"type": "object", "additionalProperties": o.more}
	if len(o.fields) > 0 {
		own["properties"] = o.fields
	}
	if len(o.patterns) > 0 {
		own["patternProperties"] = o.patterns
	}
	if len(o.required) > 0 {
		own["required"] = o.required
	}
	if len(o.fields) == 0 && !o.names.only("type") {
		own["propertyNames"] = o.names
	}
	for _, e := range o.embedded {
		if !isObject(e) {
			return schema{} // a choice of objects, or what is no object at all
		}
		own = merged(e, own)
	}
	return own
}

// object is a struct that is being read.
type object struct {
	*walker
	fields, patterns members
	required         []string
	more             any    // what further fields may hold; false: there are none
	names            schema // what the names of further fields may be
	embedded         []schema
}

func (o *object) declare(decl ast.Decl) {
	switch d := decl.(type) {
	case *ast.Field:
		if label, ok := d.Label.(*ast.ListLit); ok && len(label.Elts) == 1 {
			o.pattern(o.expr(label.Elts[0]), o.value(d.Value))
			return
		}
		name, plain := fieldName(d)
		switch {
		case !plain:
			o.more, o.names = true, nil
		case name != "":
			o.fields = o.fields.add(name, described(o.value(d.Value), comment(d)))
			if d.Constraint == token.NOT && !o.partial {
				o.required = append(o.required, name)
			}
		}
	case *ast.Ellipsis:
		o.more, o.names = true, nil
	case *ast.EmbedDecl:
		o.embedded = append(o.embedded, o.resolved(o.expr(d.Expr)))
	}
}

// pattern adds the fields whose names are of a form.
func (o *object) pattern(key, value schema) {
	if pattern, ok := key["pattern"].(string); ok && key.only("type", "pattern") {
		o.patterns = o.patterns.add(pattern, value)
		return
	}
	if o.more != false { // there are two forms
		value, key = schema{}, nil
	}
	o.more, o.names = value, key
}

// conditional adds the fields that a struct has only under a condition. What
// they hold, and when, is for vet to say.
func (o *object) conditional(c *ast.Comprehension) {
	decls := []ast.Decl{&ast.Ellipsis{}} // what is not understood
	if lit, ok := c.Value.(*ast.StructLit); ok {
		decls = lit.Elts
	}
	if c.Fallback != nil {
		decls = slices.Concat(decls, c.Fallback.Body.Elts)
	}
	for _, decl := range decls {
		switch d := decl.(type) {
		case *ast.Comprehension:
			o.conditional(d)
		case *ast.Field:
			name, plain := fieldName(d)
			switch i := o.fields.index(name); {
			case !plain:
				o.more, o.names = true, nil
			case name == "":
			case i < 0:
				o.fields = append(o.fields, member{name, described(schema{}, comment(d))})
			case holdsStruct(d.Value): // may have more fields than before
				o.fields[i].schema = described(schema{}, comment(d))
			}
		case *ast.Ellipsis, *ast.EmbedDecl:
			o.more, o.names = true, nil
		}
	}
}

func holdsStruct(x ast.Expr) (found bool) {
	ast.Walk(x, func(n ast.Node) bool {
		_, isStruct := n.(*ast.StructLit)
		found = found || isStruct
		return !found
	}, nil)
	return found
}

// add adds a field, or narrows the one of that name.
func (m members) add(name string, s schema) members {
	if i := m.index(name); i >= 0 {
		m[i].schema = both(m[i].schema, s)
		return m
	}
	return append(m, member{name, s})
}

// fieldName returns the name of a field, which is empty for definitions and
// hidden fields; false when the name is computed.
func fieldName(f *ast.Field) (string, bool) {
	name, isIdent, err := ast.LabelName(f.Label)
	if err != nil || isIdent && (strings.HasPrefix(name, "#") || strings.HasPrefix(name, "_")) {
		return "", err == nil
	}
	return name, true
}

// comment returns what stands above a declaration, as one paragraph.
func comment(n ast.Node) string {
	var text strings.Builder
	for _, group := range ast.Comments(n) {
		if group.Doc {
			text.WriteString(group.Text())
		}
	}
	about, _, _ := strings.Cut(text.String(), "Field: @go") // for the authors of plugins
	return strings.Join(strings.Fields(about), " ")
}

// described returns a schema with what a comment says of it, and its default,
// which editors do not show by themselves.
func described(s schema, text string) schema {
	if value, ok := s["default"]; ok {
		shown, isText := value.(string)
		if !isText || shown == "" {
			b, _ := json.Marshal(value)
			shown = string(b)
		}
		text = strings.TrimSpace(text + "\n\nDefault: " + shown)
	}
	if text == "" {
		return s
	}
	if _, isList := s["default"].([]any); isList || s["default"] == nil || s["type"] == nil {
		return s.with("description", text)
	}
	// An editor that completes an object fills in every default that stands
	// beside a type, and so would say what goes without saying.
	out, rest := schema{"description": text}, schema{}
	for k, v := range s {
		switch k {
		case "default", "examples":
			out[k] = v
		default:
			rest[k] = v
		}
	}
	return out.with("allOf", []schema{rest})
}

// nullable adds null to objects and lists that may be empty: a key with nothing
// below it is an empty map or list.
func nullable(s schema) schema {
	if all, ok := s["anyOf"].([]schema); ok {
		out := make([]schema, len(all))
		for i := range all {
			out[i] = nullable(all[i])
		}
		return s.with("anyOf", out)
	}
	types := s.types()
	switch {
	case s["enum"] != nil, slices.Contains(types, "null"):
	case slices.Contains(types, "object") && s["required"] == nil && s["minProperties"] == nil,
		slices.Contains(types, "array") && s["minItems"] == nil:
		return s.typed(append(slices.Clone(types), "null")...)
	}
	return s
}
