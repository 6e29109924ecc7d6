package gomain

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/dave/jennifer/jen"

	"github.com/detectviz/detectviz/compiler/plan"
)

// maxInline is the width in columns up to which a list or map of scalars stays
// on one line.
const maxInline = 80

// value writes a config value as a Go expression. The type is the value's own,
// or elem where a list or map gives it; elide leaves the type of a composite
// literal out, as gofmt -s does for elements.
func (e *emitter) value(inst plan.Instance, v plan.Value, elem string, elide bool) *jen.Statement {
	typ := cmp.Or(v.Type, elem)
	base, pointer := strings.CutPrefix(typ, "*")

	switch v.Kind {
	case plan.SecretValue:
		return jen.Add(e.secretType(pointer), jen.Values(e.fields(inst, v)...))
	case plan.StructValue:
		return jen.Add(e.literalType(inst, typ, elide), block(e.fields(inst, v)))
	case plan.ListValue:
		var items []jen.Code
		item := elemType(base)
		for _, it := range v.Items {
			items = append(items, e.value(inst, it, item, sameType(it.Type, item)))
		}
		return jen.Add(e.literalType(inst, typ, elide), layout(v, items))
	case plan.MapValue:
		var items []jen.Code
		item := elemType(base)
		entries := slices.SortedFunc(slices.Values(v.Fields), func(a, b plan.Field) int { return cmp.Compare(a.Key, b.Key) })
		for _, f := range entries {
			items = append(items, jen.Lit(f.Key).Op(":").Add(e.value(inst, f.Value, item, sameType(f.Value.Type, item))))
		}
		return jen.Add(e.literalType(inst, typ, elide), layout(v, items))
	}

	expr, natural := e.scalar(inst, v, base)
	// An untyped constant takes the type of the place it stands at; anything
	// else must be converted when the field has a type of its own.
	constant := natural == "" || v.Kind == plan.StringValue || v.Kind == plan.BoolValue
	if base != "" && base != natural && (pointer || !constant) {
		expr = e.typeExpr(inst, base).Call(expr)
	}
	if pointer {
		return jen.New(expr)
	}
	return expr
}

// scalar writes a scalar without regard to pointers, and says which Go type the
// expression has by itself ("" for a number, which has none).
func (e *emitter) scalar(inst plan.Instance, v plan.Value, base string) (expr *jen.Statement, natural string) {
	switch v.Kind {
	case plan.StringValue:
		return jen.Lit(v.Text), "string"
	case plan.BoolValue:
		b, err := strconv.ParseBool(v.Text)
		if err != nil {
			e.fail(inst, "%q is not a bool", v.Text)
		}
		return jen.Lit(b), "bool"
	case plan.IntValue:
		n, err := strconv.ParseInt(v.Text, 10, 64)
		if err != nil {
			e.fail(inst, "%q is not an integer", v.Text)
		}
		// By the rules of manifests a size is an int64 and a count is an int.
		if base == "int64" {
			return bytesExpr(n), ""
		}
		return jen.Op(strconv.FormatInt(n, 10)), ""
	case plan.FloatValue:
		f, err := strconv.ParseFloat(v.Text, 64)
		if err != nil || math.IsInf(f, 0) || math.IsNaN(f) {
			e.fail(inst, "%q is not a number", v.Text)
		}
		return jen.Op(strconv.FormatFloat(f, 'g', -1, 64)), ""
	case plan.DurationValue:
		return e.duration(inst, v.Text), "time.Duration"
	case plan.RefValue:
		return e.ref(inst, v), "string"
	case plan.ConcatValue:
		return e.concat(inst, v), "string"
	case plan.ParamValue:
		p, ok := e.params[v.Text]
		if !ok {
			e.fail(inst, "param %q is not declared", v.Text)
			return jen.Null(), ""
		}
		natural := paramKinds[p.Type].goType
		if base == "string" && natural != "string" {
			return e.paramText(p), "string"
		}
		return jen.Id("params").Dot(p.Go), natural
	}
	e.fail(inst, "a value has the unknown kind %q", v.Kind)
	return jen.Null(), ""
}

// concat joins the parts of a string.
func (e *emitter) concat(inst plan.Instance, v plan.Value) *jen.Statement {
	terms := []jen.Code{}
	for _, part := range v.Parts {
		switch part.Kind {
		case plan.StringValue:
			terms = append(terms, jen.Lit(part.Text))
		case plan.RefValue:
			terms = append(terms, e.ref(inst, part))
		case plan.ParamValue:
			p, ok := e.params[part.Text]
			if !ok {
				e.fail(inst, "param %q is not declared", part.Text)
			}
			terms = append(terms, e.paramText(p))
		default:
			e.fail(inst, "a part of a string has the kind %q", part.Kind)
		}
	}
	if len(terms) == 0 {
		return jen.Lit("")
	}
	return sum(terms)
}

// ref is what the platform knows at run time.
func (e *emitter) ref(inst plan.Instance, v plan.Value) *jen.Statement {
	switch v.Text {
	case "state":
		return jen.Id("p").Dot("State").Call()
	case "host":
		return jen.Id("p").Dot("Hostname").Call()
	}
	e.fail(inst, "${%s} is not known", v.Text)
	return jen.Null()
}

