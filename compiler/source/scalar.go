package source

import (
	"math"
	"math/big"
	"regexp"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// octal is the form of a number whose value depends on the YAML version.
var octal = regexp.MustCompile(`^[-+]?0[0-9_]+$`)

// isPlain reports whether a scalar is written without quotes, on its lines.
func isPlain(y *yaml.Node) bool {
	return y.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle|yaml.LiteralStyle|yaml.FoldedStyle) == 0
}

// markBroken makes a node null because a fault of it was reported.
func (n *Node) markBroken() { n.Kind, n.Text, n.Broken = Null, "", true }

func (c *converter) scalar(n *Node, y *yaml.Node) {
	n.Kind, n.Text = String, y.Value
	tag := y.ShortTag()
	switch tag {
	case "!!str", "!!timestamp", "!!merge":
		if isPlain(y) && !c.keyed(n) {
			n.Text = c.unquoted(y.Value, n.Pos, n.Width)
		}
	case "!!null":
		n.Kind, n.Text = Null, ""
	case "!!bool":
		n.Kind, n.Text = Bool, strings.ToLower(y.Value)
		if _, err := strconv.ParseBool(n.Text); err != nil {
			c.badTag(n, tag)
		}
	case "!!int", "!!float":
		if isPlain(y) && octal.MatchString(y.Value) {
			d := c.l.Errorf("DVZ012", n.Pos, "the number begins with a zero, which some readers take for octal")
			d.Width, d.Hint = n.Width, "leave out the zero, or quote it when text is meant"
			n.markBroken()
			return
		}
		c.number(n, y, tag)
	default:
		d := c.l.Errorf("DVZ011", n.Pos, "the tag %s has no meaning in a composition", tag)
		d.Width, d.Hint = n.Width, "write the value plainly"
		n.markBroken()
	}
}

func (c *converter) number(n *Node, y *yaml.Node, tag string) {
	digits := strings.TrimPrefix(strings.ReplaceAll(y.Value, "_", ""), "+")
	if tag == "!!int" {
		i, ok := new(big.Int).SetString(digits, 0)
		if !ok {
			c.badTag(n, tag)
			return
		}
		n.Kind, n.Text = Int, i.String()
		return
	}
	var f float64
	switch err := y.Decode(&f); {
	case err != nil:
		c.badTag(n, tag)
	case math.IsInf(f, 0) || math.IsNaN(f):
		d := c.l.Errorf("DVZ012", n.Pos, "%s is not a usable number", y.Value)
		d.Width = n.Width
		n.markBroken()
	default:
		n.Kind, n.Text = Float, digits
	}
}

func (c *converter) badTag(n *Node, tag string) {
	c.l.Errorf("DVZ011", n.Pos, "the value does not fit its tag %s", tag).Width = n.Width
	n.markBroken()
}
