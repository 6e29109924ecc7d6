// Package check says all that is wrong with a composition, at once and in the
// user's words: the compiler's third stage. It takes the tree that package
// source read and the plugins' manifests of package catalog, and returns the
// instances that are sound, with their evaluated configs, and the findings.
//
// There is one file a rule. The engine beneath them is a walk of the user's
// tree along a CUE schema (walk.go, leaf.go): CUE decides whether a value is
// allowed, but what is said about it is ours, because CUE's own messages speak
// of conjuncts, hide one error behind another and often have no position in
// the user's file.
//
// Cycles and capabilities are matched later, by package plan.
package check

import (
	"path"
	"slices"
	"strings"

	"cuelang.org/go/cue"

	"github.com/detectviz/detectviz/compiler/catalog"
	"github.com/detectviz/detectviz/compiler/diag"
	"github.com/detectviz/detectviz/compiler/source"
)

// Instance is an enabled plugin entry in which no fault was found. An error of
// policy, such as a secret in clear text, is no fault; see diag.Kind.
type Instance struct {
	Source *source.Plugin
	Name   string
	Plugin *catalog.Plugin
	// Config is concrete: defaults are filled in, and references in what the
	// user wrote are replaced by samples (params by their defaults). References
	// in the defaults of a schema stand as they are.
	Config   cue.Value
	Manifest *catalog.Manifest
}

// Run checks a composition. The instances are in the order of the file; those
// with faults are left out, so they are complete only if no finding is a fault.
func Run(c *source.Composition, cat *catalog.Catalog) ([]Instance, diag.List) {
	r := &run{c: c, cat: cat, params: declaredParams(c), structures: map[cue.Value]*structure{}, patterns: map[cue.Value]cue.Value{}, listings: map[cue.Value]*listing{}, forms: map[cue.Value]formed{}, reported: map[reported]bool{}}
	r.shape()
	r.plugins()
	r.instanceNames()
	r.dependsOn()
	r.pipelines()
	r.health()
	r.limits()
	r.scaling()
	r.meta()
	r.declarations()
	r.together()
	r.idle()

	var instances []Instance
	for _, e := range r.entries {
		if e.sound && e.source.Enabled {
			instances = append(instances, Instance{Source: e.source, Name: e.name, Plugin: e.plugin, Config: e.config, Manifest: e.manifest})
		}
	}
	return instances, r.l.Sorted()
}

// run is one check of one composition.
type run struct {
	c          *source.Composition
	cat        *catalog.Catalog
	l          diag.List
	params     map[string]*param
	structures map[cue.Value]*structure
	patterns   map[cue.Value]cue.Value
	listings   map[cue.Value]*listing
	forms      map[cue.Value]formed
	reported   map[reported]bool
	entries    []*entry // of spec.plugins, in the order of the file

	shapeFaults map[string]bool // paths; see misshapen
	partial     int             // values that are left out because of a fault that was reported elsewhere

	byName map[string]*entry // see instance
	names  []string
}

// entry is one item of spec.plugins.
type entry struct {
	source   *source.Plugin
	node     *source.Node
	name     string
	namePos  source.Text     // where the name is written or follows from
	plugin   *catalog.Plugin // nil: unknown or broken
	filled   catalog.Filled
	config   cue.Value
	manifest *catalog.Manifest // nil unless enabled and without errors so far
	sound    bool
	guesses  []string // names that the instance may be meant to have
}

// shape walks the composition along its schema, except for the plugins.
func (r *run) shape() {
	w := r.walker("the composition")
	w.opaque = map[string]bool{"spec.plugins": true}
	w.refsAt = func(path string) bool { return path == "spec.health.listen" }
	root := r.structureOf(r.cat.Schema("#Composition")).fields
	w.elsewhere = func(path, key string) string {
		within, _, _ := strings.Cut(path, ".")
		if find(root, key) != nil {
			return "it belongs beside " + within
		}
		for _, section := range []string{"metadata", "spec"} {
			if path != section && find(r.structureOf(find(root, section).value).fields, key) != nil {
				return "it belongs under " + section
			}
		}
		return ""
	}
	w.value(r.cat.Schema("#Composition"), r.c.Root, place{pos: r.c.Root.Pos})
	r.shapeFaults = w.faults
	if f, written := fieldOf(r.c.Root.Get("spec"), "plugins"); written && f.Value.Kind == source.Null && !f.Value.Broken {
		d := r.l.Errorf("DVZ104", f.Pos, "spec.plugins has no value")
		d.Width, d.Hint = f.Width, `list the plugins below it, each with "- "`
	}
}

// idle reports a composition that is sound, and in which nothing runs.
func (r *run) idle() {
	running := func(e *entry) bool { return e.source.Enabled }
	spec := r.c.Root.Get("spec")
	f, written := fieldOf(spec, "plugins")
	if !written || r.l.HasErrors() || r.partial > 0 || slices.ContainsFunc(r.entries, running) {
		return
	}
	if slices.ContainsFunc(spec.Fields, func(o source.Field) bool { return o.Key != "plugins" && o.Pos == f.Pos }) {
		return // the seed shows scaling alone; package source adds an empty list in its place
	}
	d := r.l.Warnf("DVZ228", f.Pos, "no plugin runs: the service would do nothing")
	d.Width, d.Hint = f.Width, "dvz plugins list shows all plugins"
}

// misshapen reports whether shape found something at a path or below it.
func (r *run) misshapen(path string) bool {
	for fault := range r.shapeFaults {
		if fault == path || strings.HasPrefix(fault, path+".") {
			return true
		}
	}
	return false
}

// instance returns the instance of a name. It also returns true for a name that
// an entry whose plugin is misspelt may be meant to have: one mistake is
// reported once.
func (r *run) instance(name string) (*entry, bool) {
	if r.byName == nil {
		r.byName = map[string]*entry{}
		for _, e := range r.entries {
			if e.name != "" && r.byName[e.name] == nil {
				r.byName[e.name] = e
				r.names = append(r.names, e.name)
			}
		}
		for _, e := range r.entries {
			for _, guess := range e.guesses {
				if r.byName[guess] == nil {
					r.byName[guess] = e
				}
			}
		}
	}
	e := r.byName[name]
	return e, e != nil
}

// shortName is the last part of a plugin's path.
func shortName(p string) string {
	if p == "" {
		return ""
	}
	return path.Base(p)
}

// at sets the width of a finding about a text.
func at(d *diag.Diagnostic, t source.Text) *diag.Diagnostic {
	d.Width = t.Width
	return d
}
