package gomain

import (
	"fmt"
	"strings"
	"unicode"
)

// comment is a line comment. What the user wrote may hold anything, so that it
// is made one line of characters that Go allows in a source file.
func comment(format string, args ...any) string {
	return "// " + oneLine(fmt.Sprintf(format, args...), true)
}

// oneLine drops what must not stand in a line comment: line ends, control
// characters, the byte order mark, and bytes that are not UTF-8. With squeeze,
// runs of white space become one blank.
func oneLine(s string, squeeze bool) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsControl(r), r == '\uFEFF', r == unicode.ReplacementChar:
			return -1
		}
		return r
	}, s)
	if squeeze {
		return strings.Join(strings.Fields(s), " ")
	}
	return strings.TrimRight(s, " ")
}

// sentence ends a text with a full stop unless it has an end.
func sentence(s string) string {
	s = strings.TrimSpace(s)
	if s == "" || strings.HasSuffix(s, ".") || strings.HasSuffix(s, "!") || strings.HasSuffix(s, "?") {
		return s
	}
	return s + "."
}
