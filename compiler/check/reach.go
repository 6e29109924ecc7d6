package check

import (
	"fmt"
	"slices"

	"github.com/detectviz/detectviz/compiler/source"
)

// unreached reports instances that no data passes. Which importers and exporters
// written pipelines forget, r.pipelines has said. A composition with errors is
// not complete: nothing is said about what it lacks.
func (w *world) unreached() {
	if w.l.HasFaults() || w.partial > 0 {
		return
	}
	if len(w.c.Pipelines) > 0 {
		w.unusedProcessors()
		return
	}
	for _, d := range w.deeds {
		in, out := d.says.SignalsIn, d.says.SignalsOut
		switch {
		case len(in)+len(out) == 0:
		case len(in) == 0 && !w.anyone(out, false, true):
			f := at(w.l.Warnf("DVZ235", d.namePos.Pos, "the %s %q gives %s, and nothing takes them", d.plugin.Type, d.name, signalList(out)), d.namePos)
			f.Hint = "add an exporter of " + signalList(out) + ", or disable " + d.name
		case len(out) == 0 && !w.anyone(in, true, false):
			f := at(w.l.Warnf("DVZ235", d.namePos.Pos, "the %s %q takes %s, and nothing gives them", d.plugin.Type, d.name, signalList(in)), d.namePos)
			f.Hint = "add an importer of " + signalList(in) + ", or disable " + d.name
		case len(in) > 0 && len(out) > 0 && !w.anyone(in, true, false) && !w.anyone(out, false, true):
			f := at(w.l.Warnf("DVZ235", d.namePos.Pos, "the %s %q has nothing to work on: nothing gives or takes %s", d.plugin.Type, d.name, signalList(in)), d.namePos)
			f.Hint = fmt.Sprintf("add an importer and an exporter of %s, or disable %s", signalList(in), d.name)
		}
	}
}

// anyone reports whether an instance stands at the begin (gives) or the end
// (takes) of the implied pipelines of some signals.
func (w *world) anyone(signals []string, gives, takes bool) bool {
	return slices.ContainsFunc(w.deeds, func(d *deed) bool {
		return slices.ContainsFunc(signals, func(s string) bool {
			return slices.Contains(d.says.SignalsOut, s) == gives && slices.Contains(d.says.SignalsIn, s) == takes
		})
	})
}

// unusedProcessors reports processors that stand in no written pipeline.
func (w *world) unusedProcessors() {
	for _, d := range w.deeds {
		used := slices.ContainsFunc(w.c.Pipelines, func(p source.Pipeline) bool {
			return slices.ContainsFunc(slices.Concat(p.From, p.Through, p.To), func(t source.Text) bool { return t.Value == d.name })
		})
		if d.plugin.Type == "processor" && !used {
			f := at(w.l.Warnf("DVZ236", d.namePos.Pos, "no pipeline goes through the processor %q", d.name), d.namePos)
			f.Hint = "add it to the through of a pipeline, or disable it"
		}
	}
}
