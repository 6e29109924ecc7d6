package otelzap

import (
	"context"
	"log/slog"
	"slices"
	"strings"

	"github.com/detectviz/detectviz/platform/contracts"
	"go.opentelemetry.io/otel/trace"
)

// contextKey is the attribute that carries the context through zap, which has
// no place of its own for it. The cores recognise it by its type.
const contextKey = "context"

// handler applies the level, redacts, and hands the context on when it carries
// a span.
type handler struct {
	level   slog.Level
	next    slog.Handler
	metrics *telemetry
}

// Enabled implements slog.Handler.
func (h *handler) Enabled(_ context.Context, level slog.Level) bool { return level >= h.level }

// Handle implements slog.Handler.
func (h *handler) Handle(ctx context.Context, r slog.Record) error {
	h.metrics.count(r.Level)
	suspicious := false
	r.Attrs(func(a slog.Attr) bool {
		suspicious = mayHide(a)
		return !suspicious
	})
	if suspicious {
		clean := slog.NewRecord(r.Time, r.Level, r.Message, r.PC)
		r.Attrs(func(a slog.Attr) bool {
			clean.AddAttrs(redact(a))
			return true
		})
		r = clean
	}
	if ctx != nil && trace.SpanContextFromContext(ctx).IsValid() {
		r = r.Clone()
		r.AddAttrs(slog.Any(contextKey, ctx))
	}
	return h.next.Handle(ctx, r)
}

// WithAttrs implements slog.Handler.
func (h *handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	if len(attrs) == 0 {
		return h
	}
	clean := slices.Clone(attrs)
	for i, a := range clean {
		clean[i] = redact(a)
	}
	with := *h
	with.next = h.next.WithAttrs(clean)
	return &with
}

// WithGroup implements slog.Handler.
func (h *handler) WithGroup(name string) slog.Handler {
	if name == "" {
		return h
	}
	with := *h
	with.next = h.next.WithGroup(name)
	return &with
}

// secretWords make a name that contains one of them look like a secret's.
var secretWords = []string{"password", "passwd", "secret", "token", "authorization", "cookie", "api_key", "apikey", "private_key"}

func secretName(name string) bool {
	lower := strings.ToLower(name)
	return slices.ContainsFunc(secretWords, func(w string) bool { return strings.Contains(lower, w) })
}

// mayHide reports whether redact could change the attribute.
func mayHide(a slog.Attr) bool {
	switch a.Value.Kind() {
	case slog.KindGroup, slog.KindLogValuer:
		return true
	}
	return secretName(a.Key)
}

// redact replaces the value of an attribute that looks like a secret, also
// within groups. Numbers and the like stay: "tokens: 3" is no secret.
func redact(a slog.Attr) slog.Attr {
	if _, place := a.Value.Any().(contracts.Secret); place {
		return a // prints where the secret is, not the secret
	}
	a.Value = a.Value.Resolve()
	switch a.Value.Kind() {
	case slog.KindBool, slog.KindDuration, slog.KindFloat64, slog.KindInt64, slog.KindUint64, slog.KindTime:
		return a
	}
	if secretName(a.Key) {
		return slog.String(a.Key, "[redacted]")
	}
	if a.Value.Kind() == slog.KindGroup {
		group := slices.Clone(a.Value.Group())
		for i, member := range group {
			group[i] = redact(member)
		}
		a.Value = slog.GroupValue(group...)
	}
	return a
}
