package promexporter_test

import (
	"errors"
	"fmt"
	"math"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/detectviz/detectviz/platform/contracts"
	"github.com/detectviz/detectviz/platform/testkit"
	promexporter "github.com/detectviz/detectviz/plugins/community/exporters/prometheus"
)

// config has the defaults of the manifest.
func config() promexporter.Config {
	return promexporter.Config{Path: "/metrics", SelfPath: "/metrics/self", Access: "public", Expire: 5 * time.Minute, MaxSeries: 1000}
}

func newExporter(t testing.TB, cfg promexporter.Config) (*promexporter.Exporter, contracts.Host) {
	t.Helper()
	host := testkit.Host(t)
	e, err := promexporter.New(cfg, host)
	if err != nil {
		t.Fatal(err)
	}
	return e, host
}

// newSeries makes a series of a family: name{label="value",…}.
func newSeries(kind contracts.MetricType, family, name string, labels ...string) *contracts.Series {
	s := &contracts.Series{Name: name, Family: family, Type: kind, Help: "Help of " + family + "."}
	for i := 0; i < len(labels); i += 2 {
		s.Labels = append(s.Labels, contracts.Label{Name: labels[i], Value: labels[i+1]})
	}
	return s
}

func gauge(name string, labels ...string) *contracts.Series {
	return newSeries(contracts.Gauge, name, name, labels...)
}

func deliver(t testing.TB, e *promexporter.Exporter, samples ...contracts.Sample) {
	t.Helper()
	m := contracts.NewMetrics()
	m.Samples = append(m.Samples, samples...)
	if err := e.ExportMetrics(t.Context(), m); err != nil {
		t.Fatal(err)
	}
}

