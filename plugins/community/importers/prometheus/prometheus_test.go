package prometheus_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/pem"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/detectviz/detectviz/platform/contracts"
	"github.com/detectviz/detectviz/platform/testkit"
	"github.com/detectviz/detectviz/plugins/community/importers/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
)

// defaults is a config as the compiler writes it: with every default filled in.
func defaults(targets ...string) prometheus.Config {
	return prometheus.Config{
		Targets:         targets,
		Interval:        25 * time.Millisecond,
		HonorTimestamps: true,
		BodySizeLimit:   1 << 20,
	}
}

// logs collects what the importer logs.
type logs struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *logs) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *logs) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

type run struct {
	*testkit.Sink
	logs *logs
	host contracts.Host
	imp  *prometheus.Importer
}

// start runs an importer until the test ends.
func start(t *testing.T, cfg prometheus.Config) *run {
	t.Helper()
	r := &run{Sink: testkit.NewSink(), logs: &logs{}, host: testkit.Host(t)}
	r.host.Log = slog.New(slog.NewTextHandler(r.logs, nil))
	imp, err := prometheus.New(cfg, r.host)
	if err != nil {
		t.Fatal(err)
	}
	r.imp = imp
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- imp.ImportMetrics(ctx, r) }()
	t.Cleanup(func() {
		cancel()
		select {
		case err := <-done:
			if err != nil {
				t.Errorf("ImportMetrics returned %v after its context ended", err)
			}
		case <-time.After(5 * time.Second):
			t.Error("ImportMetrics did not return after its context ended")
		}
	})
	return r
}

// scrapes waits until n scrapes have been sent and returns the samples of each
// as text: name{label="value",…} value, without job and the durations.
func (r *run) scrapes(t *testing.T, n int) [][]string {
	t.Helper()
	for want := n; ; want++ {
		var out [][]string
		var current []string
		for _, s := range r.WaitFor(t, want) {
			if s.Series.Name == "scrape_duration_seconds" {
				continue
			}
			current = append(current, text(s))
			if s.Series.Name == "scrape_series_added" { // the last of a scrape
				out, current = append(out, current), nil
			}
		}
		if len(out) >= n {
			return out
		}
	}
}

func text(s contracts.Sample) string {
	var b strings.Builder
	b.WriteString(s.Series.Name)
	sep := "{"
	for _, l := range s.Series.Labels {
		if l.Name == "job" && l.Value == testkit.Instance || l.Name == "instance" && strings.HasPrefix(l.Value, "127.0.0.1:") {
			continue
		}
		fmt.Fprintf(&b, "%s%s=%q", sep, l.Name, l.Value)
		sep = ","
	}
	if sep == "," {
		b.WriteByte('}')
	}
	if contracts.IsStale(s.Value) {
		b.WriteString(" stale")
	} else {
		fmt.Fprintf(&b, " %v", s.Value)
	}
	return b.String()
}

func equal(t *testing.T, what string, got []string, want ...string) {
	t.Helper()
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("%s:\ngot\n  %s\nwant\n  %s", what, strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}

// answers serves each of the given texts once, and the last one for ever. "!"
// followed by a number is a status.
func answers(t *testing.T, list ...string) *httptest.Server {
	t.Helper()
	var n atomic.Int32
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text := list[min(int(n.Add(1)), len(list))-1]
		var code int
		if _, err := fmt.Sscanf(text, "!%d", &code); err == nil {
			http.Error(w, "no", code)
			return
		}
		w.Header().Set("Content-Type", "text/plain; version=0.0.4")
		_, _ = w.Write([]byte(text))
	}))
	t.Cleanup(s.Close)
	return s
}

