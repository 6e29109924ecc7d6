package testkit

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/detectviz/detectviz/platform/contracts"
)

// Patience is how long WaitFor waits.
const Patience = 10 * time.Second

// Sink is a contracts.MetricsSink that keeps a copy of every sample. It also
// watches that importers keep the promises of contracts.Series.
type Sink struct {
	mu      sync.Mutex
	samples []contracts.Sample
	broken  error
	changed chan struct{} // closed and replaced at every Push
}

// NewSink returns an empty sink.
func NewSink() *Sink { return &Sink{changed: make(chan struct{})} }

// Push implements contracts.MetricsSink.
func (s *Sink) Push(ctx context.Context, batch *contracts.Metrics) error {
	defer batch.Release()
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range batch.Samples {
		if err := checkSeries(batch.Samples[i].Series); err != nil && s.broken == nil {
			s.broken = err
		}
	}
	s.samples = append(s.samples, batch.Samples...)
	close(s.changed)
	s.changed = make(chan struct{})
	return nil
}

// Samples returns a copy of all samples so far, in the order of their arrival.
func (s *Sink) Samples() []contracts.Sample {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.samples)
}

// WaitFor waits until at least n samples have arrived and returns all of them.
// It fails the test when they do not come within Patience, or when a series
// breaks the rules of contracts.Series.
func (s *Sink) WaitFor(t testing.TB, n int) []contracts.Sample {
	t.Helper()
	timeout := time.NewTimer(Patience)
	defer timeout.Stop()
	for {
		s.mu.Lock()
		samples, broken, changed := slices.Clone(s.samples), s.broken, s.changed
		s.mu.Unlock()
		if broken != nil {
			t.Fatal(broken)
		}
		if len(samples) >= n {
			return samples
		}
		select {
		case <-changed:
		case <-timeout.C:
			t.Fatalf("got %d samples within %s, want at least %d", len(samples), Patience, n)
		}
	}
}

func checkSeries(s *contracts.Series) error {
	if s == nil {
		return fmt.Errorf("a sample has no series")
	}
	if s.Name == "" {
		return fmt.Errorf("a series with the labels %v has no name", s.Labels)
	}
	for i, l := range s.Labels {
		switch {
		case l.Name == "" || l.Name == "__name__":
			return fmt.Errorf("series %s has a label named %q", s.Name, l.Name)
		case l.Value == "":
			return fmt.Errorf("series %s: label %s is empty; leave it out", s.Name, l.Name)
		case i > 0 && s.Labels[i-1].Name >= l.Name:
			return fmt.Errorf("series %s: labels %s and %s are not sorted by name", s.Name, s.Labels[i-1].Name, l.Name)
		}
	}
	return nil
}
