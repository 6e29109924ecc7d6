package pipeline_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/detectviz/detectviz/platform/contracts"
	"github.com/detectviz/detectviz/platform/delivery"
	"github.com/detectviz/detectviz/platform/pipeline"
)

type (
	metrics   = *contracts.Metrics
	processor = *pipeline.Processor[metrics]
)

var series = &contracts.Series{Name: "x"}

func batch(values ...float64) metrics {
	m := contracts.NewMetrics()
	for _, v := range values {
		m.Append(series, 0, v)
	}
	return m
}

// exporter collects values; it waits while it is blocked.
type exporter struct {
	mu      sync.Mutex
	values  []float64
	blocked chan struct{}
}

func (e *exporter) export(ctx context.Context, b metrics) error {
	if e.blocked != nil {
		<-e.blocked
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, s := range b.Samples {
		e.values = append(e.values, s.Value)
	}
	return nil
}

func (e *exporter) got() []float64 {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.values)
}

// rig has what pipelines need around them.
type rig struct {
	logs       bytes.Buffer
	mu         sync.Mutex
	reports    []string
	deliveries []*delivery.Delivery[metrics]
}

func (r *rig) log() *slog.Logger { return slog.New(slog.NewTextHandler(&r.logs, nil)) }

func (r *rig) report(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err == nil {
		r.reports = append(r.reports, "works")
	} else {
		r.reports = append(r.reports, err.Error())
	}
}

func (r *rig) deliver(e *exporter, policy delivery.Policy) *delivery.Delivery[metrics] {
	d := delivery.New("x", "metrics", e.export, policy, r.log(), func(error) {})
	d.Start()
	r.deliveries = append(r.deliveries, d)
	return d
}

func (r *rig) pipeline(name string, steps []processor, to ...*delivery.Delivery[metrics]) *pipeline.Pipeline[metrics] {
	return pipeline.New(context.Background(), name, "metrics", steps, to, r.log())
}

func (r *rig) importer(to ...*pipeline.Pipeline[metrics]) (*pipeline.Importer[metrics], prometheus.Counter, prometheus.Counter) {
	items := prometheus.NewCounter(prometheus.CounterOpts{Name: "items"})
	failures := prometheus.NewCounter(prometheus.CounterOpts{Name: "failures"})
	return pipeline.NewImporter(to, r.log(), r.report, items, failures), items, failures
}

func (r *rig) drain(t *testing.T) {
	t.Helper()
	for _, d := range r.deliveries {
		if _, lost := d.Drain(t.Context()); lost > 0 {
			t.Errorf("%d items were lost", lost)
		}
	}
}

var roomy = delivery.Policy{QueueSize: 1000}

// double returns a new batch, keepSmall drops, same passes on.
func double(_ context.Context, b metrics) (metrics, error) {
	out := contracts.NewMetrics()
	for _, s := range b.Samples {
		out.Append(s.Series, s.Time, 2*s.Value)
	}
	return out, nil
}

func keepSmall(_ context.Context, b metrics) (metrics, error) {
	if b.Samples[0].Value >= 10 {
		return nil, nil
	}
	return b, nil
}

func TestFanOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var r rig
		var raw, doubled, both exporter
		toBoth := r.deliver(&both, roomy)
		first := r.pipeline("raw", nil, r.deliver(&raw, roomy), toBoth)
		second := r.pipeline("doubled", []processor{
			pipeline.NewProcessor("small", keepSmall, r.report),
			pipeline.NewProcessor("double", double, r.report),
		}, r.deliver(&doubled, roomy), toBoth)
		in, items, _ := r.importer(first, second)
		for _, v := range []float64{1, 20, 3} {
			if err := in.Push(t.Context(), batch(v)); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
		}
		r.drain(t)
		if got := raw.got(); !slices.Equal(got, []float64{1, 20, 3}) {
			t.Errorf("raw got %v", got)
		}
		if got := doubled.got(); !slices.Equal(got, []float64{2, 6}) {
			t.Errorf("doubled got %v", got)
		}
		if got := both.got(); !slices.Equal(got, []float64{1, 2, 20, 3, 6}) {
			t.Errorf("both got %v", got)
		}
		if n := testutil.ToFloat64(items); n != 3 {
			t.Errorf("the importer's items: %v", n)
		}
		want := `
# HELP dvz_pipeline_items_total Items that the pipeline handed to its exporters.
# TYPE dvz_pipeline_items_total counter
dvz_pipeline_items_total{pipeline="doubled",signal="metrics"} 2
`
		if err := testutil.CollectAndCompare(second, strings.NewReader(want), "dvz_pipeline_items_total"); err != nil {
			t.Error(err)
		}
		if len(r.reports) > 0 {
			t.Errorf("reports %q", r.reports)
		}
	})
}

