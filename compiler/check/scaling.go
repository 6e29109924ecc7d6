package check

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/detectviz/detectviz/compiler/diag"
	"github.com/detectviz/detectviz/compiler/source"
)

// scaling checks that spec.scaling divides the work of each plugin among the
// nodes without gaps and overlaps. Its shape is checked with the rest of spec.
func (r *run) scaling() {
	scaling, written := fieldOf(r.c.Root.Get("spec"), "scaling")
	if !written {
		return
	}
	before := len(r.l)
	r.nodes(scaling.Value)
	shares := r.shares(scaling.Value)
	for _, path := range slices.Sorted(maps.Keys(shares)) {
		r.divided(path, shares[path])
	}
	if r.l[before:].HasFaults() || r.misshapen("spec.scaling") {
		return
	}
	d := r.l.Warnf("DVZ225", scaling.Pos, "scaling has no effect yet: dvz builds one process, which does all the work")
	d.Width, d.Hint = scaling.Width, "run one process, or divide the work by hand: one composition a node"
}

// nodes reports nodes of one name, and a number of nodes that is not theirs.
func (r *run) nodes(scaling *source.Node) {
	distribution, written := fieldOf(scaling, "distribution")
	if !written || distribution.Value.Kind != source.List {
		return
	}
	first := map[string]*source.Node{}
	for _, item := range distribution.Value.Items {
		name := item.Get("node")
		if name == nil || name.Kind != source.String {
			continue
		}
		if other := first[name.Text]; other != nil {
			d := r.l.Errorf("DVZ223", name.Pos, "two nodes are named %q", name.Text)
			d.Width, d.Hint = name.Width, "give each node a name of its own, and list all that it takes below it"
			d.Related = []diag.Related{{Pos: other.Pos, Width: other.Width, Message: "first named here"}}
			continue
		}
		first[name.Text] = name
	}
	listed := len(distribution.Value.Items)
	if n := scaling.Get("nodes"); n != nil && n.Kind == source.Int && n.Text != strconv.Itoa(listed) {
		d := r.l.Errorf("DVZ223", n.Pos, "nodes is %s, and distribution lists %d", n.Text, listed)
		d.Width = n.Width
		d.Related = []diag.Related{{Pos: distribution.Pos, Width: distribution.Width, Message: "listed here"}}
	}
}

// share is what a node takes of a plugin's work, in whole percents: from and to
// are both a part of it. Without a range it is all.
type share struct {
	from, to int
	pos      diag.Pos // of the range, or else of the plugin's path
	width    int
	ranged   bool
	faulty   bool
}

func (s share) String() string { return fmt.Sprintf("%d-%d%%", s.from, s.to) }

// shares returns the shares of each plugin, and reports plugins that are not
// there and ranges that are none.
func (r *run) shares(scaling *source.Node) map[string][]share {
	all := map[string][]share{}
	distribution := scaling.Get("distribution")
	if distribution == nil {
		return nil
	}
	for _, node := range distribution.Items {
		plugins := node.Get("plugins")
		if plugins == nil {
			continue
		}
		for _, item := range plugins.Items {
			for _, f := range item.Fields {
				if r.scaled(f) {
					all[f.Key] = append(all[f.Key], r.share(f))
				}
			}
		}
	}
	return all
}

// scaled reports a path in the distribution that no plugin of the composition
// has. A composition without plugins has enough of that.
func (r *run) scaled(f source.Field) bool {
	path := source.Text{Value: f.Key, Pos: f.Pos, Width: f.Width}
	if _, known := slices.BinarySearch(r.cat.Paths(), f.Key); !known {
		if e, isInstance := r.instance(f.Key); isInstance && e.name == f.Key {
			d := at(r.l.Errorf("DVZ101", f.Pos, "unknown plugin %q", f.Key), path)
			d.Hint = "write the path of the plugin: " + e.source.Path.Value
			return false
		}
		r.unknownPlugin(path)
		return false
	}
	used := slices.ContainsFunc(r.entries, func(e *entry) bool { return e.source.Path.Value == f.Key && e.source.Enabled })
	if !used && len(r.entries) > 0 {
		at(r.l.Errorf("DVZ224", f.Pos, "scaling divides the work of %s, which the composition does not run", f.Key), path).Hint = "add it to spec.plugins, or remove it here"
	}
	return used || len(r.entries) == 0
}

// share reads the share that stands below a plugin's path.
func (r *run) share(f source.Field) share {
	s := share{to: 100, pos: f.Pos, width: f.Width}
	n := f.Value.Get("range")
	if n == nil {
		return s
	}
	s.pos, s.width, s.ranged, s.faulty = n.Pos, n.Width, true, true
	if _, err := fmt.Sscanf(n.Text, "%d-%d%%", &s.from, &s.to); n.Kind != source.String || err != nil {
		return s // reported by shape
	}
	switch {
	case s.to > 100:
		r.l.Errorf("DVZ119", s.pos, "the range %s ends above 100%%", s).Width = s.width
	case s.from > s.to:
		r.l.Errorf("DVZ119", s.pos, "the range %s runs backwards", s).Width = s.width
	default:
		s.faulty = false
	}
	return s
}

// divided reports gaps between the shares of a plugin, and shares that overlap.
func (r *run) divided(path string, shares []share) {
	isRanged := func(s share) bool { return s.ranged }
	if slices.ContainsFunc(shares, func(s share) bool { return s.faulty }) || !slices.ContainsFunc(shares, isRanged) {
		return // without any range, shards alone tell the shares apart
	}
	slices.SortStableFunc(shares, func(a, b share) int { return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(a.to, b.to)) })
	var last *share // that reaches furthest
	for i := range shares {
		s := &shares[i]
		switch {
		case last == nil && s.from > 0:
			r.gap(path, 0, s.from-1, s, nil)
		case last != nil && s.from <= last.to:
			twice := percents(s.from, min(s.to, last.to))
			d := r.l.Errorf("DVZ119", s.pos, "the range %s of %s overlaps %s: two nodes would do %s", s, path, last, twice)
			d.Width, d.Hint = s.width, "a range includes both of its ends: 0-33%, then 34-66%, then 67-100%"
			if !s.ranged {
				d.Message = fmt.Sprintf("without a range this node does all the work of %s: two nodes would do %s", path, twice)
			}
			d.Related = []diag.Related{{Pos: last.pos, Width: last.width, Message: "the other range"}}
		case last != nil && s.from > last.to+1:
			r.gap(path, last.to+1, s.from-1, s, last)
		}
		if last == nil || s.to > last.to {
			last = s
		}
	}
	if last.to < 100 {
		r.gap(path, last.to+1, 100, last, nil)
	}
}

// gap reports work that no node does, at the share behind or before it.
func (r *run) gap(path string, from, to int, s, before *share) {
	d := r.l.Errorf("DVZ119", s.pos, "no node does %s of the work of %s", percents(from, to), path)
	d.Width, d.Hint = s.width, "the ranges of a plugin go from 0% to 100% without a gap"
	if before != nil {
		d.Related = []diag.Related{{Pos: before.pos, Width: before.width, Message: "the range before"}}
	}
}

func percents(from, to int) string {
	if from == to {
		return strconv.Itoa(from) + "%"
	}
	return fmt.Sprintf("%d-%d%%", from, to)
}
