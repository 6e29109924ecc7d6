package delivery_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/detectviz/detectviz/platform/delivery"
)

func TestDrainWaitsForTheQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(delivery.Policy{QueueSize: 100}, func(context.Context, int) error {
			time.Sleep(time.Second)
			return nil
		})
		r.Start()
		for i := range 10 {
			r.push(t, float64(i), 10)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		if delivered, lost := r.Drain(ctx); delivered != 100 || lost != 0 {
			t.Errorf("delivered %d, lost %d", delivered, lost)
		}
		if err := r.Push(t.Context(), batch(0, 5)); !errors.Is(err, delivery.ErrClosed) {
			t.Errorf("push after the drain: %v", err)
		}
		r.wantStats(t, delivery.Stats{Pushed: 105, Delivered: 100, Dropped: dropped(0, 0, 0, 5)})
		if delivered, lost := r.Drain(ctx); delivered != 0 || lost != 0 {
			t.Errorf("second drain: delivered %d, lost %d", delivered, lost)
		}
	})
}

// An importer that is stopped while its push waits for room loses nothing: its
// context ends, but the drain makes room.
func TestDrainTakesPushesThatWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := make(gate)
		r := newRig(delivery.Policy{QueueSize: 5}, g.wait)
		r.Start()
		ctx, stop := context.WithCancel(t.Context())
		r.push(t, 1, 5)
		synctest.Wait()
		r.push(t, 2, 5)
		third := r.pushAsync(ctx, 3, 5)
		fourth := r.pushAsync(ctx, 4, 5)
		synctest.Wait()
		r.BeginDrain()
		stop()
		synctest.Wait()
		close(g)
		if err := errors.Join(<-third, <-fourth); err != nil {
			t.Errorf("a push failed in the drain: %v", err)
		}
		r.Drain(t.Context())
		r.wantStats(t, delivery.Stats{Pushed: 20, Delivered: 20})
	})
}

func TestDrainDeadline(t *testing.T) {
	tests := map[string]func(context.Context, int) error{
		"failing":                func(context.Context, int) error { return errors.New("connection refused") },
		"slow":                   gate(nil).wait,
		"slow without a context": func(context.Context, int) error { time.Sleep(time.Hour); return nil },
	}
	for name, fail := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(delivery.Policy{QueueSize: 10, MaxElapsed: time.Hour}, fail)
				r.Start()
				r.push(t, 1, 5)
				synctest.Wait()
				r.push(t, 2, 5)
				r.push(t, 3, 5)
				waiting := r.pushAsync(t.Context(), 4, 5)
				synctest.Wait()
				begin := time.Now()
				ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
				defer cancel()
				_, lost := r.Drain(ctx)
				if err := <-waiting; !errors.Is(err, delivery.ErrClosed) {
					t.Errorf("a push that still waited: %v", err)
				}
				if took := time.Since(begin); took > 21*time.Second {
					t.Errorf("the drain took %s", took)
				}
				if lost != 20 && lost != 15 { // the waiting push may be counted a moment later
					t.Errorf("lost %d", lost)
				}
				time.Sleep(2 * time.Hour) // what returns late is not counted again
				s := r.Stats()
				r.wantStats(t, delivery.Stats{Pushed: 20, Dropped: dropped(0, 0, 0, 20), Retries: s.Retries})
				if s.Retries > 100 {
					t.Errorf("%d retries in 20 s", s.Retries)
				}
			})
		})
	}
}

func TestTelemetry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := make(gate)
		r := newRig(delivery.Policy{QueueSize: 10, WhenFull: delivery.DropNewest}, g.wait)
		registry := prometheus.NewPedanticRegistry()
		if err := r.Register(registry); err != nil {
			t.Fatal(err)
		}
		if err := r.Register(registry); err == nil {
			t.Error("a second delivery of one name was registered")
		}
		r.Start()
		r.push(t, 1, 5)
		synctest.Wait()
		r.push(t, 2, 7)
		r.push(t, 3, 7)
		want := `
# HELP dvz_delivery_delivered_items_total Items that the exporter has taken.
# TYPE dvz_delivery_delivered_items_total counter
dvz_delivery_delivered_items_total{exporter="sqlite",signal="metrics"} 0
# HELP dvz_delivery_dropped_items_total Items that were given up, by reason.
# TYPE dvz_delivery_dropped_items_total counter
dvz_delivery_dropped_items_total{exporter="sqlite",reason="permanent",signal="metrics"} 0
dvz_delivery_dropped_items_total{exporter="sqlite",reason="queue_full",signal="metrics"} 7
dvz_delivery_dropped_items_total{exporter="sqlite",reason="retries_exhausted",signal="metrics"} 0
dvz_delivery_dropped_items_total{exporter="sqlite",reason="shutdown",signal="metrics"} 0
# HELP dvz_delivery_queue_capacity_items Items that may wait for the exporter.
# TYPE dvz_delivery_queue_capacity_items gauge
dvz_delivery_queue_capacity_items{exporter="sqlite",signal="metrics"} 10
# HELP dvz_delivery_queue_items Items that wait for the exporter.
# TYPE dvz_delivery_queue_items gauge
dvz_delivery_queue_items{exporter="sqlite",signal="metrics"} 7
# HELP dvz_delivery_retries_total Attempts to export a batch after the first one failed.
# TYPE dvz_delivery_retries_total counter
dvz_delivery_retries_total{exporter="sqlite",signal="metrics"} 0
`
		err := testutil.GatherAndCompare(registry, strings.NewReader(want),
			"dvz_delivery_delivered_items_total", "dvz_delivery_dropped_items_total", "dvz_delivery_queue_capacity_items",
			"dvz_delivery_queue_items", "dvz_delivery_retries_total")
		if err != nil {
			t.Error(err)
		}
		close(g)
		r.Drain(t.Context())
		if n, err := testutil.GatherAndCount(registry, "dvz_delivery_duration_seconds"); n != 1 || err != nil {
			t.Errorf("%d histograms, %v", n, err)
		}
	})
}
