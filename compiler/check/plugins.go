package check

import (
	"errors"
	"slices"
	"strings"

	"github.com/detectviz/detectviz/compiler/catalog"
	"github.com/detectviz/detectviz/compiler/diag"
	"github.com/detectviz/detectviz/compiler/source"
)

// plugins checks each item of spec.plugins: its shape, its plugin, its options
// and its config.
func (r *run) plugins() {
	var paths []string
	for i := range r.c.Plugins {
		paths = append(paths, r.c.Plugins[i].Path.Value)
	}
	preload := r.cat.Preload(paths...)

	nodes := r.c.Root.Get("spec").Get("plugins")
	for i := range r.c.Plugins {
		before, partial := len(r.l), r.partial
		e := &entry{source: &r.c.Plugins[i], node: nodes.Items[i]}
		r.entries = append(r.entries, e)
		if preload != nil {
			r.brokenPlugin(e, preload)
			continue
		}
		r.plugin(e)
		e.sound = e.config.Exists() && r.partial == partial && !r.l[before:].HasFaults()
		if e.sound && e.source.Enabled {
			r.instantiate(e)
			e.sound = !r.l[before:].HasFaults()
		}
	}
}

func (r *run) plugin(e *entry) {
	options, ok := r.entryShape(e)
	if !ok {
		return
	}
	e.name, e.namePos = e.source.As.Value, e.source.As
	if e.name == "" {
		e.name, e.namePos = shortName(e.source.Path.Value), e.source.Path
	}
	plugin, err := r.cat.Plugin(e.source.Path.Value)
	switch {
	case err != nil:
		r.brokenPlugin(e, err)
	case plugin == nil:
		e.guesses = r.unknownPlugin(e.source.Path)
	default:
		e.plugin = plugin
		r.writtenType(e)
		if e.source.As.Value == "" {
			e.name = plugin.Name
		}
	}
	r.options(e, options)
	r.version(e, options)
	if e.plugin != nil && (options == nil || !options.Broken) {
		r.config(e, options)
	}
}

// writtenType compares the type that the seed's form writes with the plugin's.
func (r *run) writtenType(e *entry) {
	written := e.source.Type
	if written.Value == "" || written.Value == e.plugin.Type {
		return
	}
	d := at(r.l.Errorf("DVZ118", written.Pos, "%s is of type %s, not %s", e.plugin.Path, e.plugin.Type, written.Value), written)
	d.Hint = "write type: " + e.plugin.Type + ", or leave the type out"
}

// entryShape checks that an item of spec.plugins is a path, or a map with a path
// as its only key, and returns the options below it; false when the path is not
// known.
func (r *run) entryShape(e *entry) (options *source.Node, ok bool) {
	n := e.node
	switch {
	case n.Broken:
		r.partial++
		return nil, false
	case n.Kind == source.String && n.Text != "":
		return nil, true
	case n.Kind != source.Map || len(n.Fields) == 0:
		d := r.l.Errorf("DVZ108", n.Pos, "an item of plugins must be the path of a plugin, not %s", shown(n))
		if n.Kind == source.Null {
			d.Message = "an item of plugins is empty"
		}
		d.Width, d.Hint = n.Width, "write - core/server/http, or - core/server/http: {config: {…}}"
		return nil, false
	}
	first := n.Fields[0]
	options = first.Value
	if options.Kind == source.String && !strings.Contains(first.Key, "/") { // - name: core/server/http
		d := r.l.Errorf("DVZ108", first.Pos, "an item of plugins begins with the path of a plugin, not with %q", first.Key)
		d.Width, d.Hint = first.Width, "write - core/server/http: {config: {…}}"
		if _, known := slices.BinarySearch(r.cat.Paths(), options.Text); known {
			d.Hint = "write - " + options.Text + ": {config: {…}}"
		}
		e.guesses = []string{shortName(options.Text)}
		return nil, false
	}
	if len(n.Fields) == 1 {
		return options, first.Key != ""
	}
	second := n.Fields[1]
	if options.Kind == source.Null {
		d := r.l.Errorf("DVZ108", second.Pos, "%q stands beside the plugin's path, not below it", second.Key)
		d.Width, d.Hint = second.Width, "indent the options of "+first.Key+" further than its path"
		return &source.Node{Kind: source.Map, Fields: n.Fields[1:], Pos: second.Pos}, first.Key != ""
	}
	d := r.l.Errorf("DVZ108", second.Pos, "%q is a second key in one item of plugins", second.Key)
	d.Width, d.Hint = second.Width, `begin each plugin with "- "`
	return options, first.Key != ""
}

// unknownPlugin reports a path that no plugin has. It returns the short names of
// the plugins that may be meant.
func (r *run) unknownPlugin(path source.Text) (guesses []string) {
	d := at(r.l.Errorf("DVZ101", path.Pos, "unknown plugin %q", path.Value), path)
	if before, version, cut := strings.Cut(path.Value, "@"); cut {
		if _, known := slices.BinarySearch(r.cat.Paths(), before); known {
			d.Hint = "did you mean " + before + "? a version is written as version: " + strings.TrimPrefix(version, "v")
			return []string{shortName(before)}
		}
	}
	near := SuggestPlugins(path.Value, r.cat.Paths())
	if near == nil {
		d.Hint = "dvz plugins list shows all plugins"
		return nil
	}
	d.Hint = "did you mean " + list(near) + "?"
	for _, p := range near {
		guesses = append(guesses, shortName(p))
	}
	return guesses
}

// brokenPlugin reports a fault that is the plugin author's. Its text is for the
// author, and may speak CUE.
func (r *run) brokenPlugin(e *entry, err error) {
	path := e.source.Path
	text := strings.Join(strings.Fields(err.Error()), " ")
	if runes := []rune(text); len(runes) > 300 {
		text = string(runes[:300]) + "…"
	}
	d := at(r.l.Errorf("DVZ207", path.Pos, "%s", text), path)
	d.Hint = "this is a mistake of the plugin's author"
	if b, ok := errors.AsType[*catalog.Broken](err); ok && b.Pos.Line > 0 {
		d.Related = []diag.Related{{Pos: b.Pos, Message: "in the manifest"}}
	}
}

// options checks what stands beside config: as, enabled, depends_on, delivery.
func (r *run) options(e *entry, options *source.Node) {
	if options == nil || options.Kind == source.Null && !options.Broken {
		return
	}
	w := r.walker(e.source.Path.Value)
	w.root = "what stands below " + e.source.Path.Value
	w.opaque = map[string]bool{"config": true}
	w.refsAt = func(string) bool { return false }
	w.elsewhere = func(path, key string) string {
		if path == "" && e.plugin != nil && find(r.structureOf(e.plugin.Config).fields, key) != nil {
			return "it belongs under config"
		}
		return ""
	}
	w.value(r.cat.Schema("#Instance"), options, place{path: "", pos: e.source.Path.Pos, width: e.source.Path.Width})
}