// delivered returns the lines of a page that are not of the exporter's own
// telemetry.
func delivered(page string) string {
	var lines []string
	for line := range strings.Lines(page) {
		if !strings.Contains(line, "dvz_prometheus_") {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "")
}

func at(s *contracts.Series, v float64) contracts.Sample {
	return contracts.Sample{Series: s, Time: 1_700_000_000_123, Value: v}
}

const h, c, s, u, g = contracts.Histogram, contracts.Counter, contracts.Summary, contracts.Untyped, contracts.Gauge

func TestPages(t *testing.T) {
	for _, test := range []struct {
		name       string
		samples    []contracts.Sample
		text, open string // expected; open "": the same as text
		timestamps bool
	}{
		{
			name:    "gauge, values and escapes",
			samples: []contracts.Sample{at(gauge("g", "a", "1"), 0.1), at(gauge("g", "a", "q\"b\\\n\xff"), math.Inf(1)), at(gauge("g"), math.NaN()), at(gauge("g", "a", "2"), -1e300)},
			text:    "# HELP g Help of g.\n# TYPE g gauge\ng NaN\n" + `g{a="1"} 0.1` + "\n" + `g{a="2"} -1e+300` + "\n" + `g{a="q\"b\\\n�"} +Inf` + "\n",
		},
		{
			name:    "counter read from text",
			samples: []contracts.Sample{at(newSeries(c, "", "http_requests_total", "code", "200"), 3)},
			text:    "# HELP http_requests_total Help of .\n# TYPE http_requests_total counter\nhttp_requests_total{code=\"200\"} 3\n",
			open:    "# HELP http_requests Help of .\n# TYPE http_requests counter\nhttp_requests_total{code=\"200\"} 3\n",
		},
		{
			name: "counter read from OpenMetrics",
			samples: []contracts.Sample{
				at(newSeries(c, "x", "x_created", "k", "b"), 17), at(newSeries(c, "x", "x_total", "k", "b"), 3),
				at(newSeries(c, "x", "x_total", "k", "a"), 1), at(newSeries(c, "x", "x_created", "k", "a"), 17),
			},
			text: "# HELP x_created Help of x.\n# TYPE x_created gauge\nx_created{k=\"a\"} 17\nx_created{k=\"b\"} 17\n" +
				"# HELP x_total Help of x.\n# TYPE x_total counter\nx_total{k=\"a\"} 1\nx_total{k=\"b\"} 3\n",
			open: "# HELP x Help of x.\n# TYPE x counter\nx_total{k=\"a\"} 1\nx_created{k=\"a\"} 17\nx_total{k=\"b\"} 3\nx_created{k=\"b\"} 17\n",
		},
		{
			name:    "counter without _total keeps its name",
			samples: []contracts.Sample{at(newSeries(c, "", "errors"), 3)},
			text:    "# HELP errors Help of .\n# TYPE errors counter\nerrors 3\n",
			open:    "# HELP errors Help of .\n# TYPE errors unknown\nerrors 3\n",
		},
		{
			name:    "gauge x beside counter x_total",
			samples: []contracts.Sample{at(gauge("x"), 1), at(newSeries(c, "x_total", "x_total"), 2)},
			text:    "# HELP x Help of x.\n# TYPE x gauge\nx 1\n# HELP x_total Help of x_total.\n# TYPE x_total counter\nx_total 2\n",
			open:    "# HELP x Help of x.\n# TYPE x gauge\nx 1\n# HELP x_total Help of x_total.\n# TYPE x_total unknown\nx_total 2\n",
		},
		{
			name: "histogram, parts together and bounds ascending",
			samples: []contracts.Sample{
				at(newSeries(h, "d", "d_sum", "a", "2"), 5), at(newSeries(h, "d", "d_count", "a", "2"), 2),
				at(newSeries(h, "d", "d_bucket", "a", "2", "le", "10"), 1), at(newSeries(h, "d", "d_bucket", "a", "2", "le", "+Inf"), 2), at(newSeries(h, "d", "d_bucket", "a", "2", "le", "9.5"), 1),
				at(newSeries(h, "d", "d_bucket", "le", "1"), 7), at(newSeries(h, "d", "d_bucket", "le", "+Inf"), 7), at(newSeries(h, "d", "d_sum"), 3), at(newSeries(h, "d", "d_count"), 7),
			},
			text: "# HELP d Help of d.\n# TYPE d histogram\nd_bucket{le=\"1\"} 7\nd_bucket{le=\"+Inf\"} 7\nd_sum 3\nd_count 7\n" +
				"d_bucket{a=\"2\",le=\"9.5\"} 1\nd_bucket{a=\"2\",le=\"10\"} 1\nd_bucket{a=\"2\",le=\"+Inf\"} 2\nd_sum{a=\"2\"} 5\nd_count{a=\"2\"} 2\n",
			open: "# HELP d Help of d.\n# TYPE d histogram\nd_bucket{le=\"1.0\"} 7\nd_bucket{le=\"+Inf\"} 7\nd_sum 3\nd_count 7\n" +
				"d_bucket{a=\"2\",le=\"9.5\"} 1\nd_bucket{a=\"2\",le=\"10.0\"} 1\nd_bucket{a=\"2\",le=\"+Inf\"} 2\nd_sum{a=\"2\"} 5\nd_count{a=\"2\"} 2\n",
		},
		{
			name: "the label le need not be the last one",
			samples: []contracts.Sample{
				at(newSeries(h, "d", "d_bucket", "le", "+Inf", "z", "1"), 2), at(newSeries(h, "d", "d_sum", "z", "1"), 5), at(newSeries(h, "d", "d_count", "z", "1"), 2),
			},
			text: "# HELP d Help of d.\n# TYPE d histogram\nd_bucket{z=\"1\",le=\"+Inf\"} 2\nd_sum{z=\"1\"} 5\nd_count{z=\"1\"} 2\n",
		},
		{
			name: "summary",
			samples: []contracts.Sample{
				at(newSeries(s, "rpc", "rpc_count"), 2), at(newSeries(s, "rpc", "rpc_sum"), 5),
				at(newSeries(s, "rpc", "rpc", "quantile", "1"), 4), at(newSeries(s, "rpc", "rpc", "quantile", "0.5"), 2),
			},
			text: "# HELP rpc Help of rpc.\n# TYPE rpc summary\nrpc{quantile=\"0.5\"} 2\nrpc{quantile=\"1\"} 4\nrpc_sum 5\nrpc_count 2\n",
			open: "# HELP rpc Help of rpc.\n# TYPE rpc summary\nrpc{quantile=\"0.5\"} 2\nrpc{quantile=\"1.0\"} 4\nrpc_sum 5\nrpc_count 2\n",
		},
		{
			name: "info and state set",
			samples: []contracts.Sample{
				at(newSeries(contracts.Info, "build", "build_info", "version", "1"), 1),
				at(newSeries(contracts.StateSet, "state", "state", "state", "on"), 1),
			},
			text: "# HELP build_info Help of build.\n# TYPE build_info gauge\nbuild_info{version=\"1\"} 1\n# HELP state Help of state.\n# TYPE state gauge\nstate{state=\"on\"} 1\n",
			open: "# HELP build Help of build.\n# TYPE build info\nbuild_info{version=\"1\"} 1\n# HELP state Help of state.\n# TYPE state stateset\nstate{state=\"on\"} 1\n",
		},
		{
			name:    "two sources disagree on the type",
			samples: []contracts.Sample{at(newSeries(g, "m", "m", "from", "a"), 1), at(newSeries(c, "m", "m", "from", "b"), 2)},
			text:    "# HELP m Help of m.\n# TYPE m untyped\nm{from=\"a\"} 1\nm{from=\"b\"} 2\n",
			open:    "# HELP m Help of m.\n# TYPE m unknown\nm{from=\"a\"} 1\nm{from=\"b\"} 2\n",
		},
		{
			name: "a histogram, and a gauge with the name of its count",
			samples: []contracts.Sample{
				at(newSeries(h, "d", "d_bucket", "le", "+Inf"), 2), at(newSeries(h, "d", "d_sum"), 5),
				at(newSeries(h, "d", "d_count"), 2), at(gauge("d_count", "x", "y"), 9),
			},
			text: "# HELP d_bucket Help of d.\n# TYPE d_bucket untyped\nd_bucket{le=\"+Inf\"} 2\n# HELP d_count Help of d.\n# TYPE d_count untyped\nd_count 2\nd_count{x=\"y\"} 9\n# HELP d_sum Help of d.\n# TYPE d_sum untyped\nd_sum 5\n",
			open: "# HELP d_bucket Help of d.\n# TYPE d_bucket unknown\nd_bucket{le=\"+Inf\"} 2\n# HELP d_count Help of d.\n# TYPE d_count unknown\nd_count 2\nd_count{x=\"y\"} 9\n# HELP d_sum Help of d.\n# TYPE d_sum unknown\nd_sum 5\n",
		},
		{
			name: "names that are not classic",
			samples: []contracts.Sample{
				at(&contracts.Series{Name: "http.server/dur", Labels: []contracts.Label{{Name: "a.b", Value: "1"}, {Name: "a_b", Value: "2"}, {Name: "ü", Value: "3"}}}, 1),
				at(&contracts.Series{Name: "9lives"}, 1),
			},
			text: "# TYPE _lives untyped\n_lives 1\n# TYPE http_server_dur untyped\nhttp_server_dur{_=\"3\",a_b=\"1\"} 1\n",
			open: "# TYPE _lives unknown\n_lives 1\n# TYPE http_server_dur unknown\nhttp_server_dur{_=\"3\",a_b=\"1\"} 1\n",
		},
		{
			name:    "help with line feeds and quotes, and a unit",
			samples: []contracts.Sample{at(&contracts.Series{Name: "t_seconds", Type: g, Unit: "seconds", Help: "a \"b\"\n\\c"}, 1)},
			text:    "# HELP t_seconds a \"b\"\\n\\\\c\n# TYPE t_seconds gauge\nt_seconds 1\n",
			open:    "# HELP t_seconds a \\\"b\\\"\\n\\\\c\n# TYPE t_seconds gauge\n# UNIT t_seconds seconds\nt_seconds 1\n",
		},
		{
			name:       "timestamps",
			timestamps: true,
			samples:    []contracts.Sample{at(gauge("g"), 1)},
			text:       "# HELP g Help of g.\n# TYPE g gauge\ng 1 1700000000123\n",
			open:       "# HELP g Help of g.\n# TYPE g gauge\ng 1 1700000000.123\n",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			cfg := config()
			cfg.Timestamps = test.timestamps
			e, _ := newExporter(t, cfg)
			deliver(t, e, test.samples...)
			if test.open == "" {
				test.open = test.text
			}
			if got := delivered(scrape(t, e, "/metrics", "").page); got != test.text {
				t.Errorf("text: got\n%s\nwant\n%s", got, test.text)
			}
			if got := delivered(scrape(t, e, "/metrics", acceptOpen).page); got != test.open+"# EOF\n" {
				t.Errorf("OpenMetrics: got\n%s\nwant\n%s", got, test.open)
			}
			if got := delivered(scrape(t, e, "/metrics/self", "").page); got != "" {
				t.Errorf("self: got\n%s", got)
			}
		})
	}
}

