package delivery_test

import (
	"context"
	"log/slog"
	"testing"

	"github.com/detectviz/detectviz/platform/contracts"
	"github.com/detectviz/detectviz/platform/delivery"
)

// shuttle pushes batches through a delivery, one at a time.
type shuttle struct {
	d    *delivery.Delivery[*contracts.Metrics]
	done chan struct{}
	n    int
}

func newShuttle(n int) *shuttle {
	s := &shuttle{done: make(chan struct{}), n: n}
	export := func(context.Context, *contracts.Metrics) error {
		s.done <- struct{}{}
		return nil
	}
	s.d = delivery.New("x", "metrics", export, delivery.Policy{QueueSize: 10 * n}, slog.New(slog.DiscardHandler), func(error) {})
	s.d.Start()
	return s
}

func (s *shuttle) once(ctx context.Context) {
	b := contracts.NewMetrics()
	for i := range s.n {
		b.Append(series, int64(i), 1)
	}
	s.d.Push(ctx, b)
	<-s.done
}

// A batch costs a few allocations (the context of the export), its samples none.
func TestAllocations(t *testing.T) {
	allocs := func(n int) float64 {
		s := newShuttle(n)
		defer s.d.Drain(t.Context())
		for range 100 {
			s.once(t.Context()) // fill the pool
		}
		return testing.AllocsPerRun(500, func() { s.once(t.Context()) })
	}
	small, large := allocs(10), allocs(10000)
	// Under the race detector, the pool of batches forgets some of them at random,
	// whose samples then grow again by doubling.
	if small > 8 || large > 20 {
		t.Errorf("a batch of 10 samples costs %.1f allocations, one of 10000 %.1f; want at most 8 and 20", small, large)
	}
}

func BenchmarkPushToExport(b *testing.B) {
	const n = 1000
	s := newShuttle(n)
	defer s.d.Drain(b.Context())
	b.ReportAllocs()
	for b.Loop() {
		s.once(b.Context())
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/sample")
}
