// Package metrics is the middleware that measures requests: rate, errors and
// duration by route.
package metrics

//go:generate go tool cue exp gengotypes --outfile config_gen.go .

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/detectviz/detectviz/platform/contracts"
	"github.com/detectviz/detectviz/platform/web"
)

// Metrics is the middleware.
type Metrics struct {
	requests *prometheus.CounterVec
	duration *prometheus.HistogramVec
	size     *prometheus.HistogramVec
	inFlight prometheus.Gauge
}

// New registers the middleware's telemetry.
func New(_ Config, host contracts.Host) (*Metrics, error) {
	m := &Metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "dvz_http_requests_total",
			Help: "HTTP requests answered, by method, pattern and status code",
		}, []string{"method", "pattern", "code"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "dvz_http_request_duration_seconds",
			Help:    "time from the request's header to the end of its answer",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
		}, []string{"method", "pattern"}),
		size: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "dvz_http_response_size_bytes",
			Help:    "size of answers without their headers",
			Buckets: prometheus.ExponentialBuckets(256, 4, 8), // 256 B … 4 MiB
		}, []string{"method", "pattern"}),
		inFlight: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "dvz_http_requests_in_flight",
			Help: "HTTP requests being answered",
		}),
	}
	for _, c := range []prometheus.Collector{m.requests, m.duration, m.size, m.inFlight} {
		if err := host.Telemetry.Register(c); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// Wrap implements contracts.Middleware.
func (m *Metrics) Wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := time.Now()
		m.inFlight.Inc()
		rec := web.NewRecorder(w)
		returned := false
		defer func() { // a panic on its way to the recovery middleware counts as well
			m.inFlight.Dec()
			status := rec.Status()
			if !returned && !rec.Started() {
				status = http.StatusInternalServerError
			}
			method, pattern := methodLabel(r.Method), patternLabel(r.Pattern)
			m.requests.WithLabelValues(method, pattern, strconv.Itoa(status)).Inc()
			m.duration.WithLabelValues(method, pattern).Observe(time.Since(began).Seconds())
			m.size.WithLabelValues(method, pattern).Observe(float64(rec.Bytes()))
		}()
		next.ServeHTTP(rec, r)
		returned = true
	})
}

// methodLabel bounds the label method: a client may send any word.
func methodLabel(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch,
		http.MethodDelete, http.MethodOptions, http.MethodConnect, http.MethodTrace:
		return method
	}
	return "other"
}

// patternLabel is the path of a pattern such as "GET /files/{name}".
func patternLabel(pattern string) string {
	if pattern == "" {
		return "unmatched"
	}
	if _, path, ok := strings.Cut(pattern, " "); ok {
		return path
	}
	return pattern
}