func TestScrape(t *testing.T) {
	s := answers(t, "# TYPE a_total counter\n# HELP a_total Help.\na_total{x=\"1\"} 1\nb 2\n")
	cfg := defaults(s.URL + "/metrics")
	cfg.Labels = map[string]string{"site": "here"}
	r := start(t, cfg)
	got := r.scrapes(t, 2)
	equal(t, "first scrape", got[0], `a_total{site="here",x="1"} 1`, `b{site="here"} 2`,
		`up{site="here"} 1`, `scrape_samples_scraped{site="here"} 2`, `scrape_series_added{site="here"} 2`)
	equal(t, "second scrape", got[1], `a_total{site="here",x="1"} 1`, `b{site="here"} 2`,
		`up{site="here"} 1`, `scrape_samples_scraped{site="here"} 2`, `scrape_series_added{site="here"} 0`)

	samples := r.Samples()
	a := samples[0].Series
	if a.Type != contracts.Counter || a.Help != "Help." || a.Family != "" {
		t.Errorf("metadata of a_total: %+v", a)
	}
	if got, want := a.Label("instance"), strings.TrimPrefix(s.URL, "http://"); got != want {
		t.Errorf("instance %q, want %q", got, want)
	}
	if got := a.Label("job"); got != testkit.Instance {
		t.Errorf("job %q, want the instance's name", got)
	}
	if samples[0].Series != samples[6].Series {
		t.Error("the second scrape uses another Series for the same time series")
	}
	if age := time.Since(time.UnixMilli(samples[0].Time)); age < -time.Second || age > 10*time.Second {
		t.Errorf("samples are %s old", age)
	}
}

func TestStaleness(t *testing.T) {
	s := answers(t, "a 1\nb 1\nc 1 1000\n", "a 2\n", "!500", "!500", "a 3\n", "a 4\nbroken{\n", "a 5\n")
	got := start(t, defaults(s.URL)).scrapes(t, 7)
	equal(t, "first", got[0], "a 1", "b 1", "c 1", "up 1", "scrape_samples_scraped 3", "scrape_series_added 3")
	equal(t, "b vanished, c has timestamps of its own", got[1], "a 2", "b stale", "up 1", "scrape_samples_scraped 1", "scrape_series_added 0")
	equal(t, "down", got[2], "a stale", "up 0", "scrape_samples_scraped 0", "scrape_series_added 0")
	equal(t, "still down", got[3], "up 0", "scrape_samples_scraped 0", "scrape_series_added 0")
	equal(t, "back", got[4], "a 3", "up 1", "scrape_samples_scraped 1", "scrape_series_added 0")
	equal(t, "broken line", got[5], "a stale", "up 0", "scrape_samples_scraped 1", "scrape_series_added 0")
	equal(t, "mended", got[6], "a 5", "up 1", "scrape_samples_scraped 1", "scrape_series_added 1")
}

func TestStateIsLoggedOnceAChange(t *testing.T) {
	s := answers(t, "!503", "!503", "!503", "a 1\n", "a 1\n", "a 1\nnope{\n", "a 1\n")
	r := start(t, defaults(s.URL+"/metrics?token=hidden"))
	r.scrapes(t, 9)
	log := r.logs.String()
	for want, n := range map[string]int{"cannot be scraped": 2, "can be scraped again": 2, "503 Service Unavailable": 1, "line 2: ": 1, "nope{": 1, "hidden": 0} {
		if got := strings.Count(log, want); got != n {
			t.Errorf("%q is logged %d times, want %d:\n%s", want, got, n, log)
		}
	}
	if err := r.imp.Health(t.Context()); err != nil {
		t.Errorf("a target that is down makes the importer unhealthy: %v", err)
	}
	if n, err := testutil.GatherAndCount(r.host.Gatherer, "dvz_prometheus_target_scrapes_total"); n != 2 {
		t.Errorf("%d results of scrapes are counted (%v), want 2", n, err)
	}
}

func TestLabelConflicts(t *testing.T) {
	const body = "a{job=\"theirs\",instance=\"x\",site=\"s\",exported_site=\"t\"} 1\nb{instance=\"\"} 1\n"
	for name, c := range map[string]struct {
		honor bool
		want  []string
	}{
		"ours":   {false, []string{`a{exported_exported_site="s",exported_instance="x",exported_job="theirs",exported_site="t",site="here"} 1`, `b{site="here"} 1`}},
		"theirs": {true, []string{`a{exported_site="t",instance="x",job="theirs",site="s"} 1`, `b{site="here"} 1`}},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := defaults(answers(t, body).URL)
			cfg.HonorLabels, cfg.Labels = c.honor, map[string]string{"site": "here"}
			r := start(t, cfg)
			equal(t, "samples", r.scrapes(t, 1)[0][:2], c.want...)
			if got := r.Samples()[1].Series.Label("instance"); (got == "") != c.honor {
				t.Errorf("the empty label instance became %q", got)
			}
		})
	}
}

