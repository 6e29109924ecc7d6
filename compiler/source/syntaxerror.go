package source

import (
	"regexp"
	"strconv"
	"strings"

	"github.com/detectviz/detectviz/compiler/diag"
)

const (
	// maxSyntaxErrors is how many syntax errors of a file are looked for.
	maxSyntaxErrors = 20
	// recoverBytes is the size of a file up to which more than one is.
	recoverBytes = 32 << 10

	templateMessage = "%q begins a template that nothing has rendered"
	templateHint    = "render the file before, or use params"
)

// yamlError is the form of yaml.v3's errors, which are bare strings.
var yamlError = regexp.MustCompile(`^yaml: (?:line (\d+): )?(.*)$`)

// unknownAnchor begins what it says of an alias.
const unknownAnchor = "unknown anchor '"

// plain puts yaml.v3's messages into plain words: what is wrong, what to do.
var plain = map[string]struct{ message, hint string }{
	"could not find expected ':'":                            {"a colon is missing after this key, or this line belongs to the text above and is not indented", ""},
	"mapping values are not allowed in this context":         {`a key cannot stand here`, `check the indentation, and the line above for a missing colon; a value that holds ": " needs quotes`},
	"did not find expected key":                              {"the indentation does not fit the lines above", "keys of one map begin in the same column"},
	"did not find expected '-' indicator":                    {"the indentation does not fit the list above", listHint},
	"did not find expected ',' or ']'":                       {`a list in brackets misses a comma or its closing "]"`, ""},
	"did not find expected ',' or '}'":                       {`a map in braces misses a comma or its closing "}"`, ""},
	"did not find expected node content":                     {"a value is missing", ""},
	"found unexpected end of stream":                         {"a quote is opened and not closed", ""},
	"found unexpected document indicator":                    {"a quote is opened and not closed", ""},
	"found character that cannot start any token":            {"a value cannot begin with this character", valueHint},
	"block sequence entries are not allowed in this context": {`a list item ("-") cannot stand here`, `put the list on lines of its own below the key; a value that begins with "- " needs quotes`},
	"found unknown escape character":                         {"unknown escape in a double-quoted text", `write "\\" for a backslash, or use single quotes`},
	"did not find expected alphabetic or numeric character":  {"a name is missing after & or *", "a value that begins with & or * needs quotes"},
	"did not find expected whitespace or line break":         {"a space is missing", ""},
	"did not find expected <document start>":                 {"this line does not go with what stands above it", "a composition begins with metadata: and spec:"},
	"mapping keys are not allowed in this context":           {`"?" begins a key here`, `a value that begins with "? " needs quotes`},
	"found undefined tag handle":                             {"a value cannot begin with this character", valueHint},
}

const (
	listHint  = `items of one list begin with "-" in the same column`
	valueHint = "put the value in quotes"
)

// syntaxErrors says why a file is no YAML. Beside the first error it reports
// those that do not just follow from the one before.
func syntaxErrors(at *lines, err error) (l diag.List) {
	d := newDraft(at)
	if conflict := d.conflict(); conflict != nil {
		return conflict
	}
	last := 0 // the line of the error before
	for range maxSyntaxErrors {
		line, problem := d.place(err)
		found, mended := d.fault(line, problem)
		if mended || last == 0 || d.apart(last, line) || d.faultyAlone(line) {
			l = append(l, found...)
		}
		if len(at.text) > recoverBytes {
			break
		}
		if !mended {
			d.empty(line)
			last = line
		}
		if err = parseLines(d.lines); err == nil {
			break
		}
	}
	return l
}

// place returns the line of an error of yaml.v3, and what it says.
func (d *draft) place(err error) (line int, problem string) {
	m := yamlError.FindStringSubmatch(err.Error())
	if m == nil {
		m = []string{"", "", err.Error()}
	}
	reported, _ := strconv.Atoi(m[1])
	return d.locate(reported), m[2]
}

// indent returns the bytes of a line's indentation.
func indent(line string) int { return len(line) - len(strings.TrimLeft(line, " \t")) }

// content returns a line without its indentation and the space at its end.
func content(line string) string { return strings.TrimSpace(line) }

// below returns the line behind those that are indented further than a line above
// them.
func (d *draft) below(line int) int {
	least := indent(d.lines[line-1])
	for n := line + 1; n <= len(d.lines); n++ {
		if text := d.lines[n-1]; content(text) != "" && indent(text) <= least {
			return n
		}
	}
	return len(d.lines) + 1
}

// empty takes a line out, with those below it that are indented further.
func (d *draft) empty(line int) {
	for n, behind := line, d.below(line); n < behind; n++ {
		d.lines[n-1], d.touched[n-1] = "\n", true
	}
}

// faultyAlone reports whether a line would be no YAML in any file, also together
// with those below it that are indented further.
func (d *draft) faultyAlone(line int) bool {
	faulty := func(lines []string) bool {
		err := parseLines(lines)
		return err != nil && !strings.Contains(err.Error(), unknownAnchor)
	}
	return faulty(d.lines[line-1:line]) && faulty(d.lines[line-1:d.below(line)-1])
}

