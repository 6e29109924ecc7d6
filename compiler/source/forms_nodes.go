package source

import (
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// pair is a key of a map and its value.
type pair struct{ key, value *yaml.Node }

func pairs(m *yaml.Node) []pair {
	var all []pair
	for i := 0; i+1 < len(m.Content); i += 2 {
		all = append(all, pair{m.Content[i], m.Content[i+1]})
	}
	return all
}

// index returns where a key stands; -1 when it does not, or stands twice.
func index(fields []pair, key string) int {
	found := -1
	for i, field := range fields {
		if field.key.Kind != yaml.ScalarNode || field.key.Value != key {
			continue
		}
		if found >= 0 {
			return -1
		}
		found = i
	}
	return found
}

// has reports whether a key stands anywhere, once or more often.
func has(fields []pair, key string) bool {
	return slices.ContainsFunc(fields, func(p pair) bool { return p.key.Value == key })
}

func rank(keys []string, p pair) int {
	if i := slices.Index(keys, p.key.Value); i >= 0 {
		return i
	}
	return len(keys)
}

func sortBy(keys []string, fields []pair) {
	slices.SortStableFunc(fields, func(a, b pair) int { return rank(keys, a) - rank(keys, b) })
}

func isMap(n *yaml.Node) bool {
	return n.Kind == yaml.MappingNode && n.ShortTag() == "!!map" && len(n.Content)%2 == 0
}

// isOpen reports whether a map can be taken apart: it has no anchor, and no
// merge key brings it fields.
func isOpen(n *yaml.Node) bool {
	return isMap(n) && n.Anchor == "" &&
		!slices.ContainsFunc(pairs(n), func(p pair) bool { return p.key.Tag == "!!merge" })
}

func isList(n *yaml.Node) bool {
	return n.Kind == yaml.SequenceNode && n.ShortTag() == "!!seq" && n.Anchor == ""
}

func isText(n *yaml.Node) bool {
	return n.Kind == yaml.ScalarNode && n.ShortTag() == "!!str" && n.Value != ""
}

// scalar returns a new text that stands where another node was written.
func scalar(text string, at *yaml.Node) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: text, Line: at.Line, Column: at.Column}
}

// asMap returns a map of the fields in the place of a node, which keeps its
// comments if it was a map.
func asMap(old *yaml.Node, fields []pair) *yaml.Node {
	n := yaml.Node{Line: old.Line, Column: old.Column}
	if old.Kind == yaml.MappingNode {
		n = *old
	}
	n.Kind, n.Tag, n.Style, n.Content = yaml.MappingNode, "!!map", n.Style&^yaml.FlowStyle, nil
	for _, field := range fields {
		n.Content = append(n.Content, field.key, field.value)
	}
	return &n
}

// asList is asMap for lists; an empty one is written as [].
func asList(old *yaml.Node, items []*yaml.Node) *yaml.Node {
	n := *old
	n.Kind, n.Tag, n.Style, n.Content = yaml.SequenceNode, "!!seq", n.Style&^yaml.FlowStyle, items
	if len(items) == 0 {
		n.Style |= yaml.FlowStyle
	}
	return &n
}

// ordered reports whether each alias of a tree stands behind the anchor that it
// means.
func ordered(n *yaml.Node, anchors map[string]*yaml.Node) bool {
	if n.Kind == yaml.AliasNode {
		return anchors[n.Value] == n.Alias
	}
	if n.Anchor != "" {
		anchors[n.Anchor] = n
	}
	for _, child := range n.Content {
		if !ordered(child, anchors) {
			return false
		}
	}
	return true
}

// below puts comments below each other, each line with its end.
func below(comments ...string) string {
	var all strings.Builder
	for _, comment := range comments {
		if all.WriteString(comment); comment != "" && !strings.HasSuffix(comment, "\n") {
			all.WriteString("\n")
		}
	}
	return all.String()
}

// words returns a comment without blank lines and indentation.
func words(comment string) string {
	var all []string
	for line := range strings.Lines(comment) {
		if line = strings.TrimSpace(line); line != "" {
			all = append(all, line)
		}
	}
	return below(all...)
}

// ownComments returns the comments of nodes, without those below them.
func ownComments(nodes ...*yaml.Node) string {
	var all string
	for _, n := range nodes {
		all += below(words(n.HeadComment), words(n.LineComment), words(n.FootComment))
	}
	return all
}

// allComments returns the comments of a node and all below it.
func allComments(n *yaml.Node) string {
	all := ownComments(n)
	for _, child := range n.Content {
		all += allComments(child)
	}
	return all
}
