package delivery_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/detectviz/detectviz/platform/contracts"
	"github.com/detectviz/detectviz/platform/delivery"
)

func TestDeliversInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(delivery.Policy{QueueSize: 100}, nil)
		r.Start()
		r.push(t, 1, 10)
		r.push(t, 2, 10)
		r.push(t, 0, 0) // an empty batch is no batch
		r.push(t, 3, 10)
		if delivered, lost := r.Drain(t.Context()); delivered+lost > 30 || lost > 0 {
			t.Errorf("drained %d, lost %d", delivered, lost)
		}
		r.wantTaken(t, 1, 2, 3)
		r.wantStats(t, delivery.Stats{Pushed: 30, Delivered: 30})
	})
}

func TestBlock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := make(gate)
		r := newRig(delivery.Policy{QueueSize: 10}, g.wait)
		r.Start()
		r.push(t, 1, 4) // goes to the worker
		synctest.Wait()
		r.push(t, 2, 4)
		r.push(t, 3, 4)
		first := r.pushAsync(t.Context(), 4, 4)
		synctest.Wait()
		second := r.pushAsync(t.Context(), 5, 1) // would fit, but others were first
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		third := r.pushAsync(ctx, 6, 1)
		synctest.Wait()
		if s := r.Stats(); s.Waiting != 8 {
			t.Errorf("%d items wait, want 8", s.Waiting)
		}
		if err := <-third; !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a push whose context ended: %v", err)
		}
		close(g)
		if err := errors.Join(<-first, <-second); err != nil {
			t.Error(err)
		}
		synctest.Wait()
		r.wantTaken(t, 1, 2, 3, 4, 5)
		r.wantStats(t, delivery.Stats{Pushed: 18, Delivered: 17, Dropped: dropped(1, 0, 0, 0)})
		r.Drain(t.Context())
	})
}

func TestBatchLargerThanQueue(t *testing.T) {
	for _, policy := range []delivery.WhenFull{delivery.Block, delivery.DropOldest, delivery.DropNewest} {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(delivery.Policy{QueueSize: 10, WhenFull: policy}, nil)
			r.Start()
			for i := range 3 {
				r.push(t, float64(i), 1000)
				synctest.Wait()
			}
			r.Drain(t.Context())
			r.wantStats(t, delivery.Stats{Pushed: 3000, Delivered: 3000})
		})
	}
}

func TestDrop(t *testing.T) {
	tests := []struct {
		policy delivery.WhenFull
		taken  []float64
	}{
		{delivery.DropOldest, []float64{1, 4, 5}},
		{delivery.DropNewest, []float64{1, 2, 3}},
	}
	for _, tt := range tests {
		synctest.Test(t, func(t *testing.T) {
			g := make(gate)
			r := newRig(delivery.Policy{QueueSize: 10, WhenFull: tt.policy}, g.wait)
			r.Start()
			r.push(t, 1, 5) // goes to the worker
			synctest.Wait()
			for i := range 4 {
				r.push(t, float64(i+2), 5)
			}
			if got := r.reports(); !slices.Equal(got, []string{"the queue is full, data is dropped"}) {
				t.Errorf("health %q", got)
			}
			close(g)
			synctest.Wait()
			r.wantTaken(t, tt.taken...)
			r.wantStats(t, delivery.Stats{Pushed: 25, Delivered: 15, Dropped: dropped(10, 0, 0, 0)})
			if got := r.reports(); len(got) != 2 || got[1] != "" {
				t.Errorf("health %q, want a recovery at the end", got)
			}
			r.Drain(t.Context())
		})
	}
}

