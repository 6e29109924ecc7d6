// Package graph draws a plan: the instances as nodes, the flow of data as solid
// arrows, and the capabilities that one instance gives another as dashed ones.
// It writes Mermaid for documents, Graphviz' dot for other tools, and SVG that
// needs no tool at all.
package graph

import (
	"slices"
	"strings"

	"github.com/detectviz/detectviz/compiler/plan"
)

// node is an instance, or the platform where it provides something.
type node struct {
	name   string
	kind   string // the plugin's type, or "platform"
	plugin string // its path; empty for the platform
	files  bool   // it has no code and only adds to the files around the binary
}

// edge is an arrow from one node to another, by index.
type edge struct {
	from, to   int
	capability bool // dashed: to is given a capability of from
	labels     []string
}

func (e edge) label() string { return strings.Join(e.labels, ", ") }

// model is what all three forms draw.
type model struct {
	nodes []node
	edges []edge
}

func build(p *plan.Plan) *model {
	m := &model{}
	index := map[string]int{}
	add := func(n node) {
		index[n.name] = len(m.nodes)
		m.nodes = append(m.nodes, n)
	}
	if slices.ContainsFunc(p.Instances, usesPlatform) {
		add(node{name: plan.PlatformName, kind: plan.PlatformName})
	}
	for _, in := range p.Instances {
		add(node{name: in.Name, kind: in.Type, plugin: in.Plugin, files: in.Code == nil})
	}
	connect := func(from, to []string, label string, capability bool) {
		for _, f := range from {
			for _, t := range to {
				source, ok1 := index[f]
				target, ok2 := index[t]
				if ok1 && ok2 {
					m.connect(source, target, label, capability)
				}
			}
		}
	}
	for _, pl := range p.Pipelines {
		at := pl.From
		for _, step := range pl.Through {
			connect(at, []string{step}, pl.Name, false)
			at = []string{step}
		}
		connect(at, pl.To, pl.Name, false)
	}
	for _, in := range p.Instances {
		for _, w := range in.Requires {
			connect(w.From, []string{in.Name}, w.Capability, true)
		}
	}
	return m
}

func usesPlatform(in plan.Instance) bool {
	return slices.ContainsFunc(in.Requires, func(w plan.Wire) bool { return slices.Contains(w.From, plan.PlatformName) })
}

// connect adds an arrow, or a label to the one that is there already.
func (m *model) connect(from, to int, label string, capability bool) {
	for i := range m.edges {
		e := &m.edges[i]
		if e.from == from && e.to == to && e.capability == capability {
			if !slices.Contains(e.labels, label) {
				e.labels = append(e.labels, label)
			}
			return
		}
	}
	m.edges = append(m.edges, edge{from: from, to: to, capability: capability, labels: []string{label}})
}

// kinds returns the types that occur, in the order of colours.
func (m *model) kinds() []string {
	var out []string
	for _, c := range colours {
		if slices.ContainsFunc(m.nodes, func(n node) bool { return n.kind == c.kind }) {
			out = append(out, c.kind)
		}
	}
	return out
}

// colours are pale enough for dark text, so that they serve on a light and on a
// dark page.
var colours = []struct{ kind, fill, stroke string }{
	{"importer", "#cfe3fb", "#3d7ec9"},
	{"processor", "#e4d8f7", "#8457c6"},
	{"exporter", "#cdeedb", "#2f9e63"},
	{"server", "#fde3c4", "#d07f1e"},
	{"middleware", "#fbf0bd", "#b39614"},
	{"auth", "#fbd3d3", "#cc4b4b"},
	{"logging", "#d3eef0", "#2b98a2"},
	{"integration", "#e9e4db", "#8b7d66"},
	{plan.PlatformName, "#dfe3ea", "#6b7789"},
}

func colour(kind string) (fill, stroke string) {
	for _, c := range colours {
		if c.kind == kind {
			return c.fill, c.stroke
		}
	}
	return "#e6e6e6", "#777777"
}
