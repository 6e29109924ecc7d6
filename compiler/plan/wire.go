package plan

import (
	"fmt"
	"slices"
	"strings"

	"github.com/detectviz/detectviz/compiler/diag"
	"github.com/detectviz/detectviz/compiler/source"
)

// wire matches what instances require with what others provide.
func (b *builder) wire(built []Instance) {
	for i := range built {
		in := &built[i]
		in.DependsOn = nil
		for _, d := range b.instances[i].Source.DependsOn {
			in.DependsOn = append(in.DependsOn, d.Value)
		}
		for _, r := range b.instances[i].Manifest.Requires {
			w := Wire{Field: exported(r.Field), Capability: r.Capability, Many: r.Many}
			providers := b.providers(built, i, r.Capability)
			if r.Many {
				if r.Capability == "Routes" && b.source.Health.Enabled {
					w.From = append(w.From, PlatformName)
				}
				w.From = append(w.From, providers...)
			} else {
				w.From = b.one(built, i, r.Capability, providers, r.Optional)
			}
			for _, from := range w.From {
				if from != PlatformName {
					in.DependsOn = append(in.DependsOn, from)
				}
			}
			in.Requires = append(in.Requires, w)
		}
	}
	b.logFirst(built)
	for i := range built {
		slices.Sort(built[i].DependsOn)
		built[i].DependsOn = slices.Compact(built[i].DependsOn)
	}
}

// providers returns the instances, other than the one at index self, that
// provide a capability, in file order.
func (b *builder) providers(built []Instance, self int, capability string) (out []string) {
	for i := range built {
		if i != self && built[i].Code != nil && slices.Contains(built[i].Provides, capability) {
			out = append(out, built[i].Name)
		}
	}
	return out
}

// one chooses the provider of a capability that takes a single one. Among
// several, the one that depends_on names is meant.
func (b *builder) one(built []Instance, self int, capability string, providers []string, optional bool) []string {
	in := &built[self]
	if len(providers) > 1 {
		named := slices.DeleteFunc(slices.Clone(providers), func(p string) bool {
			return !slices.ContainsFunc(b.instances[self].Source.DependsOn, func(d source.Text) bool { return d.Value == p })
		})
		if len(named) == 1 {
			return named
		}
		if b.lenient {
			return providers[:1]
		}
		d := b.diags.Errorf("DVZ205", in.Pos, "%s takes one %s, but %s provide it", in.Name, capability, and(providers))
		d.Hint = "name the one that is meant in depends_on of " + in.Name
		for _, p := range providers {
			d.Related = append(d.Related, diag.Related{Pos: built[b.byName[p]].Pos, Message: p + " provides " + capability})
		}
		return nil
	}
	if len(providers) == 0 && !optional {
		d := b.diags.Errorf("DVZ204", in.Pos, "%s needs the capability %s, which nothing in the composition provides", in.Name, capability)
		if known := b.pluginsProviding(capability); len(known) > 0 {
			d.Hint = "add " + strings.Join(known, " or ")
		}
	}
	return providers
}

// pluginsProviding looks through the whole catalog; only an error needs it.
func (b *builder) pluginsProviding(capability string) (out []string) {
	all, err := b.catalog.All()
	if err != nil {
		return nil
	}
	for _, p := range all {
		if slices.Contains(p.Provides(), capability) {
			out = append(out, p.Path)
		}
	}
	return out
}

// logFirst makes every instance that the log handler does not itself need
// depend on it, so that nothing of what they say is lost.
func (b *builder) logFirst(built []Instance) {
	var handlers []string
	for i := range built {
		if slices.Contains(built[i].Provides, "LogHandler") {
			handlers = append(handlers, built[i].Name)
		}
	}
	if len(handlers) == 0 {
		return
	}
	if len(handlers) > 1 && !b.lenient {
		d := b.diags.Errorf("DVZ205", built[b.byName[handlers[1]]].Pos, "the platform takes one LogHandler, but %s provide it", and(handlers))
		d.Hint = "disable all but one"
		return
	}
	needed := map[string]bool{}
	b.closure(built, handlers[0], needed)
	for i := range built {
		if !needed[built[i].Name] && built[i].Code != nil {
			built[i].DependsOn = append(built[i].DependsOn, handlers[0])
		}
	}
}

// closure adds an instance and all that it depends on.
func (b *builder) closure(built []Instance, name string, into map[string]bool) {
	i, ok := b.byName[name]
	if !ok || into[name] {
		return
	}
	into[name] = true
	for _, d := range built[i].DependsOn {
		b.closure(built, d, into)
	}
}

// order sorts the instances so that each comes after all that it depends on
// and, among those that may come next, the one that the file names first does.
// A cycle is reported with its path.
func (b *builder) order(built []Instance) []int {
	var order []int
	done := map[string]bool{}
	for len(order) < len(built) {
		next := slices.IndexFunc(built, func(in Instance) bool {
			return !done[in.Name] && !slices.ContainsFunc(in.DependsOn, func(d string) bool {
				_, exists := b.byName[d]
				return exists && !done[d]
			})
		})
		if next < 0 {
			b.reportCycle(built, done)
			return nil
		}
		done[built[next].Name] = true
		order = append(order, next)
	}
	return order
}

// reportCycle follows dependencies among the instances that could not be
// ordered until one comes up twice.
func (b *builder) reportCycle(built []Instance, done map[string]bool) {
	start := slices.IndexFunc(built, func(in Instance) bool { return !done[in.Name] })
	var path []string
	name := built[start].Name
	for !slices.Contains(path, name) {
		path = append(path, name)
		for _, d := range built[b.byName[name]].DependsOn {
			if _, exists := b.byName[d]; exists && !done[d] {
				name = d
				break
			}
		}
	}
	path = append(path[slices.Index(path, name):], name)
	in := built[b.byName[name]]
	d := b.diags.Errorf("DVZ202", in.Pos, "dependency cycle: %s", strings.Join(path, " → "))
	d.Hint = "an arrow means: needs the other to be started first"
	for i := range path[:len(path)-1] {
		from := built[b.byName[path[i]]]
		d.Related = append(d.Related, diag.Related{Pos: from.Pos, Message: because(from, path[i+1])})
	}
}

// because says why one instance depends on another.
func because(in Instance, on string) string {
	for _, w := range in.Requires {
		if slices.Contains(w.From, on) {
			return fmt.Sprintf("%s takes %s from %s", in.Name, w.Capability, on)
		}
	}
	return fmt.Sprintf("%s depends on %s", in.Name, on)
}

// and joins names as "a, b and c".
func and(names []string) string {
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	return strings.Join(names[:len(names)-1], ", ") + " and " + names[len(names)-1]
}
