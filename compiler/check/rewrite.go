package check

import (
	"regexp"
	"strconv"
	"strings"
	"unicode"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/ast"

	"github.com/detectviz/detectviz/compiler/source"
)

// What a user probably meant by a value that does not fit. Nothing is suggested
// that the place would not take.

// rewrite returns the hint for a value that does not fit, or "".
func (w *walker) rewrite(schema cue.Value, n *source.Node, p place, enum []string) string {
	wanted := schema.IncompleteKind()
	switch {
	case p.secret:
		return "" // a hint would show it
	case n.Kind == source.Map && wanted == cue.ListKind:
		return `begin each item with "- "`
	case n.Kind == source.Map || n.Kind == source.List:
		return ""
	}
	if n.Kind == source.String {
		if hint := w.meantReference(n.Text); hint != "" {
			return hint
		}
		if s := suggest(n.Text, enum); s != "" && strings.Trim(n.Text, "0123456789.") != "" {
			return `did you mean "` + s + `"?`
		}
	}
	if n.Kind != source.String && wanted&cue.StringKind != 0 && w.takes(schema, ast.NewString(n.Text)) {
		return `write "` + n.Text + `" in quotes if text is meant`
	}
	for _, t := range otherTexts(n.Text, w.formAt(schema, p.goType)) {
		meant := &source.Node{Kind: source.String, Text: t.text}
		if wanted&cue.StringKind != 0 && t.text != n.Text && t.text != "" && len(t.text) < 100 && w.takes(schema, ast.NewString(t.text)) && w.form(schema, meant, p) == nil {
			return strings.TrimSpace("write " + t.text + " " + t.because)
		}
	}
	switch {
	case n.Kind != source.String:
	case wanted&cue.ListKind != 0 && len(n.Text) < 100:
		var items []string
		for item := range strings.SplitSeq(n.Text, ",") {
			items = append(items, strconv.Quote(strings.TrimSpace(item)))
		}
		return "write [" + strings.Join(items, ", ") + "]"
	case wanted&cue.BoolKind != 0 && truths[strings.ToLower(n.Text)] != "":
		return "write " + truths[strings.ToLower(n.Text)]
	case wanted&cue.NumberKind != 0:
		if _, err := strconv.ParseFloat(n.Text, 64); err == nil {
			return "write " + n.Text + " without quotes"
		}
	}
	return ""
}

// takes reports whether a schema takes a value.
func (w *walker) takes(schema cue.Value, value ast.Expr) bool {
	return w.unify(schema, value).Validate() == nil
}

// truths are the words for true and false.
var truths = map[string]string{"yes": "true", "on": "true", "y": "true", "true": "true", "no": "false", "off": "false", "n": "false", "false": "false"}

// otherText is a way to write a text, and why it must be written so.
type otherText struct{ text, because string }

// otherTexts are ways to write what people write in other languages.
func otherTexts(text string, place formed) []otherText {
	text = strings.TrimSpace(strings.Map(halfWidth, text))
	lower := strings.ToLower(text)
	all := []otherText{{text: text}, {text: lower}}
	takes := otherPlace
	if place.form != nil {
		takes = place.takes
	}
	_, err := strconv.ParseUint(text, 10, 32)
	switch isNumber := err == nil; {
	case takes == durationPlace:
		all = append(all, durationOf(lower))
	case takes == sizePlace:
		all = append(all, otherText{text: sizeOf(lower)})
	case takes == addressPlace && isNumber:
		all = append(all, otherText{text: "127.0.0.1:" + text})
	case takes == urlPlace && strings.ContainsAny(text, ".:"):
		all = append(all, otherText{text: "http://" + text})
	case isNumber:
		all = append(all, otherText{text: text + "%"})
	}
	return all
}

// halfWidth returns the plain form of a full-width letter, digit or sign.
func halfWidth(r rune) rune {
	if r >= '！' && r <= '～' {
		return r - '！' + '!'
	}
	return r
}

var (
	// quantities are numbers with their units, as in "1 h 30min" and PT15S.
	quantities = regexp.MustCompile(`^([0-9]+(?:\.[0-9]+)?) *(\pL*) *`)
	sizes      = regexp.MustCompile(`^([0-9]+(?:\.[0-9]+)?) *([kmgt]?)(i?)(b|bytes?)?$`)
)

