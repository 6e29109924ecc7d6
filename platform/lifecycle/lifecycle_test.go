package lifecycle_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/detectviz/detectviz/platform/lifecycle"
)

// recorder remembers what was called, in order.
type recorder struct {
	mu     sync.Mutex
	events []string
	logs   bytes.Buffer
}

func (r *recorder) add(event string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.events = append(r.events, event)
}

func (r *recorder) hook(event string, err error) lifecycle.Hook {
	return func(context.Context) error {
		r.add(event)
		return err
	}
}

func (r *recorder) sequence(names ...string) *lifecycle.Sequence {
	s := lifecycle.New(slog.New(slog.NewTextHandler(&r.logs, nil)), func(string) {}, func(string) {})
	for _, name := range names {
		s.Add(lifecycle.Unit{Name: name, Start: r.hook("start "+name, nil), Stop: r.hook("stop "+name, nil)})
	}
	return s
}

func (r *recorder) want(t *testing.T, events ...string) {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	if !slices.Equal(r.events, events) {
		t.Errorf("got  %q\nwant %q", r.events, events)
	}
}

// stuck ignores its context.
func stuck(context.Context) error {
	time.Sleep(time.Hour)
	return nil
}

func TestOrder(t *testing.T) {
	var r recorder
	s := r.sequence("a", "b", "c")
	s.Add(lifecycle.Unit{Name: "without hooks"})
	if err := s.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.Stop(t.Context())
	s.Stop(t.Context()) // does nothing
	r.want(t, "start a", "start b", "start c", "stop c", "stop b", "stop a")
}

func TestStopWithoutStart(t *testing.T) {
	var r recorder
	r.sequence("a").Stop(t.Context())
	r.want(t)
}

func TestFailedStartRollsBack(t *testing.T) {
	tests := []struct {
		name  string
		start lifecycle.Hook
		err   string
	}{
		{"error", func(context.Context) error { return errors.New("port 80 is taken") }, "bad did not start: port 80 is taken"},
		{"panic", func(context.Context) error { panic("boom") }, "bad did not start: panicked at lifecycle/lifecycle_test.go:"},
		{"runtime panic", func(context.Context) error { var none *recorder; none.add("x"); return nil }, "bad did not start: panicked at lifecycle/lifecycle_test.go:"},
		{"deadline ignored", stuck, "bad did not start: did not return within 10s"},
		{"deadline honoured", func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }, "bad did not start: did not finish within 10s"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var r recorder
				s := r.sequence("a", "b")
				s.Add(lifecycle.Unit{Name: "bad", Start: tt.start, Stop: r.hook("stop bad", nil)})
				s.Add(lifecycle.Unit{Name: "later", Start: r.hook("start later", nil)})
				err := s.Start(t.Context())
				if err == nil || !strings.HasPrefix(err.Error(), tt.err) {
					t.Errorf("got %v, want %q", err, tt.err)
				}
				r.want(t, "start a", "start b", "stop b", "stop a")
				time.Sleep(time.Hour) // let the stuck one return
			})
		})
	}
}

func TestInterruptedStart(t *testing.T) {
	var r recorder
	ctx, cancel := context.WithCancel(t.Context())
	s := r.sequence("a")
	s.Add(lifecycle.Unit{Name: "slow", Start: func(ctx context.Context) error {
		cancel()
		<-ctx.Done()
		return ctx.Err()
	}})
	if err := s.Start(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	r.want(t, "start a", "stop a")
}

func TestStopGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var r recorder
		s := r.sequence("a")
		s.Add(lifecycle.Unit{Name: "failing", Stop: func(context.Context) error { return errors.New("disk full") }})
		s.Add(lifecycle.Unit{Name: "panicking", Stop: func(context.Context) error { panic("boom") }})
		s.Add(lifecycle.Unit{Name: "stuck", Stop: stuck})
		if err := s.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		begin := time.Now()
		s.Stop(t.Context())
		if took := time.Since(begin); took < lifecycle.StopTimeout || took > lifecycle.StopTimeout+time.Second {
			t.Errorf("Stop took %s", took)
		}
		r.want(t, "start a", "stop a")
		for _, want := range []string{"instance=failing err=\"disk full\"", "instance=panicking err=\"panicked at ", "instance=stuck err=\"did not return within 10s\""} {
			if !strings.Contains(r.logs.String(), want) {
				t.Errorf("no log line with %s:\n%s", want, &r.logs)
			}
		}
		time.Sleep(time.Hour)
	})
}
