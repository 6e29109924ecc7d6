package csv

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/detectviz/detectviz/platform/contracts"
)

// maxSeries bounds the memory for series: beyond it the cache starts anew, and
// series that still occur get a new Series of equal content.
const maxSeries = 200_000

// rows turns records into samples. Its cache holds the series of each
// combination of label values, for all files.
type rows struct {
	metrics []contracts.Series // one a metric, without labels
	columns []string           // of the metrics
	labels  []string           // columns
	names   []string           // of the labels, one a column
	static  []contracts.Label
	time    timeColumn

	cache  map[string][]*contracts.Series // by the label values
	series int
	key    []byte // scratch
	values []float64
}

// timeColumn says where and how the time of a row is written.
type timeColumn struct {
	column string
	perMS  int64  // units in a millisecond, for whole numbers finer than that
	msPer  int64  // milliseconds in a unit, for whole numbers coarser than that
	layout string // for text
	zone   *time.Location
}

func newRows(cfg Config) (*rows, error) {
	r := &rows{cache: map[string][]*contracts.Series{}}
	if err := r.time.set(cfg.Timestamp); err != nil {
		return nil, err
	}
	if len(cfg.Metrics) == 0 {
		return nil, errors.New("metrics is empty; it must name at least one column")
	}
	for i, m := range cfg.Metrics {
		name := m.Name
		if name == "" {
			name = identifier(m.Column, ":")
		}
		name = cfg.NamePrefix + name
		if name == "" {
			return nil, fmt.Errorf("metrics[%d] has neither a name nor a column", i)
		}
		if slices.ContainsFunc(r.metrics, func(s contracts.Series) bool { return s.Name == name }) {
			return nil, fmt.Errorf("metrics[%d]: the name %s is taken by another one; give it a name of its own", i, name)
		}
		types := map[string]contracts.MetricType{"gauge": contracts.Gauge, "counter": contracts.Counter, "untyped": contracts.Untyped}
		typ, ok := types[m.Type]
		if !ok {
			return nil, fmt.Errorf("metrics[%d]: type is %q; it must be gauge, counter or untyped", i, m.Type)
		}
		r.metrics = append(r.metrics, contracts.Series{Name: name, Type: typ, Unit: m.Unit, Help: m.Help})
		r.columns = append(r.columns, m.Column)
	}
	for _, column := range cfg.Labels {
		name := identifier(column, "")
		if _, taken := cfg.StaticLabels[name]; taken || slices.Contains(r.names, name) {
			return nil, fmt.Errorf("labels: the label %s is taken by another one or by static_labels", name)
		}
		r.labels, r.names = append(r.labels, column), append(r.names, name)
	}
	for name, value := range cfg.StaticLabels {
		if value != "" {
			r.static = append(r.static, contracts.Label{Name: name, Value: value})
		}
	}
	r.values = make([]float64, len(r.metrics))
	return r, nil
}

// identifier makes a metric or label name of a column's name: what it may not
// hold becomes _. extra are characters allowed besides letters, digits and _.
func identifier(column, extra string) string {
	var b strings.Builder
	for i, c := range column {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c == '_', c >= '0' && c <= '9' && i > 0, strings.ContainsRune(extra, c):
			b.WriteRune(c)
		case c >= '0' && c <= '9':
			b.WriteByte('_')
			b.WriteRune(c)
		default:
			b.WriteByte('_')
		}
	}
	return b.String()
}

func (t *timeColumn) set(cfg Timestamp) (err error) {
	t.column = cfg.Column
	switch cfg.Format {
	case "rfc3339":
		t.layout = time.RFC3339
	case "unix":
		t.msPer = 1000
	case "unix_ms":
		t.msPer = 1
	case "unix_ns":
		t.perMS = int64(time.Millisecond)
	default:
		t.layout = cfg.Format
		sample := time.Date(2001, time.December, 13, 14, 15, 16, 0, time.UTC)
		back, err := time.Parse(t.layout, sample.Format(t.layout))
		if err != nil || back.Year() != sample.Year() || back.YearDay() != sample.YearDay() {
			return fmt.Errorf("timestamp.format is %q; it must be rfc3339, unix, unix_ms, unix_ns, or a layout of Go's time package with year, month and day such as %q", cfg.Format, time.DateTime)
		}
	}
	if t.zone, err = time.LoadLocation(cfg.Timezone); err != nil {
		return fmt.Errorf("timestamp.timezone is %q; it must be UTC, Local or a name such as Europe/Vienna that this machine knows (Debian package tzdata): %w", cfg.Timezone, err)
	}
	return nil
}

// The years that a time may lie in. A time far outside is one in another unit
// than the config says.
var (
	earliest = time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC).UnixMilli()
	latest   = time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC).UnixMilli()
)

