package format

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/detectviz/detectviz/compiler/source"
)

// document is a YAML file in the documented form, ready to be printed.
type document struct {
	node     *yaml.Node // of kind DocumentNode
	leaves   map[*yaml.Node]leaf
	comments []string // all of them, sorted
	marked   bool     // it begins with ---
}

// read parses a file, finds its comments and the text of its values, and
// rewrites the seed's forms. The seed's forms stay when named is nil.
func read(content []byte, named func(name, pluginType string) string) (*document, error) {
	text := plainText(content)
	if i := strings.IndexAny(text, "\u0085\u2028\u2029"); i >= 0 {
		s := newScanner(text[:i])
		return nil, s.misfit(i, "the line holds a line break of Unicode; write it as an escape in double quotes")
	}
	node, err := parse(text)
	if err != nil {
		return nil, err
	}
	s := newScanner(text)
	s.document(node)
	if s.err != nil {
		return nil, s.err
	}
	slices.Sort(s.comments)
	if named != nil && source.Normalise(node, named) {
		dropTypes(node.Content[0])
	}
	return &document{node: node, leaves: s.leaves, comments: s.comments, marked: s.marked}, nil
}

// parse returns the tree of a text, without yaml.v3's own idea of its comments.
func parse(text string) (node *yaml.Node, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("yaml: the parser failed: %v", r)
		}
	}()
	decoder := yaml.NewDecoder(strings.NewReader(text))
	var first, second yaml.Node
	if err := decoder.Decode(&first); err != nil {
		return nil, err
	}
	switch err := decoder.Decode(&second); {
	case err == nil:
		return nil, errors.New("yaml: there is a second document")
	case !errors.Is(err, io.EOF):
		return nil, err
	case first.Kind != yaml.DocumentNode || len(first.Content) != 1:
		return nil, errors.New("yaml: there is no document")
	}
	withoutComments(&first)
	return &first, nil
}

func withoutComments(n *yaml.Node) {
	n.HeadComment, n.LineComment, n.FootComment = "", "", ""
	for _, child := range n.Content {
		withoutComments(child)
	}
}

// dropTypes drops what source keeps of the plugins' types: the documented form
// has no place for them.
func dropTypes(n *yaml.Node) {
	for i, child := range n.Content {
		if child.Kind != yaml.MappingNode || len(child.Content) != 2 || child.Content[1].Kind != yaml.MappingNode {
			dropTypes(child)
			continue
		}
		key, options := child.Content[0], child.Content[1]
		k := slices.IndexFunc(options.Content, func(o *yaml.Node) bool { return o.Tag == source.TypeTag && o.Style&yaml.TaggedStyle == 0 })
		if k < 0 {
			dropTypes(child)
			continue
		}
		if options.Content = slices.Delete(options.Content, k, k+2); len(options.Content) == 0 {
			key.HeadComment, key.FootComment = child.HeadComment, child.FootComment
			n.Content[i] = key
		}
	}
}

// same returns an error when another document does not hold the same values and
// comments.
func (d *document) same(other *document) error {
	if n := difference(d.node, other.node); n != nil {
		return &misfit{n.Line, n.Column, "dvz fmt does not know how to print this value"}
	}
	rest := other.comments
	for _, comment := range d.comments {
		for len(rest) > 0 && rest[0] < comment {
			rest = rest[1:]
		}
		if len(rest) == 0 || rest[0] != comment {
			return &misfit{0, 0, fmt.Sprintf("the comment %q would be lost; move it out of the brackets", comment)}
		}
		rest = rest[1:]
	}
	return nil
}

// difference returns the first node that another tree has not; nil when both
// mean the same.
func difference(a, b *yaml.Node) *yaml.Node {
	if a.Kind != b.Kind || a.Value != b.Value || a.ShortTag() != b.ShortTag() || a.Anchor != b.Anchor || len(a.Content) != len(b.Content) {
		return a
	}
	for i := range a.Content {
		if n := difference(a.Content[i], b.Content[i]); n != nil {
			return n
		}
	}
	return nil
}
