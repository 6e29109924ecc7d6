package source

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/errors"

	"github.com/detectviz/detectviz/compiler/diag"
)

// plainCUE puts messages of CUE's parser into plain words.
var plainCUE = []struct {
	problem       *regexp.Regexp
	message, hint string
}{
	{regexp.MustCompile(`^expected '(.)', found 'EOF'`), `this is opened and not closed`, `the file ends without the "$1" that belongs to it`},
	{regexp.MustCompile(`^missing ',' `), "a comma or a line break is missing before this", "a text needs double quotes"},
	{regexp.MustCompile(`^missing ','`), "a comma is missing before this line break", ""},
	{regexp.MustCompile(`^expected label or ':'`), "a key and a colon are expected here", ""},
	{regexp.MustCompile(`^expected operand, found (.*)$`), "a value is expected here, not $1", ""},
	{regexp.MustCompile(`^string literal not terminated`), "a quote is opened and not closed", ""},
	{regexp.MustCompile(`^comment not terminated`), "a comment is opened and not closed", ""},
	{regexp.MustCompile(`escape`), "unknown escape in a text", `write "\\" for a backslash`},
	{regexp.MustCompile(`^illegal .*number`), "this is not a number as CUE writes it", "leave out leading zeros; a text needs double quotes"},
	{regexp.MustCompile(`^non-matching whitespace`), "a line of this text is indented less than its closing quotes", ""},
	{regexp.MustCompile(`starting with '__'`), `names that begin with "__" are reserved`, ""},
}

// cueSyntax reports where a file stops being CUE. What the parser says of what
// follows is often a consequence.
//
// open is the offset of a bracket that is not closed, or -1.
func cueSyntax(at *lines, err error, open int) (l diag.List) {
	first := errors.Errors(err)[0]
	format, args := first.Msg()
	problem := fmt.Sprintf(format, args...)
	offset := len(at.text)
	if p := first.Position(); p.IsValid() {
		offset = min(p.Offset(), offset)
	}
	if open >= 0 && strings.HasSuffix(problem, "found 'EOF'") {
		offset = open
	}
	d := l.Errorf("DVZ016", at.pos(offset), "not CUE: %s", problem)
	rest := at.text[offset:at.end(offset)]
	if d.Width = bytes.IndexAny(rest, " \t,:)]}"); d.Width < 0 {
		d.Width = len(rest)
	}
	d.Width = min(max(d.Width, 1), len(rest))
	for _, p := range plainCUE {
		if m := p.problem.FindStringSubmatchIndex(problem); m != nil {
			d.Message = string(p.problem.ExpandString(nil, p.message, problem, m))
			d.Hint = string(p.problem.ExpandString(nil, p.hint, problem, m))
			break
		}
	}
	return l
}

// cueMessages puts what the evaluator says into words: they speak of a field,
// %s, and never of values, which may be secrets. Its messages are known by their
// format.
var cueMessages = []struct {
	format              string // how it begins
	code, message, hint string
}{
	{"conflicting values", "DVZ017", "%s has two values that do not agree", ""},
	{"incompatible", "DVZ017", "%s has two values that do not agree", ""},
	{"invalid value", "DVZ017", "%s has a value that does not keep the rule for it", ""},
	{"field not allowed", "DVZ017", "%s is not allowed: the definition that it must fit has no such field", ""},
	{"incomplete value", "DVZ018", "%s has no value yet", "a composition says everything; what is open belongs into a hidden field (_x) or a definition (#X)"},
	{"incomplete %s", "DVZ018", "%s depends on something that has no value yet", ""},
	{"invalid interpolation", "DVZ018", "%s depends on something that has no value yet", ""},
	{"field is required", "DVZ018", "%s is required and has no value", ""},
	{"structural cycle", "DVZ017", "%s contains itself", ""},
	{"cycle", "DVZ017", "%s refers to itself", ""},
	{"cyclic", "DVZ017", "%s refers to itself", ""},
	{"index out of range", "DVZ017", "%s takes an item that the list does not have", ""},
	{"invalid operands", "DVZ017", "%s cannot be computed from values of these types", ""},
	{"failed arithmetic", "DVZ017", "%s cannot be computed: a division by zero, or a number out of all bounds", ""},
	{"explicit error", "DVZ017", "%s is marked as an error", ""},
	{"unreferenced", "DVZ017", "a name is declared here and never used", "remove it"},
	{"imported and not used", "DVZ017", "the package is imported and never used", "remove the import"},
	{"builtin package", "DVZ019", "CUE's standard library has no such package", ""},
}