// paramText is a param as a part of a string.
func (e *emitter) paramText(p plan.Param) *jen.Statement {
	name := jen.Id("params").Dot(p.Go)
	switch paramKinds[p.Type].goType {
	case "int64":
		return e.qual("strconv", "FormatInt").Call(name, jen.Lit(10))
	case "bool":
		return e.qual("strconv", "FormatBool").Call(name)
	case "time.Duration":
		return name.Dot("String").Call()
	}
	return name
}

// fields writes the fields of a struct in the plan's order. Zero values are
// what the field has anyway, and only hide the others.
func (e *emitter) fields(inst plan.Instance, v plan.Value) []jen.Code {
	var out []jen.Code
	for _, f := range v.Fields {
		if isZero(f.Value) {
			continue
		}
		if f.Go == "" {
			e.fail(inst, "config field %q has no Go name", f.Key)
			continue
		}
		out = append(out, field(f.Go, e.value(inst, f.Value, "", false)))
	}
	return out
}

// isZero reports whether a value is the zero value of its Go type. An empty
// list or map counts: no plugin tells it from none.
func isZero(v plan.Value) bool {
	if strings.HasPrefix(v.Type, "*") {
		return false
	}
	switch v.Kind {
	case plan.StringValue:
		return v.Text == ""
	case plan.IntValue, plan.FloatValue:
		f, err := strconv.ParseFloat(v.Text, 64)
		return err == nil && f == 0
	case plan.BoolValue:
		return v.Text == "false"
	case plan.DurationValue:
		d, err := time.ParseDuration(v.Text)
		return err == nil && d == 0
	case plan.ConcatValue:
		return !slices.ContainsFunc(v.Parts, func(p plan.Value) bool { return !isZero(p) })
	case plan.ListValue:
		return len(v.Items) == 0
	case plan.MapValue:
		return len(v.Fields) == 0
	case plan.StructValue, plan.SecretValue:
		return !slices.ContainsFunc(v.Fields, func(f plan.Field) bool { return !isZero(f.Value) })
	}
	return false
}

// layout puts a short list or map of scalars on one line.
func layout(v plan.Value, items []jen.Code) jen.Code {
	if width(v) <= maxInline {
		return jen.Values(items...)
	}
	return block(items)
}

// width is about the number of columns of a value on one line; values that
// hold structs never fit.
func width(v plan.Value) int {
	const never = maxInline + 1
	switch v.Kind {
	case plan.StringValue:
		return utf8.RuneCountInString(strconv.Quote(v.Text))
	case plan.DurationValue:
		return len(v.Text) + len(" * time.Second")
	case plan.ParamValue:
		return len("params.") + len(v.Text)
	case plan.RefValue:
		return len("p.State()")
	case plan.ConcatValue:
		w := 0
		for _, part := range v.Parts {
			w += width(part) + len(" + ")
		}
		return w
	case plan.ListValue, plan.MapValue:
		w := len(v.Type) + len("{}")
		for _, it := range v.Items {
			if len(it.Items)+len(it.Fields) > 0 || it.Kind == plan.StructValue {
				return never
			}
			w += width(it) + len(", ")
		}
		for _, f := range v.Fields {
			if len(f.Value.Items)+len(f.Value.Fields) > 0 || f.Value.Kind == plan.StructValue {
				return never
			}
			w += utf8.RuneCountInString(strconv.Quote(f.Key)) + width(f.Value) + len(": , ")
		}
		return w
	}
	return len(v.Text)
}

// bytesExpr writes whole KiB, MiB and so on as shifts, which a reader can
// check at a glance.
func bytesExpr(n int64) *jen.Statement {
	for shift := 40; shift >= 10; shift -= 10 {
		if n >= 1<<shift && n%(1<<shift) == 0 {
			return jen.Lit(int(n >> shift)).Op("<<").Lit(shift)
		}
	}
	return jen.Op(strconv.FormatInt(n, 10))
}

var durationUnits = []struct {
	name  string
	unit  time.Duration
	below time.Duration // as many as this are written as a sum of units instead
}{
	{"Hour", time.Hour, math.MaxInt64},
	{"Minute", time.Minute, 60},
	{"Second", time.Second, 60},
	{"Millisecond", time.Millisecond, 10_000},
	{"Microsecond", time.Microsecond, 10_000},
	{"Nanosecond", time.Nanosecond, 10_000},
}

// duration writes a duration in the units that a person would: 15s as
// 15 * time.Second, 1500ms as 1500 * time.Millisecond, 90m as time.Hour +
// 30*time.Minute.
func (e *emitter) duration(inst plan.Instance, text string) *jen.Statement {
	d, err := time.ParseDuration(text)
	if err != nil {
		e.fail(inst, "%q is not a duration", text)
		return jen.Null()
	}
	term := func(n time.Duration, unit string) jen.Code {
		if n == 1 {
			return e.qual("time", unit)
		}
		return jen.Op(strconv.FormatInt(int64(n), 10)).Op("*").Add(e.qual("time", unit))
	}
	if d == 0 {
		return jen.Op("0")
	}
	for _, u := range durationUnits {
		if d%u.unit == 0 && d/u.unit < u.below {
			return sum([]jen.Code{term(d/u.unit, u.name)})
		}
	}
	var terms []jen.Code
	for _, u := range durationUnits {
		if n := d / u.unit; n != 0 {
			terms = append(terms, term(n, u.name))
			d -= n * u.unit
		}
	}
	return sum(terms)
}

// sum joins terms by a plus sign.
func sum(terms []jen.Code) *jen.Statement {
	s := jen.Add(terms[0])
	for _, t := range terms[1:] {
		s.Op("+").Add(t)
	}
	return s
}
