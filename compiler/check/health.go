package check

import "time"

// health checks what the schema cannot say about spec.health.
func (r *run) health() {
	node := r.c.Root.Get("spec").Get("health")
	for _, name := range r.c.Health.Include {
		e, known := r.instance(name.Value)
		switch {
		case !known:
			at(r.l.Errorf("DVZ218", name.Pos, "health names %q, and there is no such instance", name.Value), name).Hint = r.instanceHint(name.Value)
		case !e.source.Enabled:
			at(r.l.Errorf("DVZ218", name.Pos, "health names %q, which is disabled", name.Value), name).Hint = "enable " + name.Value + ", or remove it from the list"
		}
	}

	if n := node.Get("timeout"); n != nil && n.Broken {
		return
	}
	interval, errInterval := time.ParseDuration(r.c.Health.Interval)
	timeout, errTimeout := time.ParseDuration(r.c.Health.Timeout)
	if errInterval == nil && errTimeout == nil && interval > 0 && timeout > interval {
		n := node.Get("timeout")
		if n == nil {
			n = node.Get("interval")
		}
		d := r.l.Warnf("DVZ111", n.Pos, "the timeout of health checks (%s) is longer than the interval between them (%s)", r.c.Health.Timeout, r.c.Health.Interval)
		d.Width = n.Width
	}
}
