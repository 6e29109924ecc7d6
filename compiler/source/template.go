package source

import (
	"fmt"
	"strings"
)

// PartKind is the kind of a Part.
type PartKind string

// The kinds of parts.
const (
	LiteralPart PartKind = "literal"
	ParamPart   PartKind = "param" // ${params.x}
	StatePart   PartKind = "state" // ${state}: the state folder
	HostPart    PartKind = "host"  // ${host}: the host's name
)

// Part is a piece of a string with references.
type Part struct {
	Kind   PartKind
	Text   string // of a literal, unescaped; of a param, its name; else empty
	Offset int    // bytes from the begin of the string
}

// TemplateError says which reference of a string is broken.
type TemplateError struct {
	Offset, Width int // bytes of the reference in the string
	Message       string
}

// Error implements error.
func (e *TemplateError) Error() string { return e.Message }

// ParseTemplate splits a string into its literal parts and references. "$${" is
// a literal "${"; any other "$" stands for itself. An error is a *TemplateError.
// The empty string has no parts.
func ParseTemplate(text string) ([]Part, error) {
	var parts []Part
	var literal strings.Builder
	begin := 0 // of the literal
	flush := func() {
		if literal.Len() > 0 {
			parts = append(parts, Part{Kind: LiteralPart, Text: literal.String(), Offset: begin})
			literal.Reset()
		}
	}
	for i := 0; i < len(text); {
		switch rest := text[i:]; {
		case strings.HasPrefix(rest, "$${"):
			literal.WriteString("${")
			i += len("$${")
		case strings.HasPrefix(rest, "${"):
			flush()
			name, _, closed := strings.Cut(rest[len("${"):], "}")
			if !closed {
				return nil, &TemplateError{Offset: i, Width: len(rest), Message: `"${" without a closing "}"; write "$${" for the two characters themselves`}
			}
			width := len("${") + len(name) + len("}")
			part, err := reference(name)
			if err != nil {
				return nil, &TemplateError{Offset: i, Width: width, Message: err.Error()}
			}
			part.Offset = i
			parts = append(parts, part)
			i += width
			begin = i
		default:
			literal.WriteByte(text[i])
			i++
		}
	}
	flush()
	return parts, nil
}

func reference(name string) (Part, error) {
	switch param, isParam := strings.CutPrefix(name, "params."); {
	case name == "state":
		return Part{Kind: StatePart}, nil
	case name == "host":
		return Part{Kind: HostPart}, nil
	case isParam && isName(param):
		return Part{Kind: ParamPart, Text: param}, nil
	}
	return Part{}, fmt.Errorf(`unknown reference %q; there are ${params.name}, ${state} and ${host}, and "$${" writes "${"`, "${"+name+"}")
}

// isName accepts a little more than the names of params, so that a name such as
// Listen is reported as an unknown param, with a suggestion.
func isName(s string) bool {
	return s != "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") == ""
}
