package otelzap_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/detectviz/detectviz/platform/contracts"
	"github.com/detectviz/detectviz/platform/testkit"
	"github.com/detectviz/detectviz/plugins/core/logging/otelzap"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"go.opentelemetry.io/otel/trace"
	common "go.opentelemetry.io/proto/otlp/common/v1"
	logs "go.opentelemetry.io/proto/otlp/logs/v1"
	"google.golang.org/protobuf/proto"
)

// receiver is an OTLP/HTTP receiver.
type receiver struct {
	*httptest.Server
	t        *testing.T
	mu       sync.Mutex
	resource map[string]string
	records  []*logs.LogRecord
	requests int
	headers  http.Header
	// before answers a request itself when it returns true.
	before func(n int, w http.ResponseWriter, r *http.Request) bool
}

func newReceiver(t *testing.T) *receiver {
	r := &receiver{t: t}
	r.Server = httptest.NewServer(r)
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	r.mu.Lock()
	r.requests++
	n, before := r.requests, r.before
	r.headers = req.Header
	r.mu.Unlock()
	if before != nil && before(n, w, req) {
		return
	}
	if req.Method != http.MethodPost || req.URL.Path != "/v1/logs" || req.Header.Get("Content-Type") != "application/x-protobuf" {
		r.t.Errorf("request %s %s %v", req.Method, req.URL, req.Header)
	}
	body, err := io.ReadAll(req.Body)
	if err != nil {
		r.t.Error(err)
		return
	}
	if req.Header.Get("Content-Encoding") == "gzip" {
		unzip, err := gzip.NewReader(bytes.NewReader(body))
		if err == nil {
			body, err = io.ReadAll(unzip)
		}
		if err != nil {
			r.t.Error(err)
			return
		}
	}
	var msg logs.LogsData // on the wire the same as ExportLogsServiceRequest
	if err := proto.Unmarshal(body, &msg); err != nil {
		r.t.Error(err)
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, res := range msg.ResourceLogs {
		r.resource = attributes(res.Resource.Attributes)
		for _, scope := range res.ScopeLogs {
			r.records = append(r.records, scope.LogRecords...)
		}
	}
	w.Header().Set("Content-Type", "application/x-protobuf") // an empty ExportLogsServiceResponse
}

func (r *receiver) got() []*logs.LogRecord {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]*logs.LogRecord(nil), r.records...)
}

func attributes(list []*common.KeyValue) map[string]string {
	out := map[string]string{}
	for _, kv := range list {
		if l := kv.Value.GetKvlistValue(); l != nil {
			for k, v := range attributes(l.Values) {
				out[kv.Key+"."+k] = v
			}
			continue
		}
		if s, ok := kv.Value.Value.(*common.AnyValue_StringValue); ok {
			out[kv.Key] = s.StringValue
			continue
		}
		out[kv.Key] = strings.Join(strings.Fields(kv.Value.String()), " ")
	}
	return out
}

// stderr replaces the process's stderr by a file for the rest of the test and
// returns a function that reads it.
func stderr(t *testing.T) func() string {
	t.Helper()
	f, err := os.Create(filepath.Join(t.TempDir(), "stderr"))
	if err != nil {
		t.Fatal(err)
	}
	before := os.Stderr
	os.Stderr = f
	t.Cleanup(func() { os.Stderr = before; _ = f.Close() })
	return func() string {
		data, err := os.ReadFile(f.Name())
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
}

func defaults(endpoint string) otelzap.Config {
	cfg := otelzap.Config{Format: "json", Level: "info"}
	if endpoint != "" {
		cfg.OTLP = otelzap.OTLP{Endpoint: endpoint, Timeout: 2 * time.Second}
	}
	return cfg
}

func start(t *testing.T, cfg otelzap.Config) (*slog.Logger, *otelzap.Logging, contracts.Host) {
	t.Helper()
	host := testkit.Host(t)
	l, err := otelzap.New(cfg, host)
	if err != nil {
		t.Fatal(err)
	}
	if err := l.OnStart(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		_ = l.OnStop(ctx)
	})
	return slog.New(l.LogHandler()), l, host
}

func stop(t *testing.T, l *otelzap.Logging, within time.Duration) time.Duration {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), within)
	defer cancel()
	began := time.Now()
	if err := l.OnStop(ctx); err != nil {
		t.Errorf("OnStop: %v", err)
	}
	return time.Since(began)
}

// lines parses JSON lines.
func lines(t *testing.T, text string) (out []map[string]any) {
	t.Helper()
	for s := bufio.NewScanner(strings.NewReader(text)); s.Scan(); {
		var m map[string]any
		if err := json.Unmarshal(s.Bytes(), &m); err != nil {
			t.Fatalf("%s: %v", s.Text(), err)
		}
		out = append(out, m)
	}
	return out
}

