package check

import (
	"fmt"
	"slices"
	"strings"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/ast"

	"github.com/detectviz/detectviz/compiler/diag"
	"github.com/detectviz/detectviz/compiler/source"
)

// walker walks a tree along a schema. What is sound in the tree it returns as a
// CUE expression; what is not it reports and leaves out, so that one mistake
// hides no other.
type walker struct {
	*run
	subject   string                        // what the tree belongs to: a plugin's path, or "the composition"
	root      string                        // what the tree itself is
	opaque    map[string]bool               // paths of lists and maps that other rules look into
	refsAt    func(path string) bool        // where references are replaced
	elsewhere func(path, key string) string // hint for an unknown key that belongs elsewhere
	faults    map[string]bool               // paths at which something was reported
	trusting  bool                          // CUE is not asked about single values: it will be about the whole
	trusted   []trusted
}

// trusted is a scalar about which CUE was not asked.
type trusted struct {
	schema cue.Value
	node   *source.Node
	place  place
}

// trust takes a scalar without asking CUE about it.
func (w *walker) trust(schema cue.Value, n *source.Node, p place) (ast.Expr, *fault) {
	w.trusted = append(w.trusted, trusted{schema, n, p})
	if lit := literal(n, schema.IncompleteKind()); lit != nil {
		return lit, nil
	}
	return nil, w.describe(schema, nil, n, p)
}

// wellFormed reports whether the trusted scalars have the forms of their places,
// which may ask for more than the schema, but only make sense for what it takes.
func (w *walker) wellFormed() bool {
	return !slices.ContainsFunc(w.trusted, func(t trusted) bool { return w.form(t.schema, t.node, t.place) != nil })
}

func (r *run) walker(subject string) *walker {
	return &walker{
		run:       r,
		subject:   subject,
		root:      subject,
		refsAt:    func(string) bool { return true },
		elsewhere: func(string, string) string { return "" },
		faults:    map[string]bool{},
	}
}

// place is where a value stands.
type place struct {
	path   string   // "targets[0]"; empty for the root
	pos    diag.Pos // of the key, or of the item of a list
	width  int
	goType string // of the @go attribute; empty: unknown
	field  *field // of the schema; of a list's item, the list's; nil: unknown
	secret bool   // within a secret, whatever its shape: it is never shown
}

// not says in a message which value stands at a place.
func (p place) not(n *source.Node) string {
	if p.secret {
		return ""
	}
	return ", not " + shown(n)
}

// in names a place in a sentence: "tls of community/importers/prometheus".
func (w *walker) in(path string) string {
	switch {
	case path == "":
		return w.subject
	case w.subject == "the composition":
		return path
	}
	return path + " of " + w.subject
}

// fault is a finding about a value that was not reported yet.
type fault struct {
	code, message, hint string
	pos                 diag.Pos
	width               int
	secret              bool
	leaf                *source.Node // that it is about; nil: a map or list, or what is missing
}

// reported is a fault of a scalar. One behind an alias stands in several places
// of the tree, and is reported once.
type reported struct {
	leaf *source.Node
	code string
}

func (w *walker) report(path string, f *fault) {
	w.faults[path] = true
	if w.trusting {
		return // the second walk reports it
	}
	if r := (reported{f.leaf, f.code}); f.leaf != nil {
		if w.reported[r] {
			return
		}
		w.reported[r] = true
	}
	d := w.l.Errorf(f.code, f.pos, "%s", f.message)
	d.Width, d.Hint, d.Secret = f.width, f.hint, f.secret
}

// leftOut notes a value whose fault was reported elsewhere.
func (w *walker) leftOut(path string) {
	w.faults[path] = true
	w.partial++
}

