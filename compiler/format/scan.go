package format

import (
	"sort"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
)

// scanner walks through a text along its tree. Comments become those of nodes:
//
//   - HeadComment stands on lines above an entry of a map (at its key) or list
//     (at its item), FootComment below it; both may hold blank lines, and each
//     line has its end;
//   - LineComment stands at the end of the line of a key or value, with the
//     spaces before it.
type scanner struct {
	text     string
	starts   []int // offsets at which lines begin
	at       int   // offset of the first byte that belongs to nothing yet
	end      int   // offset of the end of what was read last, comments aside
	column   int   // of the entries of the innermost map or list on lines of its own
	brackets int   // how many are open

	pending  []line  // comments and blank lines that have no node yet
	trailing *string // takes a comment on the line of what was read last

	last     mark
	indented struct{ start, by int } // the line that was asked for last
	leaves   map[*yaml.Node]leaf
	comments []string
	marked   bool
	err      error
}

// line is a comment on a line of its own, or a blank line.
type line struct {
	text   string
	column int
}

// leaf is the text of a value. Of a map or list on lines of its own there are
// only the properties, its anchor and tag.
type leaf struct {
	properties string
	text       string
	column     int  // at which it began
	base       int  // the column of the key or "-" that it stands behind; in brackets, that of its line
	content    int  // of a block scalar, how far its lines were indented
	fixed      int  // of a block scalar, by how much that is more than base, if it says so
	below      bool // it began on a line below its key
}

// mark is a position of the YAML parser that was looked up.
type mark struct{ line, column, offset int }

func newScanner(text string) *scanner {
	s := &scanner{text: text, starts: []int{0}, column: -1, leaves: map[*yaml.Node]leaf{}}
	s.indented.start = -1
	for i := range len(text) {
		if text[i] == '\n' {
			s.starts = append(s.starts, i+1)
		}
	}
	return s
}

// offset returns where a node begins. Columns count characters: the search goes
// on from the previous one.
func (s *scanner) offset(n *yaml.Node) int {
	if n.Line < 1 || n.Line > len(s.starts) {
		return len(s.text)
	}
	if s.last.line != n.Line || s.last.column > n.Column {
		s.last = mark{n.Line, 1, s.starts[n.Line-1]}
	}
	for s.last.column < n.Column && s.last.offset < len(s.text) {
		_, size := utf8.DecodeRuneInString(s.text[s.last.offset:])
		s.last.offset += size
		s.last.column++
	}
	return s.last.offset
}

func (s *scanner) misfit(offset int, message string) error {
	return &misfit{sort.SearchInts(s.starts, offset+1), s.columnOf(offset) + 1, message}
}

// fail ends the walk; what is still called does nothing.
func (s *scanner) fail(message string) {
	if s.err == nil {
		s.err = s.misfit(min(s.at, len(s.text)), message)
	}
	s.at = len(s.text)
}

// unknown is what the walk ends with where the text is not as expected.
const unknown = "dvz fmt does not know this way of writing YAML"

// columnOf returns the column of an offset, from 0.
func (s *scanner) columnOf(offset int) int {
	return offset - s.starts[sort.SearchInts(s.starts, offset+1)-1]
}

// indentation returns by how much the line of an offset is indented. Many values
// may stand on one line: it is counted once.
func (s *scanner) indentation(offset int) int {
	if start := offset - s.columnOf(offset); start != s.indented.start {
		text := s.text[start:]
		s.indented.start = start
		s.indented.by = len(text) - len(strings.TrimLeft(text, " "))
	}
	return s.indented.by
}

// skip goes to the next byte that is neither blank nor part of a comment.
func (s *scanner) skip() {
	breaks := 0
	if s.at == 0 {
		breaks = 1
	}
	blank := func() {
		if breaks > 1 {
			s.pending = append(s.pending, line{})
		}
		breaks = 0
	}
	for ; s.at < len(s.text); s.at++ {
		switch s.text[s.at] {
		case ' ', '\t':
		case '\n':
			breaks++
		case '#':
			begin := s.at
			s.at = s.lineEnd()
			text := strings.TrimRight(s.text[begin:s.at], " \t")
			s.comments = append(s.comments, text)
			if breaks == 0 && s.trailing != nil {
				*s.trailing = s.spaces(begin) + text
			} else {
				blank()
				s.pending = append(s.pending, line{text, s.columnOf(begin)})
			}
			s.at-- // the line break counts
		default:
			blank()
			return
		}
	}
}

// lineEnd returns the offset of the end of the line.
func (s *scanner) lineEnd() int {
	if i := strings.IndexByte(s.text[s.at:], '\n'); i >= 0 {
		return s.at + i
	}
	return len(s.text)
}

// spaces returns the spaces before an offset, at least one.
func (s *scanner) spaces(offset int) string {
	before := s.text[:offset]
	if n := len(before) - len(strings.TrimRight(before, " ")); n > 0 {
		return before[offset-n:]
	}
	return " "
}

// take returns the pending lines as the comment of a node.
func (s *scanner) take() string {
	all := s.pending
	s.pending = nil
	return joined(all)
}

// takeWords is take without blank lines.
func (s *scanner) takeWords() string {
	return strings.TrimLeft(strings.ReplaceAll(s.take(), "\n\n", "\n"), "\n")
}

// takeDeeper takes the comments that stand at a column or deeper, and deeper
// than what follows them.
func (s *scanner) takeDeeper(column int) string {
	next := -1
	if s.at < len(s.text) {
		next = s.columnOf(s.at)
	}
	n := 0
	for i, l := range s.pending {
		if l.text == "" {
			continue
		}
		if l.column < column || l.column <= next {
			break
		}
		n = i + 1
	}
	mine := s.pending[:n]
	s.pending = s.pending[n:]
	return joined(mine)
}

func joined(lines []line) string {
	var all strings.Builder
	for _, l := range lines {
		all.WriteString(l.text + "\n")
	}
	return all.String()
}

// indicator reads one of YAML's signs.
func (s *scanner) indicator(sign byte) {
	if s.at >= len(s.text) || s.text[s.at] != sign {
		s.fail(unknown)
		return
	}
	s.at++
	s.end = s.at
}
