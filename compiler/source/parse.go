package source

import (
	"bytes"
	"errors"
	"io"
	"path"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/detectviz/detectviz/compiler/diag"
)

const (
	// maxDepth is how deep maps and lists may be nested.
	maxDepth = 100
	// maxExpanded is how many values all aliases of a file may stand for. It
	// bounds what later stages walk through ("billion laughs").
	maxExpanded = 100_000
	// maxValues is how many values a file may hold, for the same reason.
	maxValues = 1_000_000
	// maxMarks is how many lines and commas a YAML file may have: yaml.v3 reads all
	// of a file before its values can be counted.
	maxMarks = 3_000_000
)

// Parse reads one YAML document into nodes. The node is nil when the text is no
// YAML document at all; otherwise every finding is about a part of it, which is
// left out or replaced by null.
//
// A key that is written twice keeps its first value. Merge keys (<<) are applied
// and aliases followed; what they bring keeps the position of its anchor, so
// that a mistake in it is reported once, where it was written. Dates are texts.
func Parse(file string, text []byte) (*Node, diag.List) {
	p := parse(file, text, nil)
	if p.root == nil && p.l == nil {
		p.l = empty(file)
	}
	return p.root, p.l
}

// parsed is what a file holds. The root is nil when the file is not of its kind,
// which the findings say, or when it holds nothing.
type parsed struct {
	root    *Node
	ignores []Ignore
	l       diag.List
}

// parse reads a file of the kind that its name says: YAML, CUE or JSON. rewrite,
// if any, may change the nodes of YAML and JSON before they are converted.
func parse(file string, text []byte, rewrite func(*yaml.Node)) parsed {
	at := newLines(file, text)
	if l := checkText(at); l != nil {
		return parsed{l: l}
	}
	switch path.Ext(file) {
	case ".cue":
		return parseCUE(at)
	case ".json":
		return parseJSON(at, rewrite)
	}
	return parseYAML(at, rewrite)
}

// empty is the finding about a composition that holds nothing.
func empty(file string) (l diag.List) {
	l.Errorf("DVZ006", diag.Pos{File: file}, "the file is empty").Hint = "a composition has metadata (name, version) and spec.plugins"
	return l
}

func parseYAML(at *lines, rewrite func(*yaml.Node)) (p parsed) {
	if bytes.Count(at.text, []byte(","))+bytes.Count(at.text, []byte("\n")) > maxMarks {
		p.l.Errorf("DVZ002", diag.Pos{File: at.file}, "the file has more than %d lines and commas; a composition has some hundreds", maxMarks)
		return p
	}
	first, second, err := documents(bytes.TrimPrefix(at.text, []byte(bom)))
	if err != nil && !errors.Is(err, io.EOF) {
		return parsed{l: syntaxErrors(at, err)}
	}
	if first == nil || len(first.Content) == 0 || isNothing(first.Content[0]) {
		return parsed{}
	}
	if second != nil {
		p.l.Errorf("DVZ007", at.pos(at.offset(second.Line, second.Column)), "the file holds more than one YAML document").Hint = "put each composition into a folder of its own"
	}
	c := &converter{at: at, offset: func(y *yaml.Node) int { return at.offset(y.Line, y.Column) }}
	p.ignores = c.ignores(first, &p.l) // before nodes move
	p.root = c.document(first, rewrite)
	p.l = append(p.l, c.l...)
	if c.unsound || p.root.Broken {
		p.root = nil
	}
	return p
}

func isNothing(n *yaml.Node) bool {
	return n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null"
}

// converter turns yaml.v3's nodes into ours.
type converter struct {
	at       *lines
	offset   func(*yaml.Node) int // where a node begins, its anchor and tag included
	l        diag.List
	shared   map[*yaml.Node]*expansion // of the anchors
	size     int                       // nodes so far, those behind aliases counted each time
	expanded int                       // those behind aliases alone
	over     bool                      // maxExpanded was reported
	full     bool                      // maxValues was reported
	unsound  bool                      // keys do not stand where they seem to: the tree is of no use
}

// expansion is what an alias stands for; the node is nil while the anchor is
// still being read.
type expansion struct {
	node *Node
	size int
}

