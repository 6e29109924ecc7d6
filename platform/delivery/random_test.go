package delivery_test

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/detectviz/detectviz/platform/contracts"
	"github.com/detectviz/detectviz/platform/delivery"
)

// Whatever happens, every item is counted once: several importers, an exporter
// that is slow, fails, panics or hangs, and a drain at a random moment.
func TestEveryItemIsCountedOnce(t *testing.T) {
	for seed := range uint64(150) {
		synctest.Test(t, func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 1))
			policy := delivery.Policy{
				QueueSize:  1 + random.IntN(200),
				WhenFull:   delivery.WhenFull(random.IntN(3)),
				MaxElapsed: time.Duration(random.IntN(5000)) * time.Millisecond,
			}
			var mu sync.Mutex // of the exporter's random source
			choices := rand.New(rand.NewPCG(seed, 2))
			var taken uint64
			export := func(ctx context.Context, b *contracts.Metrics) error {
				mu.Lock()
				choice, nap := choices.IntN(10), time.Duration(choices.IntN(200))*time.Millisecond
				mu.Unlock()
				time.Sleep(nap)
				switch choice {
				case 0:
					return errors.New("try again")
				case 1:
					return contracts.Permanent(errors.New("never"))
				case 2:
					panic("boom")
				case 3:
					select {
					case <-ctx.Done():
						return ctx.Err()
					case <-time.After(time.Second):
					}
				}
				taken += uint64(b.Len())
				return nil
			}
			d := delivery.New("x", "metrics", export, policy, slog.New(slog.DiscardHandler), func(error) {})
			d.Start()

			ctx, stop := context.WithCancel(t.Context())
			var pushed uint64
			var importers sync.WaitGroup
			for i := range 4 {
				r := rand.New(rand.NewPCG(seed, uint64(3+i)))
				importers.Go(func() {
					for ctx.Err() == nil {
						n := r.IntN(60)
						mu.Lock()
						pushed += uint64(n)
						mu.Unlock()
						pushCtx, cancel := context.WithTimeout(ctx, time.Duration(r.IntN(3000))*time.Millisecond)
						d.Push(pushCtx, batch(0, n))
						cancel()
						time.Sleep(time.Duration(r.IntN(100)) * time.Millisecond)
					}
				})
			}
			time.Sleep(time.Duration(random.IntN(10000)) * time.Millisecond)
			d.BeginDrain()
			stop()
			drainCtx, cancel := context.WithTimeout(t.Context(), time.Duration(random.IntN(5000))*time.Millisecond)
			defer cancel()
			d.Drain(drainCtx)
			importers.Wait()

			s := d.Stats()
			if s.Pushed != pushed || s.Delivered+s.Lost() != pushed || s.Waiting != 0 {
				t.Errorf("seed %d: pushed %d, but %+v", seed, pushed, s)
			}
			if s.Delivered != taken {
				t.Errorf("seed %d: the exporter took %d items, counted %d", seed, taken, s.Delivered)
			}
		})
	}
}
