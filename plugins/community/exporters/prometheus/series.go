package promexporter

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/detectviz/detectviz/platform/contracts"
)

// format is an exposition format.
type format int

// The formats: Prometheus text 0.0.4
// (https://prometheus.io/docs/instrumenting/exposition_formats/) and
// OpenMetrics 1.0 (https://prometheus.io/docs/specs/om/open_metrics_spec/).
const (
	text format = iota
	openMetrics
	formats
)

// meta is what series of one name have in common.
type meta struct {
	name, family string // with classic characters only
	kind         contracts.MetricType
	help, unit   string
}

func metaOf(s *contracts.Series) meta {
	m := meta{
		name:   classic(s.Name, true),
		family: classic(s.FamilyName(), true),
		kind:   s.Type,
		help:   s.Help,
		unit:   s.Unit,
	}
	// A part of a histogram or summary has a numeric bound exactly if its name
	// says so; anything else is a series with a misleading type.
	var value string
	switch s.Type {
	case contracts.Histogram:
		value = s.Label("le")
	case contracts.Summary:
		value = s.Label("quantile")
	default:
		return m
	}
	_, err := strconv.ParseFloat(value, 64)
	if m.boundLabel() != "" && err != nil || m.boundLabel() == "" && value != "" {
		m.kind, m.family, m.unit = contracts.Untyped, m.name, ""
	}
	return m
}

// boundLabel is the label that tells the parts of a histogram or summary apart,
// "" for other series.
func (m *meta) boundLabel() string {
	switch {
	case m.kind == contracts.Histogram && m.name == m.family+"_bucket":
		return "le"
	case m.kind == contracts.Summary && m.name == m.family:
		return "quantile"
	}
	return ""
}

// line is one series with a sample.
type line struct {
	head  [formats]string // name{labels}; the bound label is the last one
	base  string          // the labels but the bound label, as in head
	bound float64         // value of the bound label
	value float64
	time  int64 // Unix milliseconds; 0: never printed
}

// newLine makes a line of a head that appendHead wrote.
func newLine(m meta, head string, split int) line {
	l := line{head: [formats]string{head, head}}
	if split == 0 { // no bound label: all labels, without the brace at the end
		l.base = strings.TrimSuffix(head[len(m.name):], "}")
		return l
	}
	l.base = strings.TrimSuffix(strings.TrimSuffix(head[len(m.name):split], ","), "{")
	number := head[split+len(m.boundLabel())+len(`="`) : len(head)-len(`"}`)]
	l.bound, _ = strconv.ParseFloat(number, 64)
	if !strings.ContainsAny(number, ".eIN") { // OpenMetrics writes bounds as floats: le="1.0"
		l.head[openMetrics] = head[:len(head)-len(`"}`)] + `.0"}`
	}
	return l
}

// compareLines orders the series of one name: those of a histogram or summary
// stand together, their bounds ascending.
func compareLines(a, b *line) int {
	return cmp.Or(strings.Compare(a.base, b.base), cmp.Compare(a.bound, b.bound))
}

// appendHead appends name{labels} as in the text format. When the last label is
// the bound label, split is where it begins; otherwise 0.
func appendHead(b []byte, m meta, labels []contracts.Label) (head []byte, split int) {
	b = append(b, m.name...)
	start := len(b)
	boundLabel, bound, bounded := m.boundLabel(), 0.0, false
	for _, l := range classicLabels(labels) {
		if l.Name == boundLabel {
			bound, _ = strconv.ParseFloat(l.Value, 64) // checked by metaOf
			bounded = true
			continue
		}
		b = appendLabel(b, start, l)
	}
	if bounded {
		comma := len(b)
		b = appendLabel(b, start, contracts.Label{Name: boundLabel, Value: formatFloat(bound)})
		split = comma + 1 // after the brace or comma
	}
	if len(b) > start {
		b = append(b, '}')
	}
	return b, split
}

func appendLabel(b []byte, start int, l contracts.Label) []byte {
	if len(b) == start {
		b = append(b, '{')
	} else {
		b = append(b, ',')
	}
	b = append(b, l.Name...)
	b = append(b, '=', '"')
	b = appendEscaped(b, l.Value, true)
	return append(b, '"')
}

// appendEscaped escapes a label's value, or a help text, which in the text
// format keeps its quotes. Bytes that are no UTF-8 become U+FFFD.
func appendEscaped(b []byte, s string, quotes bool) []byte {
	for _, r := range s {
		switch {
		case r == '\\':
			b = append(b, `\\`...)
		case r == '\n':
			b = append(b, `\n`...)
		case r == '"' && quotes:
			b = append(b, `\"`...)
		default:
			b = utf8.AppendRune(b, r)
		}
	}
	return b
}

// classicLabels returns labels with classic names, sorted, each once.
func classicLabels(labels []contracts.Label) []contracts.Label {
	if !slices.ContainsFunc(labels, func(l contracts.Label) bool { return classic(l.Name, false) != l.Name }) {
		return labels
	}
	labels = slices.Clone(labels)
	for i := range labels {
		labels[i].Name = classic(labels[i].Name, false)
	}
	slices.SortStableFunc(labels, func(a, b contracts.Label) int { return strings.Compare(a.Name, b.Name) })
	return slices.CompactFunc(labels, func(a, b contracts.Label) bool { return a.Name == b.Name })
}

// classic replaces what a classic name may not have by underscores; only
// metric names may have colons. Almost all names come back as they are.
func classic(name string, colons bool) string {
	ok := func(i int, r rune) bool {
		return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || r == '_' || r == ':' && colons || '0' <= r && r <= '9' && i > 0
	}
	for i, r := range name {
		if !ok(i, r) {
			first := true
			return strings.Map(func(r rune) rune {
				i := 1
				if first {
					i, first = 0, false
				}
				if ok(i, r) {
					return r
				}
				return '_'
			}, name)
		}
	}
	if name == "" {
		return "_"
	}
	return name
}

// formatFloat writes a value as both formats understand it.
func formatFloat(v float64) string { return string(appendFloat(nil, v)) }

func appendFloat(b []byte, v float64) []byte {
	if math.IsInf(v, 1) {
		return append(b, "+Inf"...)
	}
	return strconv.AppendFloat(b, v, 'g', -1, 64)
}
