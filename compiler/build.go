package compiler

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/detectviz/detectviz/compiler/catalog"
	"github.com/detectviz/detectviz/compiler/diag"
	"github.com/detectviz/detectviz/compiler/emit"
	"github.com/detectviz/detectviz/compiler/emit/gomain"
	"github.com/detectviz/detectviz/compiler/link"
	"github.com/detectviz/detectviz/compiler/plan"
)

// BuildOptions say for what a binary is built and who watches.
type BuildOptions struct {
	Target   link.Target       // the zero value is the host
	Progress func(link.Status) // may be nil
}

// Build writes the generated files of a plan and builds its binary into bin/.
// Nothing is written when a back end finds errors.
func (w *Workspace) Build(ctx context.Context, p *plan.Plan, o BuildOptions) (link.Result, diag.List, error) {
	files, diags := w.Emit(p)
	if diags.HasErrors() {
		return link.Result{}, diags, nil
	}
	if _, err := w.Commit(p, files); err != nil {
		return link.Result{}, diags, err
	}
	dir := filepath.ToSlash(GeneratedDir(p.Artifact()))
	result, err := link.Build(ctx, link.Options{
		Root:       w.Root,
		Module:     w.moduleOf(dir),
		Package:    dir,
		Output:     filepath.Join("bin", binaryName(p.Artifact(), o.Target)),
		Target:     o.Target,
		Stamp:      map[string]string{catalog.Module + "/platform.digest": Digest(files)},
		InstanceAt: gomain.Instances(content(files, gomain.Path)),
		Users:      pluginUsers(p),
		Progress:   o.Progress,
	})
	return result, diags, err
}

// moduleOf returns the folder of the module that a generated program in a folder
// belongs to; "" is the workspace's.
func (w *Workspace) moduleOf(dir string) string {
	if w.module == nil {
		return ""
	}
	return dir
}

// binaryName is the name of what is built, with the target when that is not the
// host.
func binaryName(name string, target link.Target) string {
	host := link.Host()
	if target == (link.Target{}) || target == host {
		target = host
	} else {
		name += "-" + target.OS + "-" + target.Arch
	}
	if target.OS == "windows" {
		name += ".exe"
	}
	return name
}

func content(files []emit.File, path string) []byte {
	for _, f := range files {
		if f.Path == path {
			return f.Content
		}
	}
	return nil
}

// pluginUsers lists the instances of each plugin, by import path.
func pluginUsers(p *plan.Plan) map[string][]string {
	users := map[string][]string{}
	for _, in := range p.Instances {
		if in.Code != nil {
			users[in.Code.Import] = append(users[in.Code.Import], in.Name)
		}
	}
	return users
}

// everythingDir holds the program with every plugin. Folders whose name begins
// with an underscore are left out of patterns such as ./... .
const everythingDir = "bin/_everything"

// MeasuredEverything returns the size that MeasureEverything found for a target
// when it was last asked, 0 when it never was.
func (w *Workspace) MeasuredEverything(target link.Target) int64 {
	info, err := os.Stat(filepath.Join(w.Root, everythingBinary(target)))
	if err != nil {
		return 0
	}
	return info.Size()
}

// everythingBinary is kept for its size.
func everythingBinary(target link.Target) string {
	return filepath.Join("bin", ".dvz", binaryName(plan.EverythingName, target))
}

// MeasureEverything returns the size of a binary with every plugin, which is
// what a composition saves against. It builds that binary unless it is there
// and fresh.
func (w *Workspace) MeasureEverything(ctx context.Context, o BuildOptions) (int64, error) {
	p, err := plan.Everything(w.catalog, Generator)
	if err != nil {
		return 0, err
	}
	files, diags := gomain.Emit(p)
	if diags.HasErrors() {
		return 0, fmt.Errorf("emitting a program with every plugin: %s", diags[0].Message)
	}
	planJSON, err := p.JSON()
	if err != nil {
		return 0, err
	}
	own, diags := w.moduleFiles(p, everythingDir)
	if diags.HasErrors() {
		return 0, &WorkspaceError{w.shown(diags)}
	}
	files = append(files, own...)
	for _, f := range append(files, emit.File{Path: "plan.json", Content: planJSON}) {
		if _, err := replace(filepath.Join(w.Root, everythingDir, f.Path), f.Content); err != nil {
			return 0, err
		}
	}
	result, err := link.Build(ctx, link.Options{
		Root:       w.Root,
		Module:     w.moduleOf(everythingDir),
		Package:    everythingDir,
		Output:     everythingBinary(o.Target),
		Target:     o.Target,
		InstanceAt: gomain.Instances(content(files, gomain.Path)),
		Users:      pluginUsers(p),
		Progress:   o.Progress,
	})
	return result.Size, err
}

// replace writes a file by way of a temporary one, unless it holds that content.
func replace(path string, content []byte) (wrote bool, err error) {
	if present, err := os.ReadFile(path); err == nil && bytes.Equal(present, content) {
		return false, nil
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return false, err
	}
	temp := path + ".tmp"
	if err := os.WriteFile(temp, content, 0o644); err != nil {
		os.Remove(temp)
		return false, err
	}
	return true, os.Rename(temp, path)
}
