// Package lifecycle starts the instances of a composition in order and stops
// them in reverse, each with a deadline. It knows nothing of what they are.
package lifecycle

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/detectviz/detectviz/platform/internal/guard"
)

// The time that one instance has to start or to stop.
const (
	StartTimeout = 10 * time.Second
	StopTimeout  = 10 * time.Second
)

// Hook starts or stops something. Its context ends at the deadline.
type Hook func(context.Context) error

// Unit is one thing that starts and stops. Hooks may be nil. A Start that
// returns an error has to leave nothing behind: its Stop is not called.
type Unit struct {
	Name        string
	Start, Stop Hook
}

// Sequence is a list of units in start order. Its methods are called by one
// goroutine at a time.
type Sequence struct {
	log      *slog.Logger
	started  func(name string)
	stopping func(name string)
	units    []Unit
	running  int // the first so many units have started
}

// New returns an empty sequence. The functions are told of each unit that has
// started, and of each that is about to be stopped.
func New(log *slog.Logger, started, stopping func(name string)) *Sequence {
	return &Sequence{log: log, started: started, stopping: stopping}
}

// Add appends a unit.
func (s *Sequence) Add(u Unit) { s.units = append(s.units, u) }

// Start starts the units in order. When one fails, panics or does not return
// in time, the ones before it are stopped in reverse and the error names it.
func (s *Sequence) Start(ctx context.Context) error {
	for _, u := range s.units[s.running:] {
		if err := s.start(ctx, u); err != nil {
			s.Stop(context.WithoutCancel(ctx))
			return fmt.Errorf("%s did not start: %w", u.Name, err)
		}
		s.running++
		s.started(u.Name)
	}
	return nil
}

func (s *Sequence) start(ctx context.Context, u Unit) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if u.Start == nil {
		return nil
	}
	begin := time.Now()
	err := guard.Within(ctx, StartTimeout, u.Start)
	if err == nil {
		s.log.Debug("started", "instance", u.Name, "took", time.Since(begin))
	}
	return err
}

// Stop stops the units that have started, in reverse. A unit that fails, panics
// or does not return in time is logged and does not keep the others from being
// stopped. A second call does nothing.
func (s *Sequence) Stop(ctx context.Context) {
	for s.running > 0 {
		s.running--
		u := s.units[s.running]
		s.stopping(u.Name)
		if u.Stop == nil {
			continue
		}
		if err := guard.Within(ctx, StopTimeout, u.Stop); err != nil {
			s.log.Error("instance did not stop cleanly", "instance", u.Name, "err", err)
		}
	}
}
