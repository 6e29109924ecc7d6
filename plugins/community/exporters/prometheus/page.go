package promexporter

import (
	"bytes"
	"slices"
	"strconv"
	"strings"

	"github.com/detectviz/detectviz/platform/contracts"
)

// item is all that is shown of one metric name.
type item struct {
	meta
	own   []line
	slots []*slot
}

// family is what stands together on a page under one HELP and TYPE.
type family struct {
	name, kind string
	items      []*item // in the order in which they are written
	broken     bool
}

// suffixes lists what follows the family's name in the names of its series; none
// of these names may be used outside the family. Kinds that are not listed have
// one name only.
var suffixes = [formats]map[string][]string{
	text: {
		"histogram": {"", "_bucket", "_sum", "_count"},
		"summary":   {"", "_sum", "_count"},
	},
	openMetrics: {
		"histogram": {"", "_bucket", "_sum", "_count", "_created"},
		"summary":   {"", "_sum", "_count", "_created"},
		"counter":   {"", "_total", "_created"},
		"info":      {"", "_info"},
	},
}

// place returns the family of a metric and the family's kind, as the format
// calls it.
func (f format) place(m *meta) (name, kind string) {
	name, kind = m.family, m.kind.String()
	switch {
	case m.kind == contracts.Untyped && f == openMetrics:
		return m.name, "unknown"
	case f == text && (m.kind == contracts.Info || m.kind == contracts.StateSet):
		return m.name, "gauge"
	case m.kind == contracts.Counter:
		name = strings.TrimSuffix(name, "_total")
	case m.kind == contracts.Info:
		name = strings.TrimSuffix(name, "_info")
	}
	part, ok := strings.CutPrefix(m.name, name)
	switch all := suffixes[f][kind]; {
	case f == text && ok && part == "_created": // OpenMetrics only; a time of its own here
		return m.name, "gauge"
	case len(all) == 0:
		return m.name, kind
	case ok && slices.Contains(all, part) && (part != "" || m.kind == contracts.Summary):
		return name, kind
	case f == openMetrics:
		return m.name, "unknown"
	}
	return m.name, "untyped"
}

// assemble merges the own telemetry and what was delivered into families that
// are valid together, sorted by name. leftOut is called with the name of each
// delivered metric that cannot stand on the same page.
func assemble(f format, own map[string]*ownMetric, delivered map[string]*metric, leftOut func(name string)) []*family {
	items := make(map[string]*item, len(own)+len(delivered))
	reserved := map[string]bool{} // by own histograms and summaries
	for name, m := range own {
		items[name] = &item{meta: m.meta, own: m.lines}
		if base, kind := f.place(&m.meta); kind == "histogram" || kind == "summary" {
			for _, suffix := range suffixes[f][kind] {
				reserved[base+suffix] = true
			}
		}
	}
	for name, m := range delivered {
		switch it := items[name]; {
		case reserved[name] && (it == nil || it.kind != m.kind || it.family != m.family):
			leftOut(name)
		case it != nil: // the own type, help and values win
			it.slots = without(m.slots, it.own)
		default:
			items[name] = &item{meta: m.meta, slots: m.slots}
		}
	}

	families := map[string]*family{}
	member := map[*item]*family{}
	var list []*family
	for _, it := range items {
		name, kind := f.place(&it.meta)
		if suffixes[f][kind] == nil {
			list = append(list, &family{name: name, kind: kind, items: []*item{it}})
			continue
		}
		fam := families[name]
		if fam == nil {
			fam = &family{name: name, kind: kind}
			families[name] = fam
		}
		fam.broken = fam.broken || fam.kind != kind
		fam.items = append(fam.items, it)
		member[it] = fam
	}
	for _, fam := range families {
		// A name of the family that is used outside it breaks the family: what
		// remains of it is a value a name.
		var ordered []*item
		for _, suffix := range suffixes[f][fam.kind] {
			if it := items[fam.name+suffix]; it != nil {
				fam.broken = fam.broken || member[it] != fam
				ordered = append(ordered, it)
			}
		}
		if !fam.broken {
			fam.items = ordered
			list = append(list, fam)
			continue
		}
		unknown := [formats]string{text: "untyped", openMetrics: "unknown"}[f]
		for _, it := range fam.items {
			list = append(list, &family{name: it.name, kind: unknown, items: []*item{it}})
		}
	}
	slices.SortFunc(list, func(a, b *family) int { return strings.Compare(a.name, b.name) })
	return list
}

// without returns the slots that are not also among the own lines, as when the
// binary scrapes itself and delivers what it has found.
func without(slots []*slot, own []line) []*slot {
	heads := make(map[string]bool, len(own))
	for i := range own {
		heads[own[i].head[text]] = true
	}
	return slices.DeleteFunc(slices.Clone(slots), func(s *slot) bool { return heads[s.head[text]] })
}

// write appends the family to a page.
func (fam *family) write(b *bytes.Buffer, f format, timestamps bool) {
	var help, unit string
	for _, it := range slices.Backward(fam.items) { // the first one that has it wins
		if it.help != "" {
			help = it.help
		}
		if it.unit != "" {
			unit = it.unit
		}
	}
	comment := func(keyword, content string) {
		b.WriteString("# " + keyword + " " + fam.name + " " + content + "\n")
	}
	if help != "" {
		comment("HELP", string(appendEscaped(nil, help, f == openMetrics)))
	}
	comment("TYPE", fam.kind)
	if f == openMetrics && unit != "" && strings.HasSuffix(fam.name, "_"+unit) {
		comment("UNIT", unit)
	}
	fam.writeLines(b, f, false, func(it *item) int { return len(it.own) }, func(it *item, i int) *line { return &it.own[i] })
	fam.writeLines(b, f, timestamps, func(it *item) int { return len(it.slots) }, func(it *item, i int) *line { return &it.slots[i].line })
}

// writeLines writes the lines of the items side by side, so that all parts of
// one histogram stand together.
func (fam *family) writeLines(b *bytes.Buffer, f format, timestamps bool, count func(*item) int, at func(*item, int) *line) {
	next := make([]int, len(fam.items))
	for {
		base, more := "", false
		for k, it := range fam.items {
			if next[k] < count(it) {
				if l := at(it, next[k]); !more || l.base < base {
					base, more = l.base, true
				}
			}
		}
		if !more {
			return
		}
		for k, it := range fam.items {
			for ; next[k] < count(it) && at(it, next[k]).base == base; next[k]++ {
				at(it, next[k]).write(b, f, timestamps)
			}
		}
	}
}

// write appends one sample.
func (l *line) write(b *bytes.Buffer, f format, timestamps bool) {
	b.WriteString(l.head[f])
	buf := append(b.AvailableBuffer(), ' ')
	buf = appendFloat(buf, l.value)
	switch {
	case !timestamps:
	case f == text:
		buf = strconv.AppendInt(append(buf, ' '), l.time, 10)
	default: // seconds
		buf = strconv.AppendFloat(append(buf, ' '), float64(l.time)/1000, 'f', 3, 64)
	}
	b.Write(append(buf, '\n'))
}
