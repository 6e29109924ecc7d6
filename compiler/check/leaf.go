package check

import (
	"regexp"
	"strconv"
	"strings"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/token"

	"github.com/detectviz/detectviz/compiler/source"
)

// leaf checks a scalar, or a value whose kind does not fit. It reports nothing
// itself. An expression beside a fault means that only this value is at fault,
// and that the rest can be checked as if it were not.
func (w *walker) leaf(schema cue.Value, n *source.Node, p place) (expr ast.Expr, f *fault) {
	switch {
	case isSecret(p.goType) && n.Kind != source.Map:
		expr, f = w.clearSecret(n, p)
	case n.Kind == source.String && strings.Contains(n.Text, "${"):
		expr, f = w.references(schema, n, p)
	case w.trusting:
		expr, f = w.trust(schema, n, p)
	default:
		expr, f = w.scalar(schema, n, p)
	}
	if f != nil {
		f.leaf = n
		inURL := n.Kind == source.String && credentials.MatchString(n.Text)
		if inURL && f.code == "DVZ117" && !userinfo.MatchString(n.Text) {
			f.message, f.hint = p.path+" is no URL that can be read", "in a user name or password write / as %2F"
		}
		if inURL || p.secret && n.Kind != source.Null {
			f.secret, f.pos = true, n.Pos
			f.width = max(n.Width, endOf(n, n.Pos.Line)-n.Pos.Column)
		}
	}
	return expr, f
}

// scalar checks a scalar without references.
func (w *walker) scalar(schema cue.Value, n *source.Node, p place) (ast.Expr, *fault) {
	kind := schema.IncompleteKind()
	lit := literal(n, kind)
	if lit == nil {
		return nil, w.describe(schema, nil, n, p)
	}
	if err := w.unify(schema, lit).Validate(); err != nil {
		return nil, w.describe(schema, err, n, p)
	}
	if f := w.form(schema, n, p); f != nil {
		return nil, f
	}
	return lit, nil
}

// literal returns a scalar as a CUE literal, or nil when its kind is none of
// those that are wanted.
func literal(n *source.Node, wanted cue.Kind) ast.Expr {
	if kindOf(n)&wanted == 0 && !(n.Kind == source.Int && wanted&cue.FloatKind != 0) {
		return nil
	}
	switch n.Kind {
	case source.Null:
		return ast.NewNull()
	case source.Bool:
		return ast.NewBool(n.Text == "true")
	case source.String:
		return ast.NewString(n.Text)
	case source.Int:
		if wanted&cue.IntKind == 0 {
			return number(token.FLOAT, n.Text+".0")
		}
		return number(token.INT, n.Text)
	case source.Float:
		f, err := strconv.ParseFloat(n.Text, 64)
		if err != nil {
			return nil
		}
		text := strconv.FormatFloat(f, 'g', -1, 64)
		if !strings.ContainsAny(text, ".e") {
			text += ".0"
		}
		return number(token.FLOAT, text)
	}
	return nil
}

func number(kind token.Token, text string) ast.Expr {
	if digits, negative := strings.CutPrefix(text, "-"); negative {
		return &ast.UnaryExpr{Op: token.SUB, X: ast.NewLit(kind, digits)}
	}
	return ast.NewLit(kind, text)
}

func kindOf(n *source.Node) cue.Kind {
	switch n.Kind {
	case source.Null:
		return cue.NullKind
	case source.Bool:
		return cue.BoolKind
	case source.Int:
		return cue.IntKind
	case source.Float:
		return cue.FloatKind
	case source.String:
		return cue.StringKind
	case source.List:
		return cue.ListKind
	}
	return cue.StructKind
}

// describe says in plain words why a schema does not take a value.
func (w *walker) describe(schema cue.Value, err error, n *source.Node, p place) *fault {
	f := &fault{hint: p.field.about(), pos: n.Pos, width: n.Width}
	if n.Kind == source.Null {
		f.code, f.message, f.pos, f.width = "DVZ104", p.path+" has no value", p.pos, p.width
		return f
	}
	all, text := alternatives(schema)
	if t := authorText(err); t != "" {
		text = t
	}
	enum := enumOf(all)
	f.code = "DVZ105"
	switch {
	case n.Kind == source.Map || n.Kind == source.List || literal(n, schema.IncompleteKind()) == nil:
		f.code = "DVZ104"
	case enum != nil:
		f.code = "DVZ106"
	}
	if hint := w.rewrite(schema, n, p, enum); hint != "" {
		f.hint = hint
	}
	var must string
	switch {
	case text != "" && !strings.HasPrefix(text, "must "):
		f.message = p.path + " " + text
		if !p.secret {
			f.message += ": " + shown(n)
		}
		return f
	case text != "":
		must = strings.TrimPrefix(text, "must ")
	case len(enum) == 1:
		must = "be " + enum[0]
	case enum != nil:
		must = "be one of " + strings.Join(enum, ", ")
	case f.code == "DVZ104":
		must = "be " + kindWords(schema.IncompleteKind())
	default:
		must = constraints(all, err)
	}
	f.message = p.path + " must " + must + p.not(n)
	return f
}