func TestTimestamps(t *testing.T) {
	s := answers(t, "a 1 1000\na 2 2000\na 3 2000\nb 1\nb 2\n")
	cfg := defaults(s.URL)
	r := start(t, cfg)
	equal(t, "honoured", r.scrapes(t, 1)[0], "a 1", "a 2", "b 1", "up 1", "scrape_samples_scraped 5", "scrape_series_added 2")
	if a := r.Samples(); a[0].Time != 1000 || a[1].Time != 2000 || a[2].Time < 1e12 {
		t.Errorf("times %d %d %d", a[0].Time, a[1].Time, a[2].Time)
	}
	if !strings.Contains(r.logs.String(), "exposes series twice") {
		t.Errorf("duplicates were not logged: %s", r.logs)
	}

	cfg.HonorTimestamps = false
	r = start(t, cfg)
	equal(t, "not honoured", r.scrapes(t, 1)[0], "a 1", "b 1", "up 1", "scrape_samples_scraped 5", "scrape_series_added 2")
	if got := r.Samples()[0].Time; got < 1e12 {
		t.Errorf("time %d, want that of the scrape", got)
	}
}

func TestLimits(t *testing.T) {
	const body = "first 1\nseries_name{label_name=\"label_value_x\"} 2\n"
	for _, c := range []struct {
		name string
		set  func(*prometheus.Config)
		want string // in the log; "" if the scrape is fine
	}{
		{"none", func(*prometheus.Config) {}, ""},
		{"samples fit", func(c *prometheus.Config) { c.SampleLimit = 2 }, ""},
		{"samples", func(c *prometheus.Config) { c.SampleLimit = 1 }, "exposes 2 samples; sample_limit is 1"},
		{"labels fit", func(c *prometheus.Config) { c.LabelLimit = 4 }, ""},
		{"labels", func(c *prometheus.Config) { c.LabelLimit = 3 }, "series_name has 4 labels; label_limit is 3"},
		{"label name", func(c *prometheus.Config) { c.LabelNameLengthLimit = 9 }, "label_name_length_limit is 9"},
		{"label value", func(c *prometheus.Config) { c.LabelValueLengthLimit = 5 }, "label_value_length_limit is 5"},
		{"body", func(c *prometheus.Config) { c.BodySizeLimit = int64(len(body)) - 1 }, "larger than body_size_limit"},
		{"body fits", func(c *prometheus.Config) { c.BodySizeLimit = int64(len(body)) }, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			cfg := defaults(answers(t, body).URL)
			c.set(&cfg)
			r := start(t, cfg)
			got := r.scrapes(t, 1)[0]
			if c.want == "" {
				equal(t, "samples", got[:3], "first 1", `series_name{label_name="label_value_x"} 2`, "up 1")
				return
			}
			if got[0] != "up 0" {
				t.Errorf("got %v, want up 0 first", got)
			}
			if !strings.Contains(r.logs.String(), c.want) {
				t.Errorf("log %s lacks %q", r.logs, c.want)
			}
		})
	}
}

func TestNegotiation(t *testing.T) {
	zip := func(s string) []byte {
		var b bytes.Buffer
		w := gzip.NewWriter(&b)
		_, _ = w.Write([]byte(s))
		_ = w.Close()
		return b.Bytes()
	}
	for _, c := range []struct {
		name, contentType, encoding string
		body                        []byte
		want                        string // the first sample, or part of the log
	}{
		{"text", "text/plain; version=0.0.4; charset=utf-8", "", []byte("a 1\n"), "a 1"},
		{"no newline", "text/plain", "", []byte("a 1"), "a 1"},
		{"no type", "", "", []byte("a 1\n"), "a 1"},
		{"openmetrics", "application/openmetrics-text; version=1.0.0", "", []byte("a 1\n# EOF\n"), "a 1"},
		{"openmetrics cut off", "application/openmetrics-text", "", []byte("a 1\n"), "data does not end with # EOF"},
		{"openmetrics 2", "application/openmetrics-text; version=2.0.0", "", []byte("a 1\n# EOF\n"), "expected text/plain or"},
		{"gzip", "text/plain", "gzip", zip("a 1\n"), "a 1"},
		{"gzip cut off", "text/plain", "gzip", zip("a 1\n")[:20], "cannot read the answer"},
		{"not gzip", "text/plain", "gzip", []byte("a 1\n"), "cannot decompress"},
		{"zstd", "text/plain", "zstd", []byte("a 1\n"), "expected gzip or none"},
		{"html", "text/html", "", []byte("<html>"), "is the path right?"},
		{"empty", "text/plain", "", nil, "up 1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var seen atomic.Pointer[http.Request]
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				seen.Store(r)
				w.Header()["Content-Type"] = []string{c.contentType}
				if c.encoding != "" {
					w.Header().Set("Content-Encoding", c.encoding)
				}
				_, _ = w.Write(c.body)
			}))
			defer s.Close()
			r := start(t, defaults(s.URL))
			for i, scrape := range r.scrapes(t, 2) {
				if scrape[0] != c.want && !strings.Contains(r.logs.String(), c.want) {
					t.Errorf("scrape %d: got %v, log %s, want %q", i, scrape, r.logs, c.want)
				}
			}
			req := seen.Load()
			if a := req.Header.Get("Accept"); !strings.HasPrefix(a, "application/openmetrics-text;version=1.0.0") || !strings.Contains(a, "text/plain;version=0.0.4") {
				t.Errorf("Accept: %s", a)
			}
			if got := req.Header.Get("X-Prometheus-Scrape-Timeout-Seconds"); got != "0.025" {
				t.Errorf("timeout header %q", got)
			}
		})
	}
}