// parse returns a time in Unix milliseconds.
func (t *timeColumn) parse(field []byte) (int64, bool) {
	field = bytes.TrimSpace(field)
	var ms int64
	switch {
	case t.layout != "":
		at, err := time.ParseInLocation(t.layout, string(field), t.zone)
		if err != nil {
			return 0, false
		}
		ms = at.UnixMilli()
	default:
		n, err := strconv.ParseInt(string(field), 10, 64)
		switch {
		case err == nil && t.perMS > 0:
			ms = n / t.perMS
		case err == nil:
			if n > latest/t.msPer || n < earliest/t.msPer {
				return 0, false
			}
			ms = n * t.msPer
		default: // 1700000000.25
			f, err := strconv.ParseFloat(string(field), 64)
			if err != nil || t.perMS > 0 {
				return 0, false
			}
			f *= float64(t.msPer)
			if !(f >= float64(earliest) && f <= float64(latest)) { // also NaN
				return 0, false
			}
			ms = int64(f)
		}
	}
	return ms, ms >= earliest && ms <= latest
}

// layout is where the columns of one file are.
type layout struct {
	width   int // fields of a row
	time    int
	metrics []int
	labels  []int
}

// locate finds the columns in a file whose columns have the given names.
func (r *rows) locate(names []string) (*layout, error) {
	find := func(column string) (int, error) {
		i := slices.Index(names, column)
		switch {
		case i < 0:
			return 0, fmt.Errorf("there is no column %q; the file has %s", column, quoteAll(names))
		case slices.Contains(names[i+1:], column):
			return 0, fmt.Errorf("there are two columns %q", column)
		}
		return i, nil
	}
	l := &layout{width: len(names)}
	var err error
	if l.time, err = find(r.time.column); err != nil {
		return nil, err
	}
	for _, column := range r.columns {
		i, err := find(column)
		if err != nil {
			return nil, err
		}
		l.metrics = append(l.metrics, i)
	}
	for _, column := range r.labels {
		i, err := find(column)
		if err != nil {
			return nil, err
		}
		l.labels = append(l.labels, i)
	}
	return l, nil
}

// quoteAll lists names for a message, the first twenty of them.
func quoteAll(names []string) string {
	const most = 20
	quoted := make([]string, 0, min(len(names), most))
	for _, n := range names[:min(len(names), most)] {
		quoted = append(quoted, strconv.Quote(n))
	}
	if len(names) > most {
		quoted = append(quoted, "…")
	}
	return strings.Join(quoted, ", ")
}

// add appends the samples of a record to the batch: all of them, or none when
// the record is rejected.
func (r *rows) add(l *layout, fields [][]byte, batch *contracts.Metrics) *rejection {
	if len(fields) != l.width {
		return &rejection{badFields, fmt.Sprintf("the row has %d fields; %d were expected", len(fields), l.width)}
	}
	ms, ok := r.time.parse(fields[l.time])
	if !ok {
		return &rejection{badTime, fmt.Sprintf("column %q: %.60q is not a time in the given format", r.time.column, fields[l.time])}
	}
	present := false
	for i, column := range l.metrics {
		field := bytes.TrimSpace(fields[column])
		if len(field) == 0 {
			r.values[i] = absent
			continue
		}
		v, err := strconv.ParseFloat(string(field), 64)
		if err != nil {
			return &rejection{badNumber, fmt.Sprintf("column %q: %.60q is not a number", r.columns[i], field)}
		}
		r.values[i], present = v, true
	}
	if !present {
		return nil
	}
	series, rej := r.lookup(l, fields)
	if rej != nil {
		return rej
	}
	for i, v := range r.values {
		if !contracts.IsStale(v) {
			batch.Append(series[i], ms, v)
		}
	}
	return nil
}

// absent marks an empty cell: a NaN that parsing "NaN" does not yield.
var absent = contracts.StaleMarker()

// lookup returns the series of a record, one a metric.
func (r *rows) lookup(l *layout, fields [][]byte) ([]*contracts.Series, *rejection) {
	r.key = r.key[:0]
	for _, column := range l.labels {
		r.key = binary.AppendUvarint(r.key, uint64(len(fields[column])))
		r.key = append(r.key, fields[column]...)
	}
	if series, ok := r.cache[string(r.key)]; ok {
		return series, nil
	}

	set := slices.Clone(r.static)
	for i, column := range l.labels {
		if !utf8.Valid(fields[column]) {
			return nil, &rejection{badText, fmt.Sprintf("column %q: %.60q is not valid UTF-8", r.labels[i], fields[column])}
		}
		if len(fields[column]) > 0 {
			set = append(set, contracts.Label{Name: r.names[i], Value: string(fields[column])})
		}
	}
	slices.SortFunc(set, func(a, b contracts.Label) int { return strings.Compare(a.Name, b.Name) })
	series := make([]*contracts.Series, len(r.metrics))
	for i, m := range r.metrics {
		m.Labels = set
		series[i] = &m
	}
	if r.series+len(series) > maxSeries {
		clear(r.cache)
		r.series = 0
	}
	r.cache[string(r.key)] = series
	r.series += len(series)
	return series, nil
}
