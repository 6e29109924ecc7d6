package source

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/detectviz/detectviz/compiler/diag"
)

// parseJSON reads a JSON text. It makes the nodes that yaml.v3 would have made,
// so that all that comes behind a parser is shared with YAML. YAML's own parser
// would let pass what is no JSON, and refuse some of what is.
func parseJSON(at *lines, rewrite func(*yaml.Node)) (p parsed) {
	j := &jsonReader{text: string(at.text)}
	if strings.HasPrefix(j.text, bom) {
		j.i = len(bom)
	}
	j.space()
	if j.i == len(j.text) {
		return parsed{}
	}
	value, err := j.document()
	if err != nil {
		d := p.l.Errorf(err.code, at.pos(err.offset), "%s", err.message)
		d.Width, d.Hint = min(err.width, at.end(err.offset)-err.offset), err.hint
		return p
	}
	if isNothing(value) {
		return parsed{}
	}
	c := &converter{at: at, offset: func(y *yaml.Node) int { return y.Column - 1 }}
	p.root = c.document(&yaml.Node{Kind: yaml.DocumentNode, Content: []*yaml.Node{value}}, rewrite)
	p.l = c.l
	return p
}

// jsonReader reads JSON by recursive descent. All its nodes stand on line 1, in
// the column that is their offset + 1.
type jsonReader struct {
	text   string
	i      int // what is read next
	values int
}

// jsonFault is why a text is no JSON.
type jsonFault struct {
	code, message, hint string
	offset, width       int
}

func (j *jsonReader) fault(offset, width int, format string, args ...any) *jsonFault {
	return &jsonFault{code: "DVZ015", message: fmt.Sprintf(format, args...), offset: offset, width: width}
}

func (j *jsonReader) document() (*yaml.Node, *jsonFault) {
	value, err := j.value(0)
	if err != nil {
		return nil, err
	}
	if j.space(); j.i < len(j.text) {
		err := j.unexpected("")
		if err == nil {
			err = j.fault(j.i, 1, "something follows the end of the value")
			err.hint = "a JSON file holds one value"
		}
		return nil, err
	}
	return value, nil
}

func (j *jsonReader) space() {
	for j.i < len(j.text) && strings.IndexByte(" \t\r\n", j.text[j.i]) >= 0 {
		j.i++
	}
}

// next skips space and returns the character behind it, 0 at the end.
func (j *jsonReader) next() byte {
	if j.space(); j.i < len(j.text) {
		return j.text[j.i]
	}
	return 0
}

func (j *jsonReader) node(kind yaml.Kind, tag string) *yaml.Node {
	return &yaml.Node{Kind: kind, Tag: tag, Line: 1, Column: j.i + 1}
}

func (j *jsonReader) value(depth int) (*yaml.Node, *jsonFault) {
	char := j.next()
	j.values++
	switch {
	case depth > maxDepth:
		return nil, &jsonFault{code: "DVZ010", message: fmt.Sprintf("the file is nested more than %d levels deep", maxDepth), offset: j.i}
	case j.values > maxValues:
		d := tooMany(diag.Pos{})[0]
		return nil, &jsonFault{code: d.Code, message: d.Message, hint: d.Hint, offset: j.i}
	case char == '{':
		return j.object(depth)
	case char == '[':
		return j.list(depth)
	case char == '"':
		return j.quoted()
	}
	return j.word()
}

// object and list leave it to the caller of jsonReader to find keys that stand
// twice: that is the same for YAML.
func (j *jsonReader) object(depth int) (*yaml.Node, *jsonFault) {
	n := j.node(yaml.MappingNode, "!!map")
	return n, j.items(n, '}', func() *jsonFault {
		if j.text[j.i] != '"' {
			if err := j.unexpected("a key"); err != nil {
				return err
			}
			return j.fault(j.i, j.wordWidth(), "a key needs double quotes")
		}
		key, err := j.quoted()
		if err != nil {
			return err
		}
		begin, end := key.Column-1, j.i
		if char := j.next(); char != ':' {
			return j.fault(begin, end-begin, "a colon and a value are missing after the key %q", key.Value)
		}
		j.i++
		value, err := j.value(depth + 1)
		n.Content = append(n.Content, key, value)
		return err
	})
}

func (j *jsonReader) list(depth int) (*yaml.Node, *jsonFault) {
	n := j.node(yaml.SequenceNode, "!!seq")
	return n, j.items(n, ']', func() *jsonFault {
		value, err := j.value(depth + 1)
		n.Content = append(n.Content, value)
		return err
	})
}