// TestCompressionIsAskedFromAfar: 0.0.0.0 reaches this host, but is no loopback
// address.
func TestCompressionIsAskedFromAfar(t *testing.T) {
	for host, want := range map[string]string{"127.0.0.1": "", "localhost": "", "0.0.0.0": "gzip"} {
		t.Run(host, func(t *testing.T) {
			var seen atomic.Pointer[http.Request]
			s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { seen.Store(r) }))
			defer s.Close()
			start(t, defaults(strings.Replace(s.URL, "127.0.0.1", host, 1))).scrapes(t, 1)
			if got := seen.Load().Header.Get("Accept-Encoding"); got != want {
				t.Errorf("Accept-Encoding is %q, want %q", got, want)
			}
		})
	}
}

func TestCredentialsStayWithTheTarget(t *testing.T) {
	var mu sync.Mutex
	seen := map[string][]string{}
	note := func(who string, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		seen[who] = append(seen[who], r.Header.Get("Authorization"))
	}
	elsewhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		note("elsewhere", r)
		_, _ = w.Write([]byte("a 1\n"))
	}))
	defer elsewhere.Close()
	target := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		note(r.URL.Path, r)
		switch r.URL.Path {
		case "/far":
			http.Redirect(w, r, elsewhere.URL, http.StatusFound)
		default:
			http.Redirect(w, r, "/far", http.StatusFound)
		}
	}))
	defer target.Close()

	token := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(token, []byte("one\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg := defaults(target.URL + "/near")
	cfg.BearerToken = contracts.Secret{File: token}
	r := start(t, cfg)
	equal(t, "redirected", r.scrapes(t, 1)[0][:2], "a 1", "up 1")
	mu.Lock()
	for who, want := range map[string]string{"/near": "Bearer one", "/far": "Bearer one", "elsewhere": ""} {
		if len(seen[who]) == 0 || seen[who][0] != want {
			t.Errorf("%s got the credentials %q, want %q", who, seen[who], want)
		}
	}
	mu.Unlock()

	// A secret that cannot be read any more is the importer's own fault.
	if err := os.Remove(token); err != nil {
		t.Fatal(err)
	}
	deadline := time.Now().Add(5 * time.Second)
	for r.imp.Health(t.Context()) == nil {
		if time.Now().After(deadline) {
			t.Fatal("still healthy without a token")
		}
		time.Sleep(5 * time.Millisecond)
	}
	if err := r.imp.Health(t.Context()).Error(); !strings.Contains(err, "bearer_token") || !strings.Contains(err, token) || strings.Contains(err, "one") {
		t.Errorf("health: %s", err)
	}
	if err := os.WriteFile(token, []byte("two"), 0o600); err != nil {
		t.Fatal(err)
	}
	for r.imp.Health(t.Context()) != nil {
		if time.Now().After(deadline) {
			t.Fatal("not healthy again")
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func TestTLSAndBasicAuth(t *testing.T) {
	s := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if user, password, _ := r.BasicAuth(); user != "u" || password != "p:w" {
			http.Error(w, "no", http.StatusUnauthorized)
			return
		}
		_, _ = w.Write([]byte("a 1\n"))
	}))
	defer s.Close()
	s.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("DVZ_TEST_PASSWORD", "p:w")
	cfg := defaults(s.URL)
	cfg.Interval = 200 * time.Millisecond // handshakes take their time under the race detector
	cfg.BasicAuth = prometheus.BasicAuth{Username: "u", Password: contracts.Secret{Env: "DVZ_TEST_PASSWORD"}}
	for name, c := range map[string]struct {
		tls  prometheus.TLS
		want string
	}{
		"unknown authority": {prometheus.TLS{}, "up 0"},
		"ca_file":           {prometheus.TLS{CAFile: ca}, "a 1"},
		"server_name":       {prometheus.TLS{CAFile: ca, ServerName: "example.com"}, "a 1"},
		"wrong server_name": {prometheus.TLS{CAFile: ca, ServerName: "example.org"}, "up 0"},
		"skip":              {prometheus.TLS{InsecureSkipVerify: true}, "a 1"},
	} {
		t.Run(name, func(t *testing.T) {
			cfg.TLS = c.tls
			r := start(t, cfg)
			if got := r.scrapes(t, 1)[0]; got[0] != c.want {
				t.Errorf("got %v, want %s; log: %s", got, c.want, r.logs)
			}
		})
	}
}

func TestSlowTargetDelaysNoOther(t *testing.T) {
	release := make(chan struct{})
	slow := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-release:
		case <-r.Context().Done():
		}
	}))
	defer slow.Close()
	defer close(release)
	fast := answers(t, "fast 1\n")
	cfg := defaults(slow.URL, fast.URL)
	cfg.Interval, cfg.Timeout = 40*time.Millisecond, 30*time.Millisecond
	r := start(t, cfg)
	got := map[string]int{}
	for n := 1; got["fast 1"] < 5 || got["up 0"] < 2; n++ {
		clear(got)
		for _, s := range r.WaitFor(t, n) {
			got[text(s)]++
		}
	}
	if !strings.Contains(r.logs.String(), "deadline exceeded") {
		t.Errorf("log: %s", r.logs)
	}
}

