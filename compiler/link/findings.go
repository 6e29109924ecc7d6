package link

import (
	"fmt"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/detectviz/detectviz/compiler/diag"
)

// Finding is one error of the Go toolchain.
type Finding struct {
	Pos       diag.Pos // zero for an error of no place
	Message   string   // may have further lines, indented
	Instances []string // that the place belongs to; empty: none is known
	Missing   string   // the package that the place imports and go could not load
}

// String formats the finding as the Go compiler does.
func (f Finding) String() string {
	if f.Pos.File == "" {
		return f.Message
	}
	return f.Pos.String() + ": " + f.Message
}

// CompileError is a program that does not compile.
type CompileError struct {
	Package  string // "generated/dev-platform"
	Findings []Finding
}

// Instances are all that the findings belong to, each once, in their order.
func (e *CompileError) Instances() []string {
	var out []string
	for _, f := range e.Findings {
		for _, name := range f.Instances {
			if !slices.Contains(out, name) {
				out = append(out, name)
			}
		}
	}
	return out
}

// Cause is a sentence that says which instance is at fault.
func (e *CompileError) Cause() string {
	if !slices.ContainsFunc(e.Findings, func(f Finding) bool { return f.Missing == "" }) {
		return "these packages could not be loaded: does go.mod require their modules, and can those be downloaded?"
	}
	switch names := e.Instances(); len(names) {
	case 0:
		if !slices.ContainsFunc(e.Findings, func(f Finding) bool { return path.Ext(f.Pos.File) == ".go" }) {
			return "these lines are not about the composition, but about Go's environment or the workspace's modules: see go env, go.mod and go.sum"
		}
		return "none of these lines belongs to an instance; please report a bug of dvz, or of the module that they are in"
	case 1:
		return fmt.Sprintf("the lines belong to instance %s: its plugin does not fit what its manifest says", names[0])
	default:
		last := len(names) - 1
		return fmt.Sprintf("the lines belong to instances %s and %s: their plugins do not fit what their manifests say", strings.Join(names[:last], ", "), names[last])
	}
}

// Error implements error with the compiler's lines and the cause.
func (e *CompileError) Error() string {
	var out strings.Builder
	fmt.Fprintf(&out, "%s does not compile", e.Package)
	for _, f := range e.Findings {
		fmt.Fprintf(&out, "\n%s", f)
	}
	fmt.Fprintf(&out, "\n%s", e.Cause())
	return out.String()
}

// report collects what go build says, package by package.
type report struct{ events []buildEvent }

func (r *report) add(e buildEvent) {
	if e.Output != "" {
		r.events = append(r.events, e)
	}
}

// compiled reports whether go came as far as compiling the package.
func (r report) compiled(importPath string) bool {
	return slices.ContainsFunc(r.events, func(e buildEvent) bool {
		return e.ImportPath == importPath && strings.HasPrefix(e.Output, "# ")
	})
}

var place = regexp.MustCompile(`^([^ :][^:]*\.[A-Za-z]+):(\d+)(?::(\d+))?: (.*)$`)

// explain makes an error of a failed go build.
func (b *build) explain(said report, stderr string, err error) error {
	text := stderr
	for _, e := range said.events {
		text += e.Output
	}
	if outside := b.outside(text, err); outside != nil {
		return outside
	}
	out := &CompileError{Package: b.Package}
	for _, e := range said.events {
		out.add(b, said, e)
	}
	for line := range strings.Lines(stderr) {
		out.add(b, said, buildEvent{Output: line})
	}
	if len(out.Findings) == 0 {
		out.Findings = []Finding{{Message: "go build: " + err.Error()}}
	}
	return out
}

// add reads one line of output.
func (e *CompileError) add(b *build, said report, event buildEvent) {
	line := strings.TrimRight(event.Output, "\n")
	switch {
	case strings.TrimSpace(line) == "", strings.HasPrefix(line, "# "), line == "too many errors",
		strings.HasPrefix(line, "go: downloading "):
		return
	case strings.HasPrefix(line, "\t") && len(e.Findings) > 0:
		e.Findings[len(e.Findings)-1].Message += "\n" + line
		return
	}
	m := place.FindStringSubmatch(line)
	if m == nil {
		e.Findings = append(e.Findings, Finding{Message: line, Instances: b.users(event.ImportPath)})
		return
	}
	file := m[1]
	if !filepath.IsAbs(file) { // go names it from where it ran
		file = path.Join(b.Module, filepath.ToSlash(file))
	}
	f := Finding{Pos: diag.Pos{File: file}, Message: m[4]}
	f.Pos.Line, _ = strconv.Atoi(m[2])
	f.Pos.Column, _ = strconv.Atoi(m[3])
	if file == path.Join(b.Package, "main.go") {
		if b.InstanceAt != nil {
			if name := b.InstanceAt(f.Pos.Line); name != "" {
				f.Instances = strings.Split(name, ", ")
			}
		}
	} else {
		f.Instances = b.users(event.ImportPath)
	}
	if !said.compiled(event.ImportPath) && event.ImportPath != path.Join(modulePath(b.Root), path.Dir(f.Pos.File)) {
		f.Missing = event.ImportPath
	}
	e.Findings = append(e.Findings, f)
}

// users are the instances whose plugin is the package, or holds it.
func (b *build) users(importPath string) []string {
	for p := importPath; p != "." && p != "/" && p != ""; p = path.Dir(p) {
		if names := b.Users[p]; names != nil {
			return names
		}
	}
	return nil
}
