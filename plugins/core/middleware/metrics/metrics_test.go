package metrics_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/detectviz/detectviz/platform/testkit"
	"github.com/detectviz/detectviz/plugins/core/middleware/metrics"
)

func TestMetrics(t *testing.T) {
	host := testkit.Host(t)
	m, err := metrics.New(metrics.Config{}, host)
	if err != nil {
		t.Fatal(err)
	}
	inFlight := func(want int) error {
		return testutil.GatherAndCompare(host.Gatherer, strings.NewReader(fmt.Sprintf(`
# HELP dvz_http_requests_in_flight HTTP requests being answered
# TYPE dvz_http_requests_in_flight gauge
dvz_http_requests_in_flight{instance="test"} %d
`, want)), "dvz_http_requests_in_flight")
	}
	wrapped := m.Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := inFlight(1); err != nil {
			t.Error(err)
		}
		switch r.URL.Path {
		case "/files/a", "/files/b":
			_, _ = io.WriteString(w, strings.Repeat("x", 300))
		case "/panic":
			panic(http.ErrAbortHandler)
		default:
			w.WriteHeader(http.StatusNotFound)
		}
	}))
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/files/a", "/files/b":
			r.Pattern = "GET /files/{name}"
		case "/panic":
			r.Pattern = "GET /panic"
		}
		wrapped.ServeHTTP(w, r)
	}))
	ask := func(method, path string) {
		req, err := http.NewRequest(method, srv.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		if resp, err := http.DefaultTransport.RoundTrip(req); err == nil {
			resp.Body.Close()
		}
	}
	ask("GET", "/files/a")
	ask("GET", "/files/b")
	ask("GET", "/panic")
	for i := range 100 { // what a scanner does must not make a hundred series
		ask("GET", fmt.Sprintf("/%d.php", i))
		ask(fmt.Sprintf("X%d", i), "/")
	}
	srv.Close()

	if err := testutil.GatherAndCompare(host.Gatherer, strings.NewReader(`
# HELP dvz_http_requests_total HTTP requests answered, by method, pattern and status code
# TYPE dvz_http_requests_total counter
dvz_http_requests_total{code="200",instance="test",method="GET",pattern="/files/{name}"} 2
dvz_http_requests_total{code="404",instance="test",method="GET",pattern="unmatched"} 100
dvz_http_requests_total{code="404",instance="test",method="other",pattern="unmatched"} 100
dvz_http_requests_total{code="500",instance="test",method="GET",pattern="/panic"} 1
`), "dvz_http_requests_total"); err != nil {
		t.Error(err)
	}
	if err := inFlight(0); err != nil {
		t.Error(err)
	}

	families, err := host.Gatherer.Gather()
	if err != nil {
		t.Fatal(err)
	}
	checked := 0
	for _, family := range families {
		for _, metric := range family.GetMetric() {
			histogram := metric.GetHistogram()
			for _, label := range metric.GetLabel() {
				if histogram == nil || label.GetValue() != "/files/{name}" {
					continue
				}
				checked++
				if histogram.GetSampleCount() != 2 {
					t.Errorf("%s has %d observations, want 2", family.GetName(), histogram.GetSampleCount())
				}
				if family.GetName() == "dvz_http_response_size_bytes" && histogram.GetSampleSum() != 600 {
					t.Errorf("sizes sum to %v, want 600", histogram.GetSampleSum())
				}
				if family.GetName() == "dvz_http_request_duration_seconds" && histogram.GetSampleSum() <= 0 {
					t.Errorf("durations sum to %v", histogram.GetSampleSum())
				}
			}
		}
	}
	if checked != 2 {
		t.Errorf("found %d histograms of the route, want 2", checked)
	}
}

func TestTwoInstancesInOneRegistry(t *testing.T) {
	host := testkit.Host(t)
	if _, err := metrics.New(metrics.Config{}, host); err != nil {
		t.Fatal(err)
	}
	if _, err := metrics.New(metrics.Config{}, host); err == nil {
		t.Error("the same telemetry was registered twice without an error")
	}
}
