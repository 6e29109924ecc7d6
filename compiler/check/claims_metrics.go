package check

import (
	"slices"

	"github.com/detectviz/detectviz/compiler/catalog"
)

// platformMetrics are those of the platform itself (platform/telemetry, delivery
// and the like), which every binary has.
var platformMetrics = []string{
	"dvz_build_info",
	"dvz_delivery_delivered_items_total",
	"dvz_delivery_dropped_items_total",
	"dvz_delivery_duration_seconds",
	"dvz_delivery_queue_capacity_items",
	"dvz_delivery_queue_items",
	"dvz_delivery_retries_total",
	"dvz_importer_failures_total",
	"dvz_importer_items_total",
	"dvz_instance_up",
	"dvz_pipeline_failed_items_total",
	"dvz_pipeline_items_total",
}

// metricNames reports metrics that two plugins have in their telemetry: a binary
// registers a name once. Instances of one plugin share theirs.
func (w *world) metricNames() {
	first := map[string]*deed{}
	seen := map[*catalog.Plugin]bool{}
	for _, d := range w.deeds {
		if seen[d.plugin] {
			continue
		}
		seen[d.plugin] = true
		for _, name := range w.metricsOf(d.plugin) {
			other := first[name]
			owner := "the platform"
			switch {
			case slices.Contains(platformMetrics, name):
			case other == nil:
				first[name] = d
				continue
			default:
				owner = other.plugin.Path
			}
			f := at(w.l.Errorf("DVZ232", d.source.Path.Pos, "the telemetry of %s has the metric %s, which %s has already", d.plugin.Path, name, owner), d.source.Path)
			f.Hint = "a binary registers a name once: leave one of the two plugins out"
			if other != nil {
				f.Related = spot{pos: other.source.Path.Pos, width: other.source.Path.Width}.related()
			} else {
				f.Hint = "this is a mistake of the plugin's author"
			}
		}
	}
}

// metricsOf returns the names of the metrics in a plugin's telemetry.
func (w *world) metricsOf(p *catalog.Plugin) []string {
	metrics, err := p.Metrics()
	if err != nil {
		return nil // the manifest needs a config to say
	}
	var names []string
	for _, m := range metrics {
		names = append(names, m.Name)
	}
	return names
}
