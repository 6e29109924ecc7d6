package format

import (
	"strings"

	"gopkg.in/yaml.v3"
)

// text returns a value on one line.
func (p *printer) text(n *yaml.Node) string {
	l, isWritten := p.leaves[n]
	switch {
	case n.Kind == yaml.MappingNode || n.Kind == yaml.SequenceNode:
		return p.flow(n)
	case isWritten:
		return l.text
	}
	// Made by Normalise: names and versions.
	style := n.Style
	if strings.Contains(n.Value, "\n") {
		style = yaml.DoubleQuotedStyle
	}
	text, err := yaml.Marshal(&yaml.Node{Kind: yaml.ScalarNode, Tag: n.Tag, Value: n.Value, Style: style})
	if err != nil {
		return n.Value // and what is read again differs
	}
	return strings.TrimSuffix(string(text), "\n")
}

// flow returns a map or list in brackets on one line.
func (p *printer) flow(n *yaml.Node) string {
	open, closing := "[", "]"
	if n.Kind == yaml.MappingNode {
		open, closing = "{", "}"
	}
	if text := p.leaves[n].properties; text != "" {
		open = text + " " + open
	}
	var parts []string
	for i := 0; i < len(n.Content); i++ {
		part := p.text(n.Content[i])
		if n.Kind == yaml.MappingNode {
			part = p.key(n.Content[i]) + " " + p.text(n.Content[i+1])
			i++
		}
		parts = append(parts, part)
	}
	return open + strings.Join(parts, ", ") + closing
}

// leafText returns a value that is no block. What was written on several lines
// keeps them: they move with the first one.
func (p *printer) leafText(n *yaml.Node, column int, isBelow bool) string {
	l := p.leaves[n]
	lines := strings.Split(l.text, "\n")
	if len(lines) == 1 {
		return p.text(n)
	}
	if n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0 {
		return blockText(lines, l, column)
	}
	from, to, least := l.base, column, column+step
	if isBelow {
		from, to = l.column, column+step
	}
	if n.Kind != yaml.ScalarNode {
		least = to
	}
	for i, text := range lines[1:] {
		content := strings.TrimLeft(text, " \t")
		if content == "" {
			lines[i+1] = ""
			continue
		}
		indent := max(least, len(text)-len(content)-from+to)
		lines[i+1] = strings.Repeat(" ", indent) + content
	}
	for i, text := range lines[:len(lines)-1] {
		if trimmed := strings.TrimRight(text, " \t"); !strings.HasSuffix(trimmed, `\`) {
			lines[i] = trimmed
		}
	}
	return strings.Join(lines, "\n")
}

// blockText returns a text that begins with | or >.
func blockText(lines []string, l leaf, column int) string {
	indent := max(column, 0) + step
	if l.fixed > 0 {
		indent = max(column, 0) + l.fixed
	}
	for i, text := range lines[1:] {
		lines[i+1] = ""
		if l.content > 0 && len(text) > l.content {
			lines[i+1] = strings.Repeat(" ", indent) + text[l.content:]
		}
	}
	lines[0] = strings.TrimRight(lines[0], " \t")
	return strings.Join(lines, "\n")
}
