package csv

import (
	"bytes"
	"fmt"
	"io"
)

const (
	// maxRecord is the longest row, in bytes. It also says how far the end of a
	// quoted field is looked for before its quote is taken for a stray one.
	maxRecord = 256 << 10
	// window is how much of what stands before a position makes its fingerprint.
	window = 1 << 10
)

// reason says in one word why a row was rejected.
type reason string

// The reasons, as they appear in telemetry and in rejected.csv.
const (
	badFields reason = "fields"
	badQuote  reason = "quote"
	badTime   reason = "time"
	badNumber reason = "number"
	badText   reason = "text"
	badSize   reason = "size"
)

var reasons = []reason{badFields, badQuote, badTime, badNumber, badText, badSize}

// rejection is the error for one row. The import goes on after it.
type rejection struct {
	reason reason
	text   string
}

func (r *rejection) Error() string { return r.text }

// scanner splits a stream into records and records into fields, without
// allocating. Unlike encoding/csv's reader it knows at each moment how far it
// has read in whole records, which is where a restart goes on; it leaves an
// unfinished last line alone; and after a faulty quote it goes on with the next
// line.
type scanner struct {
	delimiter byte
	comment   byte // 0: none

	src      io.Reader
	complete bool // the stream ends for good, so its last line needs no newline
	srcErr   error

	buf        []byte // buf[start:end] is to be read; up to window bytes before it were
	start, end int
	offset     int64  // of buf[start] in the stream
	line       int    // lines before buf[start]
	head       []byte // the stream's first bytes, up to window of them
	skipping   bool   // inside a line that is too long

	fields  [][]byte // of the last record; valid until the next call
	blank   bool     // the last line was empty or a comment
	raw     []byte   // the last record or rejected line, without its newline
	at      int      // line of the last record, from 1
	scratch []byte   // fields with doubled quotes, undoubled
}

func newScanner(delimiter, comment string) (*scanner, error) {
	usable := func(s string) bool {
		return len(s) == 1 && s[0] < 0x80 && s[0] != 0 && s[0] != '"' && s[0] != '\r' && s[0] != '\n'
	}
	s := &scanner{buf: make([]byte, window+maxRecord)}
	if !usable(delimiter) {
		return nil, fmt.Errorf("delimiter is %q; it must be one ASCII character such as , or ;", delimiter)
	}
	s.delimiter = delimiter[0]
	if comment != "" {
		if !usable(comment) || comment == delimiter {
			return nil, fmt.Errorf("comment is %q; it must be one ASCII character such as #, and not the delimiter", comment)
		}
		s.comment = comment[0]
	}
	return s, nil
}

// reset begins a new stream. src yields what follows p; head and tail are the
// stream's first bytes and the last before p, up to window bytes each.
func (s *scanner) reset(src io.Reader, complete bool, offset int64, line int, head, tail []byte) {
	s.src, s.complete, s.srcErr = src, complete, nil
	s.offset, s.line, s.skipping = offset, line, false
	s.head = append(s.head[:0], head...)
	s.start = copy(s.buf, tail)
	s.end = s.start
}

// next moves to the next record. It returns a *rejection for a row that is not
// well formed, io.EOF when no whole record is left, and otherwise the stream's
// error.
func (s *scanner) next() error {
	for {
		if s.skipping {
			if done, err := s.skip(); !done {
				return err
			}
			continue
		}
		data := s.buf[s.start:s.end]
		if s.offset == 0 && bytes.HasPrefix(data, []byte("\ufeff")) {
			s.consume(3, 0) // byte order mark
			continue
		}
		ended := s.srcErr != nil
		if len(data) > 0 && !(s.offset == 0 && len(data) < 3 && !ended) {
			final := s.srcErr == io.EOF && s.complete
			n, rej := s.parse(data, final)
			if n > 0 {
				s.raw = trimNewline(data[:n])
				s.at = s.line + 1
				lines := bytes.Count(data[:n], []byte{'\n'})
				s.consume(n, lines)
				if rej != nil {
					return rej
				}
				if !s.blank {
					return nil
				}
				continue
			}
			if len(data) >= maxRecord || final && len(data) > 0 {
				return s.giveUp(data)
			}
		}
		if ended {
			return s.srcErr
		}
		s.fill()
	}
}

// giveUp rejects the first line of data, which holds no whole record.
func (s *scanner) giveUp(data []byte) error {
	s.at = s.line + 1
	if i := bytes.IndexByte(data, '\n'); i >= 0 {
		s.raw = trimNewline(data[:i+1])
		s.consume(i+1, 1)
		return &rejection{badQuote, "a quoted field does not end"}
	}
	s.raw = data
	rej := &rejection{badQuote, "a quoted field does not end"}
	if len(data) >= maxRecord {
		rej = &rejection{badSize, fmt.Sprintf("the row is longer than %d bytes", maxRecord)}
		s.skipping = true
	}
	s.consume(len(data), 0)
	return rej
}

