package prometheus

import (
	"context"
	"time"
)

// every calls do at once, and then at each moment that lies offset after a
// multiple of interval (of the Unix time), until ctx ends. The first of these
// is at least half an interval away, so that two calls never come close
// together. do is given the moment that was planned. While do takes longer than
// an interval, moments are left out; missed is told how many.
func every(ctx context.Context, interval, offset time.Duration, do func(at time.Time), missed func(n float64)) {
	start := time.Now()
	do(start)

	// The plan is kept in monotonic time (Add keeps it), so that a clock that is
	// set back does not stop the scraping.
	next := start.Add(interval - time.Duration((start.UnixNano()-int64(offset))%int64(interval)))
	if next.Sub(start) < interval/2 {
		next = next.Add(interval)
	}
	plan := func() time.Duration {
		if late := time.Since(next); late >= 0 {
			n := late/interval + 1
			next = next.Add(n * interval)
			missed(float64(n))
		}
		return time.Until(next)
	}
	timer := time.NewTimer(plan())
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		if ctx.Err() != nil {
			return
		}
		do(next)
		next = next.Add(interval)
		timer.Reset(plan())
	}
}

// alignTolerance is how late a scrape may be and still get the planned time.
// Samples at exact distances compress to a fraction of the space (the value is
// Prometheus' own, prometheus/scrape.ScrapeTimestampTolerance).
const alignTolerance = 2 * time.Millisecond

// stamp returns the time of a scrape's samples in Unix milliseconds.
func stamp(planned, now time.Time) int64 {
	p, n := planned.UnixMilli(), now.UnixMilli()
	if d := n - p; d >= -alignTolerance.Milliseconds() && d <= alignTolerance.Milliseconds() {
		return p
	}
	return n
}
