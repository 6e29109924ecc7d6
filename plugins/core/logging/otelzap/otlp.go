package otelzap

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/detectviz/detectviz/platform/contracts"
	"github.com/go-logr/logr"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlplog/otlploghttp"
	sdk "go.opentelemetry.io/otel/sdk/log"
	"go.opentelemetry.io/otel/sdk/resource"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
)

const (
	queueSize     = 1024             // records that wait for the receiver; each takes 640 bytes from the start
	exportTimeout = 30 * time.Second // for a batch, with all tries
	complainEvery = 30 * time.Second // between two complaints on stderr
)

// pipe is the way to the receiver: gate → the SDK's batch processor → exporter.
type pipe struct {
	provider *sdk.LoggerProvider
	gate     gate
	exporter *exporter
	metrics  *telemetry
	complain *complaints
}

func newPipe(cfg OTLP, host contracts.Host, metrics *telemetry, local *slog.Logger) (*pipe, error) {
	u, err := url.Parse(cfg.Endpoint)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.User != nil {
		return nil, errors.New("otlp.endpoint is not an absolute http or https URL without user name and password")
	}
	sender, err := newSender(cfg, host.ReadSecret)
	if err != nil {
		return nil, err
	}
	out, err := otlploghttp.New(context.Background(),
		otlploghttp.WithEndpointURL(u.JoinPath("v1", "logs").String()),
		otlploghttp.WithCompression(otlploghttp.GzipCompression),
		otlploghttp.WithHTTPClient(&http.Client{
			Transport: sender,
			Timeout:   cfg.Timeout,
			// A redirect would carry the headers elsewhere.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		}),
		otlploghttp.WithRetry(otlploghttp.RetryConfig{Enabled: true, InitialInterval: time.Second, MaxInterval: 10 * time.Second, MaxElapsedTime: exportTimeout}),
	)
	if err != nil {
		return nil, fmt.Errorf("cannot make the OTLP exporter: %w", err)
	}
	p := &pipe{metrics: metrics, complain: &complaints{log: local}}
	p.gate.metrics = metrics
	p.exporter = &exporter{next: out, sender: sender, metrics: metrics}
	p.exporter.ctx, p.exporter.cancel = context.WithCancel(context.Background())

	attrs := []attribute.KeyValue{semconv.ServiceName(host.Composition)}
	if name, err := os.Hostname(); err == nil {
		attrs = append(attrs, semconv.ServiceInstanceID(name))
	}
	p.provider = sdk.NewLoggerProvider(
		sdk.WithResource(resource.NewWithAttributes(semconv.SchemaURL, attrs...)),
		sdk.WithProcessor(&p.gate),
	)
	return p, nil
}

// start opens the gate and routes OpenTelemetry's own troubles, which are global
// to the process, to stderr.
func (p *pipe) start() {
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) {
		p.complain.say("cannot send log records to the OTLP receiver", err)
	}))
	otel.SetLogger(logr.New(sdkSink{p}))
	p.gate.open(sdk.NewBatchProcessor(p.exporter,
		sdk.WithMaxQueueSize(queueSize),
		sdk.WithExportTimeout(exportTimeout),
	))
}

func (p *pipe) stop(ctx context.Context) {
	p.exporter.stopping()
	if err := p.provider.Shutdown(ctx); err != nil {
		p.complain.say("not all log records were sent to the OTLP receiver before the stop", err)
	}
}

// gate holds the first records back until the processor behind it runs: the
// constructor must not start goroutines, but what is logged between
// construction and start must not be lost.
type gate struct {
	next    atomic.Pointer[sdk.BatchProcessor]
	metrics *telemetry

	mu      sync.Mutex
	waiting []sdk.Record
}

func (g *gate) open(next *sdk.BatchProcessor) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for i := range g.waiting {
		_ = next.OnEmit(context.Background(), &g.waiting[i]) // never fails
	}
	g.waiting = nil
	g.next.Store(next)
}

// Enabled implements sdk.Processor.
func (g *gate) Enabled(context.Context, sdk.EnabledParameters) bool { return true }

