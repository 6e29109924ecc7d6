package delivery

import "github.com/prometheus/client_golang/prometheus"

// collectors describes a delivery's telemetry. All but the durations is read
// from Stats when someone asks, so that counting costs nothing extra.
type collectors struct {
	queue, capacity, delivered, dropped, retries *prometheus.Desc
	duration                                     prometheus.Histogram
}

func newCollectors(exporter, signal string) collectors {
	labels := prometheus.Labels{"exporter": exporter, "signal": signal}
	desc := func(name, help string, variable ...string) *prometheus.Desc {
		return prometheus.NewDesc("dvz_delivery_"+name, help, variable, labels)
	}
	return collectors{
		queue:     desc("queue_items", "Items that wait for the exporter."),
		capacity:  desc("queue_capacity_items", "Items that may wait for the exporter."),
		delivered: desc("delivered_items_total", "Items that the exporter has taken."),
		dropped:   desc("dropped_items_total", "Items that were given up, by reason.", "reason"),
		retries:   desc("retries_total", "Attempts to export a batch after the first one failed."),
		duration: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "dvz_delivery_duration_seconds", Help: "How long one call of the exporter took.", ConstLabels: labels,
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60},
		}),
	}
}

// Describe implements prometheus.Collector.
func (d *Delivery[B]) Describe(out chan<- *prometheus.Desc) {
	m := &d.metrics
	for _, desc := range []*prometheus.Desc{m.queue, m.capacity, m.delivered, m.dropped, m.retries} {
		out <- desc
	}
}

// Collect implements prometheus.Collector.
func (d *Delivery[B]) Collect(out chan<- prometheus.Metric) {
	s, m := d.Stats(), &d.metrics
	gauge := func(desc *prometheus.Desc, v int) {
		out <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, float64(v))
	}
	counter := func(desc *prometheus.Desc, v uint64, labels ...string) {
		out <- prometheus.MustNewConstMetric(desc, prometheus.CounterValue, float64(v), labels...)
	}
	gauge(m.queue, s.Waiting)
	gauge(m.capacity, d.policy.QueueSize)
	counter(m.delivered, s.Delivered)
	counter(m.retries, s.Retries)
	for r := range Reason(reasons) {
		counter(m.dropped, s.Dropped[r], r.String())
	}
}
