package health_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/detectviz/detectviz/platform/contracts"
	"github.com/detectviz/detectviz/platform/health"
)

var quiet = slog.New(slog.DiscardHandler)

func newMonitor(policy health.Policy) *health.Monitor { return health.New(policy, quiet, nil) }

func status(m *health.Monitor, name string) (health.Status, string) {
	_, _, list := m.Ready()
	for _, p := range list {
		if p.Name == name {
			return p.Status, p.Error
		}
	}
	return "", ""
}

func TestHooks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMonitor(health.Policy{Interval: 30 * time.Second, Timeout: 5 * time.Second})
		var flaky, stuck atomic.Int32
		m.Add("flaky", "p/flaky", func(context.Context) error {
			if flaky.Add(1) == 2 {
				return errors.New("no connection")
			}
			return nil
		})
		m.Add("panics", "p/panics", func(context.Context) error { panic("boom") })
		m.Add("stuck", "p/stuck", func(context.Context) error {
			stuck.Add(1)
			time.Sleep(45 * time.Second) // ignores its context
			return nil
		})
		m.Add("bare", "p/bare", nil)
		for _, name := range []string{"flaky", "panics", "stuck", "bare"} {
			m.Started(name)
		}
		m.SetPhase(health.PhaseRunning)
		ctx, stop := context.WithCancel(t.Context())
		go m.Run(ctx)

		check := func(name string, want health.Status, err string) {
			t.Helper()
			if got, text := status(m, name); got != want || !strings.Contains(text, err) || (err == "") != (text == "") {
				t.Errorf("%s is %s (%s), want %s (%s)", name, got, text, want, err)
			}
		}
		time.Sleep(10 * time.Second) // the first round is at once
		check("flaky", health.Healthy, "")
		check("panics", health.Unhealthy, "health check: panicked at health/health_test.go:")
		check("stuck", health.Unhealthy, "health check: did not return within 5s")
		check("bare", health.Healthy, "")
		time.Sleep(30 * time.Second) // 40 s
		check("flaky", health.Unhealthy, "health check: no connection")
		if n := stuck.Load(); n != 1 {
			t.Errorf("a hook that still runs was called %d times", n)
		}
		time.Sleep(30 * time.Second) // 70 s
		check("flaky", health.Healthy, "")
		if n := stuck.Load(); n != 2 {
			t.Errorf("a hook that has returned was called %d times in all, want 2", n)
		}
		if !m.Alive() {
			t.Error("not alive although rounds go on")
		}
		stop()
		time.Sleep(71 * time.Second)
		if m.Alive() {
			t.Error("alive although no round has ended for two intervals")
		}
	})
}

func TestReports(t *testing.T) {
	var summaries []string
	m := health.New(health.Policy{}, quiet, func(s string) { summaries = append(summaries, s) })
	m.Add("node", "p/node", nil)
	m.Add("sqlite", "p/sqlite", nil)
	m.Report("sqlite", "delivery of metrics", errors.New("early")) // before it has started
	if s, _ := status(m, "sqlite"); s != health.Starting {
		t.Errorf("status %s", s)
	}
	m.Report("sqlite", "delivery of metrics", nil)
	m.Started("node")
	m.Started("sqlite")
	m.SetPhase(health.PhaseRunning)
	m.Report("nobody", "x", errors.New("ignored"))
	m.Report("sqlite", "health check", errors.New("slow"))
	m.Report("sqlite", "delivery of metrics", errors.New("disk full"))
	m.Report("sqlite", "health check", nil)
	if s, err := status(m, "sqlite"); s != health.Unhealthy || err != "delivery of metrics: disk full" {
		t.Errorf("status %s, %s", s, err)
	}
	m.Report("sqlite", "delivery of metrics", nil)
	m.Stopped("node")
	m.Report("node", "x", errors.New("late"))
	if s, _ := status(m, "node"); s != health.Stopped {
		t.Errorf("status %s", s)
	}
	m.SetPhase(health.PhaseStopping)
	want := []string{
		"starting",
		"running: 2 of 2 instances healthy",
		"running: 1 of 2 instances healthy; sqlite is unhealthy",
		"running: 2 of 2 instances healthy",
		"running: 1 of 2 instances healthy; node is stopped",
		"stopping",
	}
	if !slices.Equal(summaries, want) {
		t.Errorf("got  %q\nwant %q", summaries, want)
	}
}

