// Package recovery is the middleware that keeps one panicking handler from
// leaving its client without an answer.
package recovery

//go:generate go tool cue exp gengotypes --outfile config_gen.go .

import (
	"fmt"
	"log/slog"
	"net/http"
	"runtime"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/detectviz/detectviz/platform/contracts"
	"github.com/detectviz/detectviz/platform/web"
)

// maxStack is how much of a stack is logged, in bytes: enough for the frames
// that matter, little enough for one log record.
const maxStack = 16 << 10

// Recovery is the middleware.
type Recovery struct {
	log    *slog.Logger
	panics prometheus.Counter
}

// New registers the middleware's telemetry.
func New(_ Config, host contracts.Host) (*Recovery, error) {
	r := &Recovery{
		log: host.Log,
		panics: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "dvz_recovery_panics_total",
			Help: "requests that ended in a panic",
		}),
	}
	return r, host.Telemetry.Register(r.panics)
}

// Wrap implements contracts.Middleware.
func (m *Recovery) Wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rec := web.NewRecorder(w)
		defer func() {
			cause := recover()
			if cause == nil {
				return
			}
			if cause == http.ErrAbortHandler { // a handler's way to cut the connection; no fault
				panic(cause)
			}
			m.panics.Inc()
			stack := make([]byte, maxStack)
			stack = stack[:runtime.Stack(stack, false)]
			m.log.ErrorContext(r.Context(), "a request handler panicked",
				"method", r.Method, "pattern", r.Pattern, "panic", fmt.Sprint(cause), "stack", string(stack))
			if rec.Started() {
				panic(http.ErrAbortHandler)
			}
			web.WriteProblem(rec, http.StatusInternalServerError, "the server failed to answer; its log says why")
		}()
		next.ServeHTTP(rec, r)
	})
}
