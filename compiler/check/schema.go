package check

import (
	"slices"
	"strings"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/errors"
	"cuelang.org/go/cue/token"
)

// What can be read off a schema.

// field is a field that a struct of the schema knows.
type field struct {
	name     string
	value    cue.Value
	required bool // written name!
	optional bool // written name?
	goType   string
}

// structure is what is known of a struct of the schema.
type structure struct {
	fields []field
	ok     bool // false: the struct has an error of its own
	// conditional says that what it allows or requires may depend on values.
	conditional bool
}

// structureOf returns what is known of a struct that is a part of a schema.
// Instances of one plugin share the answers.
func (r *run) structureOf(v cue.Value) *structure {
	s := r.structures[v]
	if s == nil {
		fields, ok := fieldsOf(v)
		s = &structure{fields: fields, ok: ok, conditional: conditional(v)}
		r.structures[v] = s
	}
	return s
}

// listing is what is known of a list of the schema: [first, ...rest].
type listing struct {
	first []cue.Value // of items that must be there
	rest  cue.Value   // does not exist if there may be no more
}

// listingOf returns what is known of a list that is a part of a schema. The
// answers are shared, and so is what is found out about their values.
func (r *run) listingOf(v cue.Value) *listing {
	l := r.listings[v]
	if l == nil {
		all, _ := alternatives(v)
		list := ofKind(all, cue.ListKind)[0]
		l = &listing{rest: list.LookupPath(cue.MakePath(cue.AnyIndex))}
		for {
			item := list.LookupPath(cue.MakePath(cue.Index(len(l.first))))
			if !item.Exists() {
				break
			}
			l.first = append(l.first, item)
		}
		r.listings[v] = l
	}
	return l
}

// fieldsOf returns the fields of a struct in the order of the schema; false when
// the struct has an error of its own.
func fieldsOf(v cue.Value) ([]field, bool) {
	it, err := v.Fields(cue.Optional(true))
	if err != nil {
		return nil, false
	}
	var fields []field
	for it.Next() {
		kind := it.Selector().ConstraintType()
		fields = append(fields, field{
			name:     it.Selector().Unquoted(),
			value:    it.Value(),
			required: kind == cue.RequiredConstraint,
			optional: kind == cue.OptionalConstraint,
			goType:   goType(it.Value()),
		})
	}
	return fields, true
}

func find(fields []field, name string) *field {
	for i := range fields {
		if fields[i].name == name {
			return &fields[i]
		}
	}
	return nil
}

func fieldNames(fields []field) []string {
	var names []string
	for _, f := range fields {
		names = append(names, f.name)
	}
	return names
}

// unify returns a part of a schema with a value filled in.
func (r *run) unify(schema cue.Value, value ast.Expr) cue.Value {
	return schema.Unify(r.cat.Context().BuildExpr(value))
}

// pattern returns what a struct allows below a key that none of its fields has.
// Where the struct has a single pattern, all keys share the answer.
func (r *run) pattern(v cue.Value, key string) (cue.Value, bool) {
	if !v.Allows(cue.Str(key)) {
		return cue.Value{}, false
	}
	if any := v.LookupPath(cue.MakePath(cue.AnyString)); any.Exists() {
		return any, true
	}
	if shared, ok := r.patterns[v]; ok {
		return shared, true
	}
	p := cue.MakePath(cue.Str(key))
	filled := v.FillPath(p, r.cat.Context().BuildExpr(ast.NewIdent("_"))).LookupPath(p)
	ok := filled.Exists() && filled.Err() == nil
	if ok && len(keyPatterns(v)) == 1 {
		r.patterns[v] = filled
	}
	return filled, ok
}

// alternatives returns the operands of a disjunction, or the value itself, and
// the text of error("…") among them.
func alternatives(v cue.Value) (all []cue.Value, text string) {
	var flatten func(v cue.Value, depth int)
	flatten = func(v cue.Value, depth int) {
		if err := v.Err(); err != nil {
			if text == "" {
				text = authorText(err)
			}
			return
		}
		v = cue.Dereference(v)
		op, operands := v.Expr()
		if op == cue.AndOp { // a condition adds "& _"
			narrow := slices.DeleteFunc(slices.Clone(operands), func(o cue.Value) bool { return o.IncompleteKind() == cue.TopKind })
			if len(narrow) == 1 && depth > 0 {
				flatten(narrow[0], depth-1)
				return
			}
		}
		if depth > 0 && (op == cue.OrOp || op == cue.NoOp && len(operands) == 1) {
			for _, o := range operands {
				if op == cue.OrOp {
					flatten(o, depth-1)
				} else {
					flatten(o, 0)
				}
			}
			return
		}
		if depth > 0 && op == cue.AndOp {
			if combined := distribute(operands); len(combined) > 1 {
				all = append(all, combined...)
				return
			}
		}
		all = append(all, v)
	}
	flatten(v, 8)
	return all, text
}

