package source

import (
	"path"
	"slices"

	"gopkg.in/yaml.v3"
)

// TypeTag is the tag of a key that Normalise keeps beside the options of a
// plugin: its value is what the seed's form says of the plugin's type, which the
// documented form has no place for.
const TypeTag = "!dvz-type"

// defaultVersion is the version of a composition in the seed's form without one.
const defaultVersion = "0.1.0"

// The keys of the documented form, in its order.
var (
	metadataKeys = []string{"name", "version", "description", "environment"}
	specKeys     = []string{"plugins", "pipelines", "health", "limits", "scaling"}
)

// Normalise rewrites the forms of compositions that the seed document prints
// into the documented one, in place: the nodes keep their comments and, where
// something was written, their positions. It reports whether anything changed.
// See Options.PluginNamed for named.
//
// What does not have the expected shape stays as it is, to be reported by the
// checks: nothing is lost but the dependencies of the seed's form, which name
// packages of a layout that is gone. A comment of something that goes away moves
// to what stood next.
func Normalise(document *yaml.Node, named func(name, pluginType string) string) bool {
	root := document
	if document.Kind == yaml.DocumentNode && len(document.Content) == 1 {
		root = document.Content[0]
	}
	if !isMap(root) {
		return false
	}
	if named == nil {
		named = func(name, _ string) string { return name }
	}
	f := &forms{named: named}
	fields := f.health(f.corePlugins(f.composition(pairs(root))))
	normal := asMap(root, fields)
	// An alias must not come to stand before its anchor.
	if !f.changed || !ordered(normal, map[string]*yaml.Node{}) {
		return false
	}
	*root = *normal
	return true
}

// forms makes new nodes of those that change and shares all others, so that a
// tree which cannot be normalised is as it was.
type forms struct {
	named   func(name, pluginType string) string
	changed bool
}

// composition turns the top-level key composition into metadata and spec.
func (f *forms) composition(root []pair) []pair {
	i := index(root, "composition")
	if i < 0 || has(root, "metadata") || has(root, "spec") || !isOpen(root[i].value) {
		return root
	}
	old := root[i]
	metadata, spec := split(withoutDependencies(pairs(old.value)))
	var parts []pair
	if len(metadata) > 0 {
		parts = append(parts, pair{scalar("metadata", old.key), asMap(old.value, metadata)})
	}
	if len(spec) > 0 {
		parts = append(parts, pair{scalar("spec", old.key), asMap(spec[0].key, spec)})
	}
	if len(parts) == 0 {
		return root
	}
	parts[0].key.HeadComment = old.key.HeadComment
	parts[0].key.LineComment = old.key.LineComment
	parts[0].value.HeadComment = below(old.value.HeadComment, words(old.value.LineComment))
	parts[0].value.LineComment = ""
	parts[len(parts)-1].key.FootComment = old.key.FootComment
	f.changed = true
	return slices.Replace(slices.Clone(root), i, i+1, parts...)
}

// withoutDependencies drops a list of Go packages; its comments go to what
// follows it.
func withoutDependencies(fields []pair) []pair {
	i := index(fields, "dependencies")
	if i < 0 || !isList(fields[i].value) ||
		slices.ContainsFunc(fields[i].value.Content, func(n *yaml.Node) bool { return n.Kind != yaml.ScalarNode }) {
		return fields
	}
	comments := below(allComments(fields[i].key), allComments(fields[i].value))
	if fields = slices.Delete(fields, i, i+1); len(fields) == 0 {
		return nil
	}
	neighbour := min(i, len(fields)-1)
	key := *fields[neighbour].key
	if i < len(fields) {
		key.HeadComment = below(comments, key.HeadComment)
	} else {
		key.FootComment = below(key.FootComment, comments)
	}
	fields[neighbour].key = &key
	return fields
}

// split sorts the fields of a composition in the seed's form into those of
// metadata and spec, and adds what the documented form demands.
func split(fields []pair) (metadata, spec []pair) {
	for _, field := range fields {
		if slices.Contains(metadataKeys, field.key.Value) {
			metadata = append(metadata, field)
		} else {
			spec = append(spec, field)
		}
	}
	if i := index(metadata, "name"); i >= 0 && !has(metadata, "version") {
		metadata = append(metadata, pair{scalar("version", metadata[i].key), scalar(defaultVersion, metadata[i].value)})
	}
	if i := index(spec, "scaling"); i >= 0 && !has(spec, "plugins") {
		none := asList(&yaml.Node{Line: spec[i].key.Line, Column: spec[i].key.Column}, nil)
		spec = append(spec, pair{scalar("plugins", spec[i].key), none})
	}
	sortBy(metadataKeys, metadata)
	sortBy(specKeys, spec)
	return metadata, spec
}

