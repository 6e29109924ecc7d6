package check

// meta checks meta.yaml along its schema. It has no references: nothing of it
// reaches the binary.
func (r *run) meta() {
	if r.c.Meta == nil {
		return
	}
	w := r.walker("meta.yaml")
	w.refsAt = func(string) bool { return false }
	w.value(r.cat.Schema("#Meta"), r.c.Meta, place{pos: r.c.Meta.Pos})
}
