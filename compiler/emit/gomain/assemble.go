package gomain

import (
	"slices"
	"strings"

	"github.com/dave/jennifer/jen"

	"github.com/detectviz/detectviz/compiler/plan"
)

// assemble is the body of the function of that name. Its statements are built
// in the order in which they run, because the scope counts steps.
func (e *emitter) assemble() []jen.Code {
	e.scope.step = 1
	var body []jen.Code
	section := func(heading string, statements []jen.Code) {
		if len(statements) == 0 {
			return
		}
		if len(body) > 0 {
			body = append(body, jen.Line())
		}
		if heading != "" {
			body = append(body, jen.Comment("// "+heading))
		}
		body = append(body, statements...)
	}
	for _, inst := range e.instances() {
		section("", e.construct(inst))
	}
	section("Deliveries: one bounded queue an exporter.", e.deliveries())
	section("Pipelines.", e.pipelines())
	section("Importers.", e.importers())
	section("Health endpoints on a listener of their own.", e.serveHealth())
	return append(body, jen.Return(jen.Nil()))
}

// construct makes one instance and tells the platform about it.
func (e *emitter) construct(inst plan.Instance) []jen.Code {
	heading := inst.Name + ": " + inst.Plugin + " " + inst.Version
	if inst.Description != "" {
		heading += ", " + inst.Description
	}
	out := []jen.Code{jen.Comment(comment("%s", sentence(heading)))}

	config := jen.Add(e.plugin(inst, "Config"), block(e.fields(inst, inst.Code.Config)))
	args := []jen.Code{config}
	if len(inst.Requires) > 0 {
		args = append(args, e.deps(inst))
	}
	args = append(args, jen.Id("p").Dot("Host").Call(jen.Lit(inst.Name)))
	call := e.plugin(inst, "New").Call(args...)
	failed := jen.Return(jen.Id("p").Dot("Failed").Call(jen.Lit(inst.Name), jen.Err()))

	name := inst.Code.Var
	if e.used(inst) {
		out = append(out,
			jen.List(jen.Id(name), jen.Err()).Op(":=").Add(call),
			jen.If(jen.Err().Op("!=").Nil()).Block(failed))
		e.scope.declare(name)
	} else {
		out = append(out, jen.If(jen.List(jen.Id("_"), jen.Err()).Op(":=").Add(call), jen.Err().Op("!=").Nil()).Block(failed))
	}

	add := []jen.Code{field("Name", jen.Lit(inst.Name)), field("Plugin", jen.Lit(inst.Plugin))}
	for _, hook := range []struct{ name, field, method string }{
		{"start", "Start", "OnStart"},
		{"stop", "Stop", "OnStop"},
		{"health", "Health", "Health"},
	} {
		if slices.Contains(inst.Lifecycle, hook.name) {
			add = append(add, field(hook.field, jen.Id(name).Dot(hook.method)))
		}
	}
	out = append(out, jen.Id("p").Dot("Add").Call(e.qual(platformPath, "Instance").Values(add...)))
	if slices.Contains(inst.Provides, "LogHandler") {
		out = append(out, jen.Id("p").Dot("LogTo").Call(jen.Id(name)))
	}
	return out
}

// deps is the literal of the capabilities that an instance is given.
func (e *emitter) deps(inst plan.Instance) jen.Code {
	var fields []jen.Code
	for _, wire := range inst.Requires {
		var from []jen.Code
		for _, provider := range wire.From {
			from = append(from, e.variable(inst, provider))
		}
		switch {
		case len(from) == 0: // optional, and nothing provides it
		case wire.Many:
			list := jen.Index().Add(e.qual(contractsPath, wire.Capability)).Values(from...)
			fields = append(fields, field(wire.Field, list))
		default:
			fields = append(fields, field(wire.Field, from[0]))
		}
	}
	return jen.Add(e.plugin(inst, "Deps"), block(fields))
}

// variable is the local variable of another instance, or the platform.
func (e *emitter) variable(user plan.Instance, name string) jen.Code {
	if name == plan.PlatformName {
		return jen.Id("p")
	}
	inst, ok := e.instance(name)
	if !ok {
		e.fail(user, "%q is not in the program", name)
		return jen.Null()
	}
	v := inst.Code.Var
	if _, declared := e.scope.locals[v]; !declared {
		e.fail(user, "%q is constructed later", name)
	}
	return jen.Id(v)
}

// used reports whether anything refers to the instance after its construction;
// Go refuses a variable that nothing uses.
func (e *emitter) used(inst plan.Instance) bool {
	p, name := e.plan, inst.Name
	return len(inst.Lifecycle) > 0 || slices.Contains(inst.Provides, "LogHandler") ||
		slices.ContainsFunc(p.Instances, func(o plan.Instance) bool {
			return o.Code != nil && slices.ContainsFunc(o.Requires, func(w plan.Wire) bool { return slices.Contains(w.From, name) })
		}) ||
		slices.ContainsFunc(p.Deliveries, func(d plan.Delivery) bool { return d.Exporter == name }) ||
		slices.ContainsFunc(p.Pipelines, func(l plan.Pipeline) bool { return slices.Contains(l.Through, name) }) ||
		slices.ContainsFunc(p.Imports, func(i plan.Import) bool { return i.Importer == name })
}

