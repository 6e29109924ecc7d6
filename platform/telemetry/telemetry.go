// Package telemetry holds the registry of the process, and the metrics of the
// platform that belong to no other package.
package telemetry

import (
	"cmp"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
)

// Telemetry is the process's own metrics.
type Telemetry struct {
	// Registry has everything, with the Go and process collectors.
	Registry *prometheus.Registry

	items    *prometheus.CounterVec
	failures *prometheus.CounterVec
}

// New returns a registry that tells which composition it belongs to. The digest
// is that of the composition; empty means that the binary was not stamped.
func New(composition, version, digest string) *Telemetry {
	t := &Telemetry{
		Registry: prometheus.NewRegistry(),
		items: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "dvz_importer_items_total", Help: "Items that the importer has sent into its pipelines.",
		}, []string{"instance", "signal"}),
		failures: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "dvz_importer_failures_total", Help: "How often the importer failed and had to be called again.",
		}, []string{"instance"}),
	}
	build := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "dvz_build_info", Help: "1, with the composition that the binary was built from.",
		ConstLabels: prometheus.Labels{"composition": composition, "version": version, "digest": cmp.Or(digest, "unknown")},
	})
	build.Set(1)
	t.Registry.MustRegister(
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		build, t.items, t.failures,
	)
	return t
}

// For returns a registerer that adds the label instance.
func (t *Telemetry) For(instance string) prometheus.Registerer {
	return prometheus.WrapRegistererWith(prometheus.Labels{"instance": instance}, t.Registry)
}

// Importer returns the counters of an importer: its items and its failures.
func (t *Telemetry) Importer(instance, signal string) (items, failures prometheus.Counter) {
	return t.items.WithLabelValues(instance, signal), t.failures.WithLabelValues(instance)
}
