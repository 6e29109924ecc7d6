package contracts

import (
	"context"
	"math"
	"sync"
	"sync/atomic"
)

// MetricType is the kind of a time series, as the Prometheus exposition format
// names it.
type MetricType uint8

// The metric types. Histogram and summary series arrive as their classic
// component series (_bucket, _sum, _count, quantile).
const (
	Untyped MetricType = iota
	Counter
	Gauge
	Histogram
	Summary
	Info
	StateSet
)

// String returns the name of the type in the Prometheus text format.
func (t MetricType) String() string {
	switch t {
	case Counter:
		return "counter"
	case Gauge:
		return "gauge"
	case Histogram:
		return "histogram"
	case Summary:
		return "summary"
	case Info:
		return "info"
	case StateSet:
		return "stateset"
	}
	return "untyped"
}

// Label is one name and value of a series' identity.
type Label struct{ Name, Value string }

// Series is the identity of a time series. It is immutable once its first
// sample was sent, and shared by all samples of the series: an importer keeps
// one Series per time series and reuses it at each scrape, and an exporter may
// use the pointer as the key of its own cache. Two importers may hold two
// Series of equal content; Series.Equal tells.
type Series struct {
	Name   string  // metric name, for example "http_requests_total"
	Labels []Label // sorted by name, without __name__, no empty values
	// Family is the name that Type, Unit and Help belong to: for a histogram
	// series "x_bucket" it is "x". Empty means Name.
	Family string
	Type   MetricType
	Unit   string // OpenMetrics unit, for example "seconds"; may be empty
	Help   string // may be empty
}

// Equal reports whether two series have the same name and labels.
func (s *Series) Equal(o *Series) bool {
	if s == o {
		return true
	}
	if s.Name != o.Name || len(s.Labels) != len(o.Labels) {
		return false
	}
	for i := range s.Labels {
		if s.Labels[i] != o.Labels[i] {
			return false
		}
	}
	return true
}

// Label returns the value of a label, or "" when the series has none of that
// name.
func (s *Series) Label(name string) string {
	for i := range s.Labels {
		if s.Labels[i].Name == name {
			return s.Labels[i].Value
		}
	}
	return ""
}

// FamilyName returns the name that the type, unit and help text belong to.
func (s *Series) FamilyName() string {
	if s.Family != "" {
		return s.Family
	}
	return s.Name
}

// Sample is one value of a series at a time.
type Sample struct {
	Series *Series
	Time   int64 // Unix time in milliseconds, as Prometheus counts it
	Value  float64
}

// staleBits is the bit pattern that Prometheus reserves for "this series has
// ended" (prometheus/model/value.StaleNaN); it is a NaN unlike any that
// arithmetic yields.
const staleBits = 0x7ff0000000000002

// StaleMarker returns the value that marks the end of a series.
func StaleMarker() float64 { return math.Float64frombits(staleBits) }

// IsStale reports whether a value is the marker that ends a series.
func IsStale(v float64) bool { return math.Float64bits(v) == staleBits }

// Metrics is a batch of samples on its way from an importer to exporters.
//
// Batches are pooled. NewMetrics returns a batch that the caller owns and may
// fill; handing it to a MetricsSink gives ownership away. Receivers read it and
// must not change it or keep it, nor its Samples, after they return; the Series
// that samples point to may be kept for ever.
type Metrics struct {
	Samples []Sample
	refs    atomic.Int32
}

var metricsPool = sync.Pool{New: func() any { return new(Metrics) }}

// NewMetrics returns an empty batch with one owner.
func NewMetrics() *Metrics {
	m := metricsPool.Get().(*Metrics)
	m.refs.Store(1)
	return m
}

// Len returns the number of samples.
func (m *Metrics) Len() int { return len(m.Samples) }

// Append adds one sample.
func (m *Metrics) Append(s *Series, ms int64, v float64) {
	m.Samples = append(m.Samples, Sample{Series: s, Time: ms, Value: v})
}

// Retain adds n owners, each of whom must call Release once.
func (m *Metrics) Retain(n int) { m.refs.Add(int32(n)) }

// Release gives up one ownership; the last one returns the batch to the pool.
func (m *Metrics) Release() {
	switch left := m.refs.Add(-1); {
	case left == 0:
		clear(m.Samples)
		m.Samples = m.Samples[:0]
		metricsPool.Put(m)
	case left < 0:
		panic("contracts: Metrics released more often than retained")
	}
}

// MetricsSink takes batches from an importer. Push blocks while the queues
// behind it are full (back-pressure) and returns an error only when ctx ended
// or the pipeline is closed. It takes ownership of the batch in every case.
type MetricsSink interface {
	Push(ctx context.Context, batch *Metrics) error
}

// MetricsImporter produces metrics. ImportMetrics runs until ctx ends, or until
// the source is exhausted (it then returns nil). A returned error is logged,
// turns the instance unhealthy, and the platform calls it again after a pause.
type MetricsImporter interface {
	ImportMetrics(ctx context.Context, out MetricsSink) error
}

// MetricsProcessor changes batches between importers and exporters. It must not
// change the batch it is given, which others may be reading: it returns the
// same batch, or a new one from NewMetrics, or nil when nothing is left. The
// caller keeps ownership of the argument and takes that of a new result.
type MetricsProcessor interface {
	ProcessMetrics(ctx context.Context, batch *Metrics) (*Metrics, error)
}

// MetricsExporter consumes metrics. It is called by one goroutine at a time.
// A returned error means that nothing of the batch counts as written: the
// platform tries the whole batch again, so an exporter should be idempotent.
// Wrap an error with Permanent when trying again cannot help.
type MetricsExporter interface {
	ExportMetrics(ctx context.Context, batch *Metrics) error
}
