package sqlite_test

import (
	"fmt"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/detectviz/detectviz/platform/contracts"
	"github.com/detectviz/detectviz/plugins/community/exporters/sqlite"
)

// BenchmarkExport writes scrapes of 100 000 series, in batches as an importer
// sends them, and reports the CPU time (user and system, all threads) of a
// million samples.
func BenchmarkExport(b *testing.B) {
	for _, n := range []int{2000, 100_000} {
		b.Run(fmt.Sprintf("series=%d", n), func(b *testing.B) {
			e := started(b, sqlite.Config{Path: filepath.Join(b.TempDir(), "m.db"), Retention: time.Hour})
			const size = 5000
			var batches []*contracts.Metrics
			for i := range n {
				if i%size == 0 {
					batches = append(batches, contracts.NewMetrics())
				}
				batches[len(batches)-1].Append(newSeries("http_requests_total", "code", "200", "handler", fmt.Sprintf("/api/v1/%d", i), "instance", "10.0.0.1:9090", "job", "api"), 0, 0)
			}
			at := time.Now().UnixMilli()
			scrape := func() {
				at += 15
				for _, m := range batches {
					for i := range m.Samples {
						m.Samples[i].Time = at
						m.Samples[i].Value++
					}
					if err := e.ExportMetrics(b.Context(), m); err != nil {
						b.Fatal(err)
					}
				}
			}
			scrape()
			b.ReportAllocs()
			before := cpu()
			for b.Loop() {
				scrape()
			}
			samples := float64(b.N) * float64(n)
			b.ReportMetric(samples/b.Elapsed().Seconds(), "samples/s")
			b.ReportMetric((cpu()-before).Seconds()*1e6/samples, "CPU-s/Msample")
		})
	}
}

// BenchmarkQuery asks for one hour of 4 series, and for the newest sample of
// 1000, in a database of 2000 series that are scraped every 15 seconds.
func BenchmarkQuery(b *testing.B) {
	e := started(b, sqlite.Config{Path: filepath.Join(b.TempDir(), "m.db"), API: true})
	series := make([]*contracts.Series, 2000)
	for i := range series {
		series[i] = newSeries("m", "group", fmt.Sprint(i%500), "i", fmt.Sprint(i))
	}
	for at := time.Now().Add(-time.Hour); at.Before(time.Now()); at = at.Add(15 * time.Second) {
		m := contracts.NewMetrics()
		for i, s := range series {
			m.Append(s, at.UnixMilli(), float64(i))
		}
		if err := e.ExportMetrics(b.Context(), m); err != nil {
			b.Fatal(err)
		}
	}
	for name, query := range map[string]string{"hour": "name=m&match[]=group%3D7", "latest": "name=m&latest=true"} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if body, status := get(b, e, "/api/v1/metrics?"+query); status != 200 || len(body) < 10_000 {
					b.Fatal(status, body)
				}
			}
		})
	}
}

func cpu() time.Duration {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		panic(err)
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}
