// Package link is the last stage of the compiler: it runs `go build` on a
// generated program. It adds to the go command what a user of dvz needs: a build
// that is already there is recognised without running go at all, progress is
// shown, a fault of the Go compiler is led back to the instance of the
// composition, and an interrupted build leaves nothing behind.
//
// Binaries are static, stripped and reproducible: the same sources, target and
// toolchain give the same bytes in any folder of any machine.
package link

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"
)

// Target is a platform to build for.
type Target struct{ OS, Arch string }

// Host is the platform that dvz runs on.
func Host() Target { return Target{runtime.GOOS, runtime.GOARCH} }

// ParseTarget reads "linux/arm64"; the empty string is the host.
func ParseTarget(s string) (Target, error) {
	if s == "" {
		return Host(), nil
	}
	goos, arch, ok := strings.Cut(s, "/")
	if !ok || goos == "" || arch == "" || strings.ContainsAny(arch, "/ ") {
		return Target{}, fmt.Errorf("target %q is not of the form os/arch: write for example linux/arm64", s)
	}
	return Target{goos, arch}, nil
}

// String returns "linux/amd64".
func (t Target) String() string { return t.OS + "/" + t.Arch }

// Options say what is built and where to.
type Options struct {
	// Root is the absolute path of the workspace, where go.mod is.
	Root string
	// Module is the folder of a module of the program's own, relative to Root
	// and slash separated. Its requirements are pinned: no go.work and no vendor
	// folder applies to it. Empty: the program belongs to the module at Root.
	Module string
	// Package is the folder of the program, relative to Root and slash
	// separated: "generated/dev-platform". Its base is the build's name.
	Package string
	// Output is the path of the binary; a relative one is below Root.
	Output string
	// Target is the platform to build for; the zero value is the host.
	Target Target
	// Stamp sets string variables of the program (the linker's -X), by full
	// name: "github.com/detectviz/detectviz/platform.digest".
	Stamp map[string]string

	// InstanceAt tells which instance a line of the program's main.go belongs
	// to, "" for none; see gomain.Instances. Nil: unknown.
	InstanceAt func(line int) string
	// Users are the instances that use a plugin, by the plugin's import path.
	Users map[string][]string
	// Progress is told how far the build is, from one goroutine at a time. It
	// is not called when nothing is to be done. Nil: nobody watches.
	Progress func(Status)
}

// Status is how far a build is.
type Status struct {
	Done, Total int  // packages; Total is 0 while it is not known
	Linking     bool // all packages are compiled
}

// Result is a binary.
type Result struct {
	Output   string // absolute path
	Size     int64  // bytes
	Skipped  bool   // it was there already, and go was not run
	Packages int    // packages that are linked in
	Duration time.Duration
}

// Build builds the program unless the binary that it would give is there.
//
// Errors are *Error, which carries the code of a page of `dvz explain`,
// *UnsupportedTarget, *CompileError when the program does not compile, or wrap the
// context's error when it ended. After an error the output is what it was before.
func Build(ctx context.Context, o Options) (Result, error) {
	begin := time.Now()
	b := newBuild(o)
	if r, ok := b.upToDate(); ok {
		r.Duration = time.Since(begin)
		return r, nil
	}
	r, err := b.run(ctx)
	if err != nil {
		return Result{}, err
	}
	r.Duration = time.Since(begin)
	return r, nil
}

// build is one call of Build.
type build struct {
	Options
	tool      goTool
	statePath string
	started   time.Time // before go reads the first file, by the clock of files
}

func newBuild(o Options) *build {
	o.Target.OS = cmp.Or(o.Target.OS, runtime.GOOS)
	o.Target.Arch = cmp.Or(o.Target.Arch, runtime.GOARCH)
	if !filepath.IsAbs(o.Output) {
		o.Output = filepath.Join(o.Root, o.Output)
	}
	if o.Progress == nil {
		o.Progress = func(Status) {}
	}
	name := fmt.Sprintf("%s-%s-%s.json", path.Base(o.Package), o.Target.OS, o.Target.Arch)
	b := &build{
		Options:   o,
		tool:      findGo(o.Root),
		statePath: filepath.Join(o.Root, "bin", ".dvz", name),
	}
	if o.Module != "" {
		b.tool.Work = ""
	}
	return b
}

