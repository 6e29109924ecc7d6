package pipeline

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/detectviz/detectviz/platform/delivery"
	"github.com/detectviz/detectviz/platform/internal/guard"
)

// The pause before an importer that failed is called again: it doubles from the
// first to the last, and begins anew when the importer has run for as long as
// the last.
const (
	firstPause = time.Second
	lastPause  = time.Minute
)

// Importer supervises one importer instance for one signal, and is the sink that
// the instance pushes into. Push may be called by several goroutines.
type Importer[B delivery.Batch] struct {
	log      *slog.Logger
	report   func(error)
	to       []*Pipeline[B]
	items    prometheus.Counter
	failures prometheus.Counter
	failing  atomic.Bool
}

// NewImporter returns the sink and supervisor of an instance that feeds the
// pipelines. Log has the instance's name already. Report is told an error when
// the importer fails, and nil once it has sent something again. The counters are
// those of the instance.
func NewImporter[B delivery.Batch](to []*Pipeline[B], log *slog.Logger, report func(error), items, failures prometheus.Counter) *Importer[B] {
	return &Importer[B]{log: log, report: report, to: to, items: items, failures: failures}
}

// Push hands a batch to every pipeline. It takes ownership in every case.
func (i *Importer[B]) Push(ctx context.Context, b B) error {
	i.items.Add(float64(b.Len()))
	if len(i.to) == 0 {
		b.Release()
		return nil
	}
	b.Retain(len(i.to) - 1)
	var first error
	for _, p := range i.to {
		if err := p.Push(ctx, b); err != nil && first == nil {
			first = err
		}
	}
	if first == nil && i.failing.Load() && i.failing.CompareAndSwap(true, false) {
		i.report(nil)
	}
	return first
}

// Supervise calls run until it returns nil or ctx ends, and again after a pause
// when it fails or panics.
func (i *Importer[B]) Supervise(ctx context.Context, run func(context.Context) error) {
	limit := firstPause
	for {
		begin := time.Now()
		err := guard.Do(func() error { return run(ctx) })
		switch {
		case err == nil && ctx.Err() == nil:
			i.log.Info("importer has reached the end of its source")
			if i.failing.Swap(false) {
				i.report(nil)
			}
			return
		case ctx.Err() != nil:
			if err != nil && !errors.Is(err, context.Canceled) {
				i.failures.Inc()
				i.log.Error("importer failed while it was stopped", "err", err)
			}
			return
		}
		if time.Since(begin) >= lastPause {
			limit = firstPause
		}
		i.failures.Inc()
		i.failing.Store(true)
		i.report(err)
		i.log.Error("importer failed, it is called again after a pause", "err", err, "pause", limit)
		timer := time.NewTimer(limit)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return
		}
		limit = min(2*limit, lastPause)
	}
}
