package otelzap

import (
	"context"
	"fmt"

	"go.opentelemetry.io/otel/trace"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// newLocal returns the core that writes lines. The keys are those of slog's own
// JSON handler.
func newLocal(format string, out zapcore.WriteSyncer) (zapcore.Core, error) {
	conf := zapcore.EncoderConfig{
		TimeKey:        "time",
		LevelKey:       "level",
		MessageKey:     "msg",
		EncodeTime:     zapcore.RFC3339NanoTimeEncoder,
		EncodeLevel:    zapcore.LowercaseLevelEncoder,
		EncodeDuration: zapcore.StringDurationEncoder,
	}
	var enc zapcore.Encoder
	switch format {
	case "json":
		enc = zapcore.NewJSONEncoder(conf)
	case "console":
		conf.EncodeTime = zapcore.TimeEncoderOfLayout("15:04:05.000")
		conf.EncodeLevel = zapcore.CapitalLevelEncoder
		enc = zapcore.NewConsoleEncoder(conf)
	default:
		return nil, fmt.Errorf("format is %q; it must be json or console", format)
	}
	return spanCore{zapcore.NewCore(enc, out, zapcore.DebugLevel)}, nil
}

// spanCore writes the trace and span of a context in place of the context.
type spanCore struct{ zapcore.Core }

// With implements zapcore.Core.
func (c spanCore) With(fields []zapcore.Field) zapcore.Core { return spanCore{c.Core.With(fields)} }

// Check implements zapcore.Core.
func (c spanCore) Check(e zapcore.Entry, ce *zapcore.CheckedEntry) *zapcore.CheckedEntry {
	if c.Enabled(e.Level) {
		return ce.AddCore(e, c)
	}
	return ce
}

// Write implements zapcore.Core.
func (c spanCore) Write(e zapcore.Entry, fields []zapcore.Field) error {
	for i, f := range fields {
		ctx, ok := f.Interface.(context.Context)
		if !ok {
			continue
		}
		span := trace.SpanContextFromContext(ctx)
		with := make([]zapcore.Field, 0, len(fields)+1)
		// First, to stand outside of groups. fields are shared with the other core.
		with = append(with, zap.Stringer("trace_id", span.TraceID()), zap.Stringer("span_id", span.SpanID()))
		with = append(with, fields[:i]...)
		fields = append(with, fields[i+1:]...)
		break
	}
	return c.Core.Write(e, fields)
}
