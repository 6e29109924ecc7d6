package source

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"

	"github.com/detectviz/detectviz/compiler/diag"
)

// checkText reports the first byte of a file that is not plain text.
func checkText(at *lines) (l diag.List) {
	for i := 0; i < len(at.text); {
		r, size := utf8.DecodeRune(at.text[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			l.Errorf("DVZ003", at.pos(i), "the file is not UTF-8 text: the byte 0x%02x is not a character", at.text[i]).Hint = "save the file as UTF-8"
			return l
		case r == 0:
			l.Errorf("DVZ003", at.pos(i), "the file holds a NUL byte; it is not a text file")
			return l
		case r < ' ' && r != '\t' && r != '\n' && r != '\r', r > '~' && r < '\u00a0' && r != '\u0085',
			r == '\ufeff' && i > 0, r == '\ufffe', r == '\uffff':
			l.Errorf("DVZ003", at.pos(i), "the file holds the control character U+%04X", r).Hint = "remove it, or write it as an escape in double quotes"
			return l
		}
		i += size
	}
	return l
}

// documents returns the first document of a YAML file, and the second one if
// there is one. The error is io.EOF when there is none.
func documents(text []byte) (first, second *yaml.Node, err error) {
	defer func() {
		// The fuzzer of yaml.v3 is not ours: a fault in it must not end dvz.
		if r := recover(); r != nil {
			err = fmt.Errorf("yaml: the parser failed: %v", r)
		}
	}()
	dec := yaml.NewDecoder(bytes.NewReader(text))
	var a, b yaml.Node
	if err := dec.Decode(&a); err != nil {
		return nil, nil, err
	}
	switch err := dec.Decode(&b); {
	case errors.Is(err, io.EOF):
		return &a, nil, nil
	case err != nil:
		return nil, nil, err
	}
	return &a, &b, nil
}

// yamlError is the form of yaml.v3's errors, which are bare strings.
var yamlError = regexp.MustCompile(`^yaml: (?:line (\d+): )?(.*)$`)

// plain puts yaml.v3's messages into plain words: what is wrong, what to do.
var plain = []struct{ problem, message, hint string }{
	{"could not find expected ':'", "a colon is missing after this key, or this line belongs to the text above and is not indented", ""},
	{"mapping values are not allowed in this context", `a key cannot stand here`, `check the indentation, and the line above for a missing colon; a value that holds ": " needs quotes`},
	{"did not find expected key", "the indentation does not fit the lines above", "keys of one map begin in the same column"},
	{"did not find expected '-' indicator", "the indentation does not fit the list above", `items of one list begin with "-" in the same column`},
	{"did not find expected ',' or ']'", `a list in brackets misses a comma or its closing "]"`, ""},
	{"did not find expected ',' or '}'", `a map in braces misses a comma or its closing "}"`, ""},
	{"did not find expected node content", "a value is missing", ""},
	{"found unexpected end of stream", "a quote is opened and not closed", ""},
	{"found unexpected document indicator", "a quote is opened and not closed", ""},
	{"found character that cannot start any token", "a value cannot begin with this character", "put the value in quotes"},
	{"block sequence entries are not allowed in this context", `a list item ("-") cannot stand here`, `put the list on lines of its own below the key; a value that begins with "- " needs quotes`},
	{"found unknown escape character", "unknown escape in a double-quoted text", `write "\\" for a backslash, or use single quotes`},
	{"did not find expected alphabetic or numeric character", "a name is missing after & or *", "a value that begins with & or * needs quotes"},
	{"did not find expected whitespace or line break", "a space is missing", ""},
}

// syntaxError turns an error of yaml.v3 into a diagnostic.
func syntaxError(at *lines, err error) (l diag.List) {
	m := yamlError.FindStringSubmatch(err.Error())
	if m == nil {
		m = []string{"", "", err.Error()}
	}
	reported, _ := strconv.Atoi(m[1])
	begin := at.ours[locate(at, reported)-1]
	end := at.end(begin)
	line := at.text[begin:end]
	indent := len(line) - len(bytes.TrimLeft(line, " \t"))
	pos, problem := at.pos(begin+indent), m[2]
	width := max(len(bytes.TrimRight(line[indent:], " \t")), 1)

	if name, ok := strings.CutPrefix(problem, "unknown anchor '"); ok {
		name, _, _ = strings.Cut(name, "'")
		if i := bytes.Index(line, []byte("*"+name)); i >= 0 {
			pos, width = at.pos(begin+i), len("*"+name)
		}
		l.Errorf("DVZ009", pos, "the alias *%s has no anchor &%s above it", name, name).Width = width
		return l
	}
	if i := bytes.IndexByte(line[:indent], '\t'); i >= 0 {
		d := l.Errorf("DVZ005", at.pos(begin+i), "a tab is used for indentation; YAML allows only spaces")
		d.Width = 1
		return l
	}
	if strings.HasPrefix(problem, "exceeded max depth") {
		l.Errorf("DVZ010", pos, "the file is nested too deeply").Width = width
		return l
	}
	d := l.Errorf("DVZ004", pos, "not YAML: %s", problem)
	d.Width = width
	for _, p := range plain {
		if problem == p.problem {
			d.Message, d.Hint = p.message, p.hint
		}
	}
	return l
}

// locateBytes is the size of a file up to which the line of a syntax error is
// searched for.
const locateBytes = 256 << 10

// locate returns the line at which a file stops being YAML. The line that
// yaml.v3 reports is often that of the surrounding map, or missing; the
// offending one is the first that cannot be added to the lines above it, which
// also is where an unclosed quote or bracket begins.
func locate(at *lines, reported int) int {
	last := len(at.ours)
	reported = min(max(reported, 1), last)
	if len(at.text) > locateBytes {
		return reported
	}
	fits := func(n int) bool {
		end := len(at.text)
		if n < last {
			end = at.ours[n]
		}
		_, _, err := documents(at.text[:end])
		return err == nil || errors.Is(err, io.EOF)
	}
	good, bad := 0, last
	for good+1 < bad {
		if mid := (good + bad) / 2; fits(mid) {
			good = mid
		} else {
			bad = mid
		}
	}
	// Lines inside of a bracket or quote do not fit until it is closed: look
	// ahead whether this one is.
	const ahead = 30
	for n := bad + 1; n < min(bad+ahead, last); n++ {
		if fits(n) {
			return locateFrom(n, last, fits)
		}
	}
	return bad
}

// locateFrom goes on line by line where bisection was misled.
func locateFrom(good, last int, fits func(int) bool) int {
	const ahead = 30
	for n := good + 1; n <= min(good+ahead, last); n++ {
		if fits(n) {
			good = n
		}
	}
	return min(good+1, last)
}