// blocked is a sink whose queue is full until open is closed.
type blocked struct {
	open chan struct{}
	*testkit.Sink
}

func (b blocked) Push(ctx context.Context, m *contracts.Metrics) error {
	select {
	case <-b.open:
	case <-ctx.Done():
		m.Release()
		return ctx.Err()
	}
	return b.Sink.Push(ctx, m)
}

func TestBackPressureIsCountedAsMissed(t *testing.T) {
	host := testkit.Host(t)
	imp, err := prometheus.New(defaults(answers(t, "a 1\n").URL), host)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	sink := blocked{make(chan struct{}), testkit.NewSink()}
	done := make(chan error, 1)
	go func() { done <- imp.ImportMetrics(ctx, sink) }()
	time.Sleep(200 * time.Millisecond)
	close(sink.open)
	sink.WaitFor(t, 10)
	cancel()
	if err := <-done; err != nil {
		t.Errorf("ImportMetrics: %v", err)
	}
	families, err := host.Gatherer.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == "dvz_prometheus_target_scrapes_missed_total" && f.Metric[0].Counter.GetValue() >= 3 {
			return
		}
	}
	t.Errorf("missed scrapes were not counted: %v", families)
}

// closed is the sink of a pipeline that is closed.
type closed struct{}

func (closed) Push(_ context.Context, m *contracts.Metrics) error {
	m.Release()
	return fmt.Errorf("the pipeline is closed")
}

func TestClosedPipelineEndsTheImport(t *testing.T) {
	imp, err := prometheus.New(defaults(answers(t, "a 1\n").URL), testkit.Host(t))
	if err != nil {
		t.Fatal(err)
	}
	if err := imp.ImportMetrics(t.Context(), closed{}); err == nil || !strings.Contains(err.Error(), "pipeline is closed") {
		t.Errorf("ImportMetrics returned %v", err)
	}
}

func TestLargeScrapeIsSplit(t *testing.T) {
	const n = 12_345
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "a{i=\"%d\"} %d\n", i, i)
	}
	cfg := defaults(answers(t, b.String()).URL)
	cfg.Interval = 500 * time.Millisecond
	sink := &sizes{Sink: testkit.NewSink()}
	imp, err := prometheus.New(cfg, testkit.Host(t))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- imp.ImportMetrics(ctx, sink) }()
	sink.WaitFor(t, n+5)
	cancel()
	<-done
	if sink.largest > 5000 {
		t.Errorf("a batch has %d samples, want at most 5000", sink.largest)
	}
	sum := 0.0
	for _, s := range sink.Samples()[:n] {
		sum += s.Value
	}
	if want := float64(n) * (n - 1) / 2; sum != want {
		t.Errorf("sum of all values %v, want %v", sum, want)
	}
}

