// Package testkit helps plugins to be tested without a platform: a Host with
// everything in it, and a sink that collects what an importer sends.
package testkit

import (
	"io"
	"log/slog"
	"sync"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/detectviz/detectviz/platform/contracts"
	"github.com/detectviz/detectviz/platform/secrets"
)

// Instance is the name of the instance in a Host, and the value of the label
// instance on its telemetry.
const Instance = "test"

// Host returns a host of its own for one test: logs go to the test's output,
// telemetry to a new registry with the label instance="test" as the platform
// adds it, and the state folder is removed after the test.
func Host(t testing.TB) contracts.Host {
	t.Helper()
	registry := prometheus.NewPedanticRegistry()
	out := &testOutput{w: t.Output()}
	t.Cleanup(out.close)
	log := slog.New(slog.NewTextHandler(out, &slog.HandlerOptions{Level: slog.LevelDebug}))
	return contracts.Host{
		Instance:    Instance,
		Composition: "test",
		Log:         log.With("instance", Instance),
		Telemetry:   prometheus.WrapRegistererWith(prometheus.Labels{"instance": Instance}, registry),
		Gatherer:    registry,
		State:       t.TempDir(),
		ReadSecret:  secrets.Read,
	}
}

// testOutput is the test's output until the test ends: a goroutine that a
// plugin has leaked must not turn its last log line into a panic.
type testOutput struct {
	mu sync.Mutex
	w  io.Writer
}

func (o *testOutput) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.w.Write(p)
}

func (o *testOutput) close() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.w = io.Discard
}
