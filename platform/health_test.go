package platform_test

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/detectviz/detectviz/platform"
	"github.com/detectviz/detectviz/platform/contracts"
)

// Generated code hands the platform to an HTTP server as one of its routes.
var _ contracts.Routes = (*platform.Platform)(nil)

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

func TestHealthEndpoints(t *testing.T) {
	t.Parallel()
	addr := freeAddress(t)
	p := launch(t, "plain", []string{"DVZ_TEST_LISTEN=" + addr}).ready(t)
	readyz := func() (code int, plugins map[string]string) {
		resp, err := http.Get("http://" + addr + "/readyz")
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		var body struct {
			Plugins []struct{ Name, Plugin, Status, Error string }
		}
		if err := json.NewDecoder(resp.Body).Decode(&body); err != nil {
			t.Fatal(err)
		}
		plugins = make(map[string]string)
		for _, p := range body.Plugins {
			plugins[p.Name] = strings.TrimSpace(p.Status + " " + p.Error)
		}
		return resp.StatusCode, plugins
	}
	want := map[string]string{"logs": "healthy", "db": "healthy", "node": "healthy"}
	if code, got := readyz(); code != 200 || fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%d %v", code, got)
	}
	sick := filepath.Join(p.state, "sick")
	if err := os.WriteFile(sick, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	until(t, "unhealthy", func() bool {
		code, got := readyz()
		return code == 503 && got["db"] == "unhealthy health check: the database is sick" && got["node"] == "healthy"
	})
	if err := os.Remove(sick); err != nil {
		t.Fatal(err)
	}
	until(t, "healthy again", func() bool { code, _ := readyz(); return code == 200 })
	resp, err := http.Get("http://" + addr + "/healthz")
	if err != nil || resp.StatusCode != 200 {
		t.Fatalf("%v, %v", resp, err)
	}
	resp.Body.Close()
	p.signal(t, syscall.SIGTERM)
	p.wantExit(t, 0)
}

// systemd listens as the service manager does.
type systemd struct {
	socket string
	mu     sync.Mutex
	got    []string
}

func newSystemd(t *testing.T) *systemd {
	t.Helper()
	dir, err := os.MkdirTemp("", "dvz") // a socket's path is short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	s := &systemd{socket: filepath.Join(dir, "notify")}
	c, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: s.socket, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	go func() {
		buf := make([]byte, 4096)
		for {
			n, err := c.Read(buf)
			if err != nil {
				return
			}
			s.mu.Lock()
			s.got = append(s.got, string(buf[:n]))
			s.mu.Unlock()
		}
	}()
	return s
}

// index returns the position of the nth message (from 1), or -1.
func (s *systemd) index(message string, nth int) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, m := range s.got {
		if m == message {
			if nth--; nth == 0 {
				return i
			}
		}
	}
	return -1
}

func TestSystemd(t *testing.T) {
	t.Parallel()
	s := newSystemd(t)
	p := launch(t, "plain", []string{"NOTIFY_SOCKET=" + s.socket, "WATCHDOG_USEC=20000"}).ready(t)
	until(t, "three pings", func() bool { return s.index("WATCHDOG=1", 3) >= 0 })
	p.signal(t, syscall.SIGTERM)
	p.wantExit(t, 0)
	until(t, "stopping", func() bool { return s.index("STOPPING=1", 1) >= 0 })
	status, ready, ping, stopping := s.index("STATUS=running: 3 of 3 instances healthy", 1), s.index("READY=1", 1), s.index("WATCHDOG=1", 1), s.index("STOPPING=1", 1)
	if status < 0 || ready < 0 || ping < 0 || stopping < max(status, ready, ping) || s.index("READY=1", 2) >= 0 {
		t.Errorf("messages: %q", s.got)
	}
	if s.index("STATUS=stopping", 1) < stopping {
		t.Errorf("no status while stopping: %q", s.got)
	}
}

func TestNotReadyWhenTheStartFails(t *testing.T) {
	t.Parallel()
	s := newSystemd(t)
	launch(t, "start-error", []string{"NOTIFY_SOCKET=" + s.socket}).wantExit(t, 1)
	time.Sleep(20 * time.Millisecond)
	if s.index("READY=1", 1) >= 0 {
		t.Errorf("messages: %q", s.got)
	}
}