// document converts the one value of a document node, as rewritten.
func (c *converter) document(y *yaml.Node, rewrite func(*yaml.Node)) *Node {
	if rewrite != nil {
		rewrite(y)
	}
	c.shared = map[*yaml.Node]*expansion{}
	return c.node(y.Content[0], 0)
}

func (c *converter) node(y *yaml.Node, depth int) *Node {
	if y.Kind == yaml.AliasNode {
		return c.alias(y, depth)
	}
	offset := c.begin(y)
	n := &Node{Pos: c.at.pos(offset)}
	if y.Anchor != "" {
		e := &expansion{}
		c.shared[y] = e
		before := c.size
		defer func() { e.node, e.size = n, c.size-before }()
	}
	c.size++
	switch {
	case depth > maxDepth:
		c.l.Errorf("DVZ010", n.Pos, "the file is nested more than %d levels deep", maxDepth)
		n.Broken = true
		return n
	case c.size > maxValues:
		if !c.full {
			c.l = append(c.l, tooMany(n.Pos)...)
		}
		c.full, n.Broken = true, true
		return n
	case c.isTemplate(y, offset):
		n.Broken = true
		return n
	}
	switch y.Kind {
	case yaml.MappingNode:
		c.checkTag(y, n, "!!map")
		n.Kind = Map
		c.fields(n, y, depth)
	case yaml.SequenceNode:
		c.checkTag(y, n, "!!seq")
		n.Kind = List
		for _, item := range y.Content {
			n.Items = append(n.Items, c.node(item, depth+1))
		}
	default:
		n.Width = c.width(offset, y)
		c.scalar(n, y)
	}
	return n
}

// begin returns the offset of a node's value, behind its anchor and tag.
func (c *converter) begin(y *yaml.Node) int {
	offset := c.offset(y)
	for offset < len(c.at.text) && (c.at.text[offset] == '&' || c.at.text[offset] == '!') {
		rest := c.at.text[offset:c.at.end(offset)]
		i := bytes.IndexAny(rest, " \t")
		if i < 0 {
			break
		}
		behind := bytes.TrimLeft(rest[i:], " \t")
		if len(behind) == 0 || behind[0] == '#' {
			break
		}
		offset += len(rest) - len(behind)
	}
	return offset
}

// width returns the bytes of a scalar on its first line, quotes included.
func (c *converter) width(offset int, y *yaml.Node) int {
	line := c.at.text[offset:c.at.end(offset)]
	switch {
	case len(line) == 0 || isNothing(y) && y.Value == "":
		return 0
	case y.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle) != 0:
		if width := quotedWidth(line); width > 0 {
			return width
		}
	case y.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0:
		return 1
	case bytes.HasPrefix(line, []byte(y.Value)):
		return len(y.Value)
	}
	return plainWidth(line, y.Value)
}

// plainWidth returns the bytes of a plain scalar that does not stand in the file
// as its value says: the first of several lines, or a name that Normalise
// replaced.
func plainWidth(line []byte, value string) int {
	for i, char := range line {
		last := i+1 == len(line) || line[i+1] == ' ' || line[i+1] == '\t'
		switch {
		case char == ':' && last, char == '#' && i > 0 && (line[i-1] == ' ' || line[i-1] == '\t'),
			bytes.IndexByte([]byte(",]}"), char) >= 0 && !strings.HasPrefix(value, string(line[:i+1])):
			return len(bytes.TrimRight(line[:i], " \t"))
		}
	}
	return len(bytes.TrimRight(line, " \t"))
}

// tooMany is the finding about a file with more than maxValues.
func tooMany(pos diag.Pos) (l diag.List) {
	l.Errorf("DVZ002", pos, "the file holds more than %d values", maxValues).Hint = "keep data out of the composition; refer to it by its path"
	return l
}

