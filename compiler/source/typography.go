package source

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"

	"github.com/detectviz/detectviz/compiler/diag"
)

// lookalike is a character that looks like one of YAML's. Input methods for
// Chinese, word processors and web pages write such.
type lookalike struct {
	name  string // with its article
	means string // what YAML has instead
	hint  string
}

var lookalikes = map[rune]lookalike{
	'：': {"a full-width colon", ": ", `write ": ", a colon and a space`},
	'，': {"a full-width comma", ", ", `write ", ", a comma and a space`},
	'、': {"an ideographic comma", ", ", `write ", ", a comma and a space`},
	'＃': {"a full-width number sign", "#", `write "#" before a comment`},
	'｜': {"a full-width vertical line", "|", `write "|"`},
	'＞': {"a full-width greater-than sign", ">", `write ">"`},
	'【': {"a full-width bracket", "[", `write "["`},
	'［': {"a full-width bracket", "[", `write "["`},
	'】': {"a full-width bracket", "]", `write "]"`},
	'］': {"a full-width bracket", "]", `write "]"`},
	'（': {"a full-width parenthesis", "[", `write "[" for a list, and quotes around a text`},
	'）': {"a full-width parenthesis", "]", `write "]" for a list, and quotes around a text`},
	'｛': {"a full-width brace", "{", `write "{"`},
	'｝': {"a full-width brace", "}", `write "}"`},
	'－': {"a full-width hyphen", "- ", `write "- ", a hyphen and a space`},
	'–': {"an en dash", "- ", `write "- ", a hyphen and a space`},
	'—': {"an em dash", "- ", `write "- ", a hyphen and a space`},
	'“': {"a typographic quote", `"`, quoteHint},
	'”': {"a typographic quote", `"`, quoteHint},
	'‘': {"a typographic quote", "'", quoteHint},
	'’': {"a typographic quote", "'", quoteHint},
	'＂': {"a full-width quote", `"`, quoteHint},
	'＇': {"a full-width quote", "'", quoteHint},

	'\u00a0': {"a non-breaking space", " ", spaceHint},
	'\u202f': {"a narrow non-breaking space", " ", spaceHint},
	'\u2003': {"an em space", " ", spaceHint},
	'\u3000': {"an ideographic space", " ", spaceHint},
}

const (
	quoteHint = `write the plain quotes " or '`
	spaceHint = "write plain spaces"
)

// message says what is wrong with a look-alike.
func (k lookalike) message(r rune) string {
	if k.means == " " {
		return fmt.Sprintf("%s (U+%04X) stands here, which YAML does not know", k.name, r)
	}
	return fmt.Sprintf("%q is %s, which YAML does not know", string(r), k.name)
}

// straight writes a line as YAML knows it: with look-alikes replaced, except
// those in quotes and comments and dashes inside of texts. first is the offset of
// the first one in the line as it was, or -1.
func straight(line string) (written string, first int) {
	var out strings.Builder
	first = -1
	for i, r := range bare(line) {
		k, found := lookalikes[r]
		if found && k.means == "- " && strings.TrimLeft(line[:i], " ") != "" {
			found = false
		}
		if !found {
			out.WriteString(line[i : i+utf8.RuneLen(r)])
			continue
		}
		if first < 0 {
			first = i
		}
		out.WriteString(k.means)
	}
	return out.String(), first
}

// bare returns a line with its quoted texts and its comment blotted out, byte for
// byte. Of a quote that is not closed, what looks like a closing one is left.
func bare(line string) string {
	out := []byte(line)
	blot := func(from, to int) {
		for i := from; i < to; i++ {
			out[i] = '.'
		}
	}
	fresh := true // a quote would open a text here
	for i := 0; i < len(line); {
		r, size := utf8.DecodeRuneInString(line[i:])
		k, like := lookalikes[r]
		switch {
		case r == '#' && (i == 0 || strings.IndexByte(" \t", line[i-1]) >= 0):
			blot(i, len(line))
			return string(out)
		case fresh && (r == '"' || r == '\''):
			size = quotedWidth([]byte(line[i:]))
			if size == 0 {
				for at, r := range line[i:] {
					if lookalikes[r].hint != quoteHint {
						blot(i+at, i+at+utf8.RuneLen(r))
					}
				}
				return string(out)
			}
			blot(i, i+size)
		}
		fresh = like && k.means != "- " || strings.ContainsRune(" \t[{,:", r)
		i += size
	}
	return string(out)
}

// quotedWidth returns the bytes of the quoted text that a line begins with, 0
// when it does not end on the line.
func quotedWidth(line []byte) int {
	for i := 1; i < len(line); i++ {
		switch {
		case line[0] == '"' && line[i] == '\\', line[i] == '\'' && line[0] == '\'' && i+1 < len(line) && line[i+1] == '\'':
			i++
		case line[i] == line[0]:
			return i + 1
		}
	}
	return 0
}

// unquoted returns a plain text without the typographic quotes that it stands in,
// which it reports: to YAML they are a part of the text.
func (c *converter) unquoted(text string, pos diag.Pos, width int) string {
	first, size := utf8.DecodeRuneInString(text)
	last, end := utf8.DecodeLastRuneInString(text)
	partners, ok := quotePartners[first]
	if !ok || len(text) < size+end || !strings.ContainsRune(partners, last) {
		return text
	}
	inner := text[size : len(text)-end]
	if strings.ContainsAny(inner, string(first)+partners) {
		return text
	}
	d := c.l.Errorf("DVZ025", pos, "%c and %c are no quotes to YAML, but a part of the text", first, last)
	d.Width, d.Hint = width, quoteHint
	return inner
}

// quotePartners are the quotes that may close each typographic one.
var quotePartners = map[rune]string{'“': "”“", '”': "”", '‘': "’", '’': "’", '＂': "＂", '＇': "＇"}

// indented reports a key whose indentation holds spaces that YAML takes for a
// part of the key. The key then stands in the wrong map.
func (c *converter) indented(key *yaml.Node, offset int) {
	r, _ := utf8.DecodeRuneInString(key.Value)
	k, found := lookalikes[r]
	begin := c.at.ours[c.at.pos(offset).Line-1]
	if !found || k.means != " " || len(bytes.TrimLeft(c.at.text[begin:offset], " ")) > 0 {
		return
	}
	d := c.l.Errorf("DVZ005", c.at.pos(offset), "%s (U+%04X) is used for indentation; YAML knows only plain spaces", k.name, r)
	d.Width = len(key.Value) - len(strings.TrimLeft(key.Value, string(r)))
	c.unsound = true
}

// wideKey begins a text that was meant as a key and its value.
var wideKey = regexp.MustCompile(`^[a-z_][a-z0-9_./-]*：`)

// keyed reports such a text where a key could stand: at the begin of its line, or
// of a list item.
func (c *converter) keyed(n *Node) bool {
	key := wideKey.FindString(n.Text)
	begin := c.at.ours[n.Pos.Line-1]
	if key == "" || len(bytes.Trim(c.at.text[begin:begin+n.Pos.Column-1], " -")) > 0 {
		return false
	}
	colon := lookalikes['：']
	at := begin + n.Pos.Column - 1 + len(key) - len("：")
	d := c.l.Errorf("DVZ004", c.at.pos(at), "%s", colon.message('：'))
	d.Width, d.Hint = len("："), colon.hint
	n.markBroken()
	return true
}
