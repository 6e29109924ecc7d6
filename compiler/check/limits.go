package check

import (
	"strings"

	"github.com/detectviz/detectviz/compiler/units"
)

// leastMemory is below what an idle Go program with a few plugins holds.
const leastMemory = 16 << 20

// limits reports limits under which the service could not run.
func (r *run) limits() {
	node := r.c.Root.Get("spec").Get("limits")
	if bytes, err := units.ParseSize(r.c.Limits.Memory); err == nil && bytes < leastMemory {
		n := node.Get("memory")
		d := r.l.Errorf("DVZ110", n.Pos, "a memory limit of %s is too small for the service to start", n.Text)
		d.Width, d.Hint = n.Width, "give it at least 16MiB"
	}
	if percent, ok := strings.CutSuffix(r.c.Limits.CPU, "%"); ok && percent != "" && strings.Trim(percent, "0") == "" {
		n := node.Get("cpu")
		d := r.l.Errorf("DVZ110", n.Pos, "with %s of a processor the service cannot run", n.Text)
		d.Width, d.Hint = n.Width, "give it more, or leave the limit out"
	}
}
