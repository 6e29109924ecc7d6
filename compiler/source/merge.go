package source

import (
	"path"
	"slices"

	"github.com/detectviz/detectviz/compiler/diag"
)

// merger applies one overlay. Nodes are shared with the trees that it reads, so
// it changes none.
type merger struct {
	overlay string // its name
	l       *diag.List
}

// field merges the value of a key that both trees have. What wins comes with its
// own position, so that a mistake in it is reported where it was written.
func (m *merger) field(base, over Field, at string) Field {
	b, o := base.Value, over.Value
	switch {
	case o.Broken: // what was meant is not known
		return base
	case b.Broken:
		return over
	case o.Kind == Null && (b.Kind == Map || b.Kind == List), // "config:" with nothing below it
		o.Kind == Map && len(o.Fields) == 0 && b.Kind == Map, same(b, o):
		d := m.nothing(over.Pos, over.Width, "%q of the overlay %q changes nothing", over.Key, m.overlay)
		d.Hint = "remove it, or write the value that you mean"
		d.Related = []diag.Related{{Pos: base.Pos, Width: base.Width, Message: "the same without the overlay"}}
		return base
	case b.Kind == Map && o.Kind == List, b.Kind == List && o.Kind == Map:
		d := m.l.Errorf("DVZ024", over.Pos, "%q is a %s here, and a %s without the overlay %q", over.Key, shape(o), shape(b), m.overlay)
		d.Width = over.Width
		d.Related = []diag.Related{{Pos: base.Pos, Width: base.Width, Message: "the " + shape(b)}}
		return base
	case at == "spec.plugins" && b.Kind == List && o.Kind == List:
		base.Value = m.plugins(b, o)
	case b.Kind == Map && o.Kind == Map && !otherSecret(b, o):
		base.Value = m.fields(b, o, at)
	default:
		return over
	}
	return base
}

// fields merges two maps by their keys.
func (m *merger) fields(base, over *Node, at string) *Node {
	out := *base
	out.Fields = slices.Clone(base.Fields)
	index := make(map[string]int, len(out.Fields))
	for i, f := range out.Fields {
		index[f.Key] = i
	}
	for _, f := range over.Fields {
		i, both := index[f.Key]
		if !both {
			out.Fields = append(out.Fields, f)
			continue
		}
		child := f.Key
		if at != "" {
			child = at + "." + f.Key
		}
		out.Fields[i] = m.field(out.Fields[i], f, child)
	}
	return &out
}

func (m *merger) nothing(pos diag.Pos, width int, format string, args ...any) *diag.Diagnostic {
	d := m.l.Warnf("DVZ023", pos, format, args...)
	d.Width = width
	return d
}

func shape(n *Node) string {
	if n.Kind == List {
		return "list"
	}
	return "map"
}

// same reports whether two values are equal, wherever they stand.
func same(a, b *Node) bool {
	if a.Kind != b.Kind || a.Text != b.Text || len(a.Items) != len(b.Items) || len(a.Fields) != len(b.Fields) {
		return false
	}
	for i := range a.Items {
		if !same(a.Items[i], b.Items[i]) {
			return false
		}
	}
	for i, f := range a.Fields {
		other := b.Fields[i].Value
		if b.Fields[i].Key != f.Key {
			other = b.Get(f.Key)
		}
		if other == nil || !same(f.Value, other) {
			return false
		}
	}
	return true
}

// secretForms are the keys of which a reference to a secret has one (schema
// #Secret).
var secretForms = []string{"env", "file", "credential", "sealed", "vault"}

// otherSecret reports whether two maps say in different forms where a secret is.
// They exclude each other, so the later one stands alone.
func otherSecret(a, b *Node) bool {
	x, y := secretForm(a), secretForm(b)
	return x != "" && y != "" && x != y
}

func secretForm(n *Node) (form string) {
	for _, f := range n.Fields {
		switch {
		case slices.Contains(secretForms, f.Key) && form == "":
			form = f.Key
		case f.Key != "generate": // of a file
			return ""
		}
	}
	return form
}

// plugins merges two lists of plugins: an entry of the overlay changes the
// instance of its name. An entry without a name also means the one instance of
// its plugin. What matches nothing is appended.
func (m *merger) plugins(base, over *Node) *Node {
	out := *base
	out.Items = slices.Clone(base.Items)
	names, paths := map[string][]int{}, map[string][]int{}
	for i, item := range base.Items {
		if e, ok := entryOf(item); ok {
			names[e.name()] = append(names[e.name()], i)
			paths[e.Key] = append(paths[e.Key], i)
		}
	}
	taken := map[int]bool{} // an instance that an overlay names twice is reported as one that exists twice
	for _, item := range over.Items {
		e, ok := entryOf(item)
		at := -1
		if same := paths[e.Key]; ok && e.as() == "" && len(same) == 1 {
			at = same[0]
		} else if named := names[e.name()]; ok && len(named) > 0 {
			at = named[0]
			if i := slices.IndexFunc(named, func(i int) bool { return slices.Contains(same, i) }); i >= 0 {
				at = named[i]
			}
		}
		if at < 0 || taken[at] {
			out.Items = append(out.Items, item)
			continue
		}
		taken[at] = true
		out.Items[at] = m.entry(base.Items[at], item)
	}
	return &out
}

// entry merges two entries of one instance. The config of one plugin means
// nothing to another, so an entry with another path replaces the whole one.
func (m *merger) entry(base, over *Node) *Node {
	b, _ := entryOf(base)
	o, _ := entryOf(over)
	if b.Key != o.Key {
		return over
	}
	if b.as() != "" {
		o.Value = without(o.Value, "as") // it says which instance is meant
	}
	if b.Value.Kind == Null && o.Value.Kind == Map && len(o.Value.Fields) == 0 {
		o.Value = b.Value
	}
	merged := m.field(Field(b), Field(o), "spec.plugins[]")
	if merged.Value == b.Value {
		return base
	}
	merged.Pos, merged.Width = b.Pos, b.Width
	return &Node{Kind: Map, Pos: base.Pos, Fields: []Field{merged}}
}

// entryField is an entry of spec.plugins: a path and its options, which are null
// when there are none.
type entryField Field

// entryOf is not ok for an entry of a shape that package check reports.
func entryOf(n *Node) (e entryField, ok bool) {
	switch {
	case n.Kind == String:
		return entryField{Key: n.Text, Pos: n.Pos, Width: n.Width, Value: &Node{Pos: n.Pos}}, true
	case n.Kind == Map && len(n.Fields) == 1:
		return entryField(n.Fields[0]), true
	}
	return entryField{}, false
}

func (e entryField) as() string { return text(e.Value.Get("as")).Value }

func (e entryField) name() string {
	if as := e.as(); as != "" {
		return as
	}
	return path.Base(e.Key)
}

// without returns a map without one of its keys.
func without(n *Node, key string) *Node {
	out := *n
	out.Fields = slices.DeleteFunc(slices.Clone(n.Fields), func(f Field) bool { return f.Key == key })
	return &out
}
