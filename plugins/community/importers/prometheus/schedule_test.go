package prometheus

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

func TestEvery(t *testing.T) {
	const interval = 10 * time.Second
	for _, offset := range []time.Duration{0, 3 * time.Second, 9999 * time.Millisecond} {
		synctest.Test(t, func(t *testing.T) {
			time.Sleep(1234 * time.Millisecond)
			start := time.Now()
			ctx, cancel := context.WithTimeout(t.Context(), 65*time.Second)
			defer cancel()
			var calls []time.Time
			var missed float64
			every(ctx, interval, offset, func(at time.Time) {
				calls = append(calls, time.Now())
				if len(calls) == 3 {
					time.Sleep(25 * time.Second) // two moments and a half
				}
				if !at.Equal(calls[len(calls)-1]) {
					t.Errorf("call %d was planned for %s and came at %s", len(calls), at, calls[len(calls)-1])
				}
			}, func(n float64) { missed += n })

			if !calls[0].Equal(start) {
				t.Errorf("first call after %s, want at once", calls[0].Sub(start))
			}
			if d := calls[1].Sub(start); d < interval/2 || d > interval*3/2 {
				t.Errorf("second call after %s, want between half an interval and one and a half", d)
			}
			for i, at := range calls[1:] {
				if got := time.Duration(at.UnixNano()) % interval; got != offset {
					t.Errorf("call %d is %s after a multiple of the interval, want %s", i+1, got, offset)
				}
			}
			if d := calls[3].Sub(calls[2]); d != 3*interval {
				t.Errorf("call after a slow one came %s later, want %s", d, 3*interval)
			}
			if missed != 2 {
				t.Errorf("missed %v, want 2", missed)
			}
		})
	}
}

func TestStamp(t *testing.T) {
	planned := time.UnixMilli(1_700_000_000_000)
	for _, c := range []struct {
		late time.Duration
		want int64
	}{{0, 0}, {2 * time.Millisecond, 0}, {-time.Millisecond, 0}, {3 * time.Millisecond, 3}, {-time.Hour, -3_600_000}} {
		if got := stamp(planned, planned.Add(c.late)) - planned.UnixMilli(); got != c.want {
			t.Errorf("late by %s: stamped %d ms after the plan, want %d", c.late, got, c.want)
		}
	}
}
