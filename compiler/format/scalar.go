package format

import (
	"strings"

	"gopkg.in/yaml.v3"
)

// properties returns the anchor and the tag of a node, and goes behind those that
// stand on one line.
func (s *scanner) properties(n *yaml.Node) string {
	begin := s.at
	if n.Kind != yaml.AliasNode && n.Anchor != "" || n.Style&yaml.TaggedStyle != 0 {
		s.skipProperties()
	}
	return s.text[begin:s.at]
}

func (s *scanner) skipProperties() {
	for s.at < len(s.text) {
		switch s.text[s.at] {
		case '&':
			s.at++
			s.skipName()
		case '!':
			if i := strings.IndexAny(s.text[s.at:], " \t\n"); i >= 0 {
				s.at += i
			} else {
				s.at = len(s.text)
			}
		default:
			return
		}
		rest := strings.TrimLeft(s.text[s.at:], " \t")
		if rest == "" || rest[0] != '&' && rest[0] != '!' {
			return
		}
		s.at = len(s.text) - len(rest)
	}
}

// skipName goes behind the name of an anchor or alias.
func (s *scanner) skipName() {
	for s.at < len(s.text) {
		switch c := s.text[s.at]; {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '_', c == '-':
			s.at++
		default:
			return
		}
	}
}

// content returns the text of a leaf, which begins here, and goes behind it.
func (s *scanner) content(n *yaml.Node, l *leaf) string {
	begin := s.at
	switch {
	case s.at >= len(s.text):
		s.fail(unknown)
	case n.Kind == yaml.AliasNode:
		s.indicator('*')
		s.skipName()
	case n.Kind != yaml.ScalarNode:
		s.flow(n)
	case n.Style&yaml.DoubleQuotedStyle != 0:
		s.doubleQuoted()
	case n.Style&yaml.SingleQuotedStyle != 0:
		s.singleQuoted()
	case n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0:
		return s.blockScalar(n, l)
	default:
		s.plain(n.Value)
	}
	return s.text[begin:s.at]
}

func (s *scanner) doubleQuoted() {
	for s.indicator('"'); s.at < len(s.text); s.at++ {
		switch s.text[s.at] {
		case '\\':
			s.at++
		case '"':
			s.at++
			return
		}
	}
	s.fail(unknown)
}

func (s *scanner) singleQuoted() {
	for s.indicator('\''); s.at < len(s.text); s.at++ {
		if s.text[s.at] != '\'' {
			continue
		}
		if s.at++; s.at == len(s.text) || s.text[s.at] != '\'' {
			return
		}
	}
	s.fail(unknown)
}

// plain goes along a text without quotes, whose end only its value tells.
func (s *scanner) plain(value string) {
	for value != "" {
		rest := strings.TrimLeft(s.text[s.at:], " \t\n")
		blank := s.text[s.at : len(s.text)-len(rest)]
		read := ""
		switch breaks := strings.Count(blank, "\n"); {
		case breaks == 1:
			read = " "
		case breaks > 1:
			read = strings.Repeat("\n", breaks-1)
		case blank != "":
			read = blank
		case rest != "":
			read = rest[:1]
			blank = read
		}
		after, ok := strings.CutPrefix(value, read)
		if !ok || read == "" {
			s.fail(unknown)
			return
		}
		value = after
		s.at += len(blank)
	}
}

// blockScalar returns a text that begins with | or >, and goes behind its last
// line. If the file does not end that line, print will: then the sign "-" says
// that the text has no end of line.
func (s *scanner) blockScalar(n *yaml.Node, l *leaf) string {
	begin := s.at
	signs := begin + 1
	for signs < len(s.text) && strings.IndexByte("+-123456789", s.text[signs]) >= 0 {
		if s.text[signs] >= '1' {
			l.fixed = int(s.text[signs] - '0')
			l.content = max(s.column, 0) + l.fixed
		}
		signs++
	}
	keep := strings.Contains(s.text[begin:signs], "+")
	s.at = s.lineEnd()
	header := s.at
	for next := s.at + 1; next < len(s.text); next++ {
		text, _, _ := strings.Cut(s.text[next:], "\n")
		indent := len(text) - len(strings.TrimLeft(text, " "))
		isBlank := indent == len(text)
		if !isBlank && l.content == 0 && indent > max(s.column, 0) {
			l.content = indent
		}
		if !isBlank && (l.content == 0 || indent < l.content) {
			break
		}
		next += len(text)
		if !isBlank || l.content > 0 && indent > l.content || keep && next < len(s.text) {
			s.at = next
		}
	}
	if s.at == len(s.text) && s.at > header && !strings.HasSuffix(n.Value, "\n") {
		sign := strings.Trim(s.text[begin:signs], "+-") + "-"
		return sign + s.text[signs:s.at]
	}
	return s.text[begin:s.at]
}
