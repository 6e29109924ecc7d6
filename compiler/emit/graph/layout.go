package graph

import (
	"cmp"
	"slices"
)

// The sizes of the drawing, in pixels.
const (
	margin     = 24.0
	nodeHeight = 46.0
	rowGap     = 22.0 // between two nodes of a column
	wireHeight = 14.0 // what an arrow takes that passes a column
	charWidth  = 7.3  // of the name, in 13 px
	smallWidth = 5.9  // of the small text, in 10.5 px
	minGap     = 70.0 // between two columns
	startGap   = 13.0 // between two arrows that leave a node, for their labels
	endGap     = 10.0 // between two arrows that reach a node, for their heads
	bend       = 56.0 // the least room for a curve
	dip        = 34.0 // how far an arrow that runs backwards goes below its ends
)

// point is a place in the drawing.
type point struct{ x, y float64 }

// slot is a node, or the place where a long arrow passes a column.
type slot struct {
	node   int // index, or -1
	rank   int
	x, y   float64 // of the left upper corner
	w, h   float64
	before []int // slots of the rank before that it is connected to
	after  []int
}

func (s *slot) centre() float64 { return s.y + s.h/2 }

// layout is where everything stands. It is a layered drawing in the manner of
// Sugiyama: longest-path ranks, barycentre ordering, then places.
type layout struct {
	*model
	slots         []slot    // the first ones are the nodes, by index
	paths         [][]int   // the slots of each edge, from its source to its target
	ranks         [][]int   // slots by rank, in order from top to bottom
	leads         []float64 // by rank: how far every arrow runs straight, so that none crosses a label
	alone         []int     // nodes without an edge, drawn below
	width, height float64
}

func arrange(m *model) *layout {
	l := &layout{model: m}
	for i, n := range m.nodes {
		width := max(float64(len([]rune(n.name)))*charWidth, float64(len([]rune(n.plugin)))*smallWidth) + 26
		leaving, reaching := 0.0, 0.0
		for _, e := range m.edges {
			if e.from == i {
				leaving++
			}
			if e.to == i {
				reaching++
			}
		}
		l.slots = append(l.slots, slot{node: i, w: max(width, 96), h: max(nodeHeight, startGap*(leaving+1), endGap*(reaching+1))})
	}
	l.rank()
	l.route()
	l.order()
	l.place()
	return l
}

// rank gives each connected node the length of the longest path to it. An arrow
// that would close a circle does not count.
func (l *layout) rank() {
	next := make([][]int, len(l.nodes))
	var reaches func(from, to int) bool
	reaches = func(from, to int) bool {
		return from == to || slices.ContainsFunc(next[from], func(n int) bool { return reaches(n, to) })
	}
	var forward []edge
	flowFirst := slices.SortedStableFunc(slices.Values(l.edges), func(a, b edge) int {
		if a.capability == b.capability {
			return 0
		} else if b.capability {
			return -1
		}
		return 1
	})
	connected := make([]bool, len(l.nodes))
	for _, e := range flowFirst {
		connected[e.from], connected[e.to] = true, true
		if !reaches(e.to, e.from) {
			next[e.from] = append(next[e.from], e.to)
			forward = append(forward, e)
		}
	}
	for changed := true; changed; {
		changed = false
		for _, e := range forward {
			if l.slots[e.to].rank <= l.slots[e.from].rank {
				l.slots[e.to].rank = l.slots[e.from].rank + 1
				changed = true
			}
		}
	}
	// A node without an arrow to it moves next to where its first one leads.
	for i := range l.nodes {
		incoming := slices.ContainsFunc(forward, func(e edge) bool { return e.to == i })
		nearest := -1
		for _, e := range forward {
			if e.from == i && (nearest < 0 || l.slots[e.to].rank < nearest) {
				nearest = l.slots[e.to].rank
			}
		}
		if !incoming && nearest > 0 {
			l.slots[i].rank = nearest - 1
		}
		if !connected[i] {
			l.alone = append(l.alone, i)
		}
	}
}

// route gives every arrow a slot in each rank that it passes.
func (l *layout) route() {
	for _, e := range l.edges {
		path := []int{e.from}
		for r := l.slots[e.from].rank + 1; r < l.slots[e.to].rank; r++ {
			l.slots = append(l.slots, slot{node: -1, rank: r, h: wireHeight})
			path = append(path, len(l.slots)-1)
		}
		path = append(path, e.to)
		if !l.backwards(e) {
			for i := 1; i < len(path); i++ {
				l.slots[path[i-1]].after = append(l.slots[path[i-1]].after, path[i])
				l.slots[path[i]].before = append(l.slots[path[i]].before, path[i-1])
			}
		}
		l.paths = append(l.paths, path)
	}
	for i, s := range l.slots {
		if slices.Contains(l.alone, i) {
			continue
		}
		for len(l.ranks) <= s.rank {
			l.ranks = append(l.ranks, nil)
		}
		l.ranks[s.rank] = append(l.ranks[s.rank], i)
	}
}