func (c *converter) alias(y *yaml.Node, depth int) *Node {
	pos := c.at.pos(c.offset(y))
	null := &Node{Pos: pos, Width: len("*" + y.Value), Broken: true}
	if c.shared[y.Alias] == nil { // the anchor stands behind a merge key, or was moved by Normalise
		c.node(y.Alias, depth)
	}
	e := c.shared[y.Alias]
	if e.node == nil {
		c.l.Errorf("DVZ009", pos, "the alias *%s stands inside of its own anchor", y.Value).Width = null.Width
		return null
	}
	if c.expanded += e.size; c.expanded > maxExpanded {
		if !c.over {
			d := c.l.Errorf("DVZ009", pos, "the aliases of this file stand for more than %d values", maxExpanded)
			d.Width, d.Hint = null.Width, "do not nest aliases of large values"
		}
		c.over = true
		return null
	}
	c.size += e.size
	return e.node
}

func (c *converter) checkTag(y *yaml.Node, n *Node, want string) {
	if tag := y.ShortTag(); tag != want {
		c.l.Errorf("DVZ011", n.Pos, "the tag %s has no meaning in a composition", tag).Hint = "write the value plainly"
	}
}

func (c *converter) fields(n *Node, y *yaml.Node, depth int) {
	seen := map[string]Field{}
	var merged *yaml.Node
	for i := 0; i+1 < len(y.Content); i += 2 {
		key, value := y.Content[i], y.Content[i+1]
		if key.Kind == yaml.AliasNode {
			key = key.Alias
		}
		offset := c.begin(key)
		if !c.isKey(key, offset) {
			continue
		}
		// A tag that the user wrote has the style of one as well.
		if key.Tag == TypeTag && key.Style&yaml.TaggedStyle == 0 && value.Kind == yaml.ScalarNode {
			n.pluginType = c.node(value, depth+1)
			continue
		}
		f := Field{Key: key.Value, Pos: c.at.pos(offset), Width: c.width(offset, key)}
		if isPlain(key) {
			c.indented(key, offset)
			f.Key = c.unquoted(f.Key, f.Pos, f.Width)
		}
		if first, twice := seen[f.Key]; twice {
			d := c.l.Errorf("DVZ008", f.Pos, "the key %q is written twice", f.Key)
			d.Width = f.Width
			d.Related = []diag.Related{{Pos: first.Pos, Width: first.Width, Message: "first written here"}}
			c.node(value, depth+1) // for its own mistakes
			continue
		}
		seen[f.Key] = f
		if key.Tag == "!!merge" {
			merged = value
			continue
		}
		f.Value = c.node(value, depth+1)
		n.Fields = append(n.Fields, f)
	}
	if merged != nil {
		c.merge(n, c.node(merged, depth+1), seen)
	}
}

// isKey reports what cannot be a key.
func (c *converter) isKey(key *yaml.Node, offset int) bool {
	hint := ""
	switch {
	case c.isTemplate(key, offset):
		return false
	case isNothing(key):
		hint = "a key that is null has no meaning here"
	case key.Kind != yaml.ScalarNode:
		hint = "a value that begins with { or [ needs quotes"
	default:
		return true
	}
	c.l.Errorf("DVZ011", c.at.pos(offset), "a key must be plain text").Hint = hint
	return false
}

// isTemplate reports "{{ … }}", which YAML takes for a map with a map as its key.
func (c *converter) isTemplate(y *yaml.Node, offset int) bool {
	if y.Kind != yaml.MappingNode || !bytes.HasPrefix(c.at.text[offset:], []byte("{{")) {
		return false
	}
	d := c.l.Errorf("DVZ011", c.at.pos(offset), templateMessage, "{{")
	d.Width, d.Hint = len("{{"), templateHint
	return true
}

// merge adds the fields that a merge key brings; what is written, or was merged
// before, stays (https://yaml.org/type/merge.html).
func (c *converter) merge(n, from *Node, seen map[string]Field) {
	switch from.Kind {
	case Map:
		for _, f := range from.Fields {
			if _, written := seen[f.Key]; !written {
				seen[f.Key] = f
				n.Fields = append(n.Fields, f)
			}
		}
	case List:
		for _, item := range from.Items {
			if item.Kind == List {
				c.l.Errorf("DVZ011", item.Pos, "a merge key (<<) takes a map or a list of maps")
				continue
			}
			c.merge(n, item, seen)
		}
	case Null: // brings nothing, or was reported
	default:
		c.l.Errorf("DVZ011", from.Pos, "a merge key (<<) takes a map or a list of maps").Width = from.Width
	}
}
