package graph

import (
	"cmp"
	"encoding/xml"
	"fmt"
	"slices"
	"strings"

	"github.com/detectviz/detectviz/compiler/plan"
)

const style = `text{font-family:ui-sans-serif,system-ui,"Segoe UI",Roboto,"DejaVu Sans",sans-serif;fill:#1c2330}
.name{font-size:13px;font-weight:600}
.small{font-size:10.5px;fill:#4a5568}
.label,.legend{font-size:10.5px;fill:#7b8798}
.edge{fill:none;stroke:#7b8798;stroke-width:1.5}
.capability{stroke-dasharray:5 4;stroke-width:1.2}
`

// SVG draws a plan as a picture of its own, on a transparent ground, with
// colours that serve on light and dark pages.
func SVG(p *plan.Plan) string {
	l := arrange(build(p))
	var b strings.Builder
	legend := l.height
	height := legend + 34
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%.0f" height="%.0f" viewBox="0 0 %.0f %.0f" role="img" aria-labelledby="dvz-title dvz-desc">`+"\n", l.width, height, l.width, height)
	fmt.Fprintf(&b, "<title id=\"dvz-title\">%s %s</title>\n", escape(p.Name), escape(p.Version))
	fmt.Fprintf(&b, "<desc id=\"dvz-desc\">%s</desc>\n", escape(describe(p)))
	fmt.Fprintf(&b, "<style>%s</style>\n", style)
	b.WriteString(`<defs><marker id="dvz-arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0.5 8 4 0 7.5z" fill="#7b8798"/></marker></defs>` + "\n")
	l.drawEdges(&b)
	for i, n := range l.nodes {
		l.drawNode(&b, n, l.slots[i])
	}
	l.drawLegend(&b, legend)
	b.WriteString("</svg>\n")
	return b.String()
}

// describe says in a sentence what the picture shows, for those who cannot see
// it.
func describe(p *plan.Plan) string {
	var parts []string
	for _, pl := range p.Pipelines {
		steps := append([]string{strings.Join(pl.From, " and ")}, pl.Through...)
		parts = append(parts, fmt.Sprintf("pipeline %s carries %s from %s to %s", pl.Name, pl.Signal, strings.Join(steps, " through "), strings.Join(pl.To, " and ")))
	}
	for _, in := range p.Instances {
		for _, w := range in.Requires {
			parts = append(parts, fmt.Sprintf("%s uses %s of %s", in.Name, w.Capability, strings.Join(w.From, " and ")))
		}
	}
	sentence := fmt.Sprintf("The %d instances of the composition %s", len(p.Instances), p.Name)
	if len(parts) == 0 {
		return sentence + "."
	}
	return sentence + ": " + strings.Join(parts, "; ") + "."
}

func (l *layout) drawNode(b *strings.Builder, n node, s slot) {
	fill, stroke := colour(n.kind)
	dash := ""
	if n.files {
		dash = ` stroke-dasharray="3 3"`
	}
	fmt.Fprintf(b, "<g><title>%s</title>", escape(n.name+", "+n.kind))
	fmt.Fprintf(b, `<rect x="%.1f" y="%.1f" width="%.1f" height="%.1f" rx="8" fill="%s" stroke="%s" stroke-width="1.5"%s/>`, s.x, s.y, s.w, s.h, fill, stroke, dash)
	if n.plugin == "" {
		fmt.Fprintf(b, `<text class="name" x="%.1f" y="%.1f" text-anchor="middle">%s</text>`, s.x+s.w/2, s.centre()+4.5, escape(n.name))
	} else {
		fmt.Fprintf(b, `<text class="name" x="%.1f" y="%.1f" text-anchor="middle">%s</text>`, s.x+s.w/2, s.centre()-3, escape(n.name))
		fmt.Fprintf(b, `<text class="small" x="%.1f" y="%.1f" text-anchor="middle">%s</text>`, s.x+s.w/2, s.centre()+13, escape(n.plugin))
	}
	b.WriteString("</g>\n")
}

