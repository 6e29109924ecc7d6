package source

import (
	"bytes"
	"sort"
	"unicode/utf8"

	"github.com/detectviz/detectviz/compiler/diag"
)

// bom is the mark with which some editors begin a UTF-8 file.
const bom = "\uFEFF"

// lines translates the YAML parser's positions, which count runes and more line
// breaks than editors do, to ours.
type lines struct {
	file string
	text []byte
	ours []int // offsets of the lines as editors count them
	yaml []int // offsets of the lines as YAML 1.1 counts them

	// What was looked up last: nodes come in the order of the file, and without
	// these a file that is one long line would take quadratic time.
	last                 struct{ line, column, offset int }
	lastEnd, lastContent struct{ from, to int }
}

func newLines(file string, text []byte) *lines {
	l := &lines{file: file, text: text, ours: []int{0}, yaml: []int{0}}
	l.lastEnd.to = -1 // nothing
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRune(text[i:])
		i += size
		switch r {
		case '\n':
			l.ours = append(l.ours, i)
			l.yaml = append(l.yaml, i)
		case '\r':
			if i == len(text) || text[i] != '\n' {
				l.yaml = append(l.yaml, i)
			}
		case '\u0085', '\u2028', '\u2029':
			l.yaml = append(l.yaml, i)
		}
	}
	if len(text) >= len(bom) && string(text[:len(bom)]) == bom {
		l.yaml[0] = len(bom) // not a character of the first line
	}
	return l
}

// offset returns the offset of a position of the YAML parser.
func (l *lines) offset(line, column int) int {
	if line < 1 || line > len(l.yaml) {
		return len(l.text)
	}
	i, at := l.yaml[line-1], 1
	if l.last.line == line && l.last.column <= column {
		i, at = l.last.offset, l.last.column
	}
	for ; at < column && i < len(l.text); at++ {
		_, size := utf8.DecodeRune(l.text[i:])
		i += size
	}
	l.last.line, l.last.column, l.last.offset = line, at, i
	return i
}

// pos returns the place of an offset.
func (l *lines) pos(offset int) diag.Pos {
	line := sort.SearchInts(l.ours, offset+1)
	return diag.Pos{File: l.file, Line: line, Column: offset - l.ours[line-1] + 1}
}

// end returns the offset of the end of the line that an offset is in, without
// the line break.
func (l *lines) end(offset int) int {
	if l.lastEnd.from <= offset && offset <= l.lastEnd.to {
		return l.lastEnd.to
	}
	end := len(l.text)
	if i := bytes.IndexAny(l.text[min(offset, end):], "\r\n"); i >= 0 {
		end = offset + i
	}
	l.lastEnd.from, l.lastEnd.to = offset, end
	return end
}

// line returns a line as editors count them, without its line break.
func (l *lines) line(number int) []byte {
	begin := l.ours[number-1]
	return l.text[begin:l.end(begin)]
}
