package jsonfile

import (
	"math"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/detectviz/detectviz/platform/contracts"
	"github.com/detectviz/detectviz/platform/seriescache"
)

// lineStart is how every line begins.
const lineStart = `{"name":`

// encoder turns samples into lines.
type encoder struct {
	// prefixes holds the part of a series' lines before the time.
	prefixes seriescache.Cache[string]

	// The text of the last time: the samples of a batch have few distinct ones.
	lastTime int64
	timeText []byte
}

// appendLine appends a sample's line, line feed included.
func (e *encoder) appendLine(b []byte, s *contracts.Sample) []byte {
	b = append(b, e.prefix(s.Series)...)
	if e.timeText == nil || s.Time != e.lastTime {
		e.lastTime = s.Time
		e.timeText = time.UnixMilli(s.Time).UTC().AppendFormat(e.timeText[:0], "2006-01-02T15:04:05.000Z07:00")
	}
	b = append(b, e.timeText...)
	b = append(b, `","value":`...)
	switch v := s.Value; {
	case contracts.IsStale(v):
		b = append(b, "null"...)
	case math.IsNaN(v):
		b = append(b, `"NaN"`...)
	case math.IsInf(v, 1):
		b = append(b, `"+Inf"`...)
	case math.IsInf(v, -1):
		b = append(b, `"-Inf"`...)
	default:
		b = strconv.AppendFloat(b, v, 'g', -1, 64)
	}
	return append(b, "}\n"...)
}

func (e *encoder) prefix(s *contracts.Series) string {
	p, ok := e.prefixes.Get(s)
	if !ok {
		p = encodePrefix(s)
		e.prefixes.Put(s, p)
	}
	return p
}

func encodePrefix(s *contracts.Series) string {
	b := appendString([]byte(lineStart), s.Name)
	b = append(b, `,"labels":{`...)
	for i, l := range s.Labels {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendString(b, l.Name)
		b = append(b, ':')
		b = appendString(b, l.Value)
	}
	return string(append(b, `},"time":"`...))
}

// appendString appends a JSON string (RFC 8259, section 7). Bytes that are no
// UTF-8 become U+FFFD.
func appendString(b []byte, s string) []byte {
	const hex = "0123456789abcdef"
	b = append(b, '"')
	for _, r := range s { // ranging yields U+FFFD for what is no UTF-8
		switch {
		case r == '"' || r == '\\':
			b = append(b, '\\', byte(r))
		case r == '\n':
			b = append(b, '\\', 'n')
		case r < 0x20:
			b = append(b, '\\', 'u', '0', '0', hex[r>>4], hex[r&0xf])
		default:
			b = utf8.AppendRune(b, r)
		}
	}
	return append(b, '"')
}
