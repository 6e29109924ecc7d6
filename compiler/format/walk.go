package format

import (
	"strings"

	"gopkg.in/yaml.v3"
)

// document reads the whole text.
func (s *scanner) document(n *yaml.Node) {
	s.skip()
	if s.text[s.at:] == "---" || hasAnyPrefix(s.text[s.at:], "---\n", "--- ", "---\t") {
		s.marked = true
		s.at += len("---")
		n.HeadComment = s.take()
		s.skip()
	} else {
		n.HeadComment = s.header()
	}
	if root := n.Content[0]; isBlock(root) {
		s.block(root)
	} else {
		root.HeadComment = s.take()
		s.leaf(root)
	}
	s.skip()
	if strings.HasPrefix(s.text[s.at:], "...") {
		s.at += len("...")
		s.trailing = nil
		s.skip()
	}
	if s.at < len(s.text) {
		s.fail(unknown)
	}
	if n.FootComment = strings.TrimRight(s.take(), "\n"); n.FootComment != "" {
		n.FootComment += "\n"
	}
}

// header returns the comments above the first key that are about the file: all
// up to the last blank line, and the line for the language server.
func (s *scanner) header() string {
	n := 0
	for i, l := range s.pending {
		if l.text == "" || i == 0 && strings.HasPrefix(l.text, "# yaml-language-server:") {
			n = i
			if l.text != "" {
				n++
			}
		}
	}
	mine := s.pending[:n]
	s.pending = s.pending[n:]
	return joined(mine)
}

func hasAnyPrefix(text string, prefixes ...string) bool {
	for _, prefix := range prefixes {
		if strings.HasPrefix(text, prefix) {
			return true
		}
	}
	return false
}

// isBlock reports whether a value is a map or list on lines of its own.
func isBlock(n *yaml.Node) bool {
	return (n.Kind == yaml.MappingNode || n.Kind == yaml.SequenceNode) && n.Style&yaml.FlowStyle == 0
}

// isNothing reports whether a value is written as nothing at all.
func isNothing(n *yaml.Node) bool {
	return n.Kind == yaml.ScalarNode && n.Value == "" && n.Style == 0 && n.Anchor == ""
}

// value reads a value after its key.
func (s *scanner) value(n *yaml.Node) {
	if isNothing(n) {
		s.leaves[n] = leaf{}
		s.skip()
		n.HeadComment = s.takeDeeper(s.column + 1)
		return
	}
	s.skip()
	if isBlock(n) {
		s.block(n)
		return
	}
	n.HeadComment = s.takeWords()
	s.leaf(n)
}

// block reads a map or list on lines of its own.
func (s *scanner) block(n *yaml.Node) {
	if text := s.properties(n); text != "" {
		s.end = s.at
		s.leaves[n] = leaf{properties: text}
		s.skip()
	}
	outer := s.column
	s.column = s.columnOf(s.at)
	var last *yaml.Node
	if n.Kind == yaml.MappingNode {
		for i := 0; i+1 < len(n.Content); i += 2 {
			last = n.Content[i]
			s.entry(last, n.Content[i+1])
		}
	} else {
		for _, item := range n.Content {
			last = item
			s.item(item)
		}
	}
	s.skip()
	if last == nil || s.err != nil {
		s.fail(unknown)
		return
	}
	last.FootComment = s.takeDeeper(s.column)
	s.column = outer
}

// entry reads a key and its value.
func (s *scanner) entry(key, value *yaml.Node) {
	s.skip()
	key.HeadComment = s.take()
	if s.at < s.offset(key) { // ? key
		s.indicator('?')
		s.skip()
	}
	s.leaf(key)
	if strings.Contains(s.leaves[key].text, "\n") {
		s.at = s.offset(key)
		s.fail("dvz fmt cannot print a key of several lines")
		return
	}
	s.skip()
	if isNothing(value) && (s.at >= len(s.text) || s.text[s.at] != ':') { // ? key
		s.leaves[value] = leaf{}
		return
	}
	s.indicator(':')
	s.trailing = &key.LineComment
	s.value(value)
}

// item reads an item of a list. Comments between the "-" and the item go above
// it: there is no better place for them.
func (s *scanner) item(n *yaml.Node) {
	s.skip()
	head := s.take()
	s.indicator('-')
	if isNothing(n) {
		s.leaves[n] = leaf{}
		n.HeadComment = head
		s.trailing = &n.LineComment
		return
	}
	s.trailing = nil
	s.skip()
	head += s.takeWords()
	if isBlock(n) {
		s.block(n)
	} else {
		s.leaf(n)
	}
	n.HeadComment = head
}

// leaf reads a scalar, an alias, or a map or list in brackets.
func (s *scanner) leaf(n *yaml.Node) {
	begin := s.offset(n)
	if s.at != begin {
		s.fail(unknown)
		return
	}
	l := leaf{column: s.columnOf(begin), base: s.column, below: strings.Contains(s.text[s.end:begin], "\n")}
	if s.brackets > 0 {
		l.base = s.indentation(begin)
	}
	l.properties = s.properties(n)
	if n.Kind != yaml.ScalarNode || n.Value != "" || n.Style&^yaml.TaggedStyle != 0 {
		pending, behind := s.pending, s.at
		s.trailing = nil
		s.skip() // the content may stand below its anchor or tag
		s.pending = pending
		l.text = s.text[behind:s.at] + s.content(n, &l)
	}
	l.text = l.properties + l.text
	s.leaves[n] = l
	s.end = s.at
	s.trailing = &n.LineComment
}

// flow reads a map or list in brackets. Its comments become those of its parts,
// in case it is taken apart.
func (s *scanner) flow(n *yaml.Node) {
	isOpen := s.text[s.at] == '{' || s.text[s.at] == '['
	outer := s.pending
	s.pending = nil
	s.brackets++
	if isOpen {
		s.at++
	}
	for i, child := range n.Content {
		if isNothing(child) {
			s.leaves[child] = leaf{}
			continue
		}
		s.until(s.offset(child))
		comments := s.takeWords()
		s.leaf(child)
		if n.Kind == yaml.MappingNode && i%2 == 1 {
			child = n.Content[i-1]
		}
		child.HeadComment += comments
	}
	if isOpen {
		s.until(len(s.text))
		s.at++
	}
	if rest := s.takeWords(); rest != "" && len(n.Content) > 0 {
		n.Content[max(0, len(n.Content)-2+len(n.Content)%2)].FootComment += rest
	}
	s.brackets--
	s.pending = outer
}

// until goes to a child of a list or map in brackets, or to the closing one.
func (s *scanner) until(offset int) {
	for s.err == nil {
		s.skip()
		switch {
		case s.at == offset && s.at < len(s.text):
			return
		case s.at >= len(s.text) || s.at > offset:
			s.fail(unknown)
		case strings.IndexByte(",?:", s.text[s.at]) >= 0:
			s.at++
		case offset == len(s.text) && strings.IndexByte("]}", s.text[s.at]) >= 0:
			return
		default:
			s.fail(unknown)
		}
	}
}
