package check

import (
	"errors"
	"fmt"
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
	otherPlace    placeType = "" // takes values of several types
)

// placeOf returns what a place takes. Durations and sizes are texts to CUE; the
// Go type tells them apart.
func placeOf(schema cue.Value, goType string) placeType {
	kind := schema.IncompleteKind()
	switch {
	case kind == cue.StringKind && strings.HasSuffix(goType, `"time".Duration`):
		return durationPlace
	case kind == cue.StringKind && goType == "int64":
		return sizePlace
	case kind == cue.StringKind:
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

// placeWords says what a place takes, in a sentence.
var placeWords = map[placeType]string{
	durationPlace: "a duration", sizePlace: "a size", intPlace: "a whole number", floatPlace: "a number",
	boolPlace: "true or false", stringPlace: "text", otherPlace: "a list or a map",
}

// fits reports whether a param of a type may be the whole value of a place.
func (t placeType) fits(paramType string) bool {
	switch paramType {
	case "string", "address", "url", "enum":
		return t == stringPlace
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
		return nil, bad("DVZ013", te.Offset, te.Width, "%s", te.Message)
	}
	if !w.refsAt(p.path) {
		expr, f := w.scalar(schema, n, p)
		if f != nil {
			f.code, f.message = "DVZ211", fmt.Sprintf("%s cannot hold references such as ${params.x}", p.path)
			f.hint = "references are replaced in the configs of plugins and in health.listen"
		}
		return expr, f
	}
	takes := placeOf(schema, p.goType)
	whole := len(parts) == 1 && parts[0].Kind == source.ParamPart
	if !whole && takes != stringPlace && !(len(parts) == 1 && parts[0].Kind == source.LiteralPart) {
		return nil, bad("DVZ211", 0, len(n.Text), "%s takes %s, so a reference cannot be a part of it", p.path, placeWords[takes])
	}

	sample := &source.Node{Kind: source.String, Pos: n.Pos, Width: n.Width}
	samples := []*source.Node{sample}
	var without *param // has no default, so that the sample is a guess
	for _, part := range parts {
		switch part.Kind {
		case source.LiteralPart:
			sample.Text += part.Text
		case source.StatePart:
			sample.Text += "/var/lib/" + w.c.Name.Value
		case source.HostPart:
			sample.Text += "localhost"
		case source.ParamPart:
			param := w.params[part.Text]
			width := len("${params.") + len(part.Text) + len("}")
			if param == nil {
				f := bad("DVZ210", part.Offset, width, "unknown param %q", part.Text)
				f.hint = didYouMean(part.Text, w.paramNames(), "params")
				return nil, f
			}
			param.used = true
			if whole && !param.broken && !takes.fits(param.decl.Type) {
				return nil, bad("DVZ211", part.Offset, width, "%s takes %s, and the param %q is of type %s", p.path, placeWords[takes], part.Text, param.decl.Type)
			}
			if param.value == nil {
				without = param
			}
			if whole {
				samples = param.samples(n)
			} else {
				sample.Text += param.samples(n)[0].Text
			}
		}
	}
	var first *fault
	for _, s := range samples {
		expr, f := w.scalar(schema, s, p)
		if f == nil {
			return expr, nil
		}
		if first == nil {
			first = f
		}
	}
	switch {
	case without != nil && without.broken:
		return nil, nil // reported at its declaration
	case without != nil:
		f := bad("DVZ211", 0, len(n.Text), "the param %q needs a default here", without.decl.Name.Value)
		f.hint = "without one it cannot be checked that the value fits"
		return nil, f
	case whole:
		first.message += " (the default of this param)"
	default:
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