// skip drops the rest of a line that is too long.
func (s *scanner) skip() (done bool, err error) {
	for {
		data := s.buf[s.start:s.end]
		if i := bytes.IndexByte(data, '\n'); i >= 0 {
			s.consume(i+1, 1)
			s.skipping = false
			return true, nil
		}
		s.consume(len(data), 0)
		if s.srcErr != nil {
			return false, s.srcErr
		}
		s.fill()
	}
}

// consume moves over n bytes that hold the given number of newlines.
func (s *scanner) consume(n, lines int) {
	if room := window - len(s.head); room > 0 {
		s.head = append(s.head, s.buf[s.start:s.start+min(n, room)]...)
	}
	s.start += n
	s.offset += int64(n)
	s.line += lines
}

// tail returns the last bytes before the position, up to window of them.
func (s *scanner) tail() []byte { return s.buf[max(0, s.start-window):s.start] }

// fill reads more, after making room.
func (s *scanner) fill() {
	if keep := max(0, s.start-window); keep > 0 && len(s.buf)-s.end < len(s.buf)/2 {
		s.end = copy(s.buf, s.buf[keep:s.end])
		s.start -= keep
	}
	n, err := s.src.Read(s.buf[s.end:])
	s.end += n
	s.srcErr = err
}

// parse reads the record at the beginning of data into s.fields and returns its
// length with the newline, or 0 when it does not end in data. final says that
// nothing follows data.
func (s *scanner) parse(data []byte, final bool) (n int, rej *rejection) {
	s.fields, s.blank = s.fields[:0], false
	n = bytes.IndexByte(data, '\n') + 1
	if n == 0 {
		if !final {
			return 0, nil
		}
		n = len(data)
	}
	line := trimNewline(data[:n])
	if len(line) == 0 || s.comment != 0 && line[0] == s.comment {
		s.blank = true
		return n, nil
	}
	if bytes.IndexByte(line, '"') >= 0 {
		return s.parseQuoted(data, n, final)
	}
	for {
		i := bytes.IndexByte(line, s.delimiter)
		if i < 0 {
			s.fields = append(s.fields, line)
			return n, nil
		}
		s.fields = append(s.fields, line[:i])
		line = line[i+1:]
	}
}

// parseQuoted is parse for records with a quote in their first line, which is
// first bytes long. A fault ends the record at that line.
func (s *scanner) parseQuoted(data []byte, first int, final bool) (int, *rejection) {
	s.scratch = s.scratch[:0]
	fault := func(text string) (int, *rejection) { return first, &rejection{badQuote, text} }
	for i := 0; ; {
		if i >= len(data) || data[i] != '"' {
			end := i
			for end < len(data) && data[end] != s.delimiter && data[end] != '\n' {
				if data[end] == '"' {
					return fault("a quote stands inside a field that is not quoted")
				}
				end++
			}
			if end == len(data) && !final {
				return 0, nil
			}
			if end < len(data) && data[end] == s.delimiter {
				s.fields = append(s.fields, data[i:end])
				i = end + 1
				continue
			}
			s.fields = append(s.fields, bytes.TrimSuffix(data[i:end], []byte{'\r'}))
			return min(end+1, len(data)), nil
		}
		// A quoted field: find its closing quote.
		begin, doubled := i+1, false
		for i = begin; ; i++ {
			q := bytes.IndexByte(data[i:], '"')
			if q < 0 {
				return 0, nil // next gives up when there is no more
			}
			i += q
			if i+1 == len(data) && !final {
				return 0, nil
			}
			if i+1 < len(data) && data[i+1] == '"' {
				doubled = true
				i++
				continue
			}
			break
		}
		field := data[begin:i]
		if doubled {
			field = s.undouble(field)
		}
		s.fields = append(s.fields, field)
		i++ // over the closing quote
		if i+1 < len(data) && data[i] == '\r' && data[i+1] == '\n' || i+1 == len(data) && data[i] == '\r' && final {
			i++
		}
		switch {
		case i >= len(data):
			if !final {
				return 0, nil
			}
			return len(data), nil
		case data[i] == '\n':
			return i + 1, nil
		case data[i] == s.delimiter:
			i++
		case data[i] == '\r' && i+1 == len(data):
			return 0, nil
		default:
			return fault("a quoted field is followed by text")
		}
	}
}

// undouble copies a field with "" made ". The copies of one record stand one
// after the other; when the space for them moves, earlier ones stay valid.
func (s *scanner) undouble(field []byte) []byte {
	from := len(s.scratch)
	for {
		i := bytes.IndexByte(field, '"')
		if i < 0 {
			s.scratch = append(s.scratch, field...)
			return s.scratch[from:len(s.scratch):len(s.scratch)]
		}
		s.scratch = append(s.scratch, field[:i+1]...)
		field = field[i+2:]
	}
}

func trimNewline(line []byte) []byte {
	line = bytes.TrimSuffix(line, []byte{'\n'})
	return bytes.TrimSuffix(line, []byte{'\r'})
}
