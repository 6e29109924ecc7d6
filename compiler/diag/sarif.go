package diag

import (
	"cmp"
	"io"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// SARIF writes findings as a SARIF 2.1.0 log, the form in which GitHub and
// others take what an analyser found. Findings that a comment ignores are in it
// as suppressed ones, with the reason. No line of a file is quoted.
type SARIF struct {
	Version string // of dvz
	// Source returns the content of a file by the name in Pos.File, or nil.
	Source func(file string) []byte
	// Relative returns the path of a file by the name in Pos.File, slash
	// separated and relative to the root of the repository.
	Relative func(file string) string
}

// The parts of a log that dvz fills in; see chapter 3 of the standard.
type (
	sarifLog struct {
		Schema  string     `json:"$schema"`
		Version string     `json:"version"`
		Runs    []sarifRun `json:"runs"`
	}
	sarifRun struct {
		Tool struct {
			Driver sarifDriver `json:"driver"`
		} `json:"tool"`
		BaseIDs    map[string]sarifBase `json:"originalUriBaseIds"`
		ColumnKind string               `json:"columnKind"`
		Results    []sarifResult        `json:"results"`
	}
	sarifDriver struct {
		Name            string      `json:"name"`
		Version         string      `json:"version"`
		SemanticVersion string      `json:"semanticVersion"`
		InformationURI  string      `json:"informationUri"`
		Rules           []sarifRule `json:"rules"`
	}
	sarifBase struct {
		Description sarifText `json:"description"`
	}
	sarifRule struct {
		ID      string    `json:"id"`
		Name    string    `json:"name"`
		Short   sarifText `json:"shortDescription"`
		Full    sarifText `json:"fullDescription"`
		Help    sarifText `json:"help"`
		Default struct {
			Level Severity `json:"level"`
		} `json:"defaultConfiguration"`
	}
	sarifText struct {
		Text     string `json:"text"`
		Markdown string `json:"markdown,omitempty"`
	}
	sarifResult struct {
		RuleID       string             `json:"ruleId"`
		RuleIndex    int                `json:"ruleIndex"`
		Level        Severity           `json:"level"` // the severities have the standard's words
		Message      sarifText          `json:"message"`
		Locations    []sarifLocation    `json:"locations"`
		Related      []sarifLocation    `json:"relatedLocations,omitempty"`
		Fingerprints map[string]string  `json:"partialFingerprints,omitempty"`
		Suppressions []sarifSuppression `json:"suppressions"` // of all results, or of none
	}
	sarifLocation struct {
		ID       int           `json:"id,omitempty"` // of related ones
		Physical sarifPhysical `json:"physicalLocation"`
		Message  *sarifText    `json:"message,omitempty"`
	}
	sarifPhysical struct {
		Artifact struct {
			URI    string `json:"uri"`
			BaseID string `json:"uriBaseId"`
		} `json:"artifactLocation"`
		Region sarifRegion `json:"region"`
	}
	// GitHub asks for all four, also where the standard has defaults.
	sarifRegion struct {
		StartLine   int `json:"startLine"`
		StartColumn int `json:"startColumn"`
		EndLine     int `json:"endLine"`
		EndColumn   int `json:"endColumn"`
	}
	sarifSuppression struct {
		Kind          string `json:"kind"`
		Justification string `json:"justification"`
	}
)

const (
	sarifSchema    = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
	informationURI = "https://github.com/detectviz/detectviz"
	sourceRoot     = "%SRCROOT%"
	// mostResults and mostRelated are what GitHub takes; it refuses a log with
	// more.
	mostResults = 25000
	mostRelated = 100
)

// Write writes the findings in the given order.
func (s SARIF) Write(w io.Writer, l List) error {
	l = l[:min(len(l), mostResults)]
	run := sarifRun{
		BaseIDs:    map[string]sarifBase{sourceRoot: {sarifText{Text: "the root of the repository"}}},
		ColumnKind: "utf16CodeUnits",
		Results:    []sarifResult{},
	}
	run.Tool.Driver = sarifDriver{Name: "dvz", Version: s.Version, SemanticVersion: s.Version, InformationURI: informationURI, Rules: []sarifRule{}}
	rules := map[string]int{}
	files := newLines(s.Source, l)
	prints := fingerprints{lines: files, files: map[string][]string{}}
	for _, d := range l {
		if _, ok := rules[d.Code]; !ok {
			rules[d.Code] = len(rules)
			run.Tool.Driver.Rules = append(run.Tool.Driver.Rules, rule(d.Code))
		}
		result := sarifResult{
			RuleID: d.Code, RuleIndex: rules[d.Code], Level: d.Severity,
			Message:      sarifText{Text: d.Message},
			Locations:    []sarifLocation{{Physical: s.physical(files, d.Pos, d.Width)}},
			Suppressions: []sarifSuppression{},
		}
		if d.Hint != "" {
			result.Message.Text += "\n" + d.Hint
		}
		for i, r := range d.Related[:min(len(d.Related), mostRelated)] {
			result.Related = append(result.Related, sarifLocation{ID: i + 1, Physical: s.physical(files, r.Pos, r.Width), Message: &sarifText{Text: r.Message}})
		}
		if print := prints.at(d.Pos); print != "" {
			result.Fingerprints = map[string]string{fingerprintKey: print}
		}
		if d.Ignored != "" {
			result.Suppressions = []sarifSuppression{{Kind: "inSource", Justification: d.Ignored}}
		}
		run.Results = append(run.Results, result)
	}
	return writeJSON(w, sarifLog{Schema: sarifSchema, Version: "2.1.0", Runs: []sarifRun{run}})
}

// rule describes a code as its page does.
func rule(code string) sarifRule {
	p := pages[code]
	r := sarifRule{
		ID: code, Name: pascal(p.Title),
		Short: sarifText{Text: p.Title},
		Full:  sarifText{Text: p.Cause},
		Help:  sarifText{Text: p.String(), Markdown: p.markdown()},
	}
	r.Default.Level = p.Kind.Severity()
	return r
}

// pascal joins the words of a title: "a key is written twice" becomes
// KeyIsWrittenTwice.
func pascal(title string) string {
	var name strings.Builder
	for _, word := range strings.FieldsFunc(title, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
		if word == "a" || word == "an" || word == "the" {
			continue
		}
		first, size := utf8.DecodeRuneInString(word)
		name.WriteString(string(unicode.ToUpper(first)) + word[size:])
	}
	return name.String()
}

// physical turns a place into a region. One without a line is the file's first
// line, one without a width is a single character.
func (s SARIF) physical(files *lines, pos Pos, width int) (p sarifPhysical) {
	p.Artifact.URI = (&url.URL{Path: s.Relative(pos.File)}).String()
	p.Artifact.BaseID = sourceRoot
	line, _ := files.at(Pos{File: pos.File, Line: max(pos.Line, 1)})
	from := min(max(pos.Column-1, 0), len(line))
	to := len(line)
	switch {
	case pos.Column > 0 && width > 0:
		to = min(from+width, len(line))
	case pos.Column > 0:
		_, size := utf8.DecodeRune(line[from:])
		to = from + size
	}
	start := 1 + utf16Len(line[:from])
	p.Region = sarifRegion{
		StartLine: max(pos.Line, 1), StartColumn: start,
		EndLine: max(pos.Line, 1), EndColumn: start + max(utf16Len(line[from:to]), 1),
	}
	if line == nil { // nothing to count in: bytes are the best that is known
		p.Region.StartColumn = max(pos.Column, 1)
		p.Region.EndColumn = p.Region.StartColumn + cmp.Or(width, 1)
	}
	return p
}

func utf16Len(text []byte) (n int) {
	for _, r := range string(text) {
		n += utf16.RuneLen(r)
	}
	return n
}