// distribute returns the alternatives of a conjunction: what is left of each
// combination of its operands' alternatives.
func distribute(operands []cue.Value) []cue.Value {
	var combined []cue.Value
	for i, o := range operands {
		some, _ := alternatives(o)
		if i == 0 {
			combined = some
			continue
		}
		var next []cue.Value
		for _, a := range combined {
			for _, b := range some {
				if both := a.Unify(b); both.Err() == nil {
					next = append(next, both)
				}
			}
		}
		combined = next
	}
	return combined
}

// substance returns what is left of a value without validators that fail while
// nothing is filled in, such as list.MinItems(2): the whole config is validated
// in the end.
func substance(v cue.Value) cue.Value {
	if v.IncompleteKind() != cue.BottomKind {
		return v
	}
	if op, operands := cue.Dereference(v).Expr(); op == cue.AndOp {
		for _, o := range operands {
			if call, _ := o.Expr(); call != cue.CallOp && o.IncompleteKind()&(cue.ListKind|cue.StructKind) != 0 {
				return o
			}
		}
	}
	return v
}

// ofKind returns the alternatives of one kind.
func ofKind(all []cue.Value, kind cue.Kind) []cue.Value {
	var some []cue.Value
	for _, v := range all {
		if v.IncompleteKind()&kind != 0 {
			some = append(some, v)
		}
	}
	return some
}

// authorText returns what the schema's author wrote in error("…"), if that is
// among the errors: the only text of CUE's that users see.
func authorText(err error) string {
	for _, e := range errors.Errors(err) {
		if format, args := e.Msg(); format == "%s" && len(args) == 1 {
			if text, ok := args[0].(string); ok {
				return text
			}
		}
	}
	return ""
}

// declarations returns what a struct is written of, or nil when it is not
// written as one struct.
func declarations(v cue.Value) []ast.Decl {
	node := cue.Dereference(v).Source()
	if f, ok := node.(*ast.Field); ok {
		node = f.Value
	}
	if lit, ok := node.(*ast.StructLit); ok {
		return lit.Elts
	}
	return nil
}

// conditional reports whether what a struct allows may depend on its values: it
// has an if, or anything else but plain fields, or a field refers to another.
func conditional(v cue.Value) bool {
	decls := declarations(v)
	if decls == nil {
		return true
	}
	names := map[string]bool{}
	for _, d := range decls {
		f, plain := d.(*ast.Field)
		if !plain {
			return true
		}
		if name, isName, err := ast.LabelName(f.Label); err == nil && isName {
			names[name] = true
		}
	}
	refers := false
	for _, d := range decls {
		ast.Walk(d.(*ast.Field).Value, func(n ast.Node) bool {
			if id, ok := n.(*ast.Ident); ok && names[id.Name] {
				refers = true
			}
			return !refers
		}, nil)
	}
	return refers
}

// unconditional reports whether a required field is written in the struct
// itself, not within an if.
func unconditional(v cue.Value, name string) bool {
	decls := declarations(v)
	return decls == nil || slices.ContainsFunc(decls, func(d ast.Decl) bool {
		f, ok := d.(*ast.Field)
		if !ok || f.Constraint != token.NOT {
			return false
		}
		label, _, err := ast.LabelName(f.Label)
		return err == nil && label == name
	})
}

// goType returns the type of a field's @go attribute, or "".
func goType(v cue.Value) string {
	attr := v.Attribute("go")
	if attr.Err() != nil {
		return ""
	}
	typ, _, _ := attr.Lookup(0, "type")
	return typ
}

// holdsSecrets reports whether a Go type is contracts.Secret, or a list or map
// of them.
func holdsSecrets(goType string) bool { return strings.HasSuffix(goType, `platform/contracts".Secret`) }

// isSecret reports whether a Go type is contracts.Secret.
func isSecret(goType string) bool {
	return holdsSecrets(goType) && !strings.HasPrefix(goType, "[]") && !strings.HasPrefix(goType, "map[")
}

// about says what a field is: the first sentence of its comment without the
// field's name, and its default.
func (f *field) about() string {
	if f == nil {
		return ""
	}
	name, v := f.name, f.value
	var text string
	for _, group := range v.Doc() {
		text = strings.Join(strings.Fields(group.Text()), " ")
		break
	}
	text, _, _ = strings.Cut(text, ". ")
	text = strings.TrimSuffix(text, ".")
	for _, verb := range []string{" is ", " are ", ": "} {
		if rest, ok := strings.CutPrefix(text, name+verb); ok {
			text = rest
		}
	}
	if def, ok := v.Default(); ok && def.IncompleteKind()&scalarKinds != 0 && def.IsConcrete() {
		if s := scalarText(def); s != "" {
			text += ", default " + s
		}
	}
	return strings.TrimPrefix(text, ", ")
}

const scalarKinds = cue.BoolKind | cue.NumberKind | cue.StringKind

// scalarText returns a concrete scalar as it stands in YAML.
func scalarText(v cue.Value) string {
	if s, err := v.String(); err == nil {
		return s
	}
	text, err := v.MarshalJSON()
	if err != nil {
		return ""
	}
	return string(text)
}