// While a queue drops between one delivery and the next, the exporter does not
// count as working.
func TestDroppingStaysUnhealthy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(delivery.Policy{QueueSize: 2, WhenFull: delivery.DropOldest}, func(context.Context, int) error {
			time.Sleep(time.Second)
			return nil
		})
		r.Start()
		for range 100 {
			r.push(t, 1, 1)
			time.Sleep(100 * time.Millisecond)
		}
		if got := r.reports(); !slices.Equal(got, []string{"the queue is full, data is dropped"}) {
			t.Errorf("health %q", got)
		}
		time.Sleep(time.Minute)
		if got := r.reports(); len(got) != 2 || got[1] != "" {
			t.Errorf("health %q, want a recovery", got)
		}
		r.Drain(t.Context())
	})
}

// A call of the exporter that hangs is interrupted after a minute, and tried again.
func TestHangingExportIsInterrupted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(delivery.Policy{QueueSize: 10, MaxElapsed: 5 * time.Minute}, func(ctx context.Context, call int) error {
			if call > 1 {
				return nil
			}
			<-ctx.Done()
			return ctx.Err()
		})
		r.Start()
		r.push(t, 1, 3)
		time.Sleep(time.Minute + time.Second)
		r.wantTaken(t, 1)
		r.Drain(t.Context())
	})
}

func TestRetry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(delivery.Policy{QueueSize: 10, MaxElapsed: 5 * time.Minute}, func(_ context.Context, call int) error {
			if call < 4 {
				return errors.New("connection refused")
			}
			return nil
		})
		r.Start()
		r.push(t, 1, 3)
		time.Sleep(time.Minute) // 0.5 + 1 + 2 s at most
		r.wantTaken(t, 1)
		r.wantStats(t, delivery.Stats{Pushed: 3, Delivered: 3, Retries: 3})
		if got := r.reports(); len(got) > 0 {
			t.Errorf("a retry that worked was reported: %q", got)
		}
		if n := strings.Count(r.logs.String(), "\n"); n != 1 || !strings.Contains(r.logs.String(), "connection refused") {
			t.Errorf("want one line on the retries:\n%s", &r.logs)
		}
		r.Drain(t.Context())
	})
}

func TestRetriesExhausted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var down atomic.Bool
		down.Store(true)
		r := newRig(delivery.Policy{QueueSize: 10, MaxElapsed: time.Minute}, func(context.Context, int) error {
			if down.Load() {
				return errors.New("connection refused")
			}
			return nil
		})
		r.Start()
		begin := time.Now()
		r.push(t, 1, 3)
		for len(r.reports()) == 0 {
			time.Sleep(time.Second)
		}
		if took := time.Since(begin); took > time.Minute+time.Second {
			t.Errorf("gave up after %s", took)
		}
		if got := r.reports(); got[0] != "connection refused" {
			t.Errorf("health %q", got)
		}
		down.Store(false)
		r.push(t, 2, 4)
		synctest.Wait()
		r.wantTaken(t, 2)
		if got := r.reports(); len(got) != 2 || got[1] != "" {
			t.Errorf("health %q, want a recovery", got)
		}
		s := r.Stats()
		if s.Retries == 0 || s.Retries > 100 {
			t.Errorf("%d retries within a minute", s.Retries)
		}
		r.wantStats(t, delivery.Stats{Pushed: 7, Delivered: 4, Dropped: dropped(0, 3, 0, 0), Retries: s.Retries})
		r.Drain(t.Context())
	})
}

func TestNotRetried(t *testing.T) {
	tests := map[string]func(context.Context, int) error{
		"permanent": func(context.Context, int) error { return contracts.Permanent(errors.New("no such column")) },
		"panic":     func(context.Context, int) error { panic("no such column") },
	}
	for name, fail := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(delivery.Policy{QueueSize: 10, MaxElapsed: time.Hour}, fail)
				r.Start()
				r.push(t, 1, 3)
				synctest.Wait()
				r.wantStats(t, delivery.Stats{Pushed: 3, Dropped: dropped(0, 0, 3, 0)})
				if got := r.reports(); len(got) != 1 || !strings.Contains(got[0], "no such column") {
					t.Errorf("health %q", got)
				}
				r.Drain(t.Context())
			})
		})
	}
}
