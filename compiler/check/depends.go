package check

// dependsOn reports dependencies on instances that do not exist or are
// disabled.
func (r *run) dependsOn() {
	for _, e := range r.entries {
		for _, name := range e.source.DependsOn {
			on, known := r.instance(name.Value)
			switch {
			case !known:
				d := at(r.l.Errorf("DVZ201", name.Pos, "depends_on names %q, and there is no such instance", name.Value), name)
				d.Hint = r.instanceHint(name.Value)
			case e.source.Enabled && !on.source.Enabled:
				d := at(r.l.Errorf("DVZ208", name.Pos, "depends_on names %q, which is disabled", name.Value), name)
				d.Hint = "enable " + name.Value + ", or remove it from depends_on"
			default:
				continue
			}
			e.sound = false
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
