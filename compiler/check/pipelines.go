package check

import (
	"slices"
	"strings"

	"github.com/detectviz/detectviz/compiler/source"
)

// pipelines checks written pipelines: that their instances exist, stand in the
// right place and understand each other, and that no importer or exporter is
// forgotten.
func (r *run) pipelines() {
	reached := map[*entry]bool{}
	before := len(r.l)
	for i := range r.c.Pipelines {
		p := &r.c.Pipelines[i]
		from := r.pipelineEnds(p, "from", "importer", p.From)
		through := r.pipelineEnds(p, "through", "processor", p.Through)
		to := r.pipelineEnds(p, "to", "exporter", p.To)
		for _, end := range slices.Concat(from, through, to) {
			reached[end.entry] = true
		}
		r.signals(p, from, through, to)
	}
	if len(r.c.Pipelines) == 0 || r.l[before:].HasFaults() || r.misshapen("spec.pipelines") {
		return // an instance that is misnamed in a pipeline is not forgotten
	}
	for _, e := range r.entries {
		if e.plugin == nil || !e.source.Enabled || reached[e] {
			continue
		}
		switch e.plugin.Type {
		case "importer":
			d := at(r.l.Warnf("DVZ212", e.namePos.Pos, "the importer %q feeds no pipeline", e.name), e.namePos)
			d.Hint = "add it to the from of a pipeline, or disable it"
		case "exporter":
			d := at(r.l.Warnf("DVZ212", e.namePos.Pos, "no pipeline reaches the exporter %q", e.name), e.namePos)
			d.Hint = "add it to the to of a pipeline, or disable it"
		}
	}
}

// end is an instance in a pipeline. Its entry may be broken in itself; whole
// says that its signals are known.
type end struct {
	*entry
	written source.Text
	whole   bool
}

// pipelineEnds looks up one of from, through and to.
func (r *run) pipelineEnds(p *source.Pipeline, field, want string, names []source.Text) []end {
	var ends []end
	seen := map[string]bool{}
	for _, name := range names {
		e, known := r.instance(name.Value)
		switch {
		case seen[name.Value]:
			at(r.l.Errorf("DVZ219", name.Pos, "%s of pipeline %q names %q twice", field, p.Name.Value, name.Value), name)
			continue
		case !known:
			at(r.l.Errorf("DVZ209", name.Pos, "%s of pipeline %q names %q, and there is no such instance", field, p.Name.Value, name.Value), name).Hint = r.instanceHint(name.Value)
			continue
		case !e.source.Enabled:
			at(r.l.Errorf("DVZ209", name.Pos, "%s of pipeline %q names %q, which is disabled", field, p.Name.Value, name.Value), name).Hint = "enable " + name.Value + ", or remove it from the pipeline"
			continue
		}
		seen[name.Value] = true
		x := end{entry: e, written: name, whole: e.manifest != nil}
		if e.plugin != nil && r.misplaced(e, want) {
			d := at(r.l.Errorf("DVZ216", name.Pos, "%q is %s, and %s of pipeline %q takes %ss", name.Value, noun(e.plugin.Type), field, p.Name.Value, want), name)
			if right := placeOfType[e.plugin.Type]; right != "" {
				d.Hint = "name it in " + right
			}
			x.whole = false
		}
		ends = append(ends, x)
	}
	return ends
}

// placeOfType says where in a pipeline a type of plugin stands.
var placeOfType = map[string]string{"importer": "from", "processor": "through", "exporter": "to"}

// misplaced reports whether a plugin cannot play a role. An integration plays
// any role for which it has signals.
func (r *run) misplaced(e *entry, want string) bool {
	if e.plugin.Type != "integration" || e.manifest == nil {
		return e.plugin.Type != want && e.plugin.Type != "integration"
	}
	in, out := len(e.manifest.SignalsIn) > 0, len(e.manifest.SignalsOut) > 0
	return want == "importer" && !out || want == "exporter" && !in || want == "processor" && !(in && out)
}

// noun names a type of plugin in a sentence.
func noun(pluginType string) string {
	switch pluginType {
	case "importer", "exporter", "integration":
		return "an " + pluginType
	case "processor", "server", "middleware":
		return "a " + pluginType
	}
	return "a plugin of type " + pluginType
}

// signals reports instances of a pipeline that do not understand each other.
// Nothing is said about a pipeline of which an end is broken in itself.
func (r *run) signals(p *source.Pipeline, from, through, to []end) {
	ends := slices.Concat(from, through, to)
	if len(from) < len(p.From) || len(through) < len(p.Through) || len(to) < len(p.To) || len(from) == 0 || len(to) == 0 ||
		slices.ContainsFunc(ends, func(e end) bool { return !e.whole }) {
		return
	}
	var sent, taken []string
	for _, e := range from {
		sent = append(sent, e.manifest.SignalsOut...)
	}
	for _, e := range to {
		taken = append(taken, e.manifest.SignalsIn...)
	}
	var refused bool
	for _, e := range slices.Concat(through, to) {
		if !overlap(sent, e.manifest.SignalsIn) {
			refused = true
			at(r.l.Errorf("DVZ203", e.written.Pos, "pipeline %q sends %s to %q, which takes %s", p.Name.Value, signalList(sent), e.name, only(e.manifest.SignalsIn)), e.written)
		}
	}
	if refused {
		return
	}
	for _, e := range from {
		if !overlap(e.manifest.SignalsOut, taken) {
			at(r.l.Errorf("DVZ203", e.written.Pos, "%q sends %s into pipeline %q, where no exporter takes them", e.name, signalList(e.manifest.SignalsOut), p.Name.Value), e.written)
		}
	}
}

func overlap(a, b []string) bool {
	return slices.ContainsFunc(a, func(s string) bool { return slices.Contains(b, s) })
}

func signalList(signals []string) string {
	unique := slices.Compact(slices.Sorted(slices.Values(signals)))
	if len(unique) == 0 {
		return "nothing"
	}
	return strings.Join(unique, " and ")
}

func only(signals []string) string {
	if len(signals) == 0 {
		return "no data"
	}
	return "only " + signalList(signals)
}