type sizes struct {
	*testkit.Sink
	largest int
}

func (s *sizes) Push(ctx context.Context, m *contracts.Metrics) error {
	s.largest = max(s.largest, m.Len())
	return s.Sink.Push(ctx, m)
}

func TestNewRefuses(t *testing.T) {
	for _, c := range []struct {
		name string
		set  func(*prometheus.Config)
		want string
	}{
		{"timeout", func(c *prometheus.Config) { c.Timeout = time.Minute }, "not within the interval"},
		{"interval", func(c *prometheus.Config) { c.Interval = 0 }, "must be greater than 0"},
		{"scheme", func(c *prometheus.Config) { c.Targets = []string{"ftp://a/"} }, "not an absolute http or https URL"},
		{"password in URL", func(c *prometheus.Config) { c.Targets = []string{"http://u:hidden@a:1/"} }, "use basic_auth"},
		{"password in broken URL", func(c *prometheus.Config) { c.Targets = []string{"http://u:hidden@a:1\x7f/"} }, "not a URL"},
		{"same instance", func(c *prometheus.Config) { c.Targets = []string{"http://a/x", "http://a:80/y"} }, "could not be told apart"},
		{"two credentials", func(c *prometheus.Config) {
			c.BearerToken = contracts.Secret{Clear: "x"}
			c.BasicAuth.Username = "u"
		}, "remove one of them"},
		{"missing secret", func(c *prometheus.Config) { c.BearerToken = contracts.Secret{Env: "DVZ_TEST_NOT_SET"} }, "DVZ_TEST_NOT_SET"},
		{"missing ca", func(c *prometheus.Config) { c.TLS.CAFile = "/nonexistent" }, "tls.ca_file"},
		{"key without certificate", func(c *prometheus.Config) { c.TLS.KeyFile = "/nonexistent" }, "belong together"},
	} {
		t.Run(c.name, func(t *testing.T) {
			cfg := defaults("http://127.0.0.1:1/metrics")
			c.set(&cfg)
			_, err := prometheus.New(cfg, testkit.Host(t))
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "hidden") {
				t.Errorf("got %v, want an error with %q", err, c.want)
			}
		})
	}
}

func TestNodeExporter(t *testing.T) {
	path, err := exec.LookPath("prometheus-node-exporter")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip("prometheus-node-exporter is not installed (Debian package prometheus-node-exporter)")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	_ = l.Close()
	cmd := exec.CommandContext(t.Context(), path, "--web.listen-address="+address)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		if c, err := net.Dial("tcp", address); err == nil {
			_ = c.Close()
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("node exporter does not listen")
		}
	}

	cfg := defaults((&url.URL{Scheme: "http", Host: address, Path: "/metrics"}).String())
	cfg.Interval, cfg.Job = 300*time.Millisecond, "node"
	r := start(t, cfg)
	found := map[string]contracts.Sample{}
	r.scrapes(t, 3)
	for _, s := range r.Samples() {
		if _, seen := found[s.Series.Name]; !seen {
			found[s.Series.Name] = s
		}
	}
	if len(found) < 100 {
		t.Errorf("only %d metrics arrived; log: %s", len(found), r.logs)
	}
	for name, typ := range map[string]contracts.MetricType{"node_boot_time_seconds": contracts.Gauge, "node_cpu_seconds_total": contracts.Counter, "node_uname_info": contracts.Gauge, "go_gc_duration_seconds": contracts.Summary, "go_gc_duration_seconds_count": contracts.Summary} {
		s, ok := found[name]
		if !ok {
			t.Errorf("%s did not arrive", name)
		} else if s.Series.Type != typ || s.Series.Help == "" || s.Series.Label("job") != "node" || s.Series.Label("instance") != address {
			t.Errorf("%s: %+v", name, s.Series)
		}
	}
	if found["up"].Value != 1 || found["scrape_samples_scraped"].Value < 100 {
		t.Errorf("up %v, samples %v", found["up"].Value, found["scrape_samples_scraped"].Value)
	}
}