// corePlugins moves the entries of spec.core_plugins before those of
// spec.plugins.
func (f *forms) corePlugins(root []pair) []pair {
	at := index(root, "spec")
	if at < 0 || !isOpen(root[at].value) {
		return root
	}
	spec := pairs(root[at].value)
	i, j := index(spec, "core_plugins"), index(spec, "plugins")
	if i < 0 || !isList(spec[i].value) || j >= 0 && !isList(spec[j].value) || j < 0 && has(spec, "plugins") {
		return root
	}
	core := spec[i]
	converted, left := f.convert(core.value.Content)
	if len(converted) == 0 && len(left) > 0 {
		return root
	}
	if j >= 0 {
		spec[j] = inFront(spec[j], converted, ownComments(core.key, core.value))
		spec = slices.Delete(spec, i, i+1)
	} else {
		key := *core.key
		key.Value = "plugins"
		spec[i] = pair{&key, asList(core.value, converted)}
		i++
	}
	if len(left) > 0 {
		rest := asList(&yaml.Node{Line: core.value.Line, Column: core.value.Column}, left)
		spec = slices.Insert(spec, i, pair{scalar("core_plugins", core.key), rest})
	}
	f.changed = true
	root = slices.Clone(root)
	root[at].value = asMap(root[at].value, spec)
	return root
}

// convert returns the entries of spec.core_plugins as those of spec.plugins, and
// the items that are no such entries.
func (f *forms) convert(items []*yaml.Node) (converted, left []*yaml.Node) {
	for _, item := range items {
		if entry := f.corePlugin(item); entry != nil {
			converted = append(converted, entry)
		} else {
			left = append(left, item)
		}
	}
	return converted, left
}

// inFront returns a list with more items before its own; the comments go above
// the first one.
func inFront(list pair, items []*yaml.Node, comments string) pair {
	if len(items) > 0 {
		items[0].HeadComment = below(comments, items[0].HeadComment)
		return pair{list.key, asList(list.value, append(items, list.value.Content...))}
	}
	key := *list.key
	key.HeadComment = below(key.HeadComment, comments)
	return pair{&key, list.value}
}

// corePlugin returns an entry of spec.core_plugins as one of spec.plugins, or
// nil when it is something else.
func (f *forms) corePlugin(item *yaml.Node) *yaml.Node {
	if !isOpen(item) {
		return nil
	}
	fields := pairs(item)
	i := index(fields, "name")
	if i < 0 || !isText(fields[i].value) {
		return nil
	}
	name, pluginType := fields[i], ""
	fields = slices.Delete(fields, i, i+1)
	comments := below(item.HeadComment, words(item.LineComment), ownComments(name.key),
		words(name.value.HeadComment), words(name.value.FootComment))
	if t := index(fields, "type"); t >= 0 && isText(fields[t].value) {
		written := fields[t]
		pluginType = written.value.Value
		comments = below(comments, ownComments(written.key, written.value))
		key := scalar("type", written.key)
		key.Tag = TypeTag
		fields[t] = pair{key, scalar(pluginType, written.value)}
	}
	plugin := f.named(name.value.Value, pluginType)
	if short := path.Base(plugin); name.value.Value != plugin && name.value.Value != short && !has(fields, "as") {
		as := pair{scalar("as", name.key), scalar(name.value.Value, name.value)}
		fields = slices.Insert(fields, 0, as)
	}
	entry := scalar(plugin, name.value)
	entry.LineComment = name.value.LineComment
	if len(fields) > 0 {
		entry = asMap(&yaml.Node{Line: item.Line, Column: item.Column}, []pair{{entry, asMap(fields[0].key, fields)}})
	}
	entry.HeadComment, entry.FootComment = comments, item.FootComment
	return entry
}

// health moves the top-level key health into spec.
func (f *forms) health(root []pair) []pair {
	i := index(root, "health")
	if i < 0 {
		return root
	}
	health, at := root[i], index(root, "spec")
	if at < 0 {
		return f.specOf(root, i)
	}
	spec := root[at].value
	if !isOpen(spec) || has(pairs(spec), "health") {
		return root
	}
	fields := pairs(spec)
	place := slices.IndexFunc(fields, func(p pair) bool { return rank(specKeys, p) > slices.Index(specKeys, "health") })
	if place < 0 {
		place = len(fields)
	}
	f.changed = true
	root = slices.Clone(root)
	root[at].value = asMap(spec, slices.Insert(fields, place, health))
	return slices.Delete(root, i, i+1)
}

// specOf puts the key spec, with the comments, in the place of a field that
// moves into it.
func (f *forms) specOf(root []pair, i int) []pair {
	if has(root, "spec") {
		return root
	}
	f.changed = true
	field, inner := root[i], *root[i].key
	inner.HeadComment, inner.FootComment = "", ""
	key := scalar("spec", field.key)
	key.HeadComment, key.FootComment = field.key.HeadComment, field.key.FootComment
	root = slices.Clone(root)
	root[i] = pair{key, asMap(field.key, []pair{{&inner, field.value}})}
	return root
}
