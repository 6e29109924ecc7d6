package format

import (
	"strings"

	"gopkg.in/yaml.v3"
)

// step is how far a map or list is indented below its key.
const step = 2

// printer writes a document.
type printer struct {
	out     strings.Builder
	leaves  map[*yaml.Node]leaf
	isFirst bool // a blank line makes no sense here: nothing stands above
	isBlank bool // the line above is blank
}

func (d *document) print() []byte {
	p := &printer{leaves: d.leaves, isFirst: true}
	p.comment(d.node.HeadComment, 0)
	if d.marked {
		p.write("---")
		p.end()
		p.isFirst = true
	}
	root := d.node.Content[0]
	if isBlock(root) {
		if text := p.leaves[root].properties; text != "" {
			p.write(text)
			p.end()
			p.isFirst = true
		}
		p.comment(root.HeadComment+words(root.LineComment), 0)
		p.block(root, 0, false)
	} else {
		p.comment(root.HeadComment, 0)
		p.leaf(root, -step, true)
	}
	p.comment(d.node.FootComment, 0)
	return []byte(p.out.String())
}

func (p *printer) write(parts ...string) {
	for _, part := range parts {
		p.out.WriteString(part)
	}
}

// indent begins a line.
func (p *printer) indent(column int) { p.write(strings.Repeat(" ", max(column, 0))) }

// end ends a line.
func (p *printer) end() {
	p.write("\n")
	p.isFirst, p.isBlank = false, false
}

// comment writes comments and blank lines on lines of their own.
func (p *printer) comment(lines string, column int) {
	for text := range strings.Lines(lines) {
		text = strings.TrimSuffix(text, "\n")
		switch {
		case text != "":
			p.indent(column)
			p.write(text)
			p.end()
		case !p.isFirst && !p.isBlank:
			p.end()
			p.isBlank = true
		}
	}
}

// block writes the entries of a map or the items of a list. The first one goes
// on where a line has begun when it is inline.
func (p *printer) block(n *yaml.Node, column int, isInline bool) {
	every := 1
	if n.Kind == yaml.MappingNode {
		every = 2
	}
	for i := 0; i+every <= len(n.Content); i += every {
		first := n.Content[i]
		if !isInline || i > 0 {
			p.comment(p.lead(first), column)
			p.indent(column)
		}
		if every == 1 {
			p.item(first, column)
		} else {
			p.write(p.key(first))
			p.value(first, n.Content[i+1], column)
		}
		p.comment(first.FootComment, column)
	}
}

// lead returns the comments above a key or an item; those of what begins on the
// same line are among them.
func (p *printer) lead(n *yaml.Node) string {
	if isBlock(n) && p.leaves[n].properties == "" && len(n.Content) > 0 {
		return n.HeadComment + words(n.LineComment) + p.lead(n.Content[0])
	}
	return n.HeadComment
}

// words returns the comment at the end of a line as one on a line of its own.
func words(comment string) string {
	if comment = strings.TrimSpace(comment); comment != "" {
		comment += "\n"
	}
	return comment
}

// key returns a key with its colon.
func (p *printer) key(n *yaml.Node) string {
	text := p.text(n)
	if n.Kind == yaml.AliasNode {
		text += " " // is part of the name otherwise
	}
	return text + ":"
}

// item writes what follows the indentation of an item.
func (p *printer) item(n *yaml.Node, column int) {
	p.write("-")
	if !isBlock(n) {
		p.leaf(n, column, false)
		return
	}
	text := p.leaves[n].properties
	if text != "" {
		p.write(" ", text, n.LineComment)
		p.end()
		p.isFirst = true
	} else {
		p.write(" ")
	}
	p.block(n, column+step, text == "")
}

// value writes what follows a key.
func (p *printer) value(key, n *yaml.Node, column int) {
	switch {
	case isBlock(n):
		if text := p.leaves[n].properties; text != "" {
			p.write(" ", text)
		}
		p.write(key.LineComment)
		p.end()
		p.isFirst = true
		p.comment(n.HeadComment+words(n.LineComment), column+step)
		p.block(n, column+step, false)
	case isNothing(n):
		p.write(key.LineComment, n.LineComment)
		p.end()
		p.comment(n.HeadComment, column+step)
	case n.HeadComment != "" || key.LineComment != "" || p.leaves[n].isTall():
		p.write(key.LineComment)
		p.end()
		p.comment(n.HeadComment, column+step)
		p.leaf(n, column, true)
	default:
		p.leaf(n, column, false)
	}
}

// isTall reports whether a value of several lines began on a line below its key.
func (l leaf) isTall() bool { return l.below && l.content == 0 && strings.Contains(l.text, "\n") }

// leaf writes a value that is no block, behind the key or "-" at a column or on
// the line below it.
func (p *printer) leaf(n *yaml.Node, column int, isBelow bool) {
	text := p.leafText(n, column, isBelow)
	switch {
	case isBelow:
		p.indent(column + step)
	case text != "":
		p.write(" ")
	}
	p.write(text, n.LineComment)
	p.end()
}
