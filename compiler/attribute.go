package compiler

import (
	"slices"

	"github.com/detectviz/detectviz/compiler/diag"
	"github.com/detectviz/detectviz/compiler/source"
)

// attribute says of each finding in which plugin's entry it stands.
func attribute(c *source.Composition, found diag.List) {
	if len(found) == 0 {
		return
	}
	var places places
	places.add(c.Root, "")
	entries := c.Root.Get("spec").Get("plugins")
	for i := range c.Plugins {
		places.add(entries.Items[i], c.Plugins[i].Path.Value)
	}
	// Stable, so that at one position the entry stands behind the list it is in.
	slices.SortStableFunc(places, func(a, b place) int { return a.pos.Compare(b.pos) })
	for i, d := range found {
		found[i].Plugin = places.plugin(d.Pos)
	}
}

// place is where a value of a composition begins, and the plugin in whose entry
// it stands; "" outside of all entries.
type place struct {
	pos    diag.Pos
	plugin string
}

type places []place

// add adds all values below a node.
func (p *places) add(n *source.Node, plugin string) {
	*p = append(*p, place{n.Pos, plugin})
	for _, f := range n.Fields {
		*p = append(*p, place{f.Pos, plugin})
		p.add(f.Value, plugin)
	}
	for _, item := range n.Items {
		p.add(item, plugin)
	}
}

// plugin returns the plugin of the last value that begins at a position or
// before it.
func (p places) plugin(pos diag.Pos) string {
	i, found := slices.BinarySearchFunc(p, pos, func(at place, pos diag.Pos) int { return at.pos.Compare(pos) })
	for found && i+1 < len(p) && p[i+1].pos == pos {
		i++
	}
	if !found {
		i--
	}
	if i < 0 || p[i].pos.File != pos.File || pos.Line == 0 {
		return ""
	}
	return p[i].plugin
}