func TestOwnTelemetryAndDeliveredSeriesMerge(t *testing.T) {
	e, host := newExporter(t, config())
	buckets := prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "dvz_delivery_duration_seconds", Help: "Own help.", Buckets: []float64{1, 2.5}}, []string{"exporter"})
	buckets.WithLabelValues("sqlite").Observe(2)
	quantiles := prometheus.NewSummary(prometheus.SummaryOpts{Name: "pause", Help: "Own help.", Objectives: map[float64]float64{0.5: 0.1}})
	quantiles.Observe(3)
	up := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "dvz_instance_up", Help: "Own help."}, []string{"plugin", "empty"})
	up.WithLabelValues("x", "").Set(1)
	for _, c := range []prometheus.Collector{buckets, quantiles, up, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{})} {
		host.Telemetry.MustRegister(c)
	}
	deliver(t, e,
		// another process, which has what we have
		at(newSeries(c, "", "process_cpu_seconds_total", "job", "node"), 1234),
		at(gauge("go_goroutines", "job", "node"), 7),
		at(gauge("go_memstats_alloc_bytes", "job", "node"), 8),
		at(newSeries(c, "", "go_memstats_alloc_bytes_total", "job", "node"), 9),
		at(newSeries(h, "dvz_delivery_duration_seconds", "dvz_delivery_duration_seconds_bucket", "exporter", "json", "le", "+Inf"), 4),
		at(newSeries(h, "dvz_delivery_duration_seconds", "dvz_delivery_duration_seconds_count", "exporter", "json"), 4),
		at(newSeries(h, "dvz_delivery_duration_seconds", "dvz_delivery_duration_seconds_sum", "exporter", "json"), 1),
		// ourselves, scraped: shown once, with the present value
		at(gauge("dvz_instance_up", "instance", "test", "plugin", "x"), 0),
		at(newSeries(h, "dvz_delivery_duration_seconds", "dvz_delivery_duration_seconds_bucket", "exporter", "sqlite", "instance", "test", "le", "1.0"), 77),
		// the same name, another type
		at(newSeries(u, "", "process_start_time_seconds", "job", "node"), 5),
		// a name that belongs to an own summary
		at(gauge("pause_count", "job", "node"), 6),
	)
	for _, accept := range []string{"", acceptOpen} {
		page := scrape(t, e, "/metrics", accept).page
		for want, count := range map[string]int{
			"\nprocess_cpu_seconds_total{":                                                2,
			"\ngo_goroutines{":                                                            2,
			"\ngo_memstats_alloc_bytes{":                                                  2,
			`dvz_instance_up{`:                                                            1,
			`dvz_instance_up{instance="test",plugin="x"} 1` + "\n":                        1,
			"# TYPE dvz_delivery_duration_seconds histogram\n":                            1,
			`dvz_delivery_duration_seconds_bucket{exporter="json",le="+Inf"} 4` + "\n":    1,
			`dvz_delivery_duration_seconds_bucket{exporter="sqlite",instance="test",le="`: 3,
			"# TYPE process_start_time_seconds gauge\n":                                   1,
			`process_start_time_seconds{job="node"} 5` + "\n":                             1,
			"pause_count{": 1,
			` 77` + "\n":   0,
		} {
			if got := strings.Count(page, want); got != count {
				t.Errorf("%q occurs %d times, want %d", want, got, count)
			}
		}
		self := scrape(t, e, "/metrics/self", accept).page
		if !strings.Contains(self, "\npause{") || strings.Contains(self, `"node"`) {
			t.Errorf("self:\n%s", self)
		}
	}
}

