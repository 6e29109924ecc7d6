package plan

import (
	"slices"

	"github.com/detectviz/detectviz/compiler/source"
)

// The defaults of a delivery; schema/composition.cue documents them.
const (
	defaultQueueSize  = 10000
	defaultWhenFull   = "block"
	defaultMaxElapsed = "5m"
)

// flow routes each signal from importers through processors to exporters.
func (b *builder) flow() {
	for _, signal := range []string{"metrics", "logs", "traces"} {
		if len(b.source.Pipelines) == 0 {
			b.implied(signal)
			continue
		}
		for _, p := range b.source.Pipelines {
			b.explicit(p, signal)
		}
	}
	b.deliveries()
	b.imports()
}

// implied adds the pipeline that a composition without pipelines means: all
// importers of the signal, all its processors, all its exporters.
func (b *builder) implied(signal string) {
	p := Pipeline{Name: signal, Signal: signal, Implied: true}
	for i := range b.instances {
		in := &b.instances[i]
		takes, gives := slices.Contains(in.Manifest.SignalsIn, signal), slices.Contains(in.Manifest.SignalsOut, signal)
		switch {
		case takes && gives:
			p.Through = append(p.Through, in.Name)
		case gives:
			p.From = append(p.From, in.Name)
		case takes:
			p.To = append(p.To, in.Name)
		}
	}
	b.addPipeline(p)
}

// explicit adds the part of a written pipeline that carries the signal. That
// its instances exist and fit was checked.
func (b *builder) explicit(written source.Pipeline, signal string) {
	p := Pipeline{Name: written.Name.Value, Signal: signal}
	carries := func(name source.Text, out bool) bool {
		i, ok := b.byName[name.Value]
		if !ok {
			return false
		}
		if out {
			return slices.Contains(b.instances[i].Manifest.SignalsOut, signal)
		}
		return slices.Contains(b.instances[i].Manifest.SignalsIn, signal)
	}
	for _, name := range written.From {
		if carries(name, true) {
			p.From = append(p.From, name.Value)
		}
	}
	for _, name := range written.Through {
		if carries(name, false) {
			p.Through = append(p.Through, name.Value)
		}
	}
	for _, name := range written.To {
		if carries(name, false) {
			p.To = append(p.To, name.Value)
		}
	}
	b.addPipeline(p)
}

func (b *builder) addPipeline(p Pipeline) {
	if len(p.From) == 0 || len(p.To) == 0 {
		return
	}
	p.Var = b.names.local(p.Name, "Pipeline")
	b.plan.Pipelines = append(b.plan.Pipelines, p)
}

// deliveries adds a queue for each exporter that a pipeline reaches, in start
// order.
func (b *builder) deliveries() {
	for _, in := range b.plan.Instances {
		for _, signal := range in.SignalsIn {
			reached := slices.ContainsFunc(b.plan.Pipelines, func(p Pipeline) bool {
				return p.Signal == signal && slices.Contains(p.To, in.Name)
			})
			if !reached {
				continue
			}
			d := Delivery{
				Exporter: in.Name, Signal: signal, Var: b.names.local("to-"+in.Name, exported(signal)),
				QueueSize: defaultQueueSize, WhenFull: defaultWhenFull, MaxElapsed: defaultMaxElapsed,
			}
			written := b.instances[b.byName[in.Name]].Source.Delivery
			if written.QueueSize > 0 {
				d.QueueSize = written.QueueSize
			}
			if written.WhenFull != "" {
				d.WhenFull = written.WhenFull
			}
			if written.MaxElapsed != "" {
				d.MaxElapsed = written.MaxElapsed
			}
			b.plan.Deliveries = append(b.plan.Deliveries, d)
		}
	}
}

// imports says which pipelines each importer feeds, in start order.
func (b *builder) imports() {
	for _, in := range b.plan.Instances {
		for _, signal := range in.SignalsOut {
			imp := Import{Importer: in.Name, Signal: signal}
			for _, p := range b.plan.Pipelines {
				if p.Signal == signal && slices.Contains(p.From, in.Name) {
					imp.Pipelines = append(imp.Pipelines, p.Name)
				}
			}
			if len(imp.Pipelines) > 0 {
				b.plan.Imports = append(b.plan.Imports, imp)
			}
		}
	}
}
