package platform_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

func TestRunAndStop(t *testing.T) {
	for _, scenario := range []string{"plain", "slow-export"} {
		for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
			t.Run(scenario+" "+sig.String(), func(t *testing.T) {
				t.Parallel()
				p := launch(t, scenario, nil)
				p.ready(t)
				until(t, "some samples", func() bool { return len(p.events(t)) > 40 })
				p.signal(t, sig)
				p.wantExit(t, 0)
				p.wantStderr(t, "msg=\"queues are drained\" db.delivered=", "db.given_up=0", "msg=stopped")

				events := p.events(t)
				if want := []string{"start logs", "start db", "start node"}; !slices.Equal(events[:3], want) {
					t.Errorf("began with %q", events[:3])
				}
				if want := []string{"stop node", "stop db", "stop logs"}; !slices.Equal(events[len(events)-3:], want) {
					t.Errorf("ended with %q", events[len(events)-3:])
				}
				// Every sample that was pushed was exported, once and in order.
				var pushed, n int
				for _, e := range events {
					if strings.HasPrefix(e, "pushed ") {
						fmt.Sscanf(e, "pushed %d", &pushed)
					}
					if strings.HasPrefix(e, "sample ") {
						n++
						if e != fmt.Sprintf("sample %d", n) {
							t.Fatalf("got %s as number %d", e, n)
						}
					}
				}
				if pushed == 0 || n != pushed {
					t.Errorf("%d samples were pushed, %d exported", pushed, n)
				}
			})
		}
	}
}

func TestSecondSignal(t *testing.T) {
	for sig, code := range map[syscall.Signal]int{syscall.SIGINT: 130, syscall.SIGTERM: 143} {
		t.Run(sig.String(), func(t *testing.T) {
			t.Parallel()
			p := launch(t, "stuck-export", nil).ready(t)
			until(t, "an export", func() bool { return slices.Contains(p.events(t), "stuck") })
			p.signal(t, syscall.SIGTERM)
			until(t, "stopping", func() bool { return strings.Contains(p.stderr.String(), "a second signal exits at once") })
			p.signal(t, sig)
			p.wantExit(t, code)
			p.wantStderr(t, sig.String()+" again: exiting at once")
		})
	}
}

func TestStartFails(t *testing.T) {
	tests := map[string]string{
		"assemble-error":     "test-app: broken cannot be set up: no such table\n",
		"assemble-panic":     "test-app: panicked at platform/app_test.go:",
		"duplicate-pipeline": "test-app: pipeline node-metrics: duplicate",
		"start-error":        "test-app: broken did not start: port 80 is taken\n",
		"start-panic":        "test-app: broken did not start: panicked at platform/app_test.go:",
	}
	for scenario, want := range tests {
		t.Run(scenario, func(t *testing.T) {
			t.Parallel()
			p := launch(t, scenario, nil)
			p.wantExit(t, 1)
			p.wantStderr(t, want)
			if strings.Contains(p.stderr.String(), "msg=ready") {
				t.Error("was ready")
			}
			events := p.events(t)
			rolledBack := []string{"start logs", "start db", "stop db", "stop logs"}
			if strings.HasPrefix(scenario, "start") && !slices.Equal(events, rolledBack) {
				t.Errorf("events %q, want %q", events, rolledBack)
			}
		})
	}
}

func TestHealthAddressInUse(t *testing.T) {
	t.Parallel()
	addr := freeAddress(t)
	launch(t, "plain", nil, "--listen", addr).ready(t)
	p := launch(t, "plain", nil, "--listen", addr)
	p.wantExit(t, 1)
	p.wantStderr(t, "the health listener did not start: listen tcp "+addr)
}

func TestSignalWhileStarting(t *testing.T) {
	t.Parallel()
	p := launch(t, "start-slow", nil)
	until(t, "the start", func() bool { return slices.Contains(p.events(t), "starting slowly") })
	p.signal(t, syscall.SIGTERM)
	p.wantExit(t, 0)
	p.wantStderr(t, "stopped before everything had started")
	if want := []string{"start logs", "start db", "starting slowly", "stop db", "stop logs"}; !slices.Equal(p.events(t), want) {
		t.Errorf("events %q, want %q", p.events(t), want)
	}
}

func TestSignalWhileAssembling(t *testing.T) {
	t.Parallel()
	p := launch(t, "assemble-slow", nil)
	until(t, "the assembly", func() bool { return slices.Contains(p.events(t), "assembling slowly") })
	p.signal(t, syscall.SIGTERM)
	p.wantExit(t, 0)
	p.wantStderr(t, "stopped before everything had started")
	if want := []string{"assembling slowly"}; !slices.Equal(p.events(t), want) {
		t.Errorf("events %q, want %q", p.events(t), want)
	}
}

func TestStopPanics(t *testing.T) {
	t.Parallel()
	p := launch(t, "stop-panic", nil).ready(t)
	p.signal(t, syscall.SIGTERM)
	p.wantExit(t, 0)
	p.wantStderr(t, "instance did not stop cleanly", "instance=broken", "boom", "msg=stopped")
	if events := p.events(t); events[len(events)-1] != "stop logs" {
		t.Errorf("events %q", events)
	}
}

func TestLogsGoToThePlugin(t *testing.T) {
	t.Parallel()
	p := launch(t, "logs", nil)
	file := filepath.Join(p.state, "log.json")
	read := func() string { b, _ := os.ReadFile(file); return string(b) }
	until(t, "ready", func() bool { return strings.Contains(read(), `"msg":"ready"`) })
	p.signal(t, syscall.SIGTERM)
	p.wantExit(t, 0)
	for _, want := range []string{
		`"msg":"through a logger that was handed out early","instance":"early"`,
		`"msg":"through package log"`,
		`"msg":"through slog's default"`,
		`"msg":"queues are drained","db":{"delivered":`,
	} {
		if !strings.Contains(read(), want) {
			t.Errorf("the log lacks %s:\n%s", want, read())
		}
	}
	// The plugin has stopped by then.
	if strings.Contains(read(), `"msg":"stopped"`) {
		t.Error("the last line went to a plugin that had stopped")
	}
	p.wantStderr(t, "msg=stopped")
	if strings.Contains(p.stderr.String(), "drained") {
		t.Errorf("stderr has what went to the plugin:\n%s", &p.stderr)
	}
}

func TestMemoryLimit(t *testing.T) {
	for env, want := range map[string]string{"": "bytes=214748360", "GOMEMLIMIT=64MiB": "bytes=67108864"} {
		p := launch(t, "memory", []string{env}).ready(t)
		p.wantStderr(t, want)
		p.signal(t, syscall.SIGTERM)
		p.wantExit(t, 0)
	}
}

func TestImporterThatFailsIsUnhealthy(t *testing.T) {
	t.Parallel()
	p := launch(t, "import-error", nil).ready(t)
	until(t, "the report", func() bool { return strings.Contains(p.stderr.String(), "instance is unhealthy") })
	p.wantStderr(t, `instance=node source="import of metrics" err="connection refused"`)
	p.signal(t, syscall.SIGTERM)
	p.wantExit(t, 0)
}
