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
			if _, on := b.byName[d.Value]; on { // nothing waits for a disabled one
				in.DependsOn = append(in.DependsOn, d.Value)
			}
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
		d.Width, d.Hint = in.Width, "name the one that is meant in depends_on of "+in.Name
		d.Related = candidates(built, b.byName, providers, capability)
		return nil
	}
	if len(providers) == 0 && !optional {
		d := b.diags.Errorf("DVZ204", in.Pos, "%s needs the capability %s, which nothing in the composition provides", in.Name, capability)
		d.Width = in.Width
		if known := b.pluginsProviding(capability); len(known) > 0 {
			d.Hint = "add " + strings.Join(known, " or ")
		}
	}
	return providers
}

// candidates are the places of all instances that provide a capability.
func candidates(built []Instance, byName map[string]int, providers []string, capability string) []diag.Related {
	var all []diag.Related
	for _, p := range providers {
		in := built[byName[p]]
		all = append(all, diag.Related{Pos: in.Pos, Width: in.Width, Message: p + " provides " + capability})
	}
	return all
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
		second := built[b.byName[handlers[1]]]
		d := b.diags.Errorf("DVZ205", second.Pos, "the platform takes one LogHandler, but %s provide it", and(handlers))
		d.Width, d.Hint = second.Width, "disable all but one"
		d.Related = candidates(built, b.byName, handlers, "LogHandler")
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
// Every cycle is reported, with its path.
func (b *builder) order(built []Instance) []int {
	waits := make([]int, len(built))        // for how many others
	dependents := make([][]int, len(built)) // who waits for it
	for i := range built {
		for _, d := range built[i].DependsOn {
			if on, exists := b.byName[d]; exists {
				waits[i]++
				dependents[on] = append(dependents[on], i)
			}
		}
	}
	var order, ready []int // ready is sorted
	for i := range built {
		if waits[i] == 0 {
			ready = append(ready, i)
		}
	}
	done := make([]bool, len(built))
	for first := 0; ; {
		for len(ready) > 0 {
			next := ready[0]
			ready = ready[1:]
			if done[next] {
				continue
			}
			done[next] = true
			order = append(order, next)
			for _, i := range dependents[next] {
				if waits[i]--; waits[i] == 0 {
					at, _ := slices.BinarySearch(ready, i)
					ready = slices.Insert(ready, at, i)
				}
			}
		}
		for first < len(built) && done[first] {
			first++
		}
		if first == len(built) {
			return order
		}
		// Those of a cycle are taken as started, to find the next one.
		ready = b.reportCycle(built, first, done)
	}
}

// cyclePlaces is how many instances of a cycle are shown with their places.
const cyclePlaces = 12

// reportCycle follows dependencies among the instances that are not done, from
// one of them on, until one comes up twice. It returns those of the cycle.
func (b *builder) reportCycle(built []Instance, from int, done []bool) []int {
	var path []int
	at := map[int]int{} // index in path
	for i := from; ; {
		if begin, again := at[i]; again {
			path = path[begin:]
			break
		}
		at[i] = len(path)
		path = append(path, i)
		for _, d := range built[i].DependsOn {
			if on, exists := b.byName[d]; exists && !done[on] {
				i = on
				break
			}
		}
	}
	in := built[path[0]]
	d := b.diags.Errorf("DVZ202", in.Pos, "dependency cycle: %s", arrows(built, path))
	d.Width, d.Hint = in.Width, "an arrow means: needs the other to be started first; remove one of them"
	for i := range path[:min(len(path), cyclePlaces)] {
		d.Related = append(d.Related, b.because(built, built[path[i]].Name, built[path[(i+1)%len(path)]].Name))
	}
	slices.Sort(path)
	return path
}

// arrows prints a cycle, the middle of a long one left out.
func arrows(built []Instance, cycle []int) string {
	var names []string
	for _, i := range append(cycle[:len(cycle):len(cycle)], cycle[0]) {
		names = append(names, built[i].Name)
	}
	if left := len(names) - cyclePlaces; left > 1 {
		names = slices.Replace(names, cyclePlaces/2, cyclePlaces/2+left, fmt.Sprintf("… %d more …", left))
	}
	return strings.Join(names, " → ")
}

// because says why one instance depends on another, and where that is written.
func (b *builder) because(built []Instance, name, on string) diag.Related {
	i := b.byName[name]
	in := built[i]
	for _, written := range b.instances[i].Source.DependsOn {
		if written.Value == on {
			return diag.Related{Pos: written.Pos, Width: written.Width, Message: fmt.Sprintf("%s depends on %s", name, on)}
		}
	}
	why := diag.Related{Pos: in.Pos, Width: in.Width, Message: fmt.Sprintf("%s starts after the log handler %s", name, on)}
	for _, w := range in.Requires {
		if slices.Contains(w.From, on) {
			why.Message = fmt.Sprintf("%s takes %s from %s", name, w.Capability, on)
		}
	}
	return why
}

// and joins names as "a, b and c".
func and(names []string) string {
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	return strings.Join(names[:len(names)-1], ", ") + " and " + names[len(names)-1]
}
