package source

import (
	"math"
	"math/big"
	"strconv"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/ast"

	"github.com/detectviz/detectviz/compiler/diag"
)

// cueReader turns an evaluated value into nodes.
type cueReader struct {
	at     *lines
	file   *ast.File
	widths map[diag.Pos]int // of the syntax in the file, once it is needed
	l      diag.List
	values int
}

// node converts a value. parent is where it stands if CUE does not know better.
func (r *cueReader) node(v cue.Value, parent diag.Pos, depth int) *Node {
	d, _ := v.Default()
	n := &Node{Pos: parent}
	place := r.value(v, d)
	if place != nil {
		n.Pos, n.Width = r.span(place)
	}
	r.values++
	switch {
	case r.l != nil:
		return n
	case depth > maxDepth:
		r.l.Errorf("DVZ010", n.Pos, "the file is nested more than %d levels deep", maxDepth)
		return n
	case r.values > maxValues:
		r.l = tooMany(n.Pos)
		return n
	}
	switch kind := d.Kind(); kind {
	case cue.StructKind:
		n.Kind, n.Width = Map, 0
		for it, err := d.Fields(); err == nil && it.Next(); {
			f := Field{Key: it.Selector().Unquoted(), Pos: n.Pos}
			if label := r.label(it.Value(), f.Key); label != nil {
				f.Pos, f.Width = r.span(label)
			}
			f.Value = r.node(it.Value(), f.Pos, depth+1)
			n.Fields = append(n.Fields, f)
		}
	case cue.ListKind:
		n.Kind, n.Width = List, 0
		for it, err := d.List(); err == nil && it.Next(); {
			n.Items = append(n.Items, r.node(it.Value(), n.Pos, depth+1))
		}
	case cue.BytesKind:
		d := r.l.Errorf("DVZ017", n.Pos, "a value in single quotes is a list of bytes")
		d.Width, d.Hint = n.Width, "a text needs double quotes"
	default:
		r.scalar(n, d, kind)
	}
	return n
}

func (r *cueReader) scalar(n *Node, v cue.Value, kind cue.Kind) {
	switch kind {
	case cue.StringKind:
		n.Kind = String
		n.Text, _ = v.String()
	case cue.BoolKind:
		n.Kind = Bool
		b, _ := v.Bool()
		n.Text = strconv.FormatBool(b)
	case cue.IntKind:
		n.Kind = Int
		var i big.Int
		if _, err := v.Int(&i); err == nil {
			n.Text = i.String()
		}
	case cue.FloatKind, cue.NumberKind:
		n.Kind = Float
		number, _ := v.MarshalJSON()
		n.Text = string(number)
		if f, err := strconv.ParseFloat(n.Text, 64); err != nil || math.IsInf(f, 0) {
			r.l.Errorf("DVZ012", n.Pos, "%s is not a usable number", n.Text).Width = n.Width
		}
	}
}

// sources returns the syntax that a value comes from: one node a part, where
// several were unified. Those of CUE's own packages are left out.
func (r *cueReader) sources(v cue.Value) (all []ast.Node) {
	add := func(n ast.Node) {
		if n != nil && n.Pos().IsValid() && n.Pos().Filename() == r.at.file {
			all = append(all, n)
		}
	}
	single := v.Source()
	add(single)
	if _, ok := single.(*ast.Field); ok {
		return all // taking an expression apart is slow
	}
	if op, parts := v.Expr(); op == cue.AndOp {
		for _, part := range parts {
			add(part.Source())
		}
	}
	return all
}

// value returns the expression that says what a value is: a literal rather than
// a constraint, and where a reference leads to (d) rather than the reference.
func (r *cueReader) value(v, d cue.Value) (expr ast.Node) {
	if literal, ok := d.Source().(*ast.BasicLit); ok && literal.Pos().Filename() == r.at.file {
		return literal
	}
	for _, of := range []cue.Value{d, v} {
		for _, n := range r.sources(of) {
			if f, ok := n.(*ast.Field); ok {
				n = f.Value
			}
			if _, ok := n.(*ast.BasicLit); ok {
				return n
			}
			if expr == nil {
				expr = n
			}
		}
		if expr != nil {
			break
		}
	}
	return expr
}

// label returns the key of a value: where it has a literal, else where it is
// written first. Without a key of its own, it is the pattern that made it.
func (r *cueReader) label(v cue.Value, key string) (label ast.Node) {
	named := false
	for _, n := range r.sources(v) {
		f, ok := n.(*ast.Field)
		if !ok {
			continue
		}
		name, _, err := ast.LabelName(f.Label)
		own := err == nil && name == key
		if _, plain := f.Value.(*ast.BasicLit); own && plain {
			return f.Label
		}
		if label == nil || own && !named {
			label, named = f.Label, own
		}
	}
	return label
}

// span returns the place of syntax, and its bytes on its first line.
func (r *cueReader) span(n ast.Node) (diag.Pos, int) {
	begin, end := n.Pos().Offset(), n.End().Offset()
	return r.at.pos(begin), max(min(end, r.at.end(begin))-begin, 0)
}