// OnEmit implements sdk.Processor.
func (g *gate) OnEmit(ctx context.Context, r *sdk.Record) error {
	if next := g.next.Load(); next != nil {
		return next.OnEmit(ctx, r)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if next := g.next.Load(); next != nil {
		return next.OnEmit(ctx, r)
	}
	if len(g.waiting) == queueSize {
		g.metrics.overflow.Inc()
		return nil
	}
	g.waiting = append(g.waiting, r.Clone())
	return nil
}

// Shutdown implements sdk.Processor.
func (g *gate) Shutdown(ctx context.Context) error {
	if next := g.next.Load(); next != nil {
		return next.Shutdown(ctx)
	}
	return nil
}

// ForceFlush implements sdk.Processor.
func (g *gate) ForceFlush(ctx context.Context) error {
	if next := g.next.Load(); next != nil {
		return next.ForceFlush(ctx)
	}
	return nil
}

// exporter counts, and ends a hopeless export when the process stops.
type exporter struct {
	next    *otlploghttp.Exporter
	sender  *sender
	metrics *telemetry
	ctx     context.Context
	cancel  context.CancelFunc
}

// stopping ends the export under way if the receiver cannot be reached, so that
// a stop does not wait for a receiver that is not there.
func (e *exporter) stopping() {
	e.sender.last.Store(true)
	if e.sender.unreachable.Load() {
		e.cancel()
	}
}

// Export implements sdk.Exporter.
func (e *exporter) Export(ctx context.Context, records []sdk.Record) error {
	if len(records) == 0 {
		return nil
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if e.ctx.Err() == nil { // the export that was cancelled is not the last one
		defer context.AfterFunc(e.ctx, cancel)()
	}
	if err := e.next.Export(ctx, records); err != nil {
		e.metrics.failures.Inc()
		e.metrics.unsent.Add(float64(len(records)))
		return err
	}
	e.metrics.exported.Add(float64(len(records)))
	return nil
}

// ForceFlush implements sdk.Exporter.
func (e *exporter) ForceFlush(ctx context.Context) error { return e.next.ForceFlush(ctx) }

// Shutdown implements sdk.Exporter.
func (e *exporter) Shutdown(ctx context.Context) error {
	e.cancel()
	return e.next.Shutdown(ctx)
}

// sender is the HTTP transport: it adds the headers and lets the exporter try
// again when there is no connection, which OpenTelemetry takes for final. (A
// receiver that is restarted refuses connections.)
type sender struct {
	base        *http.Transport
	headers     func() (http.Header, error)
	unreachable atomic.Bool // the last try found no receiver
	last        atomic.Bool // the process stops: no further tries
}

func newSender(cfg OTLP, readSecret func(contracts.Secret) ([]byte, error)) (*sender, error) {
	conf := &tls.Config{MinVersion: tls.VersionTLS12}
	if cfg.CAFile != "" {
		pem, err := os.ReadFile(cfg.CAFile)
		if err != nil {
			return nil, fmt.Errorf("cannot read otlp.ca_file: %w", err)
		}
		conf.RootCAs = x509.NewCertPool()
		if !conf.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("otlp.ca_file %s holds no certificate in PEM form", cfg.CAFile)
		}
	}
	s := &sender{
		base: &http.Transport{
			Proxy:               http.ProxyFromEnvironment,
			DialContext:         (&net.Dialer{Timeout: 5 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
			TLSClientConfig:     conf,
			ForceAttemptHTTP2:   true,
			MaxIdleConnsPerHost: 1,
			IdleConnTimeout:     90 * time.Second,
			TLSHandshakeTimeout: 5 * time.Second,
		},
		headers: func() (http.Header, error) {
			h := http.Header{}
			for _, header := range cfg.Headers {
				value, err := readSecret(header.Value)
				if err != nil {
					return nil, fmt.Errorf("cannot read the value of the otlp header %s: %w", header.Name, err)
				}
				h.Set(header.Name, string(value))
			}
			return h, nil
		},
	}
	if _, err := s.headers(); err != nil {
		return nil, err
	}
	return s, nil
}

// temporary makes the exporter try again.
type temporary struct{ error }

func (temporary) Temporary() bool { return true }
func (t temporary) Unwrap() error { return t.error }

// RoundTrip implements http.RoundTripper.
func (s *sender) RoundTrip(req *http.Request) (*http.Response, error) {
	headers, err := s.headers()
	if err != nil {
		_ = req.Body.Close() // as a transport must
		return nil, err
	}
	if len(headers) > 0 {
		req = req.Clone(req.Context())
		for name, values := range headers {
			req.Header[name] = values
		}
	}
	resp, err := s.base.RoundTrip(req)
	s.unreachable.Store(err != nil)
	if err != nil && !s.last.Load() && req.Context().Err() == nil {
		return nil, temporary{err}
	}
	return resp, err
}

// complaints writes to stderr that the way to the receiver is troubled: not more
// often than complainEvery, and never to the receiver itself.
type complaints struct {
	log *slog.Logger

	mu     sync.Mutex
	next   time.Time
	silent int
}

func (c *complaints) say(msg string, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	if now.Before(c.next) {
		c.silent++
		return
	}
	args := []any{"error", oneLine(err)}
	if c.silent > 0 {
		args = append(args, "not_logged", c.silent)
	}
	c.next, c.silent = now.Add(complainEvery), 0
	c.log.Warn(msg, args...)
}

// oneLine shortens an error: it may quote the receiver's whole answer.
func oneLine(err error) string {
	const longest = 300
	text := strings.Join(strings.Fields(err.Error()), " ")
	if len(text) > longest {
		text = strings.ToValidUTF8(text[:longest], "") + "…"
	}
	return text
}

// sdkSink receives what OpenTelemetry logs internally. The batch processor tells
// only there how many records did not fit into its queue.
type sdkSink struct{ p *pipe }

// Init implements logr.LogSink.
func (s sdkSink) Init(logr.RuntimeInfo) {}

// Enabled implements logr.LogSink; 1 is OpenTelemetry's level for warnings.
func (s sdkSink) Enabled(level int) bool { return level <= 1 }

// Info implements logr.LogSink.
func (s sdkSink) Info(_ int, msg string, args ...any) {
	for i := 0; i+1 < len(args); i += 2 {
		if n, ok := args[i+1].(uint64); ok && args[i] == "dropped" {
			s.p.metrics.overflow.Add(float64(n))
			s.p.complain.say("the queue of log records for the OTLP receiver is full; the oldest were dropped", fmt.Errorf("dropped %d records", n))
			return
		}
	}
	s.p.complain.say("OpenTelemetry warns", errors.New(msg))
}

// Error implements logr.LogSink.
func (s sdkSink) Error(err error, msg string, _ ...any) {
	s.p.complain.say("OpenTelemetry: "+msg, err)
}

// WithValues implements logr.LogSink.
func (s sdkSink) WithValues(...any) logr.LogSink { return s }

// WithName implements logr.LogSink.
func (s sdkSink) WithName(string) logr.LogSink { return s }