// timeUnits are the units of Go for those that people write; the first is for a
// number alone.
var timeUnits = []struct {
	unit  string
	words []string
	times int
}{
	{"s", []string{"s", "sec", "secs", "second", "seconds", "秒"}, 1},
	{"ms", []string{"ms", "msec", "msecs", "millis", "millisecond", "milliseconds", "毫秒"}, 1},
	{"us", []string{"us", "µs", "μs", "microsecond", "microseconds", "微秒"}, 1},
	{"m", []string{"m", "min", "mins", "minute", "minutes", "分", "分钟", "分鐘"}, 1},
	{"h", []string{"h", "hr", "hrs", "hour", "hours", "时", "時", "小时", "小時"}, 1},
	{"h", []string{"d", "day", "days", "天", "日"}, 24},
	{"h", []string{"w", "week", "weeks", "周", "週"}, 7 * 24},
}

// durationOf writes a duration as Go does; its text is empty when it is none.
func durationOf(text string) (out otherText) {
	text = strings.TrimPrefix(strings.TrimPrefix(text, "p"), "t") // ISO 8601
	last := "m"                                                   // a number alone is of seconds, and behind hours of minutes
	for text != "" {
		m := quantities.FindStringSubmatch(text)
		if m == nil {
			return otherText{}
		}
		text = strings.TrimPrefix(text[len(m[0]):], "t")
		if m[2] == "" {
			m[2] = map[string]string{"h": "m", "m": "s"}[last]
		}
		known := false
		for _, u := range timeUnits {
			for _, word := range u.words {
				if word != m[2] {
					continue
				}
				known, last = true, u.unit
				number := m[1]
				if u.times > 1 {
					days, err := strconv.ParseFloat(number, 64)
					if err != nil {
						return otherText{}
					}
					number, out.because = strconv.FormatFloat(days*float64(u.times), 'f', -1, 64), "(there are no "+unitName(u.times)+")"
				}
				out.text += number + u.unit
			}
		}
		if !known {
			return otherText{}
		}
	}
	return out
}

func unitName(hours int) string {
	if hours == 24 {
		return "days"
	}
	return "weeks"
}

// sizeOf writes a number of bytes as units.ParseSize takes it; empty when it is
// none. Nobody means bytes by a small number alone.
func sizeOf(text string) string {
	m := sizes.FindStringSubmatch(text)
	if m == nil || m[2] == "" && m[4] == "" && len(m[1]) < 5 {
		return ""
	}
	return m[1] + strings.ToUpper(m[2]) + m[3] + "B"
}

var (
	// variable is a reference to an environment variable, alone, as other
	// languages write it.
	variable = regexp.MustCompile(`^\$\{(?:env:)?([A-Z_][A-Z0-9_]*)(?::-[^{}]*)?\}`)
	// named is what may be meant as a reference: ${x}, ${param.x}, {{params.x}}.
	named = regexp.MustCompile(`^(?:\$\{|\{\{|\$\{\{) *(?:params?\.)?([A-Za-z0-9_]+) *\}`)
)

// braces are what stands behind a brace, up to its end.
var braces = regexp.MustCompile(`\{[^{}]*`)

// meantReference returns the hint for a text that begins with what is meant as a
// reference and is none, or "".
func (w *walker) meantReference(text string) string {
	if m := named.FindStringSubmatch(text); m != nil {
		name := strings.ToLower(m[1])
		switch {
		case w.params[m[1]] != nil:
			return "write ${params." + m[1] + "}"
		case w.params[name] != nil:
			return "write ${params." + name + "}"
		case name == "state" || name == "host":
			return "write ${" + name + "}"
		}
	}
	if m := variable.FindStringSubmatch(text); m != nil {
		return "for an environment variable declare a param with env: " + m[1]
	}
	return ""
}

// mentions returns the words of all texts of a composition that may be meant as
// references.
func mentions(root *source.Node) map[string]bool {
	words := map[string]bool{}
	each(root, func(n *source.Node) {
		for _, braced := range braces.FindAllString(n.Text, -1) {
			for _, word := range strings.FieldsFunc(braced, func(r rune) bool { return r != '_' && !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
				words[word] = true
			}
		}
	})
	return words
}
