// Package otelzap is the process's log output: every slog record goes through
// zap to stderr and, if the composition wants it, through OpenTelemetry's
// bridge for zap to an OTLP receiver. It provides the capability LogHandler.
//
// The way of a record: handler.go (redaction, trace) → zapslog → zap's cores:
// local.go (stderr) and otlp.go (queue.go, encode.go, sender.go).
package otelzap

//go:generate go tool cue exp gengotypes --outfile config_gen.go .

import (
	"context"
	"fmt"
	"log/slog"
	"math"
	"os"
	"time"

	"github.com/detectviz/detectviz/platform/contracts"
	"github.com/prometheus/client_golang/prometheus"
	bridge "go.opentelemetry.io/contrib/bridges/otelzap"
	"go.uber.org/zap/exp/zapslog"
	"go.uber.org/zap/zapcore"
)

// Logging is the log output of one process.
type Logging struct {
	handler *handler
	otlp    *pipe // nil: stderr only
}

// New prepares the output. stderr works at once; records for the OTLP receiver
// wait until OnStart.
func New(cfg Config, host contracts.Host) (*Logging, error) {
	var level slog.Level
	if err := level.UnmarshalText([]byte(cfg.Level)); err != nil {
		return nil, fmt.Errorf("level is %q; it must be debug, info, warn or error", cfg.Level)
	}
	metrics, err := newTelemetry(host.Telemetry)
	if err != nil {
		return nil, err
	}
	local, err := newLocal(cfg.Format, zapcore.Lock(os.Stderr))
	if err != nil {
		return nil, err
	}
	l := &Logging{}
	core := local
	if cfg.OTLP.Endpoint != "" {
		own := slog.New(newSlog(local)).With("instance", host.Instance)
		if l.otlp, err = newPipe(cfg.OTLP, host, metrics, own); err != nil {
			return nil, err
		}
		core = zapcore.NewTee(local, bridge.NewCore(host.Composition, bridge.WithLoggerProvider(l.otlp.provider)))
	}
	if s := cfg.Sampling; s.First > 0 {
		core = zapcore.NewSamplerWithOptions(core, time.Second, s.First, s.Thereafter,
			zapcore.SamplerHook(func(_ zapcore.Entry, decision zapcore.SamplingDecision) {
				if decision&zapcore.LogDropped != 0 {
					metrics.sampled.Inc()
				}
			}))
	}
	l.handler = &handler{level: level, next: newSlog(core), metrics: metrics}
	return l, nil
}

// newSlog makes a slog handler of a zap core. zapslog would add a stack trace to
// every error; errors of a service are told by their text.
func newSlog(core zapcore.Core) slog.Handler {
	return zapslog.NewHandler(core, zapslog.AddStacktraceAt(slog.Level(math.MaxInt)))
}

// LogHandler implements contracts.LogHandler.
func (l *Logging) LogHandler() slog.Handler { return l.handler }

// OnStart begins to send records to the OTLP receiver, which need not be there.
func (l *Logging) OnStart(context.Context) error {
	if l.otlp != nil {
		l.otlp.start()
	}
	return nil
}

// OnStop sends what still waits, as far as ctx allows. Later records go to
// stderr only. That records could not be sent is logged and counted, but is no
// error: a missing receiver must not make the stop of a service fail.
func (l *Logging) OnStop(ctx context.Context) error {
	if l.otlp != nil {
		l.otlp.stop(ctx)
	}
	return nil
}

// telemetry is what the output tells about itself.
type telemetry struct {
	records                   [4]prometheus.Counter // by level
	sampled, overflow, unsent prometheus.Counter    // dropped, by reason
	exported, failures        prometheus.Counter
}

func newTelemetry(reg prometheus.Registerer) (*telemetry, error) {
	records := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "dvz_otelzap_records_total",
		Help: "Log records written, by level.",
	}, []string{"level"})
	dropped := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "dvz_otelzap_records_dropped_total",
		Help: "Log records that were dropped, by reason: sampled (from all output), queue_full or export_failed (from OTLP only).",
	}, []string{"reason"})
	t := &telemetry{
		sampled:  dropped.WithLabelValues("sampled"),
		overflow: dropped.WithLabelValues("queue_full"),
		unsent:   dropped.WithLabelValues("export_failed"),
		exported: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "dvz_otelzap_records_exported_total",
			Help: "Log records that the OTLP receiver has taken.",
		}),
		failures: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "dvz_otelzap_export_failures_total",
			Help: "Batches of log records that could not be sent.",
		}),
	}
	for i, level := range []string{"debug", "info", "warn", "error"} {
		t.records[i] = records.WithLabelValues(level)
	}
	for _, c := range []prometheus.Collector{records, dropped, t.exported, t.failures} {
		if err := reg.Register(c); err != nil {
			return nil, fmt.Errorf("cannot register telemetry: %w", err)
		}
	}
	return t, nil
}

// count counts a record.
func (t *telemetry) count(level slog.Level) {
	switch {
	case level >= slog.LevelError:
		t.records[3].Inc()
	case level >= slog.LevelWarn:
		t.records[2].Inc()
	case level >= slog.LevelInfo:
		t.records[1].Inc()
	default:
		t.records[0].Inc()
	}
}

var _ contracts.LogHandler = (*Logging)(nil)
