package jsonfile_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/detectviz/detectviz/platform/contracts"
	jsonfile "github.com/detectviz/detectviz/plugins/community/exporters/json"
)

func scrape(n int) *contracts.Metrics {
	m := contracts.NewMetrics()
	for i := range n {
		m.Append(newSeries("http_requests_total", "code", "200", "handler", fmt.Sprintf("/api/v1/%d", i), "instance", "10.0.0.1:9090", "job", "api"), 1e12, float64(i)*1.5)
	}
	return m
}

func TestSteadyStateDoesNotAllocatePerSample(t *testing.T) {
	e := started(t, jsonfile.Config{Path: filepath.Join(t.TempDir(), "m.jsonl")})
	m := scrape(5000)
	export := func() {
		if err := e.ExportMetrics(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
	export()
	if got := testing.AllocsPerRun(20, export); got > 20 {
		t.Errorf("%.0f allocations for a batch of 5000 samples", got)
	}
}

// BenchmarkExport compares the exporter with encoding/json writing the same
// lines to the same file system.
func BenchmarkExport(b *testing.B) {
	m := scrape(5000)
	b.Run("exporter", func(b *testing.B) {
		e := started(b, jsonfile.Config{Path: filepath.Join(b.TempDir(), "m.jsonl")})
		b.ReportAllocs()
		for b.Loop() {
			if err := e.ExportMetrics(b.Context(), m); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(b.N*m.Len())/b.Elapsed().Seconds(), "samples/s")
	})
	b.Run("encoding_json", func(b *testing.B) {
		type line struct {
			Name   string            `json:"name"`
			Labels map[string]string `json:"labels"`
			Time   time.Time         `json:"time"`
			Value  float64           `json:"value"`
		}
		labels := make([]map[string]string, m.Len())
		for i := range labels {
			labels[i] = map[string]string{}
			for _, l := range m.Samples[i].Series.Labels {
				labels[i][l.Name] = l.Value
			}
		}
		f, err := os.Create(filepath.Join(b.TempDir(), "m.jsonl"))
		if err != nil {
			b.Fatal(err)
		}
		defer f.Close()
		b.ReportAllocs()
		for b.Loop() {
			w := bufio.NewWriterSize(f, 256<<10)
			enc := json.NewEncoder(w)
			for i, s := range m.Samples {
				if err := enc.Encode(line{s.Series.Name, labels[i], time.UnixMilli(s.Time).UTC(), s.Value}); err != nil {
					b.Fatal(err)
				}
			}
			if err := w.Flush(); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(b.N*m.Len())/b.Elapsed().Seconds(), "samples/s")
	})
}