var span = trace.NewSpanContext(trace.SpanContextConfig{TraceID: trace.TraceID{1, 2, 3}, SpanID: trace.SpanID{4, 5}})

func TestRecordsReachStderrAndReceiver(t *testing.T) {
	read := stderr(t)
	r := newReceiver(t)
	host := testkit.Host(t)
	l, err := otelzap.New(defaults(r.URL), host)
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(l.LogHandler()).With("instance", "node")
	log.Info("before the start", "n", 1)
	if err := l.OnStart(t.Context()); err != nil {
		t.Fatal(err)
	}
	log.Debug("too low")
	ctx := trace.ContextWithSpanContext(t.Context(), span)
	log.WarnContext(ctx, "within a span", "text", "ü", "n", 42, "took", 1500*time.Millisecond, slog.Group("g", "x", 1, "y", "z"))
	log.WithGroup("req").ErrorContext(ctx, "it failed", "error", errors.New("no space"))
	stop(t, l, 5*time.Second)
	log.Info("after the stop")

	local := lines(t, read())
	if len(local) != 4 {
		t.Fatalf("stderr has %d lines, want 4:\n%s", len(local), read())
	}
	for key, want := range map[string]any{"level": "warn", "msg": "within a span", "instance": "node", "text": "ü", "n": 42.0, "took": "1.5s", "trace_id": span.TraceID().String(), "span_id": span.SpanID().String()} {
		if local[1][key] != want {
			t.Errorf("stderr: %s is %v, want %v", key, local[1][key], want)
		}
	}
	if at, err := time.Parse(time.RFC3339Nano, local[1]["time"].(string)); err != nil || time.Since(at) > time.Minute {
		t.Errorf("stderr: time %v", local[1]["time"])
	}
	if _, has := local[0]["trace_id"]; has || local[1]["context"] != nil {
		t.Errorf("stderr: %v", local)
	}
	if _, has := local[2]["trace_id"]; !has || local[2]["req"].(map[string]any)["error"] != "no space" || local[2]["stacktrace"] != nil {
		t.Errorf("stderr: %v", local[2])
	}

	got := r.got()
	if len(got) != 3 {
		t.Fatalf("the receiver got %d records, want 3", len(got))
	}
	if body := got[0].Body.GetStringValue(); body != "before the start" {
		t.Errorf("first record %q", body)
	}
	w := got[1]
	attrs := attributes(w.Attributes)
	if w.Body.GetStringValue() != "within a span" || w.SeverityNumber != logs.SeverityNumber_SEVERITY_NUMBER_WARN || w.SeverityText != "warn" {
		t.Errorf("record %v", w)
	}
	if id := span.TraceID(); !bytes.Equal(w.TraceId, id[:]) {
		t.Errorf("trace id %x", w.TraceId)
	}
	if id := span.SpanID(); !bytes.Equal(w.SpanId, id[:]) {
		t.Errorf("span id %x", w.SpanId)
	}
	if age := time.Since(time.Unix(0, int64(w.TimeUnixNano))); age < 0 || age > time.Minute {
		t.Errorf("record is %s old", age)
	}
	for key, want := range map[string]string{"instance": "node", "text": "ü", "n": "int_value:42", "g.y": "z"} {
		if attrs[key] != want {
			t.Errorf("attribute %s is %q, want %q (all: %v)", key, attrs[key], want, attrs)
		}
	}
	if _, has := attrs["context"]; has || len(got[0].TraceId) > 0 {
		t.Errorf("attributes %v, trace id of the first record %x", attrs, got[0].TraceId)
	}
	if e := got[2]; e.SeverityNumber != logs.SeverityNumber_SEVERITY_NUMBER_ERROR || !strings.Contains(e.String(), "no space") {
		t.Errorf("record %v", e)
	}
	hostname, _ := os.Hostname()
	if r.resource["service.name"] != "test" || r.resource["service.instance.id"] != hostname {
		t.Errorf("resource %v", r.resource)
	}
	if err := testutil.GatherAndCompare(host.Gatherer, strings.NewReader(`
# HELP dvz_otelzap_export_failures_total Batches of log records that could not be sent.
# TYPE dvz_otelzap_export_failures_total counter
dvz_otelzap_export_failures_total{instance="test"} 0
# HELP dvz_otelzap_records_exported_total Log records that the OTLP receiver has taken.
# TYPE dvz_otelzap_records_exported_total counter
dvz_otelzap_records_exported_total{instance="test"} 3
# HELP dvz_otelzap_records_total Log records written, by level.
# TYPE dvz_otelzap_records_total counter
dvz_otelzap_records_total{instance="test",level="debug"} 0
dvz_otelzap_records_total{instance="test",level="info"} 2
dvz_otelzap_records_total{instance="test",level="warn"} 1
dvz_otelzap_records_total{instance="test",level="error"} 1
`), "dvz_otelzap_export_failures_total", "dvz_otelzap_records_exported_total", "dvz_otelzap_records_total"); err != nil {
		t.Error(err)
	}
}