// value checks a value of any kind. It returns nil when the value is left out.
func (w *walker) value(schema cue.Value, n *source.Node, p place) ast.Expr {
	p.secret = p.secret || holdsSecrets(p.goType)
	if n.Broken { // reported by package source
		w.leftOut(p.path)
		return nil
	}
	if text := authorText(schema.Err()); text != "" { // a field that a condition forbids
		w.report(p.path, &fault{code: "DVZ109", message: p.path + " " + text, pos: p.pos, width: p.width})
		return nil
	}
	schema = substance(schema)
	kind := schema.IncompleteKind()
	if n.Kind == source.Null && !isSecret(p.goType) {
		switch { // "tls:" with nothing below it
		case kind&cue.NullKind != 0:
			return ast.NewNull()
		case kind&cue.StructKind != 0:
			n = &source.Node{Kind: source.Map, Pos: n.Pos}
		case kind&cue.ListKind != 0:
			n = &source.Node{Kind: source.List, Pos: n.Pos}
		}
	}
	switch {
	case n.Kind == source.Map && kind&cue.StructKind != 0:
		return w.mapping(schema, n, p)
	case n.Kind == source.List && kind&cue.ListKind != 0:
		return w.list(schema, n, p)
	}
	if p.path == "" {
		w.report("", &fault{code: "DVZ104", message: fmt.Sprintf("%s must be a map, not %s", w.root, shown(n)), pos: n.Pos, width: n.Width})
		return nil
	}
	expr, f := w.leaf(schema, n, p)
	if f != nil {
		w.report(p.path, f)
	}
	return expr
}

func (w *walker) list(schema cue.Value, n *source.Node, p place) ast.Expr {
	if w.opaque[p.path] {
		return nil
	}
	known := w.listingOf(schema)
	least := len(known.first)
	if len(n.Items) < least {
		noun := "items"
		if least == 1 {
			noun = "item"
		}
		w.report(p.path, &fault{code: "DVZ107", message: fmt.Sprintf("%s needs at least %d %s", p.path, least, noun), hint: p.field.about(), pos: p.pos, width: p.width})
	}
	out := &ast.ListLit{}
	for i, item := range n.Items {
		s := known.rest
		if i < least {
			s = known.first[i]
		}
		child := place{path: fmt.Sprintf("%s[%d]", p.path, i), pos: item.Pos, width: item.Width, goType: strings.TrimPrefix(p.goType, "[]"), field: p.field, secret: p.secret}
		if !s.Exists() {
			w.report(child.path, &fault{code: "DVZ107", message: fmt.Sprintf("%s has more than %d items", p.path, least), hint: p.field.about(), pos: item.Pos, width: item.Width})
			break
		}
		if expr := w.value(s, item, child); expr != nil {
			out.Elts = append(out.Elts, expr)
		}
	}
	if len(out.Elts) < len(n.Items) || len(n.Items) < least {
		return nil // a shorter list would raise errors of its own
	}
	return out
}

// mapping checks a map against the alternative of the schema that it most
// likely is meant to be.
func (w *walker) mapping(schema cue.Value, n *source.Node, p place) ast.Expr {
	if w.opaque[p.path] {
		return nil
	}
	all, _ := alternatives(schema)
	structs := ofKind(all, cue.StructKind)
	if len(structs) <= 1 {
		return w.fields(schema, n, p, nil)
	}
	var chosen cue.Value
	most := -1
	var known []field
	for _, s := range structs {
		fields := w.structureOf(s).fields
		known = append(known, fields...)
		matches := 0
		for _, f := range n.Fields {
			if find(fields, f.Key) != nil {
				matches++
			}
		}
		if matches > most {
			chosen, most = s, matches
		}
	}
	if most > 0 {
		return w.fields(chosen, n, p, known)
	}
	if len(n.Fields) == 0 {
		var required []string
		for _, f := range known {
			if f.required {
				required = append(required, f.name)
			}
		}
		w.report(p.path, &fault{code: "DVZ103", message: fmt.Sprintf("%s needs one of the fields %s", p.path, list(required)), hint: p.field.about(), pos: p.pos, width: p.width})
	}
	for _, f := range n.Fields {
		w.unknown(schema, f, p, known)
	}
	return nil
}

