package check

import (
	"fmt"
	"strings"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/ast"

	"github.com/detectviz/detectviz/compiler/source"
)

// Keys that a map should not have, and keys that it lacks.

// unknown reports a key that the schema does not have. It returns the field that
// is probably meant, which then is not missing as well.
func (w *walker) unknown(schema cue.Value, f source.Field, p place, known []field, others ...field) string {
	fault := &fault{code: "DVZ102", pos: f.Pos, width: f.Width}
	defer func() { w.report(join(p.path, f.Key), fault) }()
	if find(others, f.Key) != nil {
		fault.code, fault.message, fault.hint = "DVZ109", fmt.Sprintf("%q cannot stand beside the other fields of %s", f.Key, w.in(p.path)), "remove one of them"
		return ""
	}
	if len(known) == 0 && !p.secret { // a map with keys of a certain form
		fault.code, fault.message, fault.hint = "DVZ105", fmt.Sprintf("%q is not a valid name in %s", f.Key, w.in(p.path)), w.keysOf(schema)
		return ""
	}
	names := fieldNames(known)
	meant := suggest(f.Key, names)
	fault.message, fault.hint = fmt.Sprintf("unknown field %q in %s", f.Key, w.in(p.path)), w.elsewhere(p.path, f.Key)
	before, after, colon := strings.Cut(f.Key, ":")
	switch {
	case p.secret: // the key may be a part of the secret
		fault.message, fault.hint, fault.secret = "unknown field in "+w.in(p.path), didYouMean(f.Key, names, "fields"), true
		fault.width = max(fault.width, endOf(f.Value, f.Pos.Line)-f.Pos.Column)
	case fault.hint != "":
	case colon && f.Value.Kind == source.Null && find(known, before) != nil:
		fault.hint, meant = fmt.Sprintf(`write "%s: %s", with a space behind the colon`, before, after), before
	default:
		fault.hint = didYouMean(f.Key, names, "fields")
		if about := find(known, meant).about(); about != "" {
			fault.hint += " (" + about + ")"
		}
	}
	return meant
}

// absent looks at a field that the user did not write.
func (w *walker) absent(schema cue.Value, f field, p place, uncertain bool) {
	child := join(p.path, f.name)
	switch kind := f.value.IncompleteKind(); {
	case f.optional:
		return
	case f.required:
		if uncertain && !unconditional(schema, f.name) {
			return // the value that decides about it is faulty
		}
	case kind == cue.StructKind:
		w.fields(f.value, &source.Node{Kind: source.Map, Pos: p.pos}, place{path: child, pos: p.pos, width: p.width}, nil)
		return
	case kind&^scalarKinds != 0, f.value.IsConcrete():
		return
	default:
		if _, ok := f.value.Default(); ok {
			return
		}
	}
	w.report(child, &fault{code: "DVZ103", message: fmt.Sprintf("missing field %q in %s", f.name, w.in(p.path)), hint: f.about(), pos: p.pos, width: p.width})
}

// keyPatterns returns the patterns of a struct's keys: [=~"^[a-z]+$"].
func keyPatterns(v cue.Value) []ast.Expr {
	var all []ast.Expr
	for _, d := range declarations(v) {
		if f, ok := d.(*ast.Field); ok {
			if label, ok := f.Label.(*ast.ListLit); ok {
				all = append(all, label.Elts...)
			}
		}
	}
	return all
}

// keysOf says what the keys of a struct look like.
func (w *walker) keysOf(v cue.Value) string {
	patterns := keyPatterns(v)
	if len(patterns) != 1 {
		return ""
	}
	keys := w.cat.Context().BuildExpr(patterns[0])
	switch pattern := patterns[0].(type) {
	case *ast.Ident: // #Name
		keys = w.cat.Schema(pattern.Name)
	case *ast.SelectorExpr: // schema.#Name
		if name, _, err := ast.LabelName(pattern.Sel); err == nil {
			keys = w.cat.Schema(name)
		}
	}
	if !keys.Exists() {
		return ""
	}
	all, text := alternatives(keys)
	if text == "" {
		text = "must " + constraints(all, nil)
	}
	return "names " + text
}