// whenFull names the platform's constants.
var whenFull = map[string]string{"block": "Block", "drop_oldest": "DropOldest", "drop_newest": "DropNewest"}

func (e *emitter) deliveries() []jen.Code {
	var out []jen.Code
	for _, d := range e.plan.Deliveries {
		inst, _ := e.instance(d.Exporter)
		full, ok := whenFull[d.WhenFull]
		if !ok {
			e.fail(inst, "%q is not something to do when a queue is full", d.WhenFull)
		}
		policy := []jen.Code{
			field("QueueSize", jen.Lit(d.QueueSize)),
			field("WhenFull", e.qual(deliveryPath, full)),
			field("MaxElapsed", e.duration(inst, d.MaxElapsed)),
		}
		call := jen.Id("p").Dot("Deliver"+signal(d.Signal)).Call(
			jen.Lit(d.Exporter),
			jen.Add(e.variable(inst, d.Exporter)).Dot("Export"+signal(d.Signal)),
			e.qual(deliveryPath, "Policy").Values(policy...),
		)
		needed := slices.ContainsFunc(e.plan.Pipelines, func(l plan.Pipeline) bool {
			return l.Signal == d.Signal && slices.Contains(l.To, d.Exporter)
		})
		out = append(out, e.assign(d.Var, needed, call))
	}
	return out
}

func (e *emitter) pipelines() []jen.Code {
	var out []jen.Code
	for _, l := range e.plan.Pipelines {
		args := []jen.Code{jen.Lit(l.Name), e.steps(l)}
		for _, exporter := range l.To {
			i := slices.IndexFunc(e.plan.Deliveries, func(d plan.Delivery) bool {
				return d.Exporter == exporter && d.Signal == l.Signal
			})
			if i < 0 {
				e.fail(plan.Instance{}, "pipeline %q sends %s to %q, which has no delivery", l.Name, l.Signal, exporter)
				continue
			}
			args = append(args, jen.Id(e.plan.Deliveries[i].Var))
		}
		needed := slices.ContainsFunc(e.plan.Imports, func(i plan.Import) bool {
			return i.Signal == l.Signal && slices.Contains(i.Pipelines, l.Name)
		})
		out = append(out, e.assign(l.Var, needed, jen.Id("p").Dot(signal(l.Signal)+"Pipeline").Call(args...)))
	}
	return out
}

// steps are the processors of a pipeline, one a line when there are several.
func (e *emitter) steps(l plan.Pipeline) jen.Code {
	if len(l.Through) == 0 {
		return jen.Nil()
	}
	var steps []jen.Code
	for _, name := range l.Through {
		inst, _ := e.instance(name)
		steps = append(steps, jen.Values(
			field("Instance", jen.Lit(name)),
			field("Process", jen.Add(e.variable(inst, name)).Dot("Process"+signal(l.Signal))),
		))
	}
	list := jen.Index().Add(e.qual(platformPath, signal(l.Signal)+"Step"))
	if len(steps) == 1 {
		return list.Values(steps...)
	}
	return list.Add(block(steps))
}

func (e *emitter) importers() []jen.Code {
	var out []jen.Code
	for _, im := range e.plan.Imports {
		inst, _ := e.instance(im.Importer)
		args := []jen.Code{
			jen.Lit(im.Importer),
			jen.Add(e.variable(inst, im.Importer)).Dot("Import" + signal(im.Signal)),
		}
		for _, name := range im.Pipelines {
			i := slices.IndexFunc(e.plan.Pipelines, func(l plan.Pipeline) bool { return l.Name == name && l.Signal == im.Signal })
			if i < 0 {
				e.fail(inst, "it feeds the pipeline %q, which does not exist", name)
				continue
			}
			args = append(args, jen.Id(e.plan.Pipelines[i].Var))
		}
		out = append(out, jen.Id("p").Dot("Import"+signal(im.Signal)).Call(args...))
	}
	return out
}

func (e *emitter) serveHealth() []jen.Code {
	listen := e.plan.Health.Listen
	if !e.plan.Health.Enabled || listen == nil {
		return nil
	}
	return []jen.Code{jen.Id("p").Dot("ServeHealth").Call(e.value(plan.Instance{}, *listen, "string", false))}
}

// assign gives a statement's value a name when a later one needs it.
func (e *emitter) assign(name string, needed bool, call *jen.Statement) jen.Code {
	if !needed {
		return call
	}
	e.scope.declare(name)
	return jen.Id(name).Op(":=").Add(call)
}

// signal is a signal's name as a part of a Go name.
func signal(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}
