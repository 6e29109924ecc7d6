package prometheus

import (
	"context"
	"log/slog"
	"slices"
	"time"

	"github.com/detectviz/detectviz/platform/contracts"
)

// target is one URL with all that is remembered between its scrapes. It is used
// by one goroutine.
type target struct {
	*fetcher
	parser  parser
	timeout time.Duration
	offset  time.Duration
	log     *slog.Logger
	metrics *telemetry

	report reportSeries
	out    batches
	state  state
	double bool // the last scrape exposed a series twice
	series int  // how many, as counted in the telemetry
}

// state is what the last scrape said of the target.
type state uint8

const (
	unknown state = iota
	up
	down
)

// reportSeries are the series that each scrape adds.
type reportSeries struct{ up, duration, samples, added *contracts.Series }

func newReportSeries(target []contracts.Label) reportSeries {
	gauge := func(name, unit, help string) *contracts.Series {
		return &contracts.Series{Name: name, Labels: slices.Clone(target), Type: contracts.Gauge, Unit: unit, Help: help}
	}
	return reportSeries{
		up:       gauge("up", "", "1 if the last scrape of the target succeeded, 0 otherwise."),
		duration: gauge("scrape_duration_seconds", "seconds", "How long the last scrape took."),
		samples:  gauge("scrape_samples_scraped", "", "Samples that the target exposed in the last scrape."),
		added:    gauge("scrape_series_added", "", "Series in the last scrape that were not in the one before."),
	}
}

// scrape fetches the target once and sends what came of it. The error is only
// ever that of the sink; a target that fails is data.
func (t *target) scrape(ctx context.Context, planned time.Time, out contracts.MetricsSink) error {
	start := time.Now()
	ms := stamp(planned, start)

	limited, cancel := context.WithTimeout(ctx, t.timeout)
	body, f, err := t.fetch(limited)
	cancel()
	if ctx.Err() != nil {
		return nil // we are stopping; an interrupted scrape says nothing of the target
	}
	var o outcome
	if err == nil {
		if o, err = t.parser.parse(body, f, ms, &t.out); err != nil {
			defer t.parser.cache.reset() // it may hold half of this scrape
		}
	}
	success := 1.0
	if err != nil {
		success = 0
		t.out.release()
		t.parser.cache.fail(func(s *contracts.Series) { t.out.add(s, ms, contracts.StaleMarker()) })
	}
	t.note(o, err)

	t.out.add(t.report.up, ms, success)
	t.out.add(t.report.duration, ms, time.Since(start).Seconds())
	t.out.add(t.report.samples, ms, float64(o.samples))
	t.out.add(t.report.added, ms, float64(o.added))
	return t.push(ctx, out)
}

// push hands the batches over, in order.
func (t *target) push(ctx context.Context, out contracts.MetricsSink) error {
	batches := t.out
	t.out = t.out[:0]
	defer clear(batches)
	for i, b := range batches {
		if err := out.Push(ctx, b); err != nil {
			for _, left := range batches[i+1:] {
				left.Release()
			}
			return err
		}
	}
	return nil
}

// note counts the scrape, and logs it if it says something new.
func (t *target) note(o outcome, err error) {
	now, series := up, o.samples-o.dropped
	if err != nil {
		now, series = down, 0
		t.metrics.failed.Inc()
	} else {
		t.metrics.ok.Inc()
	}
	t.metrics.dropped.Add(float64(o.dropped))
	t.metrics.series.Add(float64(series - t.series))
	t.series = series

	switch {
	case now == down && t.state != down:
		t.log.Warn("the target cannot be scraped", "error", err)
	case now == up && t.state == down:
		t.log.Info("the target can be scraped again")
	}
	t.state = now
	if double := o.dropped > 0; double != t.double && err == nil {
		t.double = double
		if double {
			t.log.Warn("the target exposes series twice; only the first sample of each is kept", "dropped", o.dropped)
		}
	}
}
