package promexporter_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/textparse"

	"github.com/detectviz/detectviz/platform/contracts"
	promexporter "github.com/detectviz/detectviz/plugins/community/exporters/prometheus"
)

const (
	acceptOpen = "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3"
	typeText   = "text/plain; version=0.0.4; charset=utf-8; escaping=underscores"
	typeOpen   = "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=underscores"
)

func get(t testing.TB, e *promexporter.Exporter, path string, header http.Header) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil)
	r.Header = header
	w := httptest.NewRecorder()
	for _, route := range e.Routes() {
		if route.Path == path {
			route.Handler.ServeHTTP(w, r)
			return w
		}
	}
	t.Fatalf("no route %s", path)
	return nil
}

type result struct{ page, contentType string }

// scrape returns a page and checks that it is valid.
func scrape(t testing.TB, e *promexporter.Exporter, path, accept string) result {
	t.Helper()
	w := get(t, e, path, http.Header{"Accept": {accept}})
	if w.Code != http.StatusOK {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	got := result{w.Body.String(), w.Header().Get("Content-Type")}
	if err := valid(got); err != nil {
		t.Errorf("invalid page: %v\n%s", err, got.page)
	}
	return got
}

// valid checks a page with Prometheus' parsers, and for what they let pass:
// a family's lines stand together below one TYPE, and no series occurs twice.
func valid(r result) error {
	p, err := textparse.New([]byte(r.page), r.contentType, labels.NewSymbolTable(), textparse.ParserOptions{})
	if err != nil {
		return err
	}
	var (
		family string
		kind   model.MetricType
		types  = map[string]bool{}
		seen   = map[string]bool{}
	)
	allowed := map[model.MetricType][]string{
		model.MetricTypeHistogram: {"_bucket", "_sum", "_count", "_created"},
		model.MetricTypeSummary:   {"", "_sum", "_count", "_created"},
	}
	if strings.HasPrefix(r.contentType, "application/openmetrics-text") {
		allowed[model.MetricTypeCounter] = []string{"_total", "_created"}
		allowed[model.MetricTypeInfo] = []string{"_info"}
	}
	for {
		entry, err := p.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		switch entry {
		case textparse.EntryType:
			name, k := p.Type()
			if family, kind = string(name), k; types[family] {
				return fmt.Errorf("a second TYPE for %s", family)
			}
			types[family] = true
		case textparse.EntrySeries:
			var l labels.Labels
			p.Labels(&l)
			suffixes := allowed[kind]
			if suffixes == nil {
				suffixes = []string{""}
			}
			part, ok := strings.CutPrefix(l.Get(model.MetricNameLabel), family)
			if !ok || !slices.Contains(suffixes, part) {
				return fmt.Errorf("%s among the lines of the %s %s", l, kind, family)
			}
			if seen[l.String()] {
				return fmt.Errorf("%s occurs twice", l)
			}
			seen[l.String()] = true
		}
	}
	if !strings.HasPrefix(r.contentType, "text/plain") {
		return nil
	}
	parser := expfmt.NewTextParser(model.LegacyValidation)
	_, err = parser.TextToMetricFamilies(strings.NewReader(r.page))
	return err
}

func TestNegotiation(t *testing.T) {
	e, _ := newExporter(t, config())
	for accept, want := range map[string]string{
		"":           typeText,
		"*/*":        typeText,
		"text/html":  typeText,
		"text/plain": typeText,
		acceptOpen:   typeOpen,
		"application/openmetrics-text;version=1.0.0;q=0.1,text/plain;version=0.0.4;q=0.3": typeText,
		// as Prometheus 3 asks
		"application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.6,application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,text/plain;version=0.0.4;q=0.2,*/*;q=0.1": typeOpen,
	} {
		if got := scrape(t, e, "/metrics", accept).contentType; got != want {
			t.Errorf("%q: got %s, want %s", accept, got, want)
		}
	}
}

func TestGzip(t *testing.T) {
	e, _ := newExporter(t, config())
	deliver(t, e, at(gauge("g"), 1))
	plain := get(t, e, "/metrics", nil)
	for accept, want := range map[string]bool{"gzip": true, "deflate, gzip;q=0.5": true, "GZIP": true, "gzip;q=0": false, "br": false, "": false} {
		w := get(t, e, "/metrics", http.Header{"Accept-Encoding": {accept}})
		if got := w.Header().Get("Content-Encoding") == "gzip"; got != want {
			t.Errorf("%q: gzip %v, want %v", accept, got, want)
		} else if got {
			z, err := gzip.NewReader(w.Body)
			if err != nil {
				t.Fatal(err)
			}
			page, err := io.ReadAll(z)
			if err != nil || !bytes.Equal(page, plain.Body.Bytes()) {
				t.Errorf("%q: %v, got %q", accept, err, page)
			}
		}
	}
}

func TestNoGzipOnLoopback(t *testing.T) {
	e, _ := newExporter(t, config())
	for remote, want := range map[string]string{"127.0.0.1:4711": "", "[::1]:4711": "", "[::ffff:127.0.0.1]:4711": "", "192.0.2.7:4711": "gzip"} {
		r := httptest.NewRequest(http.MethodGet, "/metrics", nil)
		r.RemoteAddr = remote
		r.Header.Set("Accept-Encoding", "gzip")
		w := httptest.NewRecorder()
		e.Routes()[0].Handler.ServeHTTP(w, r)
		if got := w.Header().Get("Content-Encoding"); got != want {
			t.Errorf("%s: content encoding %q, want %q", remote, got, want)
		}
	}
}

// TestAnyMixtureIsValid delivers series of names and types that get into each
// other's way.
func TestAnyMixtureIsValid(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	pick := func(from ...string) string { return from[random.IntN(len(from))] }
	for range 500 {
		e, _ := newExporter(t, config())
		var samples []contracts.Sample
		for range 1 + random.IntN(12) {
			family := pick("x", "x_total", "x_count", "dvz_prometheus_series", "é.y")
			series := newSeries(contracts.MetricType(random.IntN(7)), family, family+pick("", "_total", "_count", "_sum", "_bucket", "_created", "_info"))
			for _, label := range []string{"a", "le", "quantile"} {
				if random.IntN(2) == 0 {
					series.Labels = append(series.Labels, contracts.Label{Name: label, Value: pick("1", "0.5", "+Inf", "1.0", "x\"\n", "NaN")})
				}
			}
			samples = append(samples, at(series, float64(random.IntN(100))))
		}
		deliver(t, e, samples...)
		for _, accept := range []string{"", acceptOpen} {
			scrape(t, e, "/metrics", accept)
		}
		if t.Failed() {
			for _, s := range samples {
				t.Logf("%+v", *s.Series)
			}
			return
		}
	}
}

func TestPromtoolAcceptsThePage(t *testing.T) {
	promtool := tool(t, "promtool", "prometheus")
	e, _ := newExporter(t, config())
	deliver(t, e,
		at(newSeries(h, "d_seconds", "d_seconds_bucket", "le", "+Inf"), 2), at(newSeries(h, "d_seconds", "d_seconds_sum"), 5), at(newSeries(h, "d_seconds", "d_seconds_count"), 2),
		at(newSeries(c, "", "requests_total", "code", "200"), 3), at(gauge("temperature_celsius"), 20),
	)
	command := exec.Command(promtool, "check", "metrics")
	command.Stdin = strings.NewReader(scrape(t, e, "/metrics", "").page)
	if out, err := command.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// tool finds a program that the test needs.
func tool(t testing.TB, name, debian string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("%s is missing; install the Debian package %s", name, debian)
		}
		t.Skipf("%s is missing; install the Debian package %s to run this test", name, debian)
	}
	return path
}
