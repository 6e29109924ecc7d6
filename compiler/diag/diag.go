// Package diag holds the compiler's diagnostics: what every stage returns beside
// its value, and how they print. A diagnostic is written for the person who
// wrote the composition: it stands at a place in their file, says what is wrong
// in their words, and what to do.
package diag

import (
	"cmp"
	"fmt"
	"slices"
)

// Severity says whether a diagnostic stops the build.
type Severity string

// The severities. A warning never stops a build.
const (
	Error   Severity = "error"
	Warning Severity = "warning"
)

// Pos is a place in a file. Line and Column count from 1, columns in bytes; a
// zero Line means the file as a whole.
type Pos struct {
	File   string `json:"file"` // as it should be shown: relative to the working directory where possible
	Line   int    `json:"line,omitempty"`
	Column int    `json:"column,omitempty"`
}

// String formats the position as file:line:column.
func (p Pos) String() string {
	switch {
	case p.Line == 0:
		return p.File
	case p.Column == 0:
		return fmt.Sprintf("%s:%d", p.File, p.Line)
	}
	return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column)
}

// Compare orders positions by file, line and column.
func (p Pos) Compare(o Pos) int {
	return cmp.Or(cmp.Compare(p.File, o.File), cmp.Compare(p.Line, o.Line), cmp.Compare(p.Column, o.Column))
}

// Related is a second place that a diagnostic speaks of, for example where a
// name was first declared.
type Related struct {
	Pos     Pos    `json:"pos"`
	Width   int    `json:"width,omitempty"` // as in Diagnostic
	Message string `json:"message"`
}

// Diagnostic is one finding.
type Diagnostic struct {
	Code     string    `json:"code"` // "DVZ102"; `dvz explain` has a page for each
	Severity Severity  `json:"severity"`
	Pos      Pos       `json:"pos"`
	Width    int       `json:"width,omitempty"`  // bytes to underline, 0: unknown
	Message  string    `json:"message"`          // lower-case, no full stop
	Hint     string    `json:"hint,omitempty"`   // what to do, shown at the caret
	Plugin   string    `json:"plugin,omitempty"` // path of the plugin whose entry it stands in
	Related  []Related `json:"related,omitempty"`

	// Secret says that the underlined text is a secret: excerpts mask it.
	Secret bool `json:"-"`
	// Ignored is the reason for which the finding is ignored, mostly that of a
	// comment in the composition: it does not count, and only SARIF shows it.
	// Empty: it counts.
	Ignored string `json:"-"`
}

// List collects diagnostics.
type List []Diagnostic

// Errorf appends an error.
func (l *List) Errorf(code string, pos Pos, format string, args ...any) *Diagnostic {
	return l.add(Error, code, pos, fmt.Sprintf(format, args...))
}

// Warnf appends a warning.
func (l *List) Warnf(code string, pos Pos, format string, args ...any) *Diagnostic {
	return l.add(Warning, code, pos, fmt.Sprintf(format, args...))
}

func (l *List) add(s Severity, code string, pos Pos, message string) *Diagnostic {
	*l = append(*l, Diagnostic{Code: code, Severity: s, Pos: pos, Message: message})
	return &(*l)[len(*l)-1]
}

// HasErrors reports whether any finding stops the build.
func (l List) HasErrors() bool {
	return slices.ContainsFunc(l, func(d Diagnostic) bool { return d.Severity == Error && d.Ignored == "" })
}

// HasFaults reports whether any finding leaves the next stage nothing sound to
// go on with: an error that is not one of policy. A stage that only found
// policy broken returns its value all the same, so that the later stages have
// their say and a comment may ignore the finding.
func (l List) HasFaults() bool {
	return slices.ContainsFunc(l, func(d Diagnostic) bool { return d.Severity == Error && pages[d.Code].Kind != Policy })
}

// Standing returns the findings that count: those that nothing ignores.
func (l List) Standing() List {
	return slices.DeleteFunc(slices.Clone(l), func(d Diagnostic) bool { return d.Ignored != "" })
}

// Sorted returns the findings by position, each once.
func (l List) Sorted() List {
	out := slices.Clone(l)
	slices.SortStableFunc(out, func(a, b Diagnostic) int {
		return cmp.Or(a.Pos.Compare(b.Pos), cmp.Compare(a.Code, b.Code), cmp.Compare(a.Message, b.Message))
	})
	return slices.CompactFunc(out, func(a, b Diagnostic) bool {
		return a.Pos == b.Pos && a.Code == b.Code && a.Message == b.Message
	})
}
