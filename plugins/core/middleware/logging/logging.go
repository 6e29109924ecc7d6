// Package logging is the middleware that writes the access log, through slog
// like every other log of the process.
package logging

//go:generate go tool cue exp gengotypes --outfile config_gen.go .

import (
	"crypto/rand"
	"log/slog"
	"net"
	"net/http"
	"regexp"
	"time"

	"github.com/detectviz/detectviz/platform/contracts"
	"github.com/detectviz/detectviz/platform/web"
)

// maxPath is how much of a path is logged, in bytes; clients choose them.
const maxPath = 512

// requestIDForm is what an id from outside may look like.
var requestIDForm = regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}$`)

// Logging is the middleware.
type Logging struct {
	log  *slog.Logger
	skip map[string]bool
}

// New prepares the middleware.
func New(cfg Config, host contracts.Host) (*Logging, error) {
	m := &Logging{log: host.Log, skip: make(map[string]bool, len(cfg.Skip))}
	for _, path := range cfg.Skip {
		m.skip[path] = true
	}
	return m, nil
}

// Wrap implements contracts.Middleware.
func (m *Logging) Wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := time.Now()
		id := r.Header.Get("X-Request-Id")
		if !requestIDForm.MatchString(id) {
			id = rand.Text()
			r.Header.Set("X-Request-Id", id)
		}
		w.Header().Set("X-Request-Id", id)
		rec := web.NewRecorder(w)
		returned := false
		// Deferred, so that a panic on its way to the recovery middleware is
		// logged as what the client will see.
		defer func() {
			status := rec.Status()
			if !returned && !rec.Started() {
				status = http.StatusInternalServerError
			}
			if m.skip[r.URL.Path] && status < 500 {
				return
			}
			m.write(r, id, status, rec.Bytes(), time.Since(began))
		}()
		next.ServeHTTP(rec, r)
		returned = true
	})
}

func (m *Logging) write(r *http.Request, id string, status int, bytes int64, took time.Duration) {
	level := slog.LevelInfo
	if status >= 500 {
		level = slog.LevelError
	}
	path := r.URL.Path
	if len(path) > maxPath {
		path = path[:maxPath] + "…"
	}
	remote, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		remote = r.RemoteAddr
	}
	attrs := make([]slog.Attr, 0, 9)
	attrs = append(attrs,
		slog.String("method", r.Method), slog.String("pattern", r.Pattern), slog.String("path", path),
		slog.Int("status", status), slog.Int64("bytes", bytes), slog.Duration("duration", took),
		slog.String("remote", remote), slog.String("request_id", id))
	// The server makes the caller known to this context once it has checked the
	// credentials, behind this middleware.
	if caller, ok := contracts.IdentityFrom(r.Context()); ok {
		attrs = append(attrs, slog.String("user", caller.Subject))
	}
	m.log.LogAttrs(r.Context(), level, "request", attrs...)
}
