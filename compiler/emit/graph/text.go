package graph

import (
	"fmt"
	"strings"

	"github.com/detectviz/detectviz/compiler/plan"
)

// Mermaid draws a plan as a Mermaid flowchart.
func Mermaid(p *plan.Plan) string {
	m := build(p)
	var b strings.Builder
	fmt.Fprintf(&b, "flowchart LR\n")
	for i, n := range m.nodes {
		label := mermaid(n.name)
		if n.plugin != "" {
			label += "<br/><small>" + mermaid(n.plugin) + "</small>"
		}
		fmt.Fprintf(&b, "  n%d[\"%s\"]:::%s\n", i, label, class(n.kind))
	}
	for _, e := range m.edges {
		arrow := "-->"
		if e.capability {
			arrow = "-.->"
		}
		fmt.Fprintf(&b, "  n%d %s|\"%s\"| n%d\n", e.from, arrow, mermaid(e.label()), e.to)
	}
	for _, kind := range m.kinds() {
		fill, stroke := colour(kind)
		fmt.Fprintf(&b, "  classDef %s fill:%s,stroke:%s,color:#1c2330\n", class(kind), fill, stroke)
	}
	return b.String()
}

// class names the style of a type. Mermaid has reserved words, but none with a
// prefix of ours.
func class(kind string) string { return "dvz_" + kind }

// mermaid escapes text in quotes: Mermaid reads HTML there, and entities with #
// in the place of &.
var mermaidEscapes = strings.NewReplacer("#", "#35;", `"`, "#quot;", "<", "#lt;", ">", "#gt;", "&", "#amp;", "`", "#96;", "\n", " ")

func mermaid(s string) string { return mermaidEscapes.Replace(s) }

// Dot draws a plan in the language of Graphviz.
func Dot(p *plan.Plan) string {
	m := build(p)
	var b strings.Builder
	fmt.Fprintf(&b, "digraph %s {\n", quote(p.Name))
	fmt.Fprintf(&b, "  rankdir=LR;\n")
	fmt.Fprintf(&b, "  node [shape=box, style=\"rounded,filled\", fontname=\"sans-serif\", fontsize=11];\n")
	fmt.Fprintf(&b, "  edge [fontname=\"sans-serif\", fontsize=9, color=\"#6b7789\", fontcolor=\"#6b7789\"];\n")
	for i, n := range m.nodes {
		fill, stroke := colour(n.kind)
		label := quote(n.name)
		if n.plugin != "" {
			label = quote(n.name + "\n" + n.plugin)
		}
		fmt.Fprintf(&b, "  n%d [label=%s, fillcolor=%q, color=%q];\n", i, label, fill, stroke)
	}
	for _, e := range m.edges {
		style := ""
		if e.capability {
			style = ", style=dashed"
		}
		fmt.Fprintf(&b, "  n%d -> n%d [label=%s%s];\n", e.from, e.to, quote(e.label()), style)
	}
	b.WriteString("}\n")
	return b.String()
}

// quote writes a quoted string of dot, where \n is the only escape of use.
func quote(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(s) + `"`
}