type valuer struct{}

func (valuer) LogValue() slog.Value {
	return slog.GroupValue(slog.String("user", "u"), slog.String("password", "hidden"))
}

func TestSecretsAreRedacted(t *testing.T) {
	read := stderr(t)
	r := newReceiver(t)
	log, l, _ := start(t, defaults(r.URL))
	log.With("Authorization", "hidden", slog.Group("h", "x-api_key", []byte("hidden"))).
		Info("m", "db_password", "hidden", slog.Group("g", "access_token", "hidden", "fine", "seen"), "v", valuer{},
			"tokens", 3, "secret", contracts.Secret{Env: "JWT_SECRET"}, slog.Group("secrets", "a", "hidden"))
	stop(t, l, 5*time.Second)
	got := r.got()
	if len(got) != 1 {
		t.Fatalf("%d records", len(got))
	}
	for where, text := range map[string]string{"stderr": read(), "receiver": got[0].String()} {
		if strings.Contains(text, "hidden") {
			t.Errorf("%s shows a secret: %s", where, text)
		}
		if n := strings.Count(text, "[redacted]"); n != 6 {
			t.Errorf("%s redacts %d values, want 6: %s", where, n, text)
		}
		for _, want := range []string{"seen", "environment variable JWT_SECRET", "tokens"} {
			if !strings.Contains(text, want) {
				t.Errorf("%s lacks %q: %s", where, want, text)
			}
		}
	}
	if lines(t, read())[0]["tokens"] != 3.0 {
		t.Errorf("a number was redacted: %s", read())
	}
}

func TestReceiverDown(t *testing.T) {
	read := stderr(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = l.Close()
	log, logging, host := start(t, defaults("http://"+l.Addr().String()))
	began := time.Now()
	for range 10_000 {
		log.Info("a record", "with", "attributes", "n", 1)
	}
	if d := time.Since(began); d > 5*time.Second {
		t.Errorf("10000 records took %s", d)
	}
	time.Sleep(1200 * time.Millisecond) // into the retries
	if d := stop(t, logging, 10*time.Second); d > 3*time.Second {
		t.Errorf("the stop took %s although nobody listens", d)
	}
	text := read()
	if n := strings.Count(text, "\n") - strings.Count(text, "a record"); n < 1 || n > 2 {
		t.Errorf("%d complaints on stderr, want 1 or 2", n)
	}
	if strings.Count(text, "OTLP receiver") == 0 {
		t.Error("stderr does not say that the receiver is not there")
	}
	sum := 0.0
	families, err := host.Gatherer.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == "dvz_otelzap_records_dropped_total" {
			for _, m := range f.Metric {
				sum += m.Counter.GetValue()
			}
		}
	}
	if sum != 10_000 {
		t.Errorf("%v records are counted as dropped, want 10000: %v", sum, families)
	}
}

func TestReceiverComesBack(t *testing.T) {
	stderr(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	_ = l.Close()
	log, logging, _ := start(t, defaults("http://"+address))
	log.Info("while it is away")
	time.Sleep(1100 * time.Millisecond)

	r := newReceiver(t)
	if l, err = net.Listen("tcp", address); err != nil {
		t.Skip(err) // somebody else took the port
	}
	again := &http.Server{Handler: r}
	go func() { _ = again.Serve(l) }()
	defer again.Close()
	for deadline := time.Now().Add(10 * time.Second); len(r.got()) == 0; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the record did not arrive after the receiver came back")
		}
	}
	stop(t, logging, time.Second)
	if n := len(r.got()); n != 1 {
		t.Errorf("%d records, want 1", n)
	}
}

func TestReceiverAsksToWait(t *testing.T) {
	stderr(t)
	r := newReceiver(t)
	r.before = func(n int, w http.ResponseWriter, _ *http.Request) bool {
		if n == 1 {
			w.Header().Set("Retry-After", "1")
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		return n == 1
	}
	log, logging, _ := start(t, defaults(r.URL))
	log.Info("patience")
	if d := stop(t, logging, 10*time.Second); d < 900*time.Millisecond || d > 5*time.Second {
		t.Errorf("the stop took %s, want a bit more than Retry-After", d)
	}
	if n := len(r.got()); n != 1 {
		t.Errorf("%d records, want 1", n)
	}
}

func TestSlowReceiverDoesNotHoldUpTheStop(t *testing.T) {
	read := stderr(t)
	r := newReceiver(t)
	release := make(chan struct{})
	r.before = func(int, http.ResponseWriter, *http.Request) bool { <-release; return true }
	t.Cleanup(func() { close(release) }) // before the server's own cleanup
	for name, c := range map[string]struct{ deadline, most time.Duration }{
		"deadline":    {300 * time.Millisecond, time.Second},
		"no deadline": {time.Hour, 6 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := defaults(r.URL)
			cfg.OTLP.Timeout = time.Minute
			log, logging, _ := start(t, cfg)
			began := time.Now()
			for range 1000 {
				log.Info("a record")
			}
			if d := time.Since(began); d > time.Second {
				t.Errorf("1000 records took %s", d)
			}
			if d := stop(t, logging, c.deadline); d > c.most {
				t.Errorf("the stop took %s, want at most %s", d, c.most)
			}
			if !strings.Contains(read(), "not all log records were sent") {
				t.Error("stderr does not say that records are missing")
			}
		})
	}
}

