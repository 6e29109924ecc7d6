package ratelimit_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/detectviz/detectviz/platform/contracts"
	"github.com/detectviz/detectviz/platform/testkit"
	"github.com/detectviz/detectviz/plugins/core/middleware/ratelimit"
)

var ok = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })

func wrap(t *testing.T, cfg ratelimit.Config, host contracts.Host) http.Handler {
	t.Helper()
	if cfg.MaxClients == 0 {
		cfg.MaxClients = 100
	}
	m, err := ratelimit.New(cfg, host)
	if err != nil {
		t.Fatal(err)
	}
	return m.Wrap(ok)
}

// ask sends one request from a peer and returns the answer.
func ask(h http.Handler, peer string, forwarded ...string) *httptest.ResponseRecorder {
	req := httptest.NewRequest("GET", "/", nil)
	req.RemoteAddr = peer
	for _, value := range forwarded {
		req.Header.Add("X-Forwarded-For", value)
	}
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, req)
	return rec
}

func TestRealServer(t *testing.T) {
	host := testkit.Host(t)
	srv := httptest.NewServer(wrap(t, ratelimit.Config{RequestsPerSecond: 0.01, Burst: 5}, host))
	defer srv.Close()
	var mu sync.Mutex
	got := map[int]int{}
	var wg sync.WaitGroup
	for range 20 { // all at once: the bucket must not be overdrawn
		wg.Go(func() {
			req, _ := http.NewRequest("GET", srv.URL, nil)
			req.Header.Set("X-Forwarded-For", fmt.Sprintf("10.0.0.%d", time.Now().UnixNano()%250)) // nobody trusts us
			resp, err := http.DefaultTransport.RoundTrip(req)
			if err != nil {
				t.Error(err)
				return
			}
			resp.Body.Close()
			mu.Lock()
			defer mu.Unlock()
			got[resp.StatusCode]++
		})
	}
	wg.Wait()
	if got[204] != 5 || got[429] != 15 {
		t.Errorf("answers %v, want 5 × 204 and 15 × 429", got)
	}
	if err := testutil.GatherAndCompare(host.Gatherer, strings.NewReader(`
# HELP dvz_ratelimit_clients clients whose rate is being watched
# TYPE dvz_ratelimit_clients gauge
dvz_ratelimit_clients{instance="test"} 1
# HELP dvz_ratelimit_rejected_total requests answered with 429
# TYPE dvz_ratelimit_rejected_total counter
dvz_ratelimit_rejected_total{instance="test"} 15
`)); err != nil {
		t.Error(err)
	}
}

func TestBucket(t *testing.T) {
	host := testkit.Host(t)
	synctest.Test(t, func(t *testing.T) {
		h := wrap(t, ratelimit.Config{RequestsPerSecond: 0.5, Burst: 3}, host)
		for i, step := range []struct {
			wait       time.Duration
			status     int
			limit      string
			retryAfter string
		}{
			{0, 204, `"client";r=2;t=2`, ""},
			{0, 204, `"client";r=1;t=4`, ""},
			{0, 204, `"client";r=0;t=6`, ""},
			{0, 429, `"client";r=0;t=6`, "2"},
			{1500 * time.Millisecond, 429, `"client";r=0;t=5`, "1"},
			{500 * time.Millisecond, 204, `"client";r=0;t=6`, ""},
			{0, 429, `"client";r=0;t=6`, "2"},
			{time.Hour, 204, `"client";r=2;t=2`, ""},
		} {
			time.Sleep(step.wait)
			rec := ask(h, "192.0.2.1:1000")
			if rec.Code != step.status || rec.Header().Get("RateLimit") != step.limit || rec.Header().Get("Retry-After") != step.retryAfter {
				t.Errorf("step %d: %d, RateLimit %s, Retry-After %s; want %d, %s, %s", i, rec.Code,
					rec.Header().Get("RateLimit"), rec.Header().Get("Retry-After"), step.status, step.limit, step.retryAfter)
			}
			if got := rec.Header().Get("RateLimit-Policy"); got != `"client";q=3;w=6` {
				t.Errorf("step %d: RateLimit-Policy %s", i, got)
			}
			if rec.Code == 429 && rec.Header().Get("Content-Type") != "application/problem+json" {
				t.Errorf("step %d: the answer is a %s", i, rec.Header().Get("Content-Type"))
			}
		}
	})
}

