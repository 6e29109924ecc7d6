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
	return fmt.Sprintf("%s: %s\n\n%s\n\nExample:\n\n%s\n\nWhat to do:\n\n%s\n", p.Code, p.Title, wrap(p.Cause), example, wrap(p.Remedy))
}

// wrap breaks a paragraph into lines that fit a terminal of 80 columns.
func wrap(text string) string { return wordwrap.WrapString(text, 80) }
