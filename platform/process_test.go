package platform_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// process is a test app that runs.
type process struct {
	*exec.Cmd
	state  string
	stdout bytes.Buffer
	stderr output
	exited chan struct{}
}

// output is a buffer that can be read while a process writes into it.
type output struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}

// launch starts the test app with a state folder of its own. Env entries are
// KEY=value.
func launch(t *testing.T, scenario string, env []string, args ...string) *process {
	t.Helper()
	p := &process{Cmd: exec.Command(os.Args[0], args...), state: filepath.Join(t.TempDir(), "state"), exited: make(chan struct{})}
	p.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "STATE_DIRECTORY=" + p.state + ":/nonexistent", "DVZ_TEST_APP=" + scenario}, env...)
	p.Stdout, p.Stderr = &p.stdout, &p.stderr
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		p.Wait()
		close(p.exited)
	}()
	t.Cleanup(func() {
		p.Process.Kill()
		<-p.exited
	})
	return p
}

// until waits until f is true.
func until(t *testing.T, what string, f func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !f(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("timed out: %s", what)
		}
	}
}

func (p *process) ready(t *testing.T) *process {
	t.Helper()
	until(t, "ready", func() bool {
		select {
		case <-p.exited:
			t.Fatalf("exited too early:\n%s", &p.stderr)
		default:
		}
		return strings.Contains(p.stderr.String(), "msg=ready")
	})
	return p
}

func (p *process) signal(t *testing.T, s syscall.Signal) {
	t.Helper()
	if err := p.Process.Signal(s); err != nil {
		t.Fatal(err)
	}
}

// exit waits for the end and returns the exit code.
func (p *process) exit(t *testing.T) int {
	t.Helper()
	until(t, "exit", func() bool {
		select {
		case <-p.exited:
			return true
		default:
			return false
		}
	})
	return p.ProcessState.ExitCode()
}

func (p *process) wantExit(t *testing.T, code int) {
	t.Helper()
	if got := p.exit(t); got != code {
		t.Errorf("exit code %d, want %d\n%s", got, code, &p.stderr)
	}
}

func (p *process) wantStderr(t *testing.T, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(p.stderr.String(), part) {
			t.Errorf("stderr lacks %q:\n%s", part, &p.stderr)
		}
	}
}

// events returns what the fake plugins wrote down.
func (p *process) events(t *testing.T) []string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(p.state, "events"))
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSpace(string(data)), "\n")
}
