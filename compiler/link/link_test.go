package link_test

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/detectviz/detectviz/compiler/link"
)

// workspace writes a module of two packages whose program prints two stamped
// variables and an embedded file.
func workspace(t *testing.T) link.Options {
	t.Helper()
	root := t.TempDir()
	write(t, root, "go.mod", "module example.com/m\n\ngo 1.26\n")
	write(t, root, "lib/lib.go", "package lib\n\nvar Digest = \"none\"\n\nfunc Text() string { return \"lib one \" + Digest }\n")
	write(t, root, "generated/app/main.go", `package main

import (
	_ "embed"
	"os"

	"example.com/m/lib"
)

//go:embed plan.json
var plan string

func main() { os.Stdout.WriteString(lib.Text() + " " + plan) }
`)
	write(t, root, "generated/app/plan.json", "{}")
	// Files that were there for a while, as a checkout's are.
	old := time.Now().Add(-time.Hour)
	filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error { return os.Chtimes(path, old, old) })
	return link.Options{
		Root: root, Package: "generated/app", Output: "bin/app",
		Stamp: map[string]string{"example.com/m/lib.Digest": "a1b2"},
	}
}

func write(t *testing.T, root, name, content string) {
	t.Helper()
	path := filepath.Join(root, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

func mustBuild(t *testing.T, o link.Options) link.Result {
	t.Helper()
	r, err := link.Build(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// onlyOutput asserts that bin/ holds the binary (or nothing) and the state.
func onlyOutput(t *testing.T, o link.Options, want ...string) {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join(o.Root, "bin"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	var got []string
	for _, e := range entries {
		if e.Name() != ".dvz" {
			got = append(got, e.Name())
		}
	}
	if strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("bin/ holds %q, want %q", got, want)
	}
}

func TestBuild(t *testing.T) {
	o := workspace(t)
	var seen []link.Status
	o.Progress = func(s link.Status) { seen = append(seen, s) }
	r := mustBuild(t, o)
	out, err := exec.Command(r.Output).Output()
	if err != nil || string(out) != "lib one a1b2 {}" {
		t.Errorf("the binary printed %q, %v", out, err)
	}
	info, err := os.Stat(filepath.Join(o.Root, "bin", "app"))
	if err != nil || info.Size() != r.Size || info.Mode().Perm()&0o111 == 0 {
		t.Errorf("stat: %v, %v; result %+v", info, err, r)
	}
	if r.Skipped || r.Packages < 10 || r.Duration <= 0 {
		t.Errorf("result %+v", r)
	}
	if len(seen) == 0 || seen[0] != (link.Status{}) {
		t.Errorf("progress %+v", seen)
	}
	for i := 1; i < len(seen); i++ {
		if seen[i].Done < seen[i-1].Done {
			t.Errorf("progress goes back: %+v", seen)
		}
	}
	if last := seen[len(seen)-1]; last.Total > 0 && last.Done != last.Total {
		t.Errorf("the last step was %+v", last)
	}
	onlyOutput(t, o, "app")
}

// TestSkip builds, changes something, and looks whether the next build skips.
// What is skipped must not need the go command.
func TestSkip(t *testing.T) {
	later := func(t *testing.T, path string) {
		t.Helper()
		now := time.Now().Add(time.Minute)
		if err := os.Chtimes(path, now, now); err != nil {
			t.Fatal(err)
		}
	}
	for name, tc := range map[string]struct {
		change func(t *testing.T, o *link.Options)
		skip   bool
	}{
		"nothing":        {func(t *testing.T, o *link.Options) {}, true},
		"touched source": {func(t *testing.T, o *link.Options) { later(t, filepath.Join(o.Root, "lib/lib.go")) }, true},
		"touched binary": {func(t *testing.T, o *link.Options) { later(t, filepath.Join(o.Root, "bin/app")) }, true},
		"new test":       {func(t *testing.T, o *link.Options) { write(t, o.Root, "lib/x_test.go", "package lib\n") }, true},
		"other package":  {func(t *testing.T, o *link.Options) { write(t, o.Root, "other/x.go", "package other\n") }, true},
		"edited source": {func(t *testing.T, o *link.Options) {
			write(t, o.Root, "lib/lib.go", "package lib\n\nvar Digest = \"none\"\n\nfunc Text() string { return \"lib two \" + Digest }\n")
		}, false},
		"edited embed":   {func(t *testing.T, o *link.Options) { write(t, o.Root, "generated/app/plan.json", "[]") }, false},
		"new source":     {func(t *testing.T, o *link.Options) { write(t, o.Root, "lib/new.go", "package lib\n") }, false},
		"removed source": {func(t *testing.T, o *link.Options) { os.Remove(filepath.Join(o.Root, "lib/extra.go")) }, false},
		"go.mod":         {func(t *testing.T, o *link.Options) { write(t, o.Root, "go.mod", "module example.com/m\n\ngo 1.25\n") }, false},
		"new go.sum":     {func(t *testing.T, o *link.Options) { write(t, o.Root, "go.sum", "") }, false},
		"new go.work":    {func(t *testing.T, o *link.Options) { write(t, o.Root, "go.work", "go 1.26\n\nuse .\n") }, false},
		"stamp":          {func(t *testing.T, o *link.Options) { o.Stamp = map[string]string{"example.com/m/lib.Digest": "c3"} }, false},
		"target":         {func(t *testing.T, o *link.Options) { o.Target = link.Target{OS: "linux", Arch: "arm64"} }, false},
		"GOFLAGS":        {func(t *testing.T, o *link.Options) { t.Setenv("GOFLAGS", "-tags=x") }, false},
		"deleted binary": {func(t *testing.T, o *link.Options) { os.Remove(filepath.Join(o.Root, "bin/app")) }, false},
		"other binary":   {func(t *testing.T, o *link.Options) { write(t, o.Root, "bin/app", "not it") }, false},
		"broken state":   {func(t *testing.T, o *link.Options) { write(t, o.Root, stateFile(), "{") }, false},
	} {
		t.Run(name, func(t *testing.T) {
			o := workspace(t)
			write(t, o.Root, "lib/extra.go", "package lib\n")
			old := time.Now().Add(-time.Hour)
			os.Chtimes(filepath.Join(o.Root, "lib/extra.go"), old, old)
			first := mustBuild(t, o)
			tc.change(t, &o)
			watched := 0
			o.Progress = func(link.Status) { watched++ }
			r := mustBuild(t, o)
			if r.Skipped != tc.skip {
				t.Errorf("skipped %v, want %v", r.Skipped, tc.skip)
			}
			if r.Skipped && (watched > 0 || r.Size != first.Size || r.Packages != first.Packages || r.Output != first.Output) {
				t.Errorf("progress was called %d times; %+v after %+v", watched, r, first)
			}
			if again := mustBuild(t, o); !again.Skipped {
				t.Error("the build after it was not skipped")
			}
		})
	}
}

func stateFile() string {
	return "bin/.dvz/app-" + runtime.GOOS + "-" + runtime.GOARCH + ".json"
}

// TestSkipNeedsNoGo puts a go command into PATH that leaves a trace.
func TestSkipNeedsNoGo(t *testing.T) {
	goPath, err := exec.LookPath("go")
	if err != nil {
		t.Fatal(err)
	}
	trace := filepath.Join(t.TempDir(), "trace")
	fakeGo(t, "echo \"$@\" >> '"+trace+"'\nexec '"+goPath+"' \"$@\"")
	o := workspace(t)
	mustBuild(t, o)
	if _, err := os.Stat(trace); err != nil {
		t.Fatalf("the go command in PATH was not used: %v", err)
	}
	os.Remove(trace)
	r := mustBuild(t, o)
	if _, err := os.Stat(trace); !r.Skipped || err == nil {
		t.Errorf("skipped %v; trace: %v", r.Skipped, err)
	}
	if r.Duration > 100*time.Millisecond {
		t.Errorf("it took %v", r.Duration)
	}
}

func TestChangedDuringBuild(t *testing.T) {
	o := workspace(t)
	changed := false
	o.Progress = func(link.Status) {
		if !changed { // go was not started yet, but dvz counts from before
			changed = true
			time.Sleep(20 * time.Millisecond) // more than a tick of the clock of files
			write(t, o.Root, "lib/lib.go", "package lib\n\nvar Digest = \"none\"\n\nfunc Text() string { return \"lib two \" + Digest }\n")
		}
	}
	mustBuild(t, o)
	if r := mustBuild(t, o); r.Skipped {
		t.Error("a file that changed during the build was trusted")
	}
	if r := mustBuild(t, o); !r.Skipped {
		t.Error("it is never trusted again")
	}
}

func TestReproducible(t *testing.T) {
	var first []byte
	for range 2 {
		o := workspace(t)
		data, err := os.ReadFile(mustBuild(t, o).Output)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(data, []byte(o.Root)) {
			t.Error("the binary names the folder that it was built in")
		}
		if first == nil {
			first = data
		} else if !bytes.Equal(first, data) {
			t.Error("two checkouts give two binaries")
		}
	}
}

func TestCross(t *testing.T) {
	o := workspace(t)
	target, err := link.ParseTarget("linux/arm64")
	if err != nil {
		t.Fatal(err)
	}
	o.Target = target
	data, err := os.ReadFile(mustBuild(t, o).Output)
	if err != nil {
		t.Fatal(err)
	}
	// ELF's e_machine, at byte 18: 183 is AArch64.
	if len(data) < 20 || string(data[:4]) != "\x7fELF" || data[18] != 183 {
		t.Errorf("not an arm64 binary: % x", data[:20])
	}
	if r := mustBuild(t, o); !r.Skipped {
		t.Error("the cross build was not recognised")
	}
}

func TestParseTarget(t *testing.T) {
	if got, err := link.ParseTarget(""); err != nil || got != link.Host() {
		t.Errorf("got %v, %v", got, err)
	}
	for _, s := range []string{"linux", "/arm64", "linux/", "linux/arm64/v8"} {
		if got, err := link.ParseTarget(s); err == nil {
			t.Errorf("%q: got %v", s, got)
		}
	}
}

// TestGoFlags: flags that would spoil the build are left out, others are used.
func TestGoFlags(t *testing.T) {
	t.Setenv("GOFLAGS", "-n -race -json -x -tags=special")
	o := workspace(t)
	write(t, o.Root, "lib/special.go", "//go:build special\n\npackage lib\n\nfunc init() { Digest = \"special\" }\n")
	out, err := exec.Command(mustBuild(t, o).Output).Output()
	if err != nil || string(out) != "lib one special {}" {
		t.Errorf("the binary printed %q, %v", out, err)
	}
}

func TestEnvFileFlags(t *testing.T) {
	o := workspace(t)
	write(t, o.Root, "goenv", "GOFLAGS=-n\n")
	t.Setenv("GOENV", filepath.Join(o.Root, "goenv"))
	t.Setenv("GOFLAGS", "")
	mustBuild(t, o)
	onlyOutput(t, o, "app")
}

func TestInterrupted(t *testing.T) {
	o := workspace(t)
	old := mustBuild(t, o)
	// A cold cache makes the build long enough to be interrupted.
	t.Setenv("GOCACHE", t.TempDir())
	temp := t.TempDir()
	t.Setenv("GOTMPDIR", temp)
	o.Stamp["example.com/m/lib.Digest"] = "b"
	ctx, cancel := context.WithCancel(t.Context())
	steps := 0
	o.Progress = func(link.Status) {
		if steps++; steps == 20 {
			cancel()
		}
	}
	begin := time.Now()
	_, err := link.Build(ctx, o)
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v", err)
	}
	if took := time.Since(begin); took > 30*time.Second {
		t.Errorf("stopping took %v", took)
	}
	onlyOutput(t, o, "app")
	if info, err := os.Stat(old.Output); err != nil || info.Size() != old.Size {
		t.Errorf("the old binary is gone: %v", err)
	}
	if left, _ := os.ReadDir(temp); len(left) > 0 {
		t.Errorf("temporary files are left: %v", left)
	}
	if left := lasting(t, temp); len(left) > 0 {
		t.Errorf("processes are left: %q", left)
	}
}

// TestInterruptIgnored has a go that does not stop when it is asked to, with
// children that keep its output open.
func TestInterruptIgnored(t *testing.T) {
	o := workspace(t)
	fakeGo(t, "trap '' INT TERM\nsleep 300 &\nsleep 300")
	temp := t.TempDir()
	t.Setenv("GOTMPDIR", temp)
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	begin := time.Now()
	if _, err := link.Build(ctx, o); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	if took := time.Since(begin); took > time.Minute {
		t.Errorf("stopping took %v", took)
	}
	onlyOutput(t, o)
	if left := lasting(t, temp); len(left) > 0 {
		t.Errorf("processes are left: %q", left)
	}
}

// lasting finds the processes that do not go away: a killed one takes a moment.
func lasting(t *testing.T, dir string) []string {
	t.Helper()
	for range 20 {
		if len(processesWith(t, dir)) == 0 {
			return nil
		}
		time.Sleep(50 * time.Millisecond)
	}
	return processesWith(t, dir)
}

// processesWith finds processes whose environment names a folder.
func processesWith(t *testing.T, dir string) (out []string) {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("processes are counted in /proc, which is Linux's")
	}
	environs, err := filepath.Glob("/proc/[0-9]*/environ")
	if err != nil || len(environs) == 0 {
		t.Fatalf("no /proc: %v", err)
	}
	self := filepath.Join("/proc", itoa(os.Getpid()), "environ")
	for _, file := range environs {
		data, _ := os.ReadFile(file)
		if file != self && bytes.Contains(data, []byte(dir)) {
			cmdline, _ := os.ReadFile(filepath.Join(filepath.Dir(file), "cmdline"))
			out = append(out, strings.ReplaceAll(string(cmdline), "\x00", " "))
		}
	}
	return out
}
