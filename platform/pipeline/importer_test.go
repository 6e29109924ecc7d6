package pipeline_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
)

func TestImporterIsCalledAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var r rig
		in, _, failures := r.importer(r.pipeline("p", nil))
		begin := time.Now()
		var calls []time.Duration
		ctx, stop := context.WithCancel(t.Context())
		in.Supervise(ctx, func(ctx context.Context) error {
			calls = append(calls, time.Since(begin))
			switch n := len(calls); {
			case n == 2:
				panic("boom")
			case n == 9:
				in.Push(ctx, batch(1)) // works again
				time.Sleep(2 * time.Minute)
				return errors.New("connection lost")
			case n == 10:
				stop()
				return ctx.Err()
			}
			return errors.New("connection refused")
		})
		s := func(n time.Duration) time.Duration { return n * time.Second }
		want := []time.Duration{0, s(1), s(3), s(7), s(15), s(31), s(63), s(123), s(183), s(183 + 120 + 1)}
		if !slices.Equal(calls, want) {
			t.Errorf("called at  %v\nwant %v", calls, want)
		}
		if n := testutil.ToFloat64(failures); n != 9 {
			t.Errorf("%v failures", n)
		}
		if n := len(r.reports); n != 10 || r.reports[0] != "connection refused" || !strings.Contains(r.reports[1], "boom") ||
			r.reports[8] != "works" || r.reports[9] != "connection lost" {
			t.Errorf("reports %q", r.reports)
		}
	})
}

func TestImporterEnds(t *testing.T) {
	var r rig
	in, _, failures := r.importer()
	calls := 0
	in.Supervise(t.Context(), func(context.Context) error { calls++; return nil })
	if calls != 1 || testutil.ToFloat64(failures) != 0 || len(r.reports) != 0 {
		t.Errorf("%d calls, reports %q", calls, r.reports)
	}
}

func TestImporterIsStoppedInItsPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var r rig
		in, _, _ := r.importer()
		ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
		defer cancel()
		begin := time.Now()
		in.Supervise(ctx, func(context.Context) error { return errors.New("connection refused") })
		if took := time.Since(begin); took != 500*time.Millisecond {
			t.Errorf("took %s", took)
		}
	})
}

func TestImporterFailsWhileStopped(t *testing.T) {
	tests := []struct {
		err  error
		want float64
	}{
		{nil, 0},
		{context.Canceled, 0},
		{errors.New("cannot flush"), 1},
	}
	for _, tt := range tests {
		var r rig
		in, _, failures := r.importer()
		ctx, stop := context.WithCancel(t.Context())
		in.Supervise(ctx, func(context.Context) error {
			stop()
			return tt.err
		})
		if n := testutil.ToFloat64(failures); n != tt.want {
			t.Errorf("%v: %v failures", tt.err, n)
		}
	}
}
