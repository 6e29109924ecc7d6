package gomain

import (
	"strconv"

	"github.com/dave/jennifer/jen"

	"github.com/detectviz/detectviz/compiler/plan"
	"github.com/detectviz/detectviz/compiler/units"
)

// paramKind says how a type of the language's params becomes Go.
type paramKind struct {
	constructor string // of package platform
	goType      string
}

var paramKinds = map[string]paramKind{
	"string":   {"String", "string"},
	"int":      {"Int", "int64"},
	"bool":     {"Bool", "bool"},
	"duration": {"Duration", "time.Duration"},
	"size":     {"Size", "int64"},
	"address":  {"Address", "string"},
	"url":      {"URL", "string"},
	"enum":     {"Enum", "string"},
}

// paramFields declares the fields of the params variable.
func (e *emitter) paramFields() []jen.Code {
	var out []jen.Code
	for _, p := range e.plan.Params {
		kind, ok := paramKinds[p.Type]
		if !ok {
			e.fail(plan.Instance{}, "param %q has the unknown type %q", p.Name, p.Type)
			continue
		}
		if p.Help != "" {
			out = append(out, jen.Comment(comment("%s", sentence(p.Go+" is "+p.Help))))
		}
		if kind.goType == "time.Duration" {
			out = append(out, jen.Id(p.Go).Add(e.qual("time", "Duration")))
		} else {
			out = append(out, jen.Id(p.Go).Id(kind.goType))
		}
	}
	return out
}

// paramEntries lists the params for the platform, which parses the flags.
func (e *emitter) paramEntries() []jen.Code {
	var out []jen.Code
	for _, p := range e.plan.Params {
		fields := []jen.Code{field("Name", jen.Lit(p.Name))}
		add := func(name, text string) {
			if text != "" {
				fields = append(fields, field(name, jen.Lit(text)))
			}
		}
		add("Help", p.Help)
		add("Env", p.Env)
		fields = append(fields, field("Value", e.paramValue(p)))
		if p.Default == nil {
			fields = append(fields, field("Required", jen.True()))
		}
		add("Min", p.Min)
		add("Max", p.Max)
		out = append(out, jen.Values(fields...))
	}
	return out
}

// paramValue binds a param's variable with its default.
func (e *emitter) paramValue(p plan.Param) jen.Code {
	args := []jen.Code{jen.Op("&").Id("params").Dot(p.Go), e.paramDefault(p)}
	if p.Type == "enum" {
		args = append(args, literals(p.Values)...)
	}
	return e.qual(platformPath, paramKinds[p.Type].constructor).Call(args...)
}

// paramDefault is the default as Go; a param without one starts at zero.
func (e *emitter) paramDefault(p plan.Param) jen.Code {
	v := plan.Value{Kind: plan.StringValue}
	switch p.Type {
	case "int":
		v = plan.Value{Kind: plan.IntValue, Type: "int", Text: "0"}
	case "size":
		v = plan.Value{Kind: plan.IntValue, Type: "int64", Text: "0"}
	case "bool":
		v = plan.Value{Kind: plan.BoolValue, Text: "false"}
	case "duration":
		v = plan.Value{Kind: plan.DurationValue, Text: "0s"}
	}
	if p.Default != nil {
		v.Text = *p.Default
	}
	if n, err := units.ParseSize(v.Text); p.Type == "size" && err == nil {
		v.Text = strconv.FormatInt(n, 10)
	}
	return e.value(plan.Instance{}, v, "", false)
}
