// Package logging holds the platform's log output: a slog.Handler whose target
// can be exchanged while loggers are in use, so that a plugin may take over the
// output after others were given their loggers.
package logging

import (
	"context"
	"log/slog"
	"sync/atomic"
)

// Handler is a slog.Handler that forwards to the target of the moment. Loggers
// derived from it (With, WithGroup) follow an exchange, too.
type Handler struct {
	target *atomic.Pointer[target] // shared by all that derive from one New
	derive func(slog.Handler) slog.Handler
	cached atomic.Pointer[cached]
}

type target struct{ slog.Handler }

// cached is the result of derive for one target.
type cached struct {
	from *target
	h    slog.Handler
}

// New returns a handler that forwards to h.
func New(h slog.Handler) *Handler {
	p := new(atomic.Pointer[target])
	p.Store(&target{h})
	return &Handler{target: p, derive: func(h slog.Handler) slog.Handler { return h }}
}

// SwitchTo makes h the target of this handler and of all related ones.
func (s *Handler) SwitchTo(h slog.Handler) { s.target.Store(&target{h}) }

func (s *Handler) current() slog.Handler {
	t := s.target.Load()
	if c := s.cached.Load(); c != nil && c.from == t {
		return c.h
	}
	c := &cached{from: t, h: s.derive(t.Handler)}
	s.cached.Store(c)
	return c.h
}

// Enabled implements slog.Handler.
func (s *Handler) Enabled(ctx context.Context, l slog.Level) bool { return s.current().Enabled(ctx, l) }

// Handle implements slog.Handler.
func (s *Handler) Handle(ctx context.Context, r slog.Record) error { return s.current().Handle(ctx, r) }

// WithAttrs implements slog.Handler.
func (s *Handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &Handler{target: s.target, derive: func(h slog.Handler) slog.Handler { return s.derive(h).WithAttrs(attrs) }}
}

// WithGroup implements slog.Handler.
func (s *Handler) WithGroup(name string) slog.Handler {
	return &Handler{target: s.target, derive: func(h slog.Handler) slog.Handler { return s.derive(h).WithGroup(name) }}
}