// apart reports whether a key that YAML takes stands between two faulty lines, and
// further to the left than the first one. Without a colon, a line may just have
// become a part of the text above it.
func (d *draft) apart(first, second int) bool {
	most := indent(d.original(first))
	for i := first; i < second-1; i++ {
		if text := content(d.lines[i]); !strings.HasPrefix(text, "#") && strings.Contains(text+" ", ": ") && indent(d.lines[i]) < most {
			return true
		}
	}
	return false
}

// original returns a line as the user wrote it.
func (d *draft) original(line int) string { return string(d.at.line(line)) }

// conflict finds the first marker of a merge conflict.
func (d *draft) conflict() diag.List {
	for i, line := range d.lines {
		if text := content(line); strings.HasPrefix(text, "<<<<<<< ") {
			l := d.finding(i+1, indent(line), len(text), "a marker of a merge conflict")
			l[0].Hint = "resolve the conflict and remove the lines that begin with <<<<<<<, ======= and >>>>>>>"
			return l
		}
	}
	return nil
}

// finding is a DVZ004 about a part of a line as the user wrote it.
func (d *draft) finding(line, from, width int, format string, args ...any) (l diag.List) {
	l.Errorf("DVZ004", d.at.pos(d.at.ours[line-1]+from), format, args...).Width = width
	return l
}

// fault says what is wrong with a line. It may mend it, or the lines above it, so
// that YAML takes them.
func (d *draft) fault(line int, problem string) (l diag.List, mended bool) {
	text := d.original(line)
	begin := indent(text)
	if name, ok := strings.CutPrefix(problem, unknownAnchor); ok {
		name, _, _ = strings.Cut(name, "'")
		return d.unknownAnchor(line, name)
	}
	if d.touched[line-1] {
		return nil, false // what is wrong with it now is our doing
	}
	if i := strings.IndexByte(text[:begin], '\t'); i >= 0 {
		l = d.finding(line, i, 1, "a tab is used for indentation; YAML allows only spaces")
		l[0].Code = "DVZ005"
		return d.once(l), false
	}
	if strings.HasPrefix(problem, "exceeded max depth") {
		l = d.finding(line, begin, max(len(content(text)), 1), "the file is nested too deeply")
		l[0].Code = "DVZ010"
		return l, false
	}
	if m := template.FindStringIndex(bare(text)); m != nil {
		l = d.finding(line, m[0], 2, templateMessage, text[m[0]:m[1]])
		l[0].Hint = templateHint
		return d.once(l), false
	}
	if l := d.mend(line); l != nil {
		return l, true
	}
	return d.inWords(line, problem), false
}

// once returns a finding that tells of all others like it.
func (d *draft) once(l diag.List) diag.List {
	if d.said[l[0].Message] {
		return nil
	}
	d.said[l[0].Message] = true
	return l
}

// template is what begins a template of Helm, Ansible or Jinja.
var template = regexp.MustCompile(`\{\{|\{%`)

// unknownAnchor reports an alias, and puts null in its place. An anchor that was
// emptied is not unknown.
func (d *draft) unknownAnchor(line int, name string) (l diag.List, mended bool) {
	alias := "*" + name
	i := strings.Index(d.lines[line-1], alias)
	if i < 0 {
		i, alias = indent(d.original(line)), ""
	} else {
		d.lines[line-1] = strings.Replace(d.lines[line-1], alias, "~"+strings.Repeat(" ", len(name)), 1)
	}
	for above := range d.lines[:line] {
		if d.touched[above] && strings.Contains(d.original(above+1), "&"+name) {
			return nil, alias != ""
		}
	}
	l = d.finding(line, i, max(len(alias), 1), "the alias *%s has no anchor &%s above it", name, name)
	l[0].Code = "DVZ009"
	return l, alias != ""
}

// badStart is a character with which no value can begin.
var badStart = regexp.MustCompile("(?:^|[ \\[{,])([@`%])[^ ,\\]}]*")

// inWords puts what yaml.v3 says of a line into plain words.
func (d *draft) inWords(line int, problem string) diag.List {
	text := d.original(line)
	l := d.finding(line, indent(text), max(len(content(text)), 1), "this is not YAML: %s", problem)
	if words, ok := plain[problem]; ok {
		l[0].Message, l[0].Hint = words.message, words.hint
	}
	switch m := badStart.FindStringSubmatchIndex(bare(text)); {
	case l[0].Hint == valueHint && m != nil:
		l = d.finding(line, m[2], m[1]-m[2], "a value cannot begin with %q", text[m[2]:m[3]])
		l[0].Hint = valueHint
	case problem == "did not find expected key" && strings.HasPrefix(content(text), "-"):
		l[0].Hint = listHint
	}
	return l
}
