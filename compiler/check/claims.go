package check

import (
	"path"
	"strings"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/ast"

	"github.com/detectviz/detectviz/compiler/catalog"
	"github.com/detectviz/detectviz/compiler/diag"
	"github.com/detectviz/detectviz/compiler/source"
)

// What instances do to the world outside of them: what they claim, with whom
// they talk, where they write. A manifest computes that from the config; the
// rules about it find the value of the config that it comes from.

// world is what the rules across instances look at.
type world struct {
	*run
	deeds []*deed // of the enabled entries, in the order of the file
	// feeders are the importers whose data reaches an exporter, by its name and by
	// signal.
	feeders map[string]map[string][]*deed
}

// together checks the instances together, and with the world around them.
func (r *run) together() {
	w := &world{run: r, deeds: r.allDeeds()}
	w.feeders = feedersOf(w.deeds, r.c.Pipelines)
	w.ports()
	w.files()
	w.routes()
	w.metricNames()
	w.writtenPaths()
	w.credentials()
	w.plainConnections()
	w.unverified()
	w.uselessDeliveries()
	w.retries()
	w.memory()
	w.unreached()
	w.ruleMetrics()
}

// deed is an enabled entry with what its manifest says that it does.
type deed struct {
	*entry
	says   *catalog.Manifest
	leaves []leaf
	exact  map[string]*leaf // by value, without open ones
	open   bool             // there are open ones
}

// leaf is a text that the user wrote in a config.
type leaf struct {
	*source.Node
	value string // with samples for its references
	open  bool   // a param without a default decides
	host  bool   // ${host} is a part of it
}

// allDeeds returns the deeds of all enabled entries whose plugin is known. An
// entry with faults has them too, as far as its sound part goes.
func (r *run) allDeeds() (all []*deed) {
	for _, e := range r.entries {
		if e.plugin == nil || !e.source.Enabled {
			continue
		}
		d := &deed{entry: e, says: e.manifest}
		if d.says == nil {
			d.says = r.sketch(e)
		}
		if d.says != nil {
			r.read(d)
			all = append(all, d)
		}
	}
	return all
}

// read collects the texts of an entry's config.
func (r *run) read(d *deed) {
	each(d.source.Config, func(n *source.Node) {
		if n.Kind == source.String {
			d.leaves = append(d.leaves, r.leafOf(n))
		}
	})
	d.exact = make(map[string]*leaf, len(d.leaves))
	for i := range d.leaves {
		l := &d.leaves[i]
		if l.open {
			d.open = true
		} else if d.exact[l.value] == nil {
			d.exact[l.value] = l
		}
	}
}

// sketch evaluates the manifest of an entry that has faults, with what is sound
// of its config; nil when that is not enough.
func (r *run) sketch(e *entry) *catalog.Manifest {
	config := e.filled.Config()
	if !config.Exists() {
		return nil
	}
	if m, err := e.filled.Manifest(); err == nil {
		return m
	}
	fields, err := config.Fields()
	if err != nil {
		return nil
	}
	sound := &ast.StructLit{}
	for fields.Next() {
		v := fields.Value()
		if v.Validate(cue.Concrete(true)) != nil {
			continue
		}
		if expr, ok := v.Syntax(cue.Final()).(ast.Expr); ok {
			sound.Elts = append(sound.Elts, entryOf(fields.Selector().Unquoted(), expr))
		}
	}
	self := catalog.Self{Instance: e.name, Composition: r.c.Name.Value, State: r.state()}
	m, err := e.plugin.FillSyntax(sound, self).Manifest()
	if err != nil {
		return nil
	}
	return m
}

// state is the state folder as manifests see it.
func (r *run) state() string { return path.Join("/var/lib", r.c.Name.Value) }

// leafOf puts samples in the place of a text's references, the same ones that
// the evaluated config has.
func (r *run) leafOf(n *source.Node) leaf {
	l := leaf{Node: n}
	parts, err := source.ParseTemplate(n.Text)
	if err != nil {
		l.value = n.Text
		return l
	}
	for _, part := range parts {
		switch part.Kind {
		case source.LiteralPart:
			l.value += part.Text
		case source.StatePart:
			l.value += r.state()
		case source.HostPart:
			l.value += "localhost"
			l.host = true
		case source.ParamPart:
			p := r.params[part.Text]
			if p == nil || p.value == nil {
				l.open = true
				continue
			}
			l.value += p.value.Text
		}
	}
	return l
}

// Places returns a function that gives the texts of an entry's config by what
// they are once samples stand in the place of their references: the values that
// the scopes of permissions have.
func Places(c *source.Composition) func(*source.Plugin) map[string]source.Text {
	r := &run{c: c, params: declaredParams(c)}
	return func(p *source.Plugin) map[string]source.Text {
		d := &deed{entry: &entry{source: p}}
		r.read(d)
		places := make(map[string]source.Text, len(d.exact))
		for value, l := range d.exact {
			places[value] = source.Text{Value: l.Text, Pos: l.Pos, Width: l.Width}
		}
		return places
	}
}

// written returns the text of the config that a value of the manifest comes
// from: the one that equals it, or else the longest one that holds a telling
// part of it, such as the host and port of a URL. Nil: it is a default.
func (d *deed) written(value, part string) *leaf {
	if l := d.exact[value]; l != nil || part == "" {
		return l
	}
	var found *leaf
	for i := range d.leaves {
		l := &d.leaves[i]
		if !l.open && strings.Contains(l.value, part) && (found == nil || len(found.value) < len(l.value)) {
			found = l
		}
	}
	return found
}

// meant reports whether a value is what the user wants. A value that is not
// written may be a sample for a param without a default, and in an entry with
// faults a default may stand in the place of the value that is at fault.
func (d *deed) meant(value, part string) bool {
	return d.manifest != nil && !d.open || d.written(value, part) != nil
}

// spot is a place that a finding points at.
type spot struct {
	pos       diag.Pos
	width     int
	byDefault bool // the value is not written: the place is that of the entry
}

// spot is where a value of the manifest comes from.
func (d *deed) spot(value, part string) spot {
	if l := d.written(value, part); l != nil {
		return spot{pos: l.Pos, width: l.Width}
	}
	return spot{d.source.Path.Pos, d.source.Path.Width, true}
}

// related is the place of a first claim.
func (s spot) related() []diag.Related {
	return []diag.Related{{Pos: s.pos, Width: s.width, Message: "first claimed here"}}
}

// shownPath writes a path as a user would.
func (r *run) shownPath(p string) string {
	if rest, ok := strings.CutPrefix(p, r.state()); ok && (rest == "" || rest[0] == '/') {
		return "${state}" + rest
	}
	return p
}

// cleanPath makes a path comparable. A relative one is in the state folder,
// which is the service's working directory.
func (r *run) cleanPath(p string) string {
	if !path.IsAbs(p) {
		p = path.Join(r.state(), p)
	}
	return path.Clean(p)
}