func TestRefusedRecordsAreReportedOnce(t *testing.T) {
	read := stderr(t)
	r := newReceiver(t)
	r.before = func(_ int, w http.ResponseWriter, _ *http.Request) bool {
		http.Error(w, "go away\nnow", http.StatusForbidden)
		return true
	}
	t.Setenv("DVZ_TEST_HEADER", "Bearer hidden")
	cfg := defaults(r.URL)
	cfg.OTLP.Headers = []otelzap.Header{{Name: "Authorization", Value: contracts.Secret{Env: "DVZ_TEST_HEADER"}}}
	log, logging, host := start(t, cfg)
	for range 1500 {
		log.Info("a record")
	}
	stop(t, logging, 5*time.Second)
	text := read()
	if strings.Count(text, "go away now") != 1 || strings.Contains(text, "hidden") {
		t.Errorf("complaints:\n%s", strings.ReplaceAll(text, "a record", ""))
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if got := r.headers.Get("Authorization"); got != "Bearer hidden" {
		t.Errorf("header %q", got)
	}
	if n, err := testutil.GatherAndCount(host.Gatherer, "dvz_otelzap_export_failures_total"); n != 1 || err != nil {
		t.Errorf("failures: %d %v", n, err)
	}
}

func TestStderrOnly(t *testing.T) {
	read := stderr(t)
	cfg := defaults("")
	cfg.Format, cfg.Level = "console", "debug"
	cfg.Sampling = otelzap.Sampling{First: 2, Thereafter: 0}
	log, l, host := start(t, cfg)
	for range 10 {
		log.Debug("often", "k", "v")
	}
	log.Debug("once")
	stop(t, l, time.Second)
	text := read()
	if strings.Count(text, "often") != 2 || strings.Count(text, "once") != 1 || !strings.Contains(text, "DEBUG\toften\t{\"k\": \"v\"}") {
		t.Errorf("stderr:\n%s", text)
	}
	if err := testutil.GatherAndCompare(host.Gatherer, strings.NewReader(`
# HELP dvz_otelzap_records_dropped_total Log records that were dropped, by reason: sampled (from all output), queue_full or export_failed (from OTLP only).
# TYPE dvz_otelzap_records_dropped_total counter
dvz_otelzap_records_dropped_total{instance="test",reason="export_failed"} 0
dvz_otelzap_records_dropped_total{instance="test",reason="queue_full"} 0
dvz_otelzap_records_dropped_total{instance="test",reason="sampled"} 8
`), "dvz_otelzap_records_dropped_total"); err != nil {
		t.Error(err)
	}
}

func TestNewRefuses(t *testing.T) {
	for _, c := range []struct {
		name string
		set  func(*otelzap.Config)
		want string
	}{
		{"level", func(c *otelzap.Config) { c.Level = "loud" }, "level is"},
		{"format", func(c *otelzap.Config) { c.Format = "xml" }, "format is"},
		{"endpoint", func(c *otelzap.Config) { c.OTLP.Endpoint = "http://u:hidden@h/" }, "otlp.endpoint"},
		{"scheme", func(c *otelzap.Config) { c.OTLP.Endpoint = "127.0.0.1:4318" }, "otlp.endpoint"},
		{"header", func(c *otelzap.Config) {
			c.OTLP.Headers = []otelzap.Header{{Name: "X", Value: contracts.Secret{Env: "DVZ_TEST_NOT_SET"}}}
		}, "DVZ_TEST_NOT_SET"},
		{"ca", func(c *otelzap.Config) { c.OTLP.CAFile = "/nonexistent" }, "otlp.ca_file"},
	} {
		t.Run(c.name, func(t *testing.T) {
			cfg := defaults("http://127.0.0.1:1")
			c.set(&cfg)
			_, err := otelzap.New(cfg, testkit.Host(t))
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "hidden") {
				t.Errorf("got %v, want an error with %q", err, c.want)
			}
		})
	}
}
