package compiler

import (
	"github.com/detectviz/detectviz/compiler/check"
	"github.com/detectviz/detectviz/compiler/diag"
	"github.com/detectviz/detectviz/compiler/plan"
	"github.com/detectviz/detectviz/compiler/source"
)

// Compile reads a composition folder, checks all of it, plans it, and checks the
// files around the binary: everything that can be said without building. The
// folder is relative to the folder that the workspace was opened in, or
// absolute; overlays are names of files in its overlays/, the later wins. The
// plan is nil when there are errors.
func (w *Workspace) Compile(dir string, overlays ...string) (*plan.Plan, diag.List) {
	composition, diags := source.Read(w.abs(dir), w.inWorkspace(dir), source.Options{Overlays: overlays, PluginNamed: w.catalog.Named})
	if composition == nil {
		return nil, w.shown(diags)
	}
	instances, found := check.Run(composition, w.catalog)
	diags = append(diags, found...)
	if diags.HasErrors() {
		return nil, w.shown(diags)
	}
	p, found := plan.Build(composition, instances, w.catalog, Generator)
	diags = append(diags, found...)
	if p == nil {
		return nil, w.shown(diags)
	}
	_, found = w.around(p)
	if diags = append(diags, found...); diags.HasErrors() {
		p = nil
	}
	return p, w.shown(diags)
}
