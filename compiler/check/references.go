package check

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/ast"

	"github.com/detectviz/detectviz/compiler/diag"
	"github.com/detectviz/detectviz/compiler/source"
)

// placeType is what a place takes, in the words of params' types.
type placeType string

const (
	durationPlace placeType = "duration"
	sizePlace     placeType = "size"
	intPlace      placeType = "int"
	floatPlace    placeType = "float"
	boolPlace     placeType = "bool"
	stringPlace   placeType = "string"
	addressPlace  placeType = "address"
	urlPlace      placeType = "url"
	otherPlace    placeType = "" // takes values of several types
)

// placeOf returns what a place takes. Durations, sizes and so on are texts to
// CUE; their form tells them apart.
func (w *walker) placeOf(schema cue.Value, goType string) placeType {
	kind := schema.IncompleteKind()
	switch {
	case kind == cue.StringKind:
		if form := w.formAt(schema, goType); form.form != nil && !form.other {
			return form.takes
		}
		return stringPlace
	case kind == cue.IntKind:
		return intPlace
	case kind == cue.FloatKind || kind == cue.NumberKind:
		return floatPlace
	case kind == cue.BoolKind:
		return boolPlace
	}
	return otherPlace
}

var placeWords = map[placeType]string{
	durationPlace: "a duration", sizePlace: "a size", intPlace: "a whole number", floatPlace: "a number",
	boolPlace: "true or false", stringPlace: "text", addressPlace: "an address", urlPlace: "a URL",
}

// words says what a place takes, in a sentence.
func (t placeType) words(schema cue.Value) string {
	if t == otherPlace {
		return kindWords(schema.IncompleteKind())
	}
	return placeWords[t]
}

// isText reports whether a place takes text of which a reference may be a part.
func (t placeType) isText() bool { return t == stringPlace || t == addressPlace || t == urlPlace }

// fits reports whether a param of a type may be the whole value of a place. A
// string could be set to anything, so it is for places that take any text.
func (t placeType) fits(paramType string) bool {
	switch paramType {
	case "string", "address", "url":
		return string(t) == paramType || t == stringPlace
	case "enum":
		return t.isText()
	}
	return string(t) == paramType || t == floatPlace && paramType == "int"
}

// references checks a text that has references, with samples in their places:
// a param's default, or, when it has none, a value that fits.
func (w *walker) references(schema cue.Value, n *source.Node, p place) (ast.Expr, *fault) {
	bad := func(code string, offset, width int, format string, args ...any) *fault {
		pos, width := within(n, offset, width)
		return &fault{code: code, message: fmt.Sprintf(format, args...), pos: pos, width: width}
	}
	parts, err := source.ParseTemplate(n.Text)
	if te, ok := errors.AsType[*source.TemplateError](err); ok {
		if !w.refsAt(p.path) && w.unify(schema, ast.NewString(n.Text)).Validate() == nil {
			return ast.NewString(n.Text), nil // a description
		}
		f := bad("DVZ013", te.Offset, te.Width, "%s", te.Message)
		f.hint = w.meantReference(n.Text[te.Offset:])
		return nil, f
	}
	if !w.refsAt(p.path) {
		expr, f := w.scalar(schema, n, p)
		if f != nil {
			f.code, f.message = "DVZ211", fmt.Sprintf("%s cannot hold references such as ${params.x}", p.path)
			f.hint = "references are replaced in the configs of plugins and in health.listen"
		}
		return expr, f
	}
	takes := w.placeOf(schema, p.goType)
	whole := len(parts) == 1 && parts[0].Kind == source.ParamPart
	if !whole && !takes.isText() && !(len(parts) == 1 && parts[0].Kind == source.LiteralPart) {
		return nil, bad("DVZ211", 0, len(n.Text), "%s takes %s, so a reference cannot be a part of it", p.path, takes.words(schema))
	}

	sample := &source.Node{Kind: source.String, Pos: n.Pos, Width: n.Width}
	samples := []paramSample{{Node: sample}}
	var text strings.Builder
	var without *param // has no default, so that the sample is a guess
	broken := false    // a param is; reported at its declaration
	for _, part := range parts {
		switch part.Kind {
		case source.LiteralPart:
			text.WriteString(part.Text)
		case source.StatePart:
			text.WriteString(w.state())
		case source.HostPart:
			text.WriteString("localhost")
		case source.ParamPart:
			param := w.params[part.Text]
			width := len("${params.") + len(part.Text) + len("}")
			if param == nil {
				f := bad("DVZ210", part.Offset, width, "unknown param %q", part.Text)
				f.hint = didYouMean(part.Text, w.paramNames(), "params")
				return nil, f
			}
			broken = broken || param.broken
			if whole && !param.broken && !takes.fits(param.decl.Type) {
				return nil, bad("DVZ211", part.Offset, width, "%s takes %s, and the param %q is of type %s", p.path, takes.words(schema), part.Text, param.decl.Type)
			}
			if param.value == nil {
				without = param
			}
			if whole {
				samples = param.samples(n)
			} else {
				text.WriteString(param.samples(n)[0].Text)
			}
		}
	}
	sample.Text = text.String()
	if w.trusting && !slices.ContainsFunc(parts, func(p source.Part) bool { return p.Kind == source.ParamPart }) {
		return w.trust(schema, sample, p)
	}
	var sound ast.Expr
	var first *fault
	for _, s := range samples {
		expr, f := w.scalar(schema, s.Node, p)
		if f != nil { // a part of the sample is no part of what is written
			f.pos, f.width = n.Pos, n.Width
		}
		switch {
		case f != nil && broken:
		case f != nil && s.of != "":
			f.message += " (" + s.of + " of this param)"
			return nil, f
		case f != nil && first == nil:
			first = f
		case f == nil && sound == nil:
			sound = expr
		}
	}
	switch {
	case sound != nil:
		return sound, nil
	case broken:
		w.leftOut(p.path)
		return nil, nil
	case without != nil:
		f := bad("DVZ211", 0, len(n.Text), "the param %q needs a default here", without.decl.Name.Value)
		f.hint = "without one it cannot be checked that the value fits"
		return nil, f
	case slices.ContainsFunc(parts, func(p source.Part) bool { return p.Kind == source.ParamPart }):
		first.message += " (with the defaults of the params)"
	}
	return nil, first
}

// within returns the place of a part of a text. Where the text is not written
// letter by letter (escapes, several lines), it is the place of the text.
func within(n *source.Node, offset, width int) (diag.Pos, int) {
	pos := n.Pos
	switch n.Width {
	case len(n.Text):
	case len(n.Text) + len(`""`):
		pos.Column++
	default:
		return pos, n.Width
	}
	pos.Column += offset
	return pos, width
}
