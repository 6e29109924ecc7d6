package promexporter_test

import (
	"math"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"weak"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/detectviz/detectviz/platform/contracts"
)

func TestNewestValueWins(t *testing.T) {
	e, _ := newExporter(t, config())
	a, same := gauge("g", "l", "v"), gauge("g", "l", "v")
	for _, step := range []struct {
		series *contracts.Series
		time   int64
		value  float64
		want   string
	}{
		{a, 10, 1, "1"},
		{a, 20, 2, "2"},
		{same, 15, 3, "2"}, // an equal series of another importer, but an older sample
		{same, 25, 4, "4"},
		{a, 24, contracts.StaleMarker(), "4"}, // the end of an earlier life
		{a, 30, contracts.StaleMarker(), ""},
		{a, 31, contracts.StaleMarker(), ""},
		{same, 40, 5, "5"},
		{a, 41, 6, "6"},
	} {
		deliver(t, e, contracts.Sample{Series: step.series, Time: step.time, Value: step.value})
		want := ""
		if step.want != "" {
			want = "# HELP g Help of g.\n# TYPE g gauge\ng{l=\"v\"} " + step.want + "\n"
		}
		if got := delivered(scrape(t, e, "/metrics", "").page); got != want {
			t.Errorf("after %v: got %q, want %q", step, got, want)
		}
	}
}

func TestSeriesExpire(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e, host := newExporter(t, config())
		quiet, lively := gauge("quiet"), gauge("lively")
		deliver(t, e, at(quiet, 1), at(lively, 1))
		time.Sleep(4 * time.Minute)
		deliver(t, e, at(lively, 2))
		if page := scrape(t, e, "/metrics", "").page; !strings.Contains(page, "quiet 1") || !strings.Contains(page, "lively 2") {
			t.Errorf("after 4 minutes:\n%s", page)
		}
		time.Sleep(61 * time.Second)
		if page := scrape(t, e, "/metrics", "").page; strings.Contains(page, "quiet") || !strings.Contains(page, "lively 2") {
			t.Errorf("after 5 minutes:\n%s", page)
		}
		// Memory is freed although nobody scrapes.
		deliver(t, e, at(quiet, 3))
		for range 10 {
			time.Sleep(time.Minute)
			deliver(t, e, at(lively, 4))
		}
		if got, err := testutil.GatherAndCount(host.Gatherer, "dvz_prometheus_series"); got != 1 || err != nil {
			t.Fatal(got, err)
		}
		want := "# HELP dvz_prometheus_series Delivered series that are exposed.\n# TYPE dvz_prometheus_series gauge\ndvz_prometheus_series{instance=\"test\"} 1\n"
		if err := testutil.GatherAndCompare(host.Gatherer, strings.NewReader(want), "dvz_prometheus_series"); err != nil {
			t.Error(err)
		}
		deliver(t, e, at(quiet, 5))
		if page := scrape(t, e, "/metrics", "").page; !strings.Contains(page, "quiet 5") {
			t.Errorf("a series that came back:\n%s", page)
		}
	})
}

func TestTooManySeries(t *testing.T) {
	cfg := config()
	cfg.MaxSeries = 2
	e, host := newExporter(t, cfg)
	a, b, d := gauge("a"), gauge("b"), gauge("d")
	deliver(t, e, at(a, 1), at(b, 1), at(d, 1), at(a, 2), at(d, 2))
	// An equal series with a pointer of its own is not a new one.
	deliver(t, e, at(gauge("b"), 3))
	page := scrape(t, e, "/metrics", "").page
	if !strings.Contains(page, "\na 2\n") || !strings.Contains(page, "\nb 3\n") || strings.Contains(page, "\nd ") {
		t.Errorf("got\n%s", page)
	}
	want := "# HELP dvz_prometheus_refused_samples_total Samples of series that were not exposed because there are max_series already.\n# TYPE dvz_prometheus_refused_samples_total counter\ndvz_prometheus_refused_samples_total{instance=\"test\"} 2\n"
	if err := testutil.GatherAndCompare(host.Gatherer, strings.NewReader(want), "dvz_prometheus_refused_samples_total"); err != nil {
		t.Error(err)
	}
	// The end of one makes room for another.
	deliver(t, e, contracts.Sample{Series: a, Time: math.MaxInt64, Value: contracts.StaleMarker()}, at(d, 4))
	if page := scrape(t, e, "/metrics", "").page; strings.Contains(page, "\na ") || !strings.Contains(page, "\nd 4\n") {
		t.Errorf("got\n%s", page)
	}
}

func TestManyRestartsOfAnImporter(t *testing.T) {
	e, _ := newExporter(t, config())
	first := gauge("g", "l", "v")
	gone := weak.Make(first)
	deliver(t, e, at(first, 0))
	for i := range 50 {
		deliver(t, e, at(gauge("g", "l", "v"), float64(i)))
	}
	if page := delivered(scrape(t, e, "/metrics", "").page); strings.Count(page, "g{") != 1 || !strings.Contains(page, "} 49\n") {
		t.Errorf("got\n%s", page)
	}
	for range 3 { // batches of the pool may hold on to it for two collections
		runtime.GC()
	}
	if gone.Value() != nil {
		t.Error("the Series of the first importer is still in memory")
	}
	runtime.KeepAlive(e)
}
