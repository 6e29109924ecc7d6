// Package ratelimit is the middleware that keeps one client from taking the
// server away from the others: a token bucket for each client address.
package ratelimit

//go:generate go tool cue exp gengotypes --outfile config_gen.go .

import (
	"container/list"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/netip"
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/time/rate"

	"github.com/detectviz/detectviz/platform/contracts"
	"github.com/detectviz/detectviz/platform/web"
)

// RateLimit is the middleware.
type RateLimit struct {
	rate     rate.Limit
	burst    int
	proxies  []netip.Prefix
	max      int
	policy   string // value of the header RateLimit-Policy
	rejected prometheus.Counter

	mu      sync.Mutex
	clients map[netip.Prefix]*list.Element // of client
	recent  *list.List                     // the client seen last is in front
}

type client struct {
	key    netip.Prefix
	bucket *rate.Limiter
}

// New checks the config and registers the middleware's telemetry.
func New(cfg Config, host contracts.Host) (*RateLimit, error) {
	switch {
	case cfg.RequestsPerSecond <= 0:
		return nil, errors.New("requests_per_second must be greater than 0")
	case cfg.Burst <= 0:
		return nil, errors.New("burst must be greater than 0")
	case cfg.MaxClients <= 0:
		return nil, errors.New("max_clients must be greater than 0")
	}
	m := &RateLimit{
		rate:    rate.Limit(cfg.RequestsPerSecond),
		burst:   cfg.Burst,
		max:     cfg.MaxClients,
		policy:  fmt.Sprintf(`"client";q=%d;w=%d`, cfg.Burst, seconds(float64(cfg.Burst)/cfg.RequestsPerSecond)),
		clients: make(map[netip.Prefix]*list.Element),
		recent:  list.New(),
		rejected: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "dvz_ratelimit_rejected_total",
			Help: "requests answered with 429",
		}),
	}
	for _, text := range cfg.TrustedProxies {
		network, err := netip.ParsePrefix(text)
		if err != nil {
			return nil, fmt.Errorf("trusted_proxies: %q is not a network such as 10.0.0.0/8 or ::1/128", text)
		}
		m.proxies = append(m.proxies, network.Masked())
	}
	watched := prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "dvz_ratelimit_clients",
		Help: "clients whose rate is being watched",
	}, func() float64 {
		m.mu.Lock()
		defer m.mu.Unlock()
		return float64(len(m.clients))
	})
	return m, errors.Join(host.Telemetry.Register(m.rejected), host.Telemetry.Register(watched))
}

// Wrap implements contracts.Middleware.
func (m *RateLimit) Wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		now := time.Now()
		bucket := m.bucket(network(m.clientAddress(r)))
		allowed := bucket.AllowN(now, 1)
		tokens := bucket.TokensAt(now)

		// https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/
		h := w.Header()
		h.Set("RateLimit-Policy", m.policy)
		h.Set("RateLimit", fmt.Sprintf(`"client";r=%d;t=%d`, int(max(0, tokens)), seconds((float64(m.burst)-tokens)/float64(m.rate))))
		if allowed {
			next.ServeHTTP(w, r)
			return
		}
		m.rejected.Inc()
		h.Set("Retry-After", strconv.Itoa(max(1, seconds((1-tokens)/float64(m.rate)))))
		web.WriteProblem(w, http.StatusTooManyRequests, "too many requests; the header Retry-After says in how many seconds to try again")
	})
}

// bucket returns the client's bucket and forgets the client seen longest ago
// when there are too many.
func (m *RateLimit) bucket(key netip.Prefix) *rate.Limiter {
	m.mu.Lock()
	defer m.mu.Unlock()
	if e := m.clients[key]; e != nil {
		m.recent.MoveToFront(e)
		return e.Value.(client).bucket
	}
	if m.recent.Len() >= m.max {
		oldest := m.recent.Remove(m.recent.Back()).(client)
		delete(m.clients, oldest.key)
	}
	c := client{key, rate.NewLimiter(m.rate, m.burst)}
	m.clients[key] = m.recent.PushFront(c)
	return c.bucket
}

// seconds rounds up to whole seconds.
func seconds(s float64) int { return int(math.Ceil(min(max(s, 0), math.MaxInt32))) }