func TestNowhereToGo(t *testing.T) {
	var r rig
	in, items, _ := r.importer(r.pipeline("empty", nil))
	alone, _, _ := r.importer()
	if err := errors.Join(in.Push(t.Context(), batch(1, 2)), alone.Push(t.Context(), batch(1))); err != nil {
		t.Error(err)
	}
	if n := testutil.ToFloat64(items); n != 2 {
		t.Errorf("items %v", n)
	}
}

// An exporter that is dead stops no other one unless its own policy is to block;
// and even then the others get the batch that waits.
func TestDeadExporter(t *testing.T) {
	for _, policy := range []delivery.WhenFull{delivery.DropOldest, delivery.DropNewest, delivery.Block} {
		synctest.Test(t, func(t *testing.T) {
			var r rig
			dead := exporter{blocked: make(chan struct{})}
			var alive exporter
			toDead := r.deliver(&dead, delivery.Policy{QueueSize: 2, WhenFull: policy})
			toAlive := r.deliver(&alive, delivery.Policy{QueueSize: 1000, WhenFull: delivery.DropNewest})
			in, _, _ := r.importer(r.pipeline("p", nil, toDead, toAlive))
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			pushed := 0
			for range 100 {
				pushed++
				if in.Push(ctx, batch(1)) != nil {
					break
				}
				synctest.Wait()
			}
			if blocked := pushed < 100; blocked != (policy == delivery.Block) {
				t.Errorf("policy %d: the importer pushed %d batches", policy, pushed)
			}
			synctest.Wait()
			if got := len(alive.got()); got != pushed {
				t.Errorf("policy %d: the other exporter got %d of %d samples", policy, got, pushed)
			}
			close(dead.blocked)
			r.drain(t)
		})
	}
}

func TestProcessorFails(t *testing.T) {
	var r rig
	var e exporter
	broken := pipeline.NewProcessor("geo", func(_ context.Context, b metrics) (metrics, error) {
		switch b.Samples[0].Value {
		case 1:
			return nil, errors.New("no database")
		case 2:
			panic("boom")
		}
		return b, nil
	}, r.report)
	p := r.pipeline("p", []processor{broken}, r.deliver(&e, roomy))
	in, _, _ := r.importer(p)
	for _, v := range []float64{1, 2, 3, 4} {
		if err := in.Push(t.Context(), batch(v, v)); err != nil {
			t.Errorf("the importer was told: %v", err)
		}
	}
	r.drain(t)
	if got := e.got(); !slices.Equal(got, []float64{3, 3, 4, 4}) {
		t.Errorf("got %v", got)
	}
	if len(r.reports) != 3 || r.reports[0] != "no database" || !strings.Contains(r.reports[1], "boom") || r.reports[2] != "works" {
		t.Errorf("reports %q", r.reports)
	}
	want := `
# HELP dvz_pipeline_failed_items_total Items lost because a processor failed.
# TYPE dvz_pipeline_failed_items_total counter
dvz_pipeline_failed_items_total{pipeline="p",signal="metrics"} 4
`
	if err := testutil.CollectAndCompare(p, strings.NewReader(want), "dvz_pipeline_failed_items_total"); err != nil {
		t.Error(err)
	}
}

func TestProcessorIsNotCalledConcurrently(t *testing.T) {
	var r rig
	var e exporter
	var inside atomic.Int32
	shared := pipeline.NewProcessor("shared", func(_ context.Context, b metrics) (metrics, error) {
		if inside.Add(1) != 1 {
			t.Error("two calls at a time")
		}
		time.Sleep(time.Millisecond)
		inside.Add(-1)
		return b, nil
	}, r.report)
	to := r.deliver(&e, roomy)
	a, _, _ := r.importer(r.pipeline("a", []processor{shared}, to))
	b, _, _ := r.importer(r.pipeline("b", []processor{shared}, to))
	var all sync.WaitGroup
	for range 10 {
		all.Go(func() { a.Push(t.Context(), batch(1)) })
		all.Go(func() { b.Push(t.Context(), batch(1)) })
	}
	all.Wait()
	r.drain(t)
	if n := len(e.got()); n != 20 {
		t.Errorf("got %d", n)
	}
}