// dir is the folder in which go runs.
func (b *build) dir() string { return filepath.Join(b.Root, filepath.FromSlash(b.Module)) }

// program is the program as an argument of go.
func (b *build) program() string {
	return "./" + strings.TrimPrefix(strings.TrimPrefix(b.Package, b.Module), "/")
}

// run builds into a temporary file beside the output, so that the last step is
// a rename.
func (b *build) run(ctx context.Context) (Result, error) {
	if b.tool.err != nil {
		return Result{}, noGo(b.Root, b.tool.err)
	}
	if err := os.MkdirAll(filepath.Dir(b.Output), 0o755); err != nil {
		return Result{}, CannotWrite(b.Output, err)
	}
	temp, err := os.CreateTemp(filepath.Dir(b.Output), "."+filepath.Base(b.Output)+"-*")
	if err != nil {
		return Result{}, CannotWrite(b.Output, err)
	}
	temp.Close()
	defer os.Remove(temp.Name()) // nothing is there after the rename
	// The kernel takes the times of files from its last tick, so that a file
	// written now may look older than time.Now. It is not older than this one.
	if info, err := os.Stat(temp.Name()); err == nil {
		b.started = info.ModTime()
	}
	// A folder of our own for go's temporary files, so that none stay behind
	// when go had to be killed.
	work, err := os.MkdirTemp(os.Getenv("GOTMPDIR"), "dvz-build-*")
	if err != nil {
		return Result{}, CannotWrite("a temporary folder in "+cmp.Or(os.Getenv("GOTMPDIR"), os.TempDir()), err)
	}
	defer os.RemoveAll(work)

	listed := make(chan []pkg, 1)
	listCtx, stopList := context.WithCancel(ctx)
	defer func() { stopList(); <-listed }()
	go func() {
		listed <- b.list(listCtx)
		close(listed)
	}()

	packages, err := b.compile(ctx, work, temp.Name(), listed)
	if err != nil {
		return Result{}, err
	}
	if err := os.Rename(temp.Name(), b.Output); err != nil {
		return Result{}, CannotWrite(b.Output, err)
	}
	if packages == nil {
		packages = <-listed
	}
	info, err := os.Stat(b.Output)
	if err != nil {
		return Result{}, CannotWrite(b.Output, err)
	}
	b.record(packages)
	return Result{Output: b.Output, Size: info.Size(), Packages: len(packages)}, nil
}

// noTrace is a build tag of google.golang.org/grpc. Without it grpc links
// html/template for a debugging page, whose use of reflection makes the linker
// keep every exported method of every type: 5 MB in a binary that only sends
// OTLP logs.
const noTrace = "grpcnotrace"

// tags are our own build tag and those of the user's GOFLAGS, which the
// argument would replace.
func (b *build) tags() string {
	tags := noTrace
	for _, f := range strings.Fields(b.tool.Flags) {
		if name, list, _ := strings.Cut(strings.TrimLeft(f, "-"), "="); name == "tags" {
			tags += "," + list
		}
	}
	return tags
}

// args are the arguments of go build, but for the output.
func (b *build) args() []string {
	ldflags := "-s -w"
	for _, name := range slices.Sorted(maps.Keys(b.Stamp)) {
		ldflags += fmt.Sprintf(" -X '%s=%s'", name, b.Stamp[name])
	}
	args := []string{"build", "-trimpath", "-buildvcs=false", "-tags=" + b.tags(), "-ldflags=" + ldflags}
	if b.Module != "" {
		args = append(args, "-mod=readonly")
	}
	return args
}
