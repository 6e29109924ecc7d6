package check

import (
	"errors"
	"fmt"
	"regexp"
	"regexp/syntax"
	"strings"
)

// regexWords puts the faults of a regular expression into words; %s is the part
// of it that is at fault.
var regexWords = map[syntax.ErrorCode]string{
	syntax.ErrInvalidCharClass:      "%s is no class of characters",
	syntax.ErrInvalidCharRange:      "%s is no class or range of characters",
	syntax.ErrInvalidEscape:         "%s has no meaning",
	syntax.ErrInvalidNamedCapture:   "%s does not begin a group; a named one is written (?P<name>…), and there is no look-behind",
	syntax.ErrInvalidPerlOp:         "%s does not begin a group; there is no look-ahead",
	syntax.ErrInvalidRepeatOp:       "%s repeats a repetition",
	syntax.ErrInvalidRepeatSize:     "%s cannot repeat anything: at most 1000 times, and the smaller number first",
	syntax.ErrInvalidUTF8:           "it is not UTF-8",
	syntax.ErrMissingBracket:        "the [ is never closed",
	syntax.ErrMissingParen:          "the ( is never closed",
	syntax.ErrMissingRepeatArgument: "there is nothing before the %s that it could repeat",
	syntax.ErrTrailingBackslash:     `the \ at its end escapes nothing`,
	syntax.ErrUnexpectedParen:       "the ) closes nothing",
	syntax.ErrNestingDepth:          "it nests too deeply",
	syntax.ErrLarge:                 "it is too large",
}

// regexFlaw finds what is wrong with a regular expression of Go's.
func regexFlaw(text string) *flaw {
	_, err := regexp.Compile(text)
	fault, ok := errors.AsType[*syntax.Error](err)
	if !ok {
		return nil
	}
	offset, width := regexPlace(text, fault)
	words := regexWords[fault.Code]
	if strings.Contains(words, "%s") {
		words = fmt.Sprintf(words, text[offset:offset+width])
	}
	return flawed(offset, width, "is no regular expression: %s", words)
}

// regexPlace returns the place of a fault. The parser says which part is at
// fault but not where it stands, and for brackets gives all the rest.
func regexPlace(text string, fault *syntax.Error) (offset, width int) {
	switch fault.Code {
	case syntax.ErrMissingParen, syntax.ErrUnexpectedParen:
		if i := unpaired(text); i >= 0 {
			return i, 1
		}
	case syntax.ErrMissingBracket:
		if rest, ok := strings.CutSuffix(text, fault.Expr); ok {
			return len(rest), 1
		}
	case syntax.ErrTrailingBackslash:
		return len(text) - 1, 1
	case syntax.ErrNestingDepth, syntax.ErrLarge, syntax.ErrInvalidUTF8:
		return 0, len(text)
	}
	if i := strings.Index(text, fault.Expr); i >= 0 && fault.Expr != "" {
		return i, len(fault.Expr)
	}
	return 0, len(text)
}

// unpaired returns the offset of the first ) that closes nothing, else of the
// last ( that is never closed, else -1.
func unpaired(text string) int {
	var open []int
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '[':
			i += classEnd(text[i:]) - 1
		case '(':
			open = append(open, i)
		case ')':
			if len(open) == 0 {
				return i
			}
			open = open[:len(open)-1]
		}
	}
	if len(open) == 0 {
		return -1
	}
	return open[len(open)-1]
}

// classEnd returns the length of the class that a text begins with, such as
// [^]a-z], or 1 when it is never closed.
func classEnd(text string) int {
	i := 1
	if strings.HasPrefix(text[i:], "^") {
		i++
	}
	if strings.HasPrefix(text[i:], "]") {
		i++
	}
	for ; i < len(text); i++ {
		switch {
		case text[i] == '\\':
			i++
		case strings.HasPrefix(text[i:], "[:"):
			if end := strings.Index(text[i:], ":]"); end > 0 {
				i += end + 1
			}
		case text[i] == ']':
			return i + 1
		}
	}
	return 1
}
