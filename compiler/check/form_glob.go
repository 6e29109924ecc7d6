package check

import (
	"path"
	"strings"
	"unicode/utf8"
)

// globFlaw finds what is wrong with a pattern for paths: what path.Match
// refuses, and "**", which it takes for "*".
func globFlaw(text string) *flaw {
	for i := 0; i < len(text); i++ {
		switch {
		case text[i] == '\\' && i == len(text)-1:
			return flawed(i, 1, `is no pattern: the \ at its end escapes nothing`)
		case text[i] == '\\':
			i++
		case strings.HasPrefix(text[i:], "**"):
			return flawed(i, 2, `cannot look into all folders with "**": a "*" stands for a part of one name`)
		case text[i] == '[':
			width, words := globClass(text[i:])
			if words != "" {
				return flawed(i, width, "is no pattern: %s", words)
			}
			i += width - 1
		}
	}
	if _, err := path.Match(text, ""); err != nil {
		return flawed(0, 0, "is no pattern")
	}
	return nil
}

// globClass reads the class that a text begins with, such as [^a-z]. It returns
// its length, or that of the part that is at fault and what is wrong with it.
func globClass(text string) (width int, words string) {
	i := 1
	if strings.HasPrefix(text[i:], "^") {
		i++
	}
	for begin := i; ; {
		switch rest := text[i:]; {
		case rest == "":
			return 1, `the [ is never closed; a \ before it takes it literally`
		case rest[0] == ']' && i == begin:
			return i + 1, text[:i+1] + " stands for no character"
		case rest[0] == ']':
			return i + 1, ""
		case rest[0] == '-':
			return i + 1, text[:i+1] + ` has a range without a beginning; a \ before the - takes it literally`
		}
		i += member(text[i:])
		if !strings.HasPrefix(text[i:], "-") {
			continue
		}
		if i++; i < len(text) && (text[i] == ']' || text[i] == '-') {
			return i + 1, text[:i+1] + ` has a range without an end; a \ before the - takes it literally`
		}
		i += member(text[i:])
	}
}

// member returns the length of the character that a part of a class begins
// with; it may be escaped.
func member(text string) int {
	escape := 0
	if strings.HasPrefix(text, `\`) {
		escape = 1
	}
	_, size := utf8.DecodeRuneInString(text[escape:])
	return escape + size
}
