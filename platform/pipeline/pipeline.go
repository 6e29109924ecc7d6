// Package pipeline moves batches from importers through processors to
// deliveries. It is direct calls in the importer's goroutine; nothing waits here
// but for a delivery whose policy is to block.
package pipeline

import (
	"context"
	"log/slog"
	"slices"
	"sync"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/detectviz/detectviz/platform/delivery"
	"github.com/detectviz/detectviz/platform/internal/guard"
)

// Processor is a step between importers and exporters. It belongs to an
// instance and may be part of several pipelines; it is called by one goroutine
// at a time.
type Processor[B delivery.Batch] struct {
	mu      sync.Mutex
	name    string
	process func(context.Context, B) (B, error)
	report  func(error)
	failing bool
}

// NewProcessor returns a step of an instance. Report is told an error when the
// step fails, and nil once it works again.
func NewProcessor[B delivery.Batch](instance string, process func(context.Context, B) (B, error), report func(error)) *Processor[B] {
	return &Processor[B]{name: instance, process: process, report: report}
}

func (p *Processor[B]) call(ctx context.Context, b B) (out B, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	defer p.judge(&err)
	defer guard.Recover(&err)
	return p.process(ctx, b)
}

func (p *Processor[B]) judge(err *error) {
	if *err != nil || p.failing {
		p.failing = *err != nil
		p.report(*err)
	}
}

// Pipeline is a path of one signal: processors in order, then deliveries.
type Pipeline[B delivery.Batch] struct {
	name   string
	signal string
	steps  []*Processor[B]
	to     []*delivery.Delivery[B]
	log    *slog.Logger
	life   context.Context
	items  prometheus.Counter
	lost   prometheus.Counter
}

// New returns a pipeline. Life is the context of the processors: it outlives the
// importers, so that what they flush at the end is still processed.
//
// Deliveries that never block are served before those that may, so that a batch
// reaches them even while another one has no room.
func New[B delivery.Batch](life context.Context, name, signal string, steps []*Processor[B], to []*delivery.Delivery[B], log *slog.Logger) *Pipeline[B] {
	to = slices.Clone(to)
	slices.SortStableFunc(to, func(a, b *delivery.Delivery[B]) int { return rank(a) - rank(b) })
	labels := prometheus.Labels{"pipeline": name, "signal": signal}
	return &Pipeline[B]{
		name: name, signal: signal, steps: steps, to: to, log: log, life: life,
		items: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "dvz_pipeline_items_total", Help: "Items that the pipeline handed to its exporters.", ConstLabels: labels,
		}),
		lost: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "dvz_pipeline_failed_items_total", Help: "Items lost because a processor failed.", ConstLabels: labels,
		}),
	}
}

func rank[B delivery.Batch](d *delivery.Delivery[B]) int {
	if d.Blocks() {
		return 1
	}
	return 0
}

// Describe implements prometheus.Collector.
func (p *Pipeline[B]) Describe(out chan<- *prometheus.Desc) {
	p.items.Describe(out)
	p.lost.Describe(out)
}

// Collect implements prometheus.Collector.
func (p *Pipeline[B]) Collect(out chan<- prometheus.Metric) {
	p.items.Collect(out)
	p.lost.Collect(out)
}

// Push takes over one reference to a batch and brings it through. A batch whose
// processor fails is lost and counted; the error is the processor's affair, not
// the importer's. Push returns the error of a delivery that did not take the
// batch; the other deliveries got it nevertheless.
func (p *Pipeline[B]) Push(ctx context.Context, b B) error {
	b, ok := p.process(b)
	if !ok {
		return nil
	}
	p.items.Add(float64(b.Len()))
	if len(p.to) == 0 {
		b.Release()
		return nil
	}
	b.Retain(len(p.to) - 1)
	var first error
	for _, d := range p.to {
		if err := d.Push(ctx, b); err != nil && first == nil {
			first = err
		}
	}
	return first
}

// process runs the steps. It returns false when nothing is left.
func (p *Pipeline[B]) process(b B) (B, bool) {
	var none B
	for _, step := range p.steps {
		out, err := step.call(p.life, b)
		if err != nil {
			p.lost.Add(float64(b.Len()))
			p.log.Error("processor failed, its batch is lost", "pipeline", p.name, "signal", p.signal,
				"instance", step.name, "items", b.Len(), "err", err)
			if out != none && out != b {
				out.Release()
			}
			b.Release()
			return none, false
		}
		if out != b {
			b.Release()
		}
		if out == none {
			return none, false
		}
		b = out
	}
	return b, true
}
