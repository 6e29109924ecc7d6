package telemetry_test

import (
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/detectviz/detectviz/platform/telemetry"
)

func TestTelemetry(t *testing.T) {
	m := telemetry.New("dev-platform", "1.0.0", "abc")
	items, failures := m.Importer("node", "metrics")
	items.Add(5)
	failures.Inc()
	m.For("node").MustRegister(prometheus.NewCounter(prometheus.CounterOpts{Name: "dvz_scrapes_total", Help: "Scrapes."}))
	m.For("self").MustRegister(prometheus.NewCounter(prometheus.CounterOpts{Name: "dvz_scrapes_total", Help: "Scrapes."}))
	want := `
# HELP dvz_build_info 1, with the composition that the binary was built from.
# TYPE dvz_build_info gauge
dvz_build_info{composition="dev-platform",digest="abc",version="1.0.0"} 1
# HELP dvz_importer_failures_total How often the importer failed and had to be called again.
# TYPE dvz_importer_failures_total counter
dvz_importer_failures_total{instance="node"} 1
# HELP dvz_importer_items_total Items that the importer has sent into its pipelines.
# TYPE dvz_importer_items_total counter
dvz_importer_items_total{instance="node",signal="metrics"} 5
# HELP dvz_scrapes_total Scrapes.
# TYPE dvz_scrapes_total counter
dvz_scrapes_total{instance="node"} 0
dvz_scrapes_total{instance="self"} 0
`
	err := testutil.GatherAndCompare(m.Registry, strings.NewReader(want),
		"dvz_build_info", "dvz_importer_failures_total", "dvz_importer_items_total", "dvz_scrapes_total")
	if err != nil {
		t.Error(err)
	}
	n, err := testutil.GatherAndCount(m.Registry, "go_goroutines", "process_resident_memory_bytes")
	if err != nil || n != 2 {
		t.Errorf("%d of the Go and process metrics, %v", n, err)
	}
}
