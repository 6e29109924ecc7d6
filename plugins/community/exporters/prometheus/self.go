package promexporter

import (
	"slices"
	"strings"

	dto "github.com/prometheus/client_model/go"

	"github.com/detectviz/detectviz/platform/contracts"
)

// kinds are the types of the own telemetry. Gauge histograms are not in use and
// would be shown as untyped.
var kinds = map[dto.MetricType]contracts.MetricType{
	dto.MetricType_COUNTER:   contracts.Counter,
	dto.MetricType_GAUGE:     contracts.Gauge,
	dto.MetricType_HISTOGRAM: contracts.Histogram,
	dto.MetricType_SUMMARY:   contracts.Summary,
}

// ownMetric is all own series of one name.
type ownMetric struct {
	meta
	lines []line
}

// flatten brings gathered families into the form in which series are delivered,
// by name.
func flatten(families []*dto.MetricFamily) map[string]*ownMetric {
	own := map[string]*ownMetric{}
	for _, f := range families {
		add := func(suffix string, pairs []*dto.LabelPair, bound *contracts.Label, value float64) {
			m := meta{name: f.GetName() + suffix, family: f.GetName(), kind: kinds[f.GetType()], help: f.GetHelp(), unit: f.GetUnit()}
			labels := make([]contracts.Label, 0, len(pairs)+1)
			for _, p := range pairs {
				if p.GetValue() != "" { // the same as no label, and never delivered
					labels = append(labels, contracts.Label{Name: p.GetName(), Value: p.GetValue()})
				}
			}
			if bound != nil {
				labels = append(labels, *bound)
			}
			m.name, m.family = classic(m.name, true), classic(m.family, true)
			head, split := appendHead(nil, m, labels)
			l := newLine(m, string(head), split)
			l.value = value
			if own[m.name] == nil {
				own[m.name] = &ownMetric{meta: m}
			}
			own[m.name].lines = append(own[m.name].lines, l)
		}
		for _, m := range f.Metric {
			flattenMetric(m, func(suffix string, bound *contracts.Label, value float64) {
				add(suffix, m.Label, bound, value)
			})
		}
	}
	for _, m := range own {
		slices.SortFunc(m.lines, func(a, b line) int { return compareLines(&a, &b) })
	}
	return own
}

func flattenMetric(m *dto.Metric, add func(suffix string, bound *contracts.Label, value float64)) {
	switch {
	case m.Counter != nil:
		add("", nil, m.Counter.GetValue())
	case m.Gauge != nil:
		add("", nil, m.Gauge.GetValue())
	case m.Untyped != nil:
		add("", nil, m.Untyped.GetValue())
	case m.Summary != nil:
		for _, q := range m.Summary.Quantile {
			add("", &contracts.Label{Name: "quantile", Value: formatFloat(q.GetQuantile())}, q.GetValue())
		}
		add("_sum", nil, m.Summary.GetSampleSum())
		add("_count", nil, float64(m.Summary.GetSampleCount()))
	case m.Histogram != nil:
		infinite := false
		for _, b := range m.Histogram.Bucket {
			bound := contracts.Label{Name: "le", Value: formatFloat(b.GetUpperBound())}
			infinite = infinite || strings.HasPrefix(bound.Value, "+")
			add("_bucket", &bound, float64(b.GetCumulativeCount()))
		}
		if !infinite { // client_golang leaves the last bucket out
			add("_bucket", &contracts.Label{Name: "le", Value: "+Inf"}, float64(m.Histogram.GetSampleCount()))
		}
		add("_sum", nil, m.Histogram.GetSampleSum())
		add("_count", nil, float64(m.Histogram.GetSampleCount()))
	}
}