// fields checks a map against one struct. others are the fields of the
// alternatives that were not chosen.
//
// A struct may have conditions ("if algorithm == …"), so what it allows and
// requires is only known with its sound scalars filled in.
func (w *walker) fields(schema cue.Value, n *source.Node, p place, others []field) ast.Expr {
	declared := w.structureOf(schema)
	static := declared.fields
	sound := map[string]ast.Expr{}
	faulty := map[string]*fault{}
	filled := &ast.StructLit{}
	for _, f := range n.Fields {
		s := find(static, f.Key)
		if s == nil || f.Value.Kind == source.Map || f.Value.Kind == source.List || f.Value.Kind == source.Null {
			continue
		}
		expr, fault := w.leaf(s.value, f.Value, w.child(p, f, static))
		if expr == nil {
			if fault != nil {
				faulty[f.Key] = fault
			}
			continue
		}
		if fault != nil {
			w.report(join(p.path, f.Key), fault)
		}
		sound[f.Key] = expr
		filled.Elts = append(filled.Elts, entryOf(f.Key, expr))
	}
	written, known := schema, static
	if !w.trusting && (declared.conditional || !declared.ok) {
		if actual := w.unify(schema, filled); actual.Validate() == nil {
			if fields, ok := fieldsOf(actual); ok {
				schema, known = actual, fields
			}
		}
	}

	out := &ast.StructLit{}
	all := static // its fields still have their defaults
	if declared.conditional {
		all = union(static, known)
	}
	meant := map[string]bool{}
	for _, f := range n.Fields {
		expr := sound[f.Key]
		switch s := find(known, f.Key); {
		case expr != nil:
		case s != nil:
			child := w.child(p, f, all)
			if fault := faulty[f.Key]; len(faulty) > 0 && authorText(s.value.Err()) != "" {
				// the value that forbids this one may be the faulty one
			} else if fault != nil && s.value.Err() == nil {
				if e, still := w.leaf(s.value, f.Value, child); still == nil {
					expr = e
				} else {
					w.report(child.path, fault)
				}
			} else {
				expr = w.value(s.value, f.Value, child)
			}
		default:
			if s, ok := w.pattern(schema, f.Key); ok {
				child := w.child(p, f, nil)
				child.goType, child.field = strings.TrimPrefix(p.goType, "map[string]"), p.field
				expr = w.value(s, f.Value, child)
			} else {
				meant[w.unknown(schema, f, p, all, others...)] = true
			}
		}
		if expr != nil {
			out.Elts = append(out.Elts, entryOf(f.Key, expr))
		}
	}
	uncertain := len(faulty) > 0 || slices.ContainsFunc(n.Fields, func(f source.Field) bool { return f.Value.Broken })
	for _, f := range known {
		if n.Get(f.name) == nil && !meant[f.name] {
			w.absent(written, f, p, uncertain)
		}
	}
	return out
}

// child is the place of a field.
func (w *walker) child(p place, f source.Field, known []field) place {
	child := place{path: join(p.path, f.Key), pos: f.Pos, width: f.Width, secret: p.secret}
	if s := find(known, f.Key); s != nil {
		child.goType, child.field, child.secret = s.goType, s, p.secret || holdsSecrets(s.goType)
	}
	return child
}

// fieldOf returns the field of a key of a map.
func fieldOf(n *source.Node, key string) (source.Field, bool) {
	if n != nil {
		for _, f := range n.Fields {
			if f.Key == key {
				return f, true
			}
		}
	}
	return source.Field{}, false
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

func entryOf(key string, value ast.Expr) *ast.Field {
	return &ast.Field{Label: ast.NewString(key), Value: value}
}

func union(a, b []field) []field {
	all := append([]field(nil), a...)
	for _, f := range b {
		if find(all, f.name) == nil {
			all = append(all, f)
		}
	}
	return all
}
