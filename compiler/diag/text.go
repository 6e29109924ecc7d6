package diag

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/width"
)

// Printer writes diagnostics for people:
//
//	composition.yaml:14:9: error[DVZ102]: unknown field "intervall" in community/importers/prometheus
//	   14 |         intervall: 15s
//	      |         ^^^^^^^^^ did you mean "interval"? (the time between two scrapes, default 15s)
//
// Related positions follow in the same form, as notes.
type Printer struct {
	// Source returns the content of a file by the name in Pos.File, or nil when
	// there is nothing to excerpt. A nil Source prints no excerpts.
	Source func(file string) []byte
	// Color asks for ANSI colours.
	Color bool
}

const (
	// tabStop is how far apart tab stops are in an excerpt.
	tabStop = 4
	// excerptColumns is how much of a long line an excerpt shows; a window
	// around the place is cut out of longer ones.
	excerptColumns = 160
	// hintColumns is up to where a hint stands beside the caret; one that would
	// end further to the right has a line of its own.
	hintColumns = 190
)

// The ANSI colours of the parts of a diagnostic.
const (
	red    = "\x1b[1;31m"
	yellow = "\x1b[1;33m"
	cyan   = "\x1b[36m"
	bold   = "\x1b[1m"
	dim    = "\x1b[2m"
	reset  = "\x1b[0m"
)

// Print writes the findings that count, in the given order.
func (p Printer) Print(w io.Writer, l List) error {
	t := text{Printer: p, lines: newLines(p.Source, l)}
	for _, d := range l.Standing() {
		color := red
		if d.Severity == Warning {
			color = yellow
		}
		label := fmt.Sprintf("%s[%s]", d.Severity, d.Code)
		t.finding(d.Pos, d.Width, label, color, d.Message, d.Hint)
		for _, r := range d.Related {
			t.finding(r.Pos, r.Width, "note", cyan, r.Message, "")
		}
	}
	_, err := w.Write(t.out.Bytes())
	return err
}

// text is one run of a Printer.
type text struct {
	Printer
	out   bytes.Buffer
	lines *lines
}

func (t *text) finding(pos Pos, width int, label, color, message, hint string) {
	fmt.Fprintf(&t.out, "%s: %s: %s\n", t.paint(bold, printable(pos.String())), t.paint(color, label), printable(message))
	hint = printable(strings.ReplaceAll(hint, "\n", " "))
	margin := "="
	if line, ok := t.lines.at(pos); ok {
		margin = "|"
		excerpt, carets := layOut(line, pos.Column-1, width)
		fmt.Fprintf(&t.out, "%s %s\n", t.paint(dim, fmt.Sprintf("%5d |", pos.Line)), excerpt)
		if pos.Column > 0 {
			margin = "="
			below := t.paint(color, carets)
			if hint != "" && utf8.RuneCountInString(carets+hint) <= hintColumns {
				below, hint = below+" "+hint, ""
			}
			fmt.Fprintf(&t.out, "%s %s\n", t.paint(dim, "      |"), below)
		}
	}
	if hint != "" {
		fmt.Fprintf(&t.out, "%s %s\n", t.paint(dim, "      "+margin), hint)
	}
}

func (t *text) paint(color, s string) string {
	if !t.Color || s == "" {
		return s
	}
	return color + s + reset
}

// printable replaces the control characters of a file's or folder's name, which
// would speak to the terminal.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' && r != '\t' {
			return unicode.ReplacementChar
		}
		return r
	}, s)
}

// layOut turns a line into what a terminal shows of it, and the carets that
// stand under length bytes from offset.
func layOut(line []byte, offset, length int) (excerpt, carets string) {
	var shown []string // by terminal column; the second half of a wide rune is ""
	from, to := -1, -1
	for i := 0; i < len(line); {
		r, size := utf8.DecodeRune(line[i:])
		if from < 0 && i+size > offset {
			from = len(shown)
		}
		switch {
		case r == '\t':
			for n := tabStop - len(shown)%tabStop; n > 0; n-- {
				shown = append(shown, " ")
			}
		case r == utf8.RuneError && size == 1, unicode.IsControl(r):
			shown = append(shown, "\uFFFD") // never let a file speak to the terminal
		case unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf):
			if len(shown) > 0 && !unicode.Is(unicode.Cf, r) {
				shown[len(shown)-1] += string(r)
			}
		case wide(r):
			shown = append(shown, string(r), "")
		default:
			shown = append(shown, string(r))
		}
		i += size
		if i <= offset+length {
			to = len(shown)
		}
	}
	if from < 0 {
		from = len(shown)
	}
	to = max(to, from+1)

	start := 0
	if len(shown) > excerptColumns {
		start = max(0, min(from-excerptColumns/4, len(shown)-excerptColumns))
		end := min(len(shown), start+excerptColumns)
		to = max(min(to, end), from+1)
		tail := ""
		if end < len(shown) {
			tail = "…"
		}
		excerpt = strings.Join(shown[start:end], "") + tail
		if start > 0 {
			excerpt = "…" + excerpt
			start--
		}
	} else {
		excerpt = strings.TrimRight(strings.Join(shown, ""), " ")
	}
	return excerpt, strings.Repeat(" ", from-start) + strings.Repeat("^", to-from)
}

func wide(r rune) bool {
	k := width.LookupRune(r).Kind()
	return k == width.EastAsianWide || k == width.EastAsianFullwidth
}

// Summary is the line below the findings:
//
//	3 errors, 1 warning in 2 plugins (12 ms) · dvz explain DVZ203
//
// The plugins are those in whose entries findings stand. The code is that of
// the first error, else of the first warning.
func Summary(l List, elapsed time.Duration) string {
	var errors, warnings int
	var code, warned string
	plugins := map[string]bool{}
	for _, d := range l.Standing() {
		if d.Severity == Warning {
			warnings++
			warned = cmp.Or(warned, d.Code)
		} else {
			errors++
			code = cmp.Or(code, d.Code)
		}
		if d.Plugin != "" {
			plugins[d.Plugin] = true
		}
	}
	var counts []string
	if errors > 0 {
		counts = append(counts, plural(errors, "error"))
	}
	if warnings > 0 {
		counts = append(counts, plural(warnings, "warning"))
	}
	took := fmt.Sprintf("(%d ms)", elapsed.Milliseconds())
	if counts == nil {
		return "no problems " + took
	}
	where := ""
	if len(plugins) > 0 {
		where = " in " + plural(len(plugins), "plugin")
	}
	return strings.Join(counts, ", ") + where + " " + took + " · dvz explain " + cmp.Or(code, warned)
}

func plural(n int, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return strconv.Itoa(n) + " " + word + "s"
}
