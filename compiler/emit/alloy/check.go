package alloy

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/agext/levenshtein"

	"github.com/detectviz/detectviz/compiler/diag"
	"github.com/detectviz/detectviz/compiler/plan"
)

// check finds what `alloy validate` does not: references that lead nowhere or
// to an export of another kind, and blocks that Alloy does not have.
func (c *config) check() {
	for _, b := range c.blocks {
		component, ok := c.components[b.Name]
		if !ok {
			d := c.errorf("DVZ405", b, "%s is no Alloy component that dvz knows", b.Name)
			if near := nearest(b.Name, slices.Sorted(maps.Keys(c.components))); near != "" {
				d.Hint = fmt.Sprintf("did you mean %s?", near)
			}
			continue
		}
		switch {
		case component.Single && b.Label != "":
			c.errorf("DVZ405", b, "the Alloy block %s takes no label, and has %q", b.Name, b.Label)
		case !component.Single && b.Label == "":
			c.errorf("DVZ405", b, "the Alloy component %s has no label", b.Name)
		}
		for _, s := range b.Sinks {
			if kind, ok := component.Exports[s.Export]; !ok || !fits(kind, s.Kind) {
				d := c.errorf("DVZ401", b, "%s has no export %q that takes %s", b.Name, s.Export, describe(s.Kind))
				d.Hint = "its exports are " + list(slices.Sorted(maps.Keys(component.Exports)))
			}
		}
		c.attributes(b, component, b.AlloyBlock, "")
	}
}

// attributes checks the values of a block and of the blocks in it. prefix is
// the path of the block in its component.
func (c *config) attributes(top block, component Component, b plan.AlloyBlock, prefix string) {
	for _, a := range b.Attributes {
		path := prefix + a.Name
		c.value(top, path, component.Wants[path], a.Value)
	}
	for _, inner := range b.Blocks {
		c.attributes(top, component, inner, prefix+inner.Name+".")
	}
}

// value checks one value at a path; wanted is the kind of references that the
// path takes, empty when any value may stand there.
func (c *config) value(top block, path, wanted string, value any) {
	switch v := value.(type) {
	case []any:
		for _, item := range v {
			c.value(top, path, wanted, item)
		}
		return
	case map[string]any:
		key, arg, err := marker(v)
		if err != nil {
			break // reported below
		}
		text, _ := arg.(string)
		switch key {
		case "$ref":
			c.reference(top, path, wanted, text)
		case "$sinks":
			c.sinkList(top, path, wanted, text)
		case "$object":
			fields, _ := arg.(map[string]any)
			for _, name := range slices.Sorted(maps.Keys(fields)) {
				c.value(top, path+"."+name, "", fields[name])
			}
			if fields != nil {
				return
			}
		}
	}
	if _, err := (writer{}).tokens(value); err != nil {
		c.errorf("DVZ403", top, "%s: %s: %v", top.id(), path, err)
	}
}

func (c *config) reference(top block, path, wanted, ref string) {
	name, label, export, found := c.split(ref)
	present := slices.ContainsFunc(c.blocks, func(b block) bool { return b.Name == name && b.Label == label })
	kind, exported := c.components[name].Exports[export]
	switch {
	case !found || !present:
		d := c.errorf("DVZ401", top, "%s of %s refers to %s, and the composition has no such Alloy component", path, top.id(), ref)
		c.suggest(d, ref, wanted)
	case !exported:
		d := c.errorf("DVZ401", top, "%s of %s refers to %s, but %s has no export %q", path, top.id(), ref, name, export)
		c.suggest(d, ref, wanted)
	case wanted != "" && !fits(kind, wanted):
		d := c.errorf("DVZ401", top, "%s of %s takes %s, but %s is %s", path, top.id(), describe(wanted), ref, describe(kind))
		c.suggest(d, ref, wanted)
	}
}

func (c *config) sinkList(top block, path, wanted, kind string) {
	if wanted != "" && wanted != kind {
		c.errorf("DVZ401", top, "%s of %s takes %s, not %s", path, top.id(), describe(wanted), describe(kind))
		return
	}
	if len(c.sinks(kind, top)) == 0 {
		d := c.diags.Warnf("DVZ404", top.instance.Pos, "nothing receives the %s that %s of %s sends", describe(kind), top.id(), top.instance.Name)
		d.Width, d.Hint = top.instance.Width, "add an integration that takes them; `dvz plugins search alloy` lists those that there are"
	}
}

func (c *config) suggest(d *diag.Diagnostic, ref, wanted string) {
	candidates := c.candidates(wanted)
	if near := nearest(ref, candidates); near != "" && len(candidates) > 1 {
		d.Hint = fmt.Sprintf("did you mean %s? candidates: %s", near, list(candidates))
	} else {
		d.Hint = "candidates: " + list(candidates)
	}
}

// errorf reports a fault of a block at the instance that contributes it.
func (c *config) errorf(code string, b block, format string, args ...any) *diag.Diagnostic {
	return c.diags.Errorf(code, b.instance.Pos, "in the Alloy config of %s: %s", b.instance.Name, fmt.Sprintf(format, args...))
}

// describe names a kind for people.
func describe(kind string) string {
	switch kind {
	case "prometheus":
		return "Prometheus samples"
	case "loki":
		return "Loki entries"
	case "otelcol":
		return "OpenTelemetry data"
	case "otelcol.metrics", "otelcol.logs", "otelcol.traces":
		return "OpenTelemetry " + strings.TrimPrefix(kind, "otelcol.")
	case "targets":
		return "a list of targets"
	case "rules":
		return "relabelling rules"
	case "handler":
		return "an authentication handler"
	}
	return "a " + kind
}

func list(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}

// nearest returns the known name that is close enough to be what was meant.
func nearest(name string, known []string) string {
	best, distance := "", max(2, len(name)/4)+1
	for _, k := range known {
		if d := levenshtein.Distance(name, k, nil); d < distance {
			best, distance = k, d
		}
	}
	return best
}