// TestWhoIsWhom asks twice with a burst of one: the second request passes only
// when it is taken for another client's.
func TestWhoIsWhom(t *testing.T) {
	type request struct {
		peer      string
		forwarded []string
	}
	direct := func(peer string) request { return request{peer, nil} }
	proxied := func(forwarded ...string) request { return request{"10.0.0.1:99", forwarded} }
	for _, test := range []struct {
		name          string
		first, second request
		same          bool
	}{
		{"another port", direct("192.0.2.1:1"), direct("192.0.2.1:2"), true},
		{"another address", direct("192.0.2.1:1"), direct("192.0.2.2:1"), false},
		{"one IPv6 network", direct("[2001:db8::1]:1"), direct("[2001:db8::ffff:2]:1"), true},
		{"two IPv6 networks", direct("[2001:db8::1]:1"), direct("[2001:db8:0:1::1]:1"), false},
		{"IPv4 in IPv6", direct("[::ffff:192.0.2.1]:1"), direct("192.0.2.1:1"), true},
		{"a zone", direct("[fe80::1%eth0]:1"), direct("[fe80::1%eth1]:1"), true},

		{"a header from a stranger", request{"192.0.2.1:1", []string{"198.51.100.1"}}, request{"192.0.2.1:1", []string{"198.51.100.2"}}, true},
		{"two clients of the proxy", proxied("198.51.100.1"), proxied("198.51.100.2"), false},
		{"one client of the proxy", proxied("198.51.100.1"), proxied("198.51.100.1"), true},
		{"invented hops to the left", proxied("1.1.1.1, 198.51.100.1"), proxied("2.2.2.2, 198.51.100.1"), true},
		{"invented hops in a header of their own", proxied("1.1.1.1", "198.51.100.1"), proxied("2.2.2.2", "198.51.100.1"), true},
		{"an invented trusted hop", proxied("1.1.1.1, 10.0.0.9, 198.51.100.1"), proxied("2.2.2.2, 10.0.0.9, 198.51.100.1"), true},
		{"two trusted proxies", proxied("198.51.100.1, 10.0.0.2"), proxied("198.51.100.2,10.0.0.2"), false},
		{"two trusted proxies, one client", proxied("198.51.100.1, 10.0.0.2"), proxied("198.51.100.1, 10.0.0.3"), true},
		{"with a port", proxied("198.51.100.1:80"), proxied("198.51.100.1:81"), true},
		{"IPv6 with a port", proxied("[2001:db8::1]:80"), proxied("2001:db8::2"), true},
		{"an IPv6 proxy", request{"[::1]:9", []string{"198.51.100.1"}}, request{"[::1]:9", []string{"198.51.100.2"}}, false},
		{"garbage counts for the proxy", proxied("unknown"), proxied("_hidden, x"), true},
		{"garbage right of the client", proxied("198.51.100.1, unknown"), proxied("198.51.100.2, unknown"), true},
		{"no header", proxied(), proxied(""), true},
		{"a listener without addresses", direct("@"), direct(""), true},
	} {
		t.Run(test.name, func(t *testing.T) {
			h := wrap(t, ratelimit.Config{RequestsPerSecond: 0.001, Burst: 1, TrustedProxies: []string{"10.0.0.0/24", "::1/128"}}, testkit.Host(t))
			if rec := ask(h, test.first.peer, test.first.forwarded...); rec.Code != 204 {
				t.Fatalf("the first request got %d", rec.Code)
			}
			rec := ask(h, test.second.peer, test.second.forwarded...)
			if same := rec.Code == 429; same != test.same {
				t.Errorf("the second request got %d; taken for the same client: %v, want %v", rec.Code, same, test.same)
			}
		})
	}
}

func TestClientsAreBounded(t *testing.T) {
	host := testkit.Host(t)
	h := wrap(t, ratelimit.Config{RequestsPerSecond: 0.001, Burst: 1, MaxClients: 10}, host)
	for i := range 1000 {
		ask(h, "192.0.2.1:1") // seen all the time, so never forgotten
		ask(h, fmt.Sprintf("198.51.%d.%d:1", i/250, i%250))
	}
	if rec := ask(h, "192.0.2.1:1"); rec.Code != 429 {
		t.Errorf("the busiest client was forgotten: %d", rec.Code)
	}
	if rec := ask(h, "198.51.0.0:1"); rec.Code != 204 {
		t.Errorf("the client seen longest ago was not forgotten: %d", rec.Code)
	}
	if err := testutil.GatherAndCompare(host.Gatherer, strings.NewReader(`
# HELP dvz_ratelimit_clients clients whose rate is being watched
# TYPE dvz_ratelimit_clients gauge
dvz_ratelimit_clients{instance="test"} 10
`), "dvz_ratelimit_clients"); err != nil {
		t.Error(err)
	}
}

func TestNewRefuses(t *testing.T) {
	good := ratelimit.Config{RequestsPerSecond: 1, Burst: 1, MaxClients: 1}
	for _, test := range []struct {
		change func(*ratelimit.Config)
		want   string
	}{
		{func(c *ratelimit.Config) { c.RequestsPerSecond = 0 }, "requests_per_second"},
		{func(c *ratelimit.Config) { c.Burst = 0 }, "burst"},
		{func(c *ratelimit.Config) { c.MaxClients = -1 }, "max_clients"},
		{func(c *ratelimit.Config) { c.TrustedProxies = []string{"10.0.0.1"} }, `"10.0.0.1" is not a network`},
		{func(c *ratelimit.Config) { c.TrustedProxies = []string{"10.0.0.0/33"} }, "10.0.0.0/33"},
	} {
		cfg := good
		test.change(&cfg)
		if _, err := ratelimit.New(cfg, testkit.Host(t)); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("error %v, want one that says %s", err, test.want)
		}
	}
}

func FuzzForwardedFor(f *testing.F) {
	f.Add("198.51.100.1, 10.0.0.2")
	f.Add("[::1]:80,,[")
	h := func() http.Handler {
		m, err := ratelimit.New(ratelimit.Config{RequestsPerSecond: 1e9, Burst: 1 << 30, MaxClients: 2, TrustedProxies: []string{"10.0.0.0/8", "::/0"}}, testkit.Host(f))
		if err != nil {
			f.Fatal(err)
		}
		return m.Wrap(ok)
	}()
	f.Fuzz(func(t *testing.T, header string) {
		if rec := ask(h, "10.0.0.1:1", header); rec.Code != 204 {
			t.Errorf("status %d", rec.Code)
		}
	})
}