// faults reports what an evaluation found, each field once.
func (r *cueReader) faults(root cue.Value, err error) {
	byField := map[string][]errors.Error{}
	var fields []string
	for _, e := range errors.Errors(err) {
		// An error without a field is about a place in the text.
		key := strings.Join(e.Path(), "\x00")
		if key == "" {
			key = e.Position().String() + e.Error()
		}
		if byField[key] == nil {
			fields = append(fields, key)
		}
		byField[key] = append(byField[key], e)
	}
	for _, key := range fields {
		r.fault(root, byField[key])
	}
}

// fault reports the errors about one field, which are several where it has
// alternatives.
func (r *cueReader) fault(root cue.Value, errs []errors.Error) {
	first := errs[0]
	format, args := first.Msg()
	subject := strings.Join(first.Path(), ".")
	if subject == "" {
		subject = "this"
	}
	d := diag.Diagnostic{Code: "DVZ017", Severity: diag.Error, Message: subject + " cannot be computed"}
	for _, m := range cueMessages {
		if strings.HasPrefix(format, m.format) {
			d.Code, d.Hint, d.Message = m.code, m.hint, m.message
			if strings.Contains(m.message, "%s") {
				d.Message = fmt.Sprintf(m.message, subject)
			}
			break
		}
	}
	switch {
	case strings.Contains(format, "empty disjunction"):
		d.Message = subject + " fits none of its alternatives"
	case format == "reference %q not found":
		d.Message = fmt.Sprintf("nothing is called %s", args...)
		d.Hint = "a text needs double quotes; a package needs an import"
	case strings.HasPrefix(format, "undefined field"):
		d.Message = fmt.Sprintf("there is no field %s", args[0])
	case strings.HasPrefix(format, "error in call to"):
		d.Message = fmt.Sprintf("%s cannot be computed: %s does not take these values", subject, args[0])
	case format == "%s" && len(args) == 1: // error("…"), the author's own words
		d.Message = fmt.Sprintf("%s: %s", subject, args[0])
	}
	r.place(&d, root, errs)
	r.l = append(r.l, d)
}

// place sets the position of a finding, and the others that take part.
func (r *cueReader) place(d *diag.Diagnostic, root cue.Value, errs []errors.Error) {
	var all []diag.Pos
	for _, e := range errs {
		if p := e.Position(); len(all) == 0 && p.IsValid() && p.Filename() == r.at.file {
			d.Pos = r.at.pos(p.Offset())
		}
		for _, p := range errors.Positions(e) {
			if p.IsValid() && p.Filename() == r.at.file {
				all = append(all, r.at.pos(p.Offset()))
			}
		}
	}
	slices.SortFunc(all, diag.Pos.Compare)
	all = slices.Compact(all)
	switch {
	case d.Pos.Line > 0:
	case d.Code == "DVZ018" || len(all) == 0: // nothing was written wrong, so it stands at the field
		d.Pos = r.nearest(root, errs[0].Path())
	default:
		d.Pos = all[len(all)-1]
	}
	d.Width = r.width(d.Pos)
	for _, p := range all {
		if p != d.Pos && (p.Line != d.Pos.Line || d.Code != "DVZ018") {
			d.Related = append(d.Related, diag.Related{Pos: p, Width: r.width(p), Message: "together with this"})
		}
	}
}

// width returns the bytes of the value or name that stands at a position.
func (r *cueReader) width(pos diag.Pos) int {
	if r.widths == nil {
		r.widths = map[diag.Pos]int{}
		ast.Walk(r.file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.File, *ast.Field, *ast.EmbedDecl, *ast.CommentGroup:
				return true
			case *ast.StructLit:
				if !n.Lbrace.IsValid() { // "a: b: 5"
					return true
				}
			}
			at, width := r.span(n)
			r.widths[at] = max(r.widths[at], width)
			return true
		}, nil)
	}
	return r.widths[pos]
}

// nearest returns the place of a field, or of the next one around it that has a
// place.
func (r *cueReader) nearest(root cue.Value, path []string) diag.Pos {
	var selectors []cue.Selector
	for _, p := range path {
		s := cue.ParsePath(p).Selectors()
		if i, err := strconv.Atoi(p); err == nil {
			s = []cue.Selector{cue.Index(i)}
		}
		selectors = append(selectors, s...)
	}
	for ; len(selectors) > 0; selectors = selectors[:len(selectors)-1] {
		if p := root.LookupPath(cue.MakePath(selectors...)).Pos(); p.IsValid() && p.Filename() == r.at.file {
			return r.at.pos(p.Offset())
		}
	}
	return diag.Pos{File: r.at.file}
}
