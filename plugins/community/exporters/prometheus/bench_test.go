package promexporter_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/detectviz/detectviz/platform/contracts"
)

func many(n int) *contracts.Metrics {
	m := contracts.NewMetrics()
	for i := range n {
		m.Append(newSeries(c, "", "http_requests_total", "code", "200", "handler", fmt.Sprintf("/api/v1/%d", i), "instance", "10.0.0.1:9090", "job", "api"), int64(i), float64(i)*1.5)
	}
	return m
}

func TestSteadyStateDoesNotAllocate(t *testing.T) {
	cfg := config()
	cfg.MaxSeries = 10_000
	e, _ := newExporter(t, cfg)
	m := many(5000)
	export := func() {
		for i := range m.Samples {
			m.Samples[i].Time++
		}
		if err := e.ExportMetrics(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
	export()
	if got := testing.AllocsPerRun(20, export); got > 0 {
		t.Errorf("%.0f allocations for a batch of 5000 samples", got)
	}
	// Samples of series that are refused cost no memory either.
	cfg.MaxSeries = 1
	if e, _ = newExporter(t, cfg); testing.AllocsPerRun(20, export) > 0 {
		t.Error("refused samples allocate")
	}
}

func BenchmarkExport(b *testing.B) {
	cfg := config()
	cfg.MaxSeries = 100_000
	e, _ := newExporter(b, cfg)
	m := many(100_000)
	b.ReportAllocs()
	for b.Loop() {
		if err := e.ExportMetrics(b.Context(), m); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N*m.Len())/b.Elapsed().Seconds(), "samples/s")
}

func BenchmarkScrape(b *testing.B) {
	for _, encoding := range []string{"identity", "gzip"} {
		b.Run(encoding, func(b *testing.B) {
			cfg := config()
			cfg.MaxSeries = 100_000
			e, _ := newExporter(b, cfg)
			if err := e.ExportMetrics(b.Context(), many(100_000)); err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				get(b, e, "/metrics", http.Header{"Accept": {acceptOpen}, "Accept-Encoding": {encoding}})
			}
			b.ReportMetric(100_000*float64(b.N)/b.Elapsed().Seconds(), "series/s")
		})
	}
}
