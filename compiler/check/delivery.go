package check

import (
	"slices"

	"github.com/detectviz/detectviz/compiler/source"
)

// uselessDeliveries reports a delivery on an instance that has no queue.
func (w *world) uselessDeliveries() {
	for _, e := range w.entries {
		field := e.option("delivery")
		if field == nil || e.plugin == nil || e.isExporter() {
			continue
		}
		f := w.l.Errorf("DVZ240", field.Pos, "delivery has no effect on %q, which is %s: only exporters have a queue", e.name, noun(e.plugin.Type))
		f.Width, f.Hint = field.Width, "move it to the exporter that it is meant for"
	}
}

// option returns one of what stands below the plugin's path in an entry.
func (e *entry) option(name string) *source.Field {
	if e.node.Kind != source.Map || len(e.node.Fields) == 0 || e.node.Fields[0].Value == nil {
		return nil
	}
	fields := e.node.Fields[0].Value.Fields
	for i := range fields {
		if fields[i].Key == name {
			return &fields[i]
		}
	}
	return nil
}

// isExporter reports whether data may be delivered to an instance. An
// integration that takes signals is one too.
func (e *entry) isExporter() bool {
	if e.plugin.Type != "integration" || e.manifest == nil {
		return e.plugin.Type == "exporter" || e.plugin.Type == "integration"
	}
	return len(e.manifest.SignalsIn) > 0
}

// feedersOf says by exporter and signal which importers' data reaches it. Without
// pipelines, all importers of a signal feed all its exporters.
func feedersOf(deeds []*deed, pipelines []source.Pipeline) map[string]map[string][]*deed {
	all := map[string]map[string][]*deed{}
	byName := map[string]*deed{}
	var names []source.Text
	for _, d := range deeds {
		byName[d.name] = d
		names = append(names, source.Text{Value: d.name})
	}
	if len(pipelines) == 0 {
		pipelines = []source.Pipeline{{From: names, To: names}}
	}
	for _, p := range pipelines {
		givers := map[string][]*deed{}
		for _, name := range p.From {
			if d := byName[name.Value]; d != nil && len(d.says.SignalsIn) == 0 {
				for _, signal := range d.says.SignalsOut {
					givers[signal] = append(givers[signal], d)
				}
			}
		}
		for _, name := range p.To {
			d := byName[name.Value]
			if d == nil || len(d.says.SignalsOut) > 0 {
				continue
			}
			for _, signal := range d.says.SignalsIn {
				if all[d.name] == nil {
					all[d.name] = map[string][]*deed{}
				}
				if known := all[d.name][signal]; known == nil {
					all[d.name][signal] = givers[signal]
				} else {
					all[d.name][signal] = slices.Concat(known, givers[signal])
				}
			}
		}
	}
	return all
}