// order sorts each rank by the mean place of the neighbours, to and fro, which
// leaves few crossings.
func (l *layout) order() {
	position := make([]float64, len(l.slots))
	number := func(rank []int) {
		for i, s := range rank {
			position[s] = float64(i)
		}
	}
	sweep := func(rank []int, neighbours func(int) []int) {
		weight := map[int]float64{}
		for _, s := range rank {
			weight[s] = position[s]
			if near := neighbours(s); len(near) > 0 {
				weight[s] = mean(near, func(n int) float64 { return position[n] })
			}
		}
		slices.SortStableFunc(rank, func(a, b int) int { return cmp.Compare(weight[a], weight[b]) })
		number(rank)
	}
	for _, rank := range l.ranks {
		number(rank)
	}
	for range 8 {
		for _, rank := range l.ranks {
			sweep(rank, func(s int) []int { return l.slots[s].before })
		}
		for _, rank := range slices.Backward(l.ranks) {
			sweep(rank, func(s int) []int { return l.slots[s].after })
		}
	}
}

func mean(items []int, value func(int) float64) float64 {
	sum := 0.0
	for _, i := range items {
		sum += value(i)
	}
	return sum / float64(len(items))
}

// place turns ranks and order into coordinates.
func (l *layout) place() {
	x := margin
	for r, rank := range l.ranks {
		width, straight := 0.0, 0.0
		for _, s := range rank {
			width = max(width, l.slots[s].w)
		}
		for _, e := range l.edges {
			if l.slots[e.from].rank == r && !l.backwards(e) {
				straight = max(straight, lead(e))
			}
		}
		l.leads = append(l.leads, straight)
		gap := max(straight+bend, minGap)
		y := margin
		for _, s := range rank {
			slot := &l.slots[s]
			slot.x, slot.y = x, y
			slot.w = width // of one width, so that arrows begin and end in line
			y += slot.h + rowGap
		}
		x += width + gap
		if r == len(l.ranks)-1 {
			l.width = x - gap + margin
		}
	}
	for range 12 {
		for _, rank := range l.ranks {
			l.pull(rank, func(s *slot) []int { return s.before })
		}
		for _, rank := range slices.Backward(l.ranks) {
			l.pull(rank, func(s *slot) []int { return s.after })
		}
	}
	l.settle()
}

// backwards reports whether an arrow runs against the others, closing a circle.
func (l *layout) backwards(e edge) bool { return l.slots[e.from].rank >= l.slots[e.to].rank }

// lead is the length of the straight beginning of an arrow, which carries its
// label.
func lead(e edge) float64 { return float64(len([]rune(e.label())))*smallWidth + 10 }

// pull moves the slots of a rank towards their neighbours, keeping their order
// and their distance.
func (l *layout) pull(rank []int, neighbours func(*slot) []int) {
	wanted := make([]float64, len(rank))
	for i, s := range rank {
		slot := &l.slots[s]
		wanted[i] = slot.y
		if near := neighbours(slot); len(near) > 0 {
			wanted[i] = mean(near, func(n int) float64 { return l.slots[n].centre() }) - slot.h/2
		}
	}
	// From above each is pushed down as far as it must, from below up; the mean
	// of the two keeps the distance and is fair to both.
	down, up := slices.Clone(wanted), slices.Clone(wanted)
	for i := 1; i < len(rank); i++ {
		down[i] = max(down[i], down[i-1]+l.slots[rank[i-1]].h+rowGap)
	}
	for i := len(rank) - 2; i >= 0; i-- {
		up[i] = min(up[i], up[i+1]-l.slots[rank[i]].h-rowGap)
	}
	for i, s := range rank {
		l.slots[s].y = (down[i] + up[i]) / 2
	}
}

// settle moves the drawing to the margin and puts the nodes without arrows in
// lines below it.
func (l *layout) settle() {
	top, bottom := 0.0, 0.0
	for r, rank := range l.ranks {
		for i, s := range rank {
			if y := l.slots[s].y; r == 0 && i == 0 || y < top {
				top = y
			}
		}
	}
	for _, rank := range l.ranks {
		for _, s := range rank {
			l.slots[s].y += margin - top
			bottom = max(bottom, l.slots[s].y+l.slots[s].h)
		}
	}
	if slices.ContainsFunc(l.edges, l.backwards) {
		bottom += dip
	}
	l.width = max(l.width, 640)
	x, y := margin, bottom+2*rowGap
	if len(l.ranks) == 0 {
		y = margin
	}
	for _, i := range l.alone {
		s := &l.slots[i]
		if x > margin && x+s.w > l.width-margin {
			x, y = margin, y+nodeHeight+rowGap
		}
		s.x, s.y = x, y
		x += s.w + rowGap
		l.width = max(l.width, x-rowGap+margin)
		bottom = y + nodeHeight
	}
	l.height = bottom + margin
}
