package diag

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/mitchellh/go-wordwrap"
)

// Page explains a code at length; `dvz explain` prints it.
type Page struct {
	Code    string `json:"code"`
	Title   string `json:"title"`   // one line
	Cause   string `json:"cause"`   // when it is reported, and why it matters
	Example string `json:"example"` // of the fault, as written in a file
	Remedy  string `json:"remedy"`  // what to do
	Kind    Kind   `json:"-"`       // what a finding of the code weighs
}

// Kind is what a finding weighs, and so whether a comment may ignore it.
type Kind int

// The kinds of findings.
const (
	Fault  Kind = iota // an error: without what it misses there is no sound plan
	Policy             // an error although the plan is sound: a good reason may overrule it
	Advice             // a warning
)

// Severity is that of the findings of a kind.
func (k Kind) Severity() Severity {
	if k == Advice {
		return Warning
	}
	return Error
}

// pages holds a page for each code that any stage of the compiler reports. The
// codes are grouped: 0xx reading and syntax, 1xx shape and values, 2xx wiring,
// 3xx security, 4xx generated files, 5xx building.
var pages = index(readingPages, languagePages, ignorePages, shapePages, formPages, wiringPages, claimsPages, securityPages, generatedPages, buildingPages, workspacePages)

func index(groups ...[]Page) map[string]Page {
	all := map[string]Page{}
	for _, p := range slices.Concat(groups...) {
		if _, twice := all[p.Code]; twice {
			panic("diag: two pages for " + p.Code)
		}
		all[p.Code] = p
	}
	return all
}

// Explain returns the page of a code. Case does not matter.
func Explain(code string) (Page, bool) {
	p, ok := pages[strings.ToUpper(code)]
	return p, ok
}

// Codes returns all codes, sorted.
func Codes() []string { return slices.Sorted(maps.Keys(pages)) }

// String formats the page for a terminal.
func (p Page) String() string {
	example := "    " + strings.ReplaceAll(p.Example, "\n", "\n    ")
	ignoring := wrap(p.ignoring())
	if comment := p.comment(); comment != "" {
		ignoring += "\n\n    " + comment
	}
	return fmt.Sprintf("%s: %s\n\n%s\n\nExample:\n\n%s\n\nWhat to do:\n\n%s\n\nMay it be ignored?\n\n%s\n",
		p.Code, p.Title, wrap(p.Cause), example, wrap(p.Remedy), ignoring)
}

// markdown formats the page for a browser.
func (p Page) markdown() string {
	ignoring := p.ignoring()
	if comment := p.comment(); comment != "" {
		ignoring += "\n\n" + fenced(comment)
	}
	return fmt.Sprintf("%s\n\n**Example**\n\n%s\n\n**What to do**\n\n%s\n\n**May it be ignored?**\n\n%s\n",
		p.Cause, fenced(p.Example), p.Remedy, ignoring)
}

// fenced makes a block of code; no page holds three backquotes.
func fenced(text string) string { return "```\n" + text + "\n```" }

// Ignorable reports whether a comment may ignore findings of the code.
func (p Page) Ignorable() bool { return p.Kind != Fault }

// ignoring says whether and how findings of the code are ignored; the comment
// to write follows it.
func (p Page) ignoring() string {
	what := "a warning"
	switch p.Kind {
	case Fault:
		return "No: it is an error, and nothing can be generated while it stands."
	case Policy:
		what = "an error of policy, and what is generated is sound all the same"
	}
	return "Yes, for a reason: it is " + what + ". Write this at the end of the line of the finding, or on a line of its own above it:"
}

// comment is what ignores a finding of the code, if anything does.
func (p Page) comment() string {
	if !p.Ignorable() {
		return ""
	}
	return "# dvz:ignore " + p.Code + " because …"
}

// wrap breaks a paragraph into lines that fit a terminal of 80 columns.
func wrap(text string) string { return wordwrap.WrapString(text, 80) }