func TestInclude(t *testing.T) {
	for _, tt := range []struct {
		include []string
		ready   bool
	}{{nil, false}, {[]string{"good"}, true}, {[]string{"good", "bad"}, false}, {[]string{}, true}} {
		m := newMonitor(health.Policy{Include: tt.include})
		m.Add("good", "p", nil)
		m.Add("bad", "p", nil)
		m.Started("good")
		if ready, _, _ := m.Ready(); ready {
			t.Error("ready before it runs")
		}
		m.SetPhase(health.PhaseRunning)
		if ready, _, _ := m.Ready(); ready != tt.ready {
			t.Errorf("include %v: ready %t", tt.include, ready)
		}
	}
}

func TestTelemetry(t *testing.T) {
	m := newMonitor(health.Policy{})
	m.Add("node", "community/importers/prometheus", nil)
	m.Add("sqlite", "community/exporters/sqlite", nil)
	m.Started("node")
	want := `
# HELP dvz_instance_up 1 while the instance has started and is healthy, else 0.
# TYPE dvz_instance_up gauge
dvz_instance_up{instance="node",plugin="community/importers/prometheus"} 1
dvz_instance_up{instance="sqlite",plugin="community/exporters/sqlite"} 0
`
	if err := testutil.CollectAndCompare(m, strings.NewReader(want)); err != nil {
		t.Error(err)
	}
}

func TestDisabled(t *testing.T) {
	m := newMonitor(health.Policy{Disabled: true})
	m.Add("x", "p", func(context.Context) error { t.Error("a hook was called"); return nil })
	m.Started("x")
	m.SetPhase(health.PhaseRunning)
	m.Run(t.Context()) // returns at once
	if routes := m.Routes(health.Program{}); len(routes) > 0 {
		t.Errorf("%d routes", len(routes))
	}
	if !m.Alive() {
		t.Error("not alive")
	}
}

// freeAddress returns an address that nobody listened on a moment ago.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func TestServer(t *testing.T) {
	m := newMonitor(health.Policy{})
	m.Add("node", "community/importers/prometheus", nil)
	m.Started("node")
	started := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	routes := m.Routes(health.Program{Composition: "dev-platform", Version: "1.0.0", Started: started})
	for _, r := range routes {
		if r.Access != contracts.AccessPublic {
			t.Errorf("%s needs %s", r.Path, r.Access)
		}
	}
	addr := freeAddress(t)
	s := health.NewServer(addr, routes, quiet)
	if err := s.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := health.NewServer(addr, routes, quiet).Start(t.Context()); err == nil {
		t.Error("two servers on one address")
	}

	type answer struct {
		Status, Phase, Composition, Version, Started string
		Plugins                                      []struct{ Name, Plugin, Status, Since, Error string }
	}
	get := func(path string, code int) (a answer) {
		t.Helper()
		resp, err := http.Get("http://" + addr + path)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		body, _ := io.ReadAll(resp.Body)
		if resp.StatusCode != code || resp.Header.Get("Content-Type") != "application/json" {
			t.Fatalf("GET %s: %s, %s: %s", path, resp.Status, resp.Header.Get("Content-Type"), body)
		}
		if err := json.Unmarshal(body, &a); err != nil {
			t.Fatalf("GET %s: %v: %s", path, err, body)
		}
		return a
	}
	a := get("/healthz", 200)
	if a.Status != "alive" || a.Composition != "dev-platform" || a.Version != "1.0.0" || a.Started != "2026-01-02T03:04:05Z" {
		t.Errorf("/healthz: %+v", a)
	}
	if a := get("/readyz", 503); a.Status != "not ready" || a.Phase != "starting" {
		t.Errorf("/readyz at start: %+v", a)
	}
	m.SetPhase(health.PhaseRunning)
	a = get("/readyz", 200)
	if a.Status != "ready" || len(a.Plugins) != 1 {
		t.Fatalf("/readyz: %+v", a)
	}
	p := a.Plugins[0]
	if _, err := time.Parse(time.RFC3339Nano, p.Since); err != nil || p.Name != "node" || p.Plugin != "community/importers/prometheus" || p.Status != "healthy" || p.Error != "" {
		t.Errorf("/readyz: %+v (%v)", p, err)
	}
	m.Report("node", "import of metrics", errors.New("connection refused"))
	if p := get("/readyz", 503).Plugins[0]; p.Status != "unhealthy" || p.Error != "import of metrics: connection refused" {
		t.Errorf("/readyz: %+v", p)
	}
	get("/healthz", 200)

	if err := s.Stop(t.Context()); err != nil {
		t.Error(err)
	}
	if _, err := http.Get("http://" + addr + "/healthz"); err == nil {
		t.Error("still served after Stop")
	}
}
