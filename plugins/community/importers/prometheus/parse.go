package prometheus

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/detectviz/detectviz/platform/contracts"
	"github.com/prometheus/prometheus/model/textparse"
)

// batchSize is the number of samples after which a new batch begins: large
// enough that exporters work in bulk, small enough for the queues to bound the
// memory.
const batchSize = 5000

// batches collects a scrape's samples. Nothing is sent before the whole scrape
// was read, because a scrape with an error counts as none.
type batches []*contracts.Metrics

func (b *batches) add(s *contracts.Series, ms int64, v float64) {
	list := *b
	if len(list) == 0 || list[len(list)-1].Len() >= batchSize {
		list = append(list, contracts.NewMetrics())
		*b = list
	}
	list[len(list)-1].Append(s, ms, v)
}

// release gives up all batches.
func (b *batches) release() {
	for _, m := range *b {
		m.Release()
	}
	*b = (*b)[:0]
}

// outcome counts what a scrape brought.
type outcome struct {
	samples int // that the target exposed
	added   int // series that were not there in the scrape before
	dropped int // samples of a series that came twice
}

// parser reads one exposition into batches.
type parser struct {
	cache  *cache
	limit  int  // samples; 0: none
	stamps bool // keep the target's timestamps
}

// parse reads body, whose samples get the time ms (Unix milliseconds) unless
// they bring their own. On an error out holds samples of the part before it.
func (p *parser) parse(body []byte, f format, ms int64, out *batches) (o outcome, err error) {
	c := p.cache
	c.begin()
	if f == formatText && len(body) > 0 && body[len(body)-1] != '\n' {
		body = append(body, '\n') // else the parser would do so, and copy the body
	}
	// The parsers are named, instead of textparse.New, to leave the protobuf
	// parser out of the binary.
	var tp textparse.Parser
	if f == formatOpenMetrics && len(body) > 0 { // an empty answer is a target without series
		tp = textparse.NewOpenMetricsParser(body, nil)
	} else {
		tp = textparse.NewPromParser(body, nil, false)
	}

	var last []byte // the body from the last entry that could be read
	for {
		entry, err := tp.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return o, locate(body, last, err)
		}
		var at []byte
		switch entry {
		case textparse.EntryType:
			name, t := tp.Type()
			typ := metricType(t)
			c.describe(name, func(f *family) bool { return f.typ == typ }, func(f *family) { f.typ = typ })
			at = name
		case textparse.EntryHelp:
			name, help := tp.Help()
			c.describe(name, func(f *family) bool { return f.help == string(help) }, func(f *family) { f.help = string(help) })
			at = name
		case textparse.EntryUnit:
			name, unit := tp.Unit()
			c.describe(name, func(f *family) bool { return f.unit == string(unit) }, func(f *family) { f.unit = string(unit) })
			at = name
		case textparse.EntryComment:
			at = tp.Comment()
		case textparse.EntrySeries:
			raw, ts, v := tp.Series()
			at = raw
			o.samples++
			if p.limit > 0 && o.samples > p.limit {
				break // count on, so that the error can say how many there are
			}
			t := c.get(raw)
			if t == nil {
				if t, err = c.add(raw, tp.Labels); err != nil {
					return o, locate(body, last, err)
				}
			}
			when, own := ms, ts != nil && p.stamps
			if own {
				when = *ts
			}
			if t.scrape == c.scrape && t.time == when {
				o.dropped++
				break
			}
			t.scrape, t.time = c.scrape, when
			if !own {
				t.fresh = c.scrape
			}
			out.add(t.series, when, v)
		}
		// Every entry is a part of body with body's capacity to its right, which
		// tells where it lies.
		if i := cap(body) - cap(at); i < len(body) {
			last = body[i:]
		}
	}
	if p.limit > 0 && o.samples > p.limit {
		return o, fmt.Errorf("the target exposes %d samples; sample_limit is %d", o.samples, p.limit)
	}
	o.added = c.added
	c.finish(func(s *contracts.Series) { out.add(s, ms, contracts.StaleMarker()) })
	return o, nil
}

// locate adds the line to a parser's error: the first one that is not blank
// after the line at which last begins, or of all.
func locate(body, last []byte, err error) error {
	start := 0
	if last != nil {
		start = len(body) - len(last)
		if end := bytes.IndexByte(last, '\n'); end >= 0 {
			start += end + 1
		}
	}
	for start < len(body) && (body[start] == '\n' || body[start] == '\r') {
		start++
	}
	line, _, _ := bytes.Cut(body[start:], []byte("\n"))
	what, _, _ := strings.Cut(err.Error(), " while parsing: ") // the parser repeats the line
	if short, got, ok := strings.Cut(what, ", got "); ok && len(got) > 80 {
		what = short // it quotes the line as well
	}
	return fmt.Errorf("line %d: %s: %s", 1+bytes.Count(body[:start], []byte("\n")), what, excerpt(line))
}

// excerpt quotes the beginning of a line.
func excerpt(line []byte) string {
	const longest = 120
	if len(line) <= longest {
		return fmt.Sprintf("%q", line)
	}
	cut := longest
	for cut > longest-utf8.UTFMax && !utf8.RuneStart(line[cut]) {
		cut--
	}
	return fmt.Sprintf("%q…", line[:cut])
}