// enumOf returns the values of an enum, or nil when the schema is none.
func enumOf(all []cue.Value) []string {
	var values []string
	for _, v := range all {
		if !v.IsConcrete() || v.IncompleteKind()&scalarKinds == 0 {
			return nil
		}
		values = append(values, scalarText(v))
	}
	return values
}

var kindNames = []struct {
	kind cue.Kind
	name string
}{
	{cue.BoolKind, "true or false"},
	{cue.NumberKind, "a number"},
	{cue.IntKind, "a whole number"},
	{cue.FloatKind, "a number"},
	{cue.StringKind, "text"},
	{cue.ListKind, "a list"},
	{cue.StructKind, "a map"},
}

// kindWords names the kinds of values that are wanted.
func kindWords(kind cue.Kind) string {
	var words []string
	for _, k := range kindNames {
		if kind&k.kind == k.kind {
			words = append(words, k.name)
			kind &^= k.kind
		}
	}
	return list(words)
}

// credentials are the user name and password in a URL. People also write a "/"
// in them.
var credentials = regexp.MustCompile(`://[^\s?#]*@`)

// shown returns a value as a message quotes it.
func shown(n *source.Node) string {
	const most = 60
	switch n.Kind {
	case source.Null:
		return "nothing"
	case source.Map:
		return "a map"
	case source.List:
		return "a list"
	case source.String:
		text := credentials.ReplaceAllString(n.Text, "://***@")
		if runes := []rune(text); len(runes) > most {
			return strconv.Quote(string(runes[:most])) + "…"
		}
		return strconv.Quote(text)
	}
	if len(n.Text) > most {
		return n.Text[:most] + "…"
	}
	return n.Text
}

// validators puts the validators of CUE's standard library into words.
var validators = []struct {
	call  *regexp.Regexp
	words string // with the argument in place of %s
}{
	{regexp.MustCompile(`strings\.MinRunes\((\d+)\)`), "have at least %s characters"},
	{regexp.MustCompile(`strings\.MaxRunes\((\d+)\)`), "have at most %s characters"},
	{regexp.MustCompile(`list\.MinItems\((\d+)\)`), "have at least %s items"},
	{regexp.MustCompile(`list\.MaxItems\((\d+)\)`), "have at most %s items"},
	{regexp.MustCompile(`list\.UniqueItems()`), "have no item twice"},
	{regexp.MustCompile(`struct\.MinFields\((\d+)\)`), "have at least %s fields"},
	{regexp.MustCompile(`struct\.MaxFields\((\d+)\)`), "have at most %s fields"},
	{regexp.MustCompile(`net\.IP\w*()`), "be an IP address"},
	{regexp.MustCompile(`net\.FQDN()`), "be a host name"},
	{regexp.MustCompile(`regexp\.Valid()`), "be a regular expression"},
}

func validatorWords(err error) string {
	if err != nil {
		for _, v := range validators {
			if m := v.call.FindStringSubmatch(err.Error()); m != nil {
				return strings.ReplaceAll(v.words, "%s", m[1])
			}
		}
	}
	return ""
}

// constraints puts bounds and patterns into words: "be between 1 and 10".
func constraints(all []cue.Value, err error) string {
	var options []string
	for _, v := range all {
		words := bounds(v, 4)
		if len(words) == 2 && strings.HasPrefix(words[0], atLeast) && strings.HasPrefix(words[1], atMost) {
			words = []string{"be between " + strings.TrimPrefix(words[0], atLeast) + " and " + strings.TrimPrefix(words[1], atMost)}
		}
		if len(words) > 0 {
			options = append(options, strings.Join(words, " and "))
		}
	}
	if words := list(options); words != "" {
		return words
	}
	if words := validatorWords(err); words != "" {
		return words
	}
	return "have another value"
}

const (
	atLeast = "be at least "
	atMost  = "be at most "
)

func bounds(v cue.Value, depth int) []string {
	op, operands := v.Expr()
	words := map[cue.Op]string{
		cue.GreaterThanOp:      "be greater than ",
		cue.GreaterThanEqualOp: atLeast,
		cue.LessThanOp:         "be less than ",
		cue.LessThanEqualOp:    atMost,
		cue.NotEqualOp:         "be other than ",
		cue.RegexMatchOp:       "match the regular expression ",
		cue.NotRegexMatchOp:    "not match the regular expression ",
	}[op]
	switch {
	case words != "":
		return []string{words + scalarText(operands[len(operands)-1])}
	case v.IsConcrete() && v.IncompleteKind()&scalarKinds != 0:
		return []string{"be " + scalarText(v)}
	case op == cue.AndOp && depth > 0:
		var all []string
		for _, o := range operands {
			all = append(all, bounds(o, depth-1)...)
		}
		return all
	}
	return nil
}