// drawEdges draws every arrow: a straight beginning under its label, then a
// chain of curves that leave and reach each slot horizontally.
func (l *layout) drawEdges(b *strings.Builder) {
	starts, ends := l.ports()
	var labels strings.Builder
	for i, e := range l.edges {
		class := "edge"
		if e.capability {
			class += " capability"
		}
		fmt.Fprintf(b, `<path class="%s" marker-end="url(#dvz-arrow)" d="`, class)
		if l.backwards(e) {
			l.drawBackwards(b, &labels, e)
		} else {
			at := starts[i]
			label(&labels, "start", at.x+5, at.y-4, e.label())
			fmt.Fprintf(b, "M%.1f %.1f", at.x, at.y)
			at.x += l.leads[l.slots[e.from].rank]
			fmt.Fprintf(b, " H%.1f", at.x)
			path := l.paths[i]
			for _, s := range path[1 : len(path)-1] {
				slot := &l.slots[s]
				at = curve(b, at, point{slot.x, slot.centre()})
				at.x += slot.w + l.leads[slot.rank]
				fmt.Fprintf(b, " H%.1f", at.x)
			}
			curve(b, at, ends[i])
		}
		b.WriteString("\"/>\n")
	}
	b.WriteString(labels.String())
}

// drawBackwards draws an arrow that closes a circle, below its two ends.
func (l *layout) drawBackwards(b, labels *strings.Builder, e edge) {
	from, to := &l.slots[e.from], &l.slots[e.to]
	start, end := point{from.x + from.w/2, from.y + from.h}, point{to.x + to.w/2, to.y + to.h}
	low := max(start.y, end.y) + dip
	fmt.Fprintf(b, "M%.1f %.1f C%.1f %.1f %.1f %.1f %.1f %.1f", start.x, start.y, start.x, low, end.x, low, end.x, end.y)
	label(labels, "middle", (start.x+end.x)/2, low-dip/4-6, e.label())
}

// curve draws from one point to another and returns the other.
func curve(b *strings.Builder, from, to point) point {
	half := (to.x - from.x) / 2
	fmt.Fprintf(b, " C%.1f %.1f %.1f %.1f %.1f %.1f", from.x+half, from.y, to.x-half, to.y, to.x, to.y)
	return to
}

func label(b *strings.Builder, anchor string, x, y float64, text string) {
	fmt.Fprintf(b, `<text class="label" x="%.1f" y="%.1f" text-anchor="%s">%s</text>`+"\n", x, y, anchor, escape(text))
}

// ports spreads the ends of the arrows over the sides of the nodes, in the order
// of where they lead, so that they do not run into each other.
func (l *layout) ports() (starts, ends []point) {
	starts, ends = make([]point, len(l.edges)), make([]point, len(l.edges))
	for n := range l.nodes {
		var out, in []int
		for i, e := range l.edges {
			if l.backwards(e) {
				continue
			}
			if e.from == n {
				out = append(out, i)
			}
			if e.to == n {
				in = append(in, i)
			}
		}
		s := &l.slots[n]
		spread := func(edges []int, x float64, far func(path []int) int, into []point) {
			slices.SortStableFunc(edges, func(a, b int) int {
				return cmp.Compare(l.slots[far(l.paths[a])].centre(), l.slots[far(l.paths[b])].centre())
			})
			for k, i := range edges {
				into[i] = point{x, s.y + s.h*float64(k+1)/float64(len(edges)+1)}
			}
		}
		spread(out, s.x+s.w, func(path []int) int { return path[1] }, starts)
		spread(in, s.x, func(path []int) int { return path[len(path)-2] }, ends)
	}
	return starts, ends
}

func (l *layout) drawLegend(b *strings.Builder, y float64) {
	x := margin
	entry := func(mark, text string) {
		fmt.Fprintf(b, `<g transform="translate(%.1f %.1f)">%s<text class="legend" x="18" y="9">%s</text></g>`+"\n", x, y, mark, escape(text))
		x += 18 + float64(len(text))*smallWidth + 18
	}
	for _, kind := range l.kinds() {
		fill, stroke := colour(kind)
		entry(fmt.Sprintf(`<rect width="12" height="10" rx="3" fill="%s" stroke="%s"/>`, fill, stroke), kind)
	}
	for _, e := range []struct {
		class, text string
		capability  bool
	}{{"edge", "data", false}, {"edge capability", "capability", true}} {
		if slices.ContainsFunc(l.edges, func(has edge) bool { return has.capability == e.capability }) {
			entry(fmt.Sprintf(`<path class="%s" d="M0 5 H14"/>`, e.class), e.text)
		}
	}
}

func escape(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(s)) // a strings.Builder never fails
	return b.String()
}
