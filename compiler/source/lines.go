package source

import (
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
}

func newLines(file string, text []byte) *lines {
	l := &lines{file: file, text: text, ours: []int{0}, yaml: []int{0}}
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
	i := l.yaml[line-1]
	for ; column > 1 && i < len(l.text); column-- {
		_, size := utf8.DecodeRune(l.text[i:])
		i += size
	}
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
	for offset < len(l.text) && l.text[offset] != '\n' && l.text[offset] != '\r' {
		offset++
	}
	return offset
}
