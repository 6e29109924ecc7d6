package check

import "github.com/detectviz/detectviz/compiler/diag"

// instanceNames reports two entries of one name. A disabled entry has no
// instance, but it would have one when it is enabled, so it counts.
func (r *run) instanceNames() {
	first := map[string]*entry{}
	for _, e := range r.entries {
		other := first[e.name]
		if e.name == "" || other == nil {
			first[e.name] = e
			continue
		}
		e.sound = false
		d := at(r.l.Errorf("DVZ206", e.namePos.Pos, "two instances are named %q", e.name), e.namePos)
		d.Hint = "name one of them with as"
		d.Related = []diag.Related{{Pos: other.namePos.Pos, Width: other.namePos.Width, Message: "first named here"}}
	}
}