// items reads what stands between brackets; item reads one piece of it.
func (j *jsonReader) items(n *yaml.Node, closing byte, item func() *jsonFault) *jsonFault {
	open := j.i
	j.i++
	for comma := -1; ; {
		char := j.next()
		switch {
		case char == 0:
			err := j.fault(open, 1, "this %q is not closed", j.text[open:open+1])
			err.hint = fmt.Sprintf("the file ends without the %q that belongs to it", string(closing))
			return err
		case char == closing && comma >= 0:
			err := j.fault(comma, 1, "a comma stands before the closing %q", string(closing))
			err.hint = "JSON has no comma behind the last value"
			return err
		case char == closing:
			j.i++
			return nil
		case len(n.Content) > 0 && comma < 0:
			if err := j.unexpected("a comma"); err != nil {
				return err
			}
			return j.fault(j.i, 1, "a comma is missing before this")
		}
		if err := item(); err != nil {
			return err
		}
		if comma = -1; j.next() == ',' {
			comma = j.i
			j.i++
		}
	}
}

// unexpected says what stands where nothing of its kind can. It is nil when the
// caller knows better.
func (j *jsonReader) unexpected(want string) *jsonFault {
	switch rest := j.text[j.i:]; {
	case strings.HasPrefix(rest, "//"), strings.HasPrefix(rest, "/*"), rest[0] == '#':
		err := j.fault(j.i, len(rest), "JSON has no comments")
		err.hint = "remove it, or write the composition in YAML or CUE"
		return err
	case rest[0] == '\'':
		return j.fault(j.i, 1, "a text needs double quotes")
	case want != "" && strings.IndexByte(",:]}", rest[0]) >= 0:
		return j.fault(j.i, 1, "%s is expected here, not %q", want, rest[:1])
	}
	return nil
}

// jsonNumber is a number as JSON writes it.
var jsonNumber = regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?$`)

// word reads a value that is neither a text nor in brackets.
func (j *jsonReader) word() (*yaml.Node, *jsonFault) {
	if j.i == len(j.text) {
		return nil, j.fault(j.i, 0, "the file ends where a value is expected")
	}
	if err := j.unexpected("a value"); err != nil {
		return nil, err
	}
	width := j.wordWidth()
	word := j.text[j.i : j.i+width]
	n := j.node(yaml.ScalarNode, "")
	n.Value = word
	switch {
	case word == "true", word == "false":
		n.Tag = "!!bool"
	case word == "null":
		n.Tag = "!!null"
	case jsonNumber.MatchString(word):
		n.Tag = "!!int"
		if strings.ContainsAny(word, ".eE") {
			n.Tag = "!!float"
		}
		if _, err := strconv.ParseFloat(word, 64); err != nil && n.Tag == "!!float" {
			err := j.fault(j.i, width, "%s is not a usable number", word)
			err.code = "DVZ012"
			return nil, err
		}
	case strings.IndexByte("+-.0123456789", word[0]) >= 0:
		err := j.fault(j.i, width, "%s is not a number as JSON writes it", word)
		err.hint = "no sign +, no leading zeros, a digit on both sides of the point; a text needs double quotes"
		return nil, err
	default:
		return nil, j.fault(j.i, width, "a text needs double quotes")
	}
	j.i += width
	return n, nil
}

// wordWidth returns the bytes up to the next space or mark, at least one.
func (j *jsonReader) wordWidth() int {
	if i := strings.IndexAny(j.text[j.i:], " \t\r\n,:]}[{\""); i > 0 {
		return i
	} else if i == 0 {
		return 1
	}
	return len(j.text) - j.i
}

// quoted reads a text.
func (j *jsonReader) quoted() (*yaml.Node, *jsonFault) {
	n := j.node(yaml.ScalarNode, "!!str")
	n.Style = yaml.DoubleQuotedStyle
	for i := j.i + 1; i < len(j.text); i++ {
		switch j.text[i] {
		case '\n', '\r':
			return nil, j.notClosed(i)
		case '\t':
			err := j.fault(i, 1, "a tab stands in a text")
			err.hint = `write "\t"`
			return nil, err
		case '\\':
			width := escapeWidth(j.text[i:])
			if width == 0 {
				err := j.fault(i, min(2, len(j.text)-i), "unknown escape in a text")
				err.hint = `write "\\" for a backslash`
				return nil, err
			}
			i += width - 1
		case '"':
			if err := json.Unmarshal([]byte(j.text[j.i:i+1]), &n.Value); err != nil {
				return nil, j.fault(j.i, i+1-j.i, "a text that cannot be read")
			}
			j.i = i + 1
			return n, nil
		}
	}
	return nil, j.notClosed(len(j.text))
}

func (j *jsonReader) notClosed(end int) *jsonFault {
	err := j.fault(j.i, end-j.i, "a quote is opened and not closed")
	err.hint = `a text ends on its line; "\n" in it stands for a line break`
	return err
}

// escapeWidth returns the bytes of the escape that a text begins with, 0 when it
// is none.
func escapeWidth(text string) int {
	switch {
	case len(text) < 2:
	case strings.IndexByte(`"\/bfnrt`, text[1]) >= 0:
		return 2
	case text[1] == 'u' && len(text) >= 6:
		if _, err := strconv.ParseUint(text[2:6], 16, 16); err == nil {
			return 6
		}
	}
	return 0
}
