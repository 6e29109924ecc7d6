package delivery_test

import (
	"bytes"
	"context"
	"log/slog"
	"slices"
	"sync"
	"testing"

	"github.com/detectviz/detectviz/platform/contracts"
	"github.com/detectviz/detectviz/platform/delivery"
)

var series = &contracts.Series{Name: "x"}

// batch returns n samples, the first of which has the value first.
func batch(first float64, n int) *contracts.Metrics {
	m := contracts.NewMetrics()
	for i := range n {
		m.Append(series, 0, first+float64(i))
	}
	return m
}

// exporter is a fake; its functions may be changed between synctest.Waits.
type exporter struct {
	mu    sync.Mutex
	got   []float64 // the first value of every batch that was taken
	calls int
	fail  func(ctx context.Context, call int) error
}

func (e *exporter) export(ctx context.Context, b *contracts.Metrics) error {
	e.mu.Lock()
	e.calls++
	call, fail := e.calls, e.fail
	e.mu.Unlock()
	if fail != nil {
		if err := fail(ctx, call); err != nil {
			return err
		}
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.got = append(e.got, b.Samples[0].Value)
	return nil
}

// rig is a delivery with all that is around it.
type rig struct {
	*exporter
	*delivery.Delivery[*contracts.Metrics]
	mu     sync.Mutex
	health []string // what was reported, "" for healthy
	logs   bytes.Buffer
}

func newRig(policy delivery.Policy, fail func(context.Context, int) error) *rig {
	r := &rig{exporter: &exporter{fail: fail}}
	r.Delivery = delivery.New("sqlite", "metrics", r.export, policy, slog.New(slog.NewTextHandler(&r.logs, nil)), func(err error) {
		r.mu.Lock()
		defer r.mu.Unlock()
		if err == nil {
			r.health = append(r.health, "")
		} else {
			r.health = append(r.health, err.Error())
		}
	})
	return r
}

// reports returns what was reported so far.
func (r *rig) reports() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.health)
}

func (r *rig) push(t *testing.T, first float64, n int) {
	t.Helper()
	if err := r.Push(t.Context(), batch(first, n)); err != nil {
		t.Fatal(err)
	}
}

// pushAsync returns a channel with Push's result.
func (r *rig) pushAsync(ctx context.Context, first float64, n int) <-chan error {
	done := make(chan error, 1)
	go func() { done <- r.Push(ctx, batch(first, n)) }()
	return done
}

func (r *rig) wantTaken(t *testing.T, firsts ...float64) {
	t.Helper()
	r.exporter.mu.Lock()
	defer r.exporter.mu.Unlock()
	if len(r.got) != len(firsts) {
		t.Fatalf("exporter got %v, want %v", r.got, firsts)
	}
	for i := range firsts {
		if r.got[i] != firsts[i] {
			t.Fatalf("exporter got %v, want %v", r.got, firsts)
		}
	}
}

func (r *rig) wantStats(t *testing.T, want delivery.Stats) {
	t.Helper()
	if got := r.Stats(); got != want {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

// gate is an exporter's fail function that holds every call until it is opened.
type gate chan struct{}

func (g gate) wait(ctx context.Context, _ int) error {
	select {
	case <-g:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func dropped(q, r, p, s uint64) (d [4]uint64) {
	d[delivery.QueueFull], d[delivery.RetriesExhausted], d[delivery.Permanent], d[delivery.Shutdown] = q, r, p, s
	return d
}