func TestRoutes(t *testing.T) {
	cfg := config()
	cfg.Path, cfg.SelfPath, cfg.Access = "/a", "/b", "authenticated"
	e, _ := newExporter(t, cfg)
	var got []string
	for _, r := range e.Routes() {
		got = append(got, r.Method+" "+r.Path+" "+string(r.Access))
	}
	if want := "[GET /a authenticated GET /b authenticated]"; fmt.Sprint(got) != want {
		t.Errorf("got %v, want %s", got, want)
	}
}

func TestWrongConfigs(t *testing.T) {
	for name, change := range map[string]func(*promexporter.Config){
		"one path for both": func(c *promexporter.Config) { c.SelfPath = c.Path },
		"no expiry":         func(c *promexporter.Config) { c.Expire = 0 },
	} {
		cfg := config()
		change(&cfg)
		if _, err := promexporter.New(cfg, testkit.Host(t)); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

// broken is a collector whose metrics cannot be collected.
type broken struct{}

func (broken) Describe(chan<- *prometheus.Desc) {}

func (broken) Collect(out chan<- prometheus.Metric) {
	out <- prometheus.NewInvalidMetric(prometheus.NewDesc("x", "x", nil, nil), errors.New("out of order"))
}

func TestOwnTelemetryFails(t *testing.T) {
	host := testkit.Host(t)
	registry := prometheus.NewRegistry()
	registry.MustRegister(broken{})
	host.Gatherer = registry
	e, err := promexporter.New(config(), host)
	if err != nil {
		t.Fatal(err)
	}
	if got := get(t, e, "/metrics/self", nil); got.Code != http.StatusInternalServerError || got.Header().Get("Content-Type") != "application/problem+json" {
		t.Errorf("got %d %s", got.Code, got.Body)
	}
	// A part of it is better than nothing.
	registry.MustRegister(collectors.NewGoCollector())
	if got := get(t, e, "/metrics/self", nil); got.Code != http.StatusOK || !strings.Contains(got.Body.String(), "go_goroutines") {
		t.Errorf("got %d %s", got.Code, got.Body)
	}
}
