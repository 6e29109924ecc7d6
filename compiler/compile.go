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
// plan is nil when there are errors that no comment of the composition ignores.
func (w *Workspace) Compile(dir string, overlays ...string) (*plan.Plan, diag.List) {
	c, diags := source.Read(w.abs(dir), w.inWorkspace(dir), source.Options{Overlays: overlays, PluginNamed: w.catalog.Named})
	if c == nil {
		return nil, w.shown(diags)
	}
	p, diags := w.stages(c, diags)
	diags = ignore(c, diags, p != nil)
	attribute(c, diags)
	if diags.HasErrors() {
		p = nil
	}
	return p, w.shown(diags)
}

// stages runs all stages behind source on a composition, and adds to what that
// one found. A fault ends it, because the next stage would have nothing sound to
// go on with; what is merely against a policy does not. The plan is nil unless
// all stages ran.
func (w *Workspace) stages(c *source.Composition, diags diag.List) (*plan.Plan, diag.List) {
	instances, found := check.Run(c, w.catalog)
	diags = append(diags, found...)
	diags = append(diags, w.sameName(c.Dir, c.Name)...)
	if diags.HasFaults() {
		return nil, diags
	}
	p, found := plan.Build(c, instances, w.catalog, Generator)
	diags = append(diags, found...)
	if p == nil {
		return nil, diags
	}
	_, found = w.around(p)
	diags = append(diags, found...)
	diags = append(diags, w.changedUIDs(p)...)
	if diags.HasFaults() {
		return nil, diags
	}
	return p, diags
}
