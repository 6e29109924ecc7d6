package source

import (
	"bytes"
	"cmp"
	"regexp"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/detectviz/detectviz/compiler/diag"
)

// ignoreMark begins the comments that suppress findings.
const ignoreMark = "dvz:ignore"

var (
	// yamlIgnore is such a comment in YAML: a # at the begin of a line or behind
	// space.
	yamlIgnore = regexp.MustCompile(`(?m)(?:^|[ \t])(#[ \t]*` + ignoreMark + `(?:[ \t][^\r\n]*)?)\r?$`)
	// ignoreForm is what such a comment says.
	ignoreForm = regexp.MustCompile(`^(DVZ[0-9]{3})[ \t]+because[ \t]+(.*)$`)
	// ignoreCode is how it begins.
	ignoreCode = regexp.MustCompile(`^DVZ[0-9]{3}(?:[ \t]|$)`)
)

// ignores returns the comments of a YAML file that suppress findings.
func (c *converter) ignores(document *yaml.Node, l *diag.List) (all []Ignore) {
	if !bytes.Contains(c.at.text, []byte(ignoreMark)) {
		return nil
	}
	texts := c.texts(document, nil)
	for from := 0; ; {
		m := yamlIgnore.FindSubmatchIndex(c.at.text[from:])
		if m == nil {
			return all
		}
		begin, end := from+m[2], from+m[3]
		for len(texts) > 0 && texts[0].to <= begin {
			texts = texts[1:]
		}
		if len(texts) > 0 && texts[0].from < begin {
			from = texts[0].to - 1 // the quote or line break that ends it
			continue
		}
		all = append(all, c.at.ignore(begin, end, "#", l)...)
		from = end
	}
}

// span is a range of bytes in a file.
type span struct{ from, to int }

// texts returns where the quoted and block scalars stand below a node, in the
// order of the file: what looks like a comment there is none.
func (c *converter) texts(y *yaml.Node, all []span) []span {
	offset := c.begin(y)
	switch {
	case y.Kind != yaml.ScalarNode:
	case y.Style&yaml.DoubleQuotedStyle != 0:
		return append(all, span{offset, c.closing(offset, '"', '\\')})
	case y.Style&yaml.SingleQuotedStyle != 0:
		return append(all, span{offset, c.closing(offset, '\'', '\'')})
	case y.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0:
		return append(all, c.block(offset, y.Value))
	}
	for _, child := range y.Content {
		all = c.texts(child, all)
	}
	return all
}

// closing returns the offset behind the quote that closes the one at an offset.
// Behind escape, a quote does not count.
func (c *converter) closing(offset int, quote, escape byte) int {
	text := c.at.text
	for i := offset + 1; i < len(text); i++ {
		switch {
		case text[i] == escape && i+1 < len(text) && (escape != quote || text[i+1] == quote):
			i++
		case text[i] == quote:
			return i + 1
		}
	}
	return len(text)
}

// block returns where the lines of a block scalar stand: those that are indented
// as its first one, and blank ones. Its header may end in a comment.
func (c *converter) block(header int, value string) span {
	from := c.at.pos(header).Line + 1
	to, indent := from, -1
	for ; strings.TrimSpace(value) != "" && to <= len(c.at.ours); to++ {
		line := c.at.line(to)
		own := len(line) - len(bytes.TrimLeft(line, " "))
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		if indent < 0 {
			indent = own
		}
		if own < indent {
			break
		}
	}
	return c.at.span(from, to)
}

// span returns where some lines stand: from one up to another, which is not one
// of them.
func (l *lines) span(from, to int) span {
	begin := func(line int) int {
		if line > len(l.ours) {
			return len(l.text)
		}
		return l.ours[line-1]
	}
	return span{begin(from), begin(to)}
}

// ignore reads a comment with ignoreMark. marker is how comments begin. A comment
// behind content is about its line, another one about the next line that holds
// content.
func (l *lines) ignore(begin, end int, marker string, found *diag.List) []Ignore {
	i := Ignore{Pos: l.pos(begin)}
	comment := strings.TrimRight(string(l.text[begin:end]), " \t\r")
	i.Width = len(comment)
	_, says, _ := strings.Cut(comment, ignoreMark)
	says = strings.TrimLeft(says, " \t")
	form := ignoreForm.FindStringSubmatch(says)
	if form == nil {
		missing := `no reason behind "because"`
		switch {
		case !ignoreCode.MatchString(says):
			missing = "no code such as DVZ203"
		case !strings.Contains(says, "because"):
			missing = `no "because"`
		}
		d := found.Errorf("DVZ030", i.Pos, "this comment suppresses nothing: it has %s", missing)
		d.Width, d.Hint = i.Width, "write "+marker+" "+ignoreMark+" DVZ203 because of a reason; one code a comment"
		return nil
	}
	i.Code, i.Reason = form[1], form[2]
	i.Line = i.Pos.Line
	if before := l.text[l.ours[i.Line-1]:begin]; len(bytes.TrimSpace(before)) == 0 {
		i.Line = cmp.Or(l.content(i.Line+1, marker), i.Line)
	}
	return []Ignore{i}
}

// content returns the first line from a given one on that is neither blank nor a
// comment, or 0.
func (l *lines) content(from int, marker string) int {
	if l.lastContent.from <= from && from <= l.lastContent.to {
		return l.lastContent.to
	}
	for line := from; line <= len(l.ours); line++ {
		if text := bytes.TrimSpace(l.line(line)); len(text) > 0 && !bytes.HasPrefix(text, []byte(marker)) {
			l.lastContent.from, l.lastContent.to = from, line
			return line
		}
	}
	return 0
}
