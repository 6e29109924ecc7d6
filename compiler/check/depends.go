package check

// dependsOn reports dependencies on instances that do not exist. A disabled one
// is no error: only an order of starting is lost, and it can be switched off
// without a change to all that would start after it.
func (r *run) dependsOn() {
	for _, e := range r.entries {
		times := map[string]int{}
		for _, name := range e.source.DependsOn {
			on, known := r.instance(name.Value)
			times[name.Value]++
			if n := times[name.Value]; n > 1 {
				if n == 2 && known {
					at(r.l.Warnf("DVZ227", name.Pos, "depends_on names %q twice", name.Value), name).Hint = "remove one of them"
				}
				continue
			}
			if !known {
				d := at(r.l.Errorf("DVZ201", name.Pos, "depends_on names %q, and there is no such instance", name.Value), name)
				d.Hint = r.instanceHint(name.Value)
				e.sound = false
			} else if e.source.Enabled && !on.source.Enabled {
				d := at(r.l.Warnf("DVZ208", name.Pos, "depends_on names %q, which is disabled", name.Value), name)
				d.Hint = "nothing is waited for; enable " + name.Value + ", or remove it from depends_on"
			}
		}
	}
}

// instanceHint helps with the name of an instance; people also write the path
// of its plugin.
func (r *run) instanceHint(name string) string {
	for _, e := range r.entries {
		if e.source.Path.Value == name {
			return `write the name of the instance: "` + e.name + `"`
		}
	}
	return didYouMean(name, r.names, "instances")
}
