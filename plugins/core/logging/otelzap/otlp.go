package otelzap

import (
	"context"
	"log/slog"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/detectviz/detectviz/platform/contracts"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	sdk "go.opentelemetry.io/otel/sdk/log"
	"go.opentelemetry.io/otel/sdk/resource"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
)

// complainEvery is the shortest time between two complaints on stderr.
const complainEvery = 30 * time.Second

// pipe is the way to the receiver: provider (what the bridge writes to) → queue
// → sender.
//
// OpenTelemetry's own batch processor and OTLP exporter are not used: the one
// takes a megabyte at rest, the other links all of gRPC.
type pipe struct {
	provider *sdk.LoggerProvider
	queue    *queue
	complain *complaints
}

func newPipe(cfg OTLP, host contracts.Host, metrics *telemetry, local *slog.Logger) (*pipe, error) {
	attrs := []attribute.KeyValue{semconv.ServiceName(host.Composition)}
	if name, err := os.Hostname(); err == nil {
		attrs = append(attrs, semconv.ServiceInstanceID(name))
	}
	res := resource.NewWithAttributes(semconv.SchemaURL, attrs...)
	out, err := newSender(cfg, host.ReadSecret)
	if err != nil {
		return nil, err
	}
	p := &pipe{complain: &complaints{log: local}}
	p.queue = newQueue(res, out, metrics, p.complain)
	p.provider = sdk.NewLoggerProvider(sdk.WithResource(res), sdk.WithProcessor(p.queue))
	return p, nil
}

// start begins to send, and routes OpenTelemetry's own errors, which are global
// to the process, to stderr.
func (p *pipe) start() {
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) { p.complain.say("OpenTelemetry reports an error", err) }))
	p.queue.start()
}

func (p *pipe) stop(ctx context.Context) {
	if err := p.provider.Shutdown(ctx); err != nil {
		p.complain.say("not all log records were sent to the OTLP receiver before the stop", err)
	}
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
