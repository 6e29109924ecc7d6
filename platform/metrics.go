package platform

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/detectviz/detectviz/platform/contracts"
	"github.com/detectviz/detectviz/platform/delivery"
	"github.com/detectviz/detectviz/platform/pipeline"
)

type metricsDelivery = *delivery.Delivery[*contracts.Metrics]

// MetricsStep is a processor in a pipeline. An instance may be a step of several
// pipelines; its Process is called by one goroutine at a time.
type MetricsStep struct {
	Instance string
	Process  func(context.Context, *contracts.Metrics) (*contracts.Metrics, error)
}

// importer runs an importer until its context ends.
type importer func(context.Context)

// DeliverMetrics puts a queue and a worker before an exporter.
func (p *Platform) DeliverMetrics(exporter string, export func(context.Context, *contracts.Metrics) error, policy delivery.Policy) *delivery.Delivery[*contracts.Metrics] {
	d := delivery.New(exporter, "metrics", export, policy, p.log.With("exporter", exporter), p.reporter(exporter, "delivery of metrics"))
	if err := d.Register(p.telemetry.Registry); err != nil {
		p.note(fmt.Errorf("delivery of metrics to %s: %w", exporter, err))
	}
	p.deliveries = append(p.deliveries, d)
	return d
}

// MetricsPipeline joins processors, in order, and deliveries.
func (p *Platform) MetricsPipeline(name string, steps []MetricsStep, to ...*delivery.Delivery[*contracts.Metrics]) *pipeline.Pipeline[*contracts.Metrics] {
	processors := make([]*pipeline.Processor[*contracts.Metrics], len(steps))
	for i, s := range steps {
		if p.processors[s.Instance] == nil {
			p.processors[s.Instance] = pipeline.NewProcessor(s.Instance, s.Process, p.reporter(s.Instance, "processing of metrics"))
		}
		processors[i] = p.processors[s.Instance]
	}
	pl := pipeline.New(p.dataLife, name, "metrics", processors, to, p.log)
	if err := p.telemetry.Registry.Register(pl); err != nil {
		p.note(fmt.Errorf("pipeline %s: %w", name, err))
	}
	return pl
}

// ImportMetrics runs an importer, once all instances have started, and hands
// what it sends to the pipelines.
func (p *Platform) ImportMetrics(instance string, run func(context.Context, contracts.MetricsSink) error, to ...*pipeline.Pipeline[*contracts.Metrics]) {
	items, failures := p.telemetry.Importer(instance, "metrics")
	i := pipeline.NewImporter(to, p.log.With("instance", instance), p.reporter(instance, "import of metrics"), items, failures)
	p.importers = append(p.importers, func(ctx context.Context) {
		i.Supervise(ctx, func(ctx context.Context) error { return run(ctx, i) })
	})
}

// reporter returns a function that tells the health monitor of an instance.
func (p *Platform) reporter(instance, source string) func(error) {
	return func(err error) { p.monitor.Report(instance, source, err) }
}

// startData starts the workers and then the importers.
func (p *Platform) startData() {
	for _, d := range p.deliveries {
		d.Start()
	}
	ctx, cancel := context.WithCancel(context.Background())
	p.halt = cancel
	for _, run := range p.importers {
		p.running.Go(func() { run(ctx) })
	}
}

// drain stops the importers, empties the queues and says what became of them.
func (p *Platform) drain() {
	begin := time.Now()
	ctx, cancel := context.WithTimeout(context.Background(), DrainTimeout)
	defer cancel()
	for _, d := range p.deliveries {
		d.BeginDrain() // first, so that no push fails because its importer is stopped
	}
	p.halt()
	ended := make(chan struct{})
	go func() {
		p.running.Wait()
		close(ended)
	}()
	select {
	case <-ended:
	case <-ctx.Done():
		p.log.Error("an importer does not end; what it still sends is given up", "deadline", DrainTimeout)
	}

	result := make([]any, len(p.deliveries)) // slog.Attr
	level := slog.LevelInfo
	var all sync.WaitGroup
	var mu sync.Mutex
	for i, d := range p.deliveries {
		all.Go(func() {
			delivered, lost := d.Drain(ctx)
			mu.Lock()
			defer mu.Unlock()
			if lost > 0 {
				level = slog.LevelError
			}
			result[i] = slog.Group(d.Exporter(), "delivered", delivered, "given_up", lost)
		})
	}
	all.Wait()
	p.endData()
	if len(p.deliveries) > 0 {
		p.log.Log(context.Background(), level, "queues are drained", append(result, "took", time.Since(begin).Round(time.Millisecond))...)
	}
}
