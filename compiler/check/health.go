package check

import (
	"time"

	"github.com/detectviz/detectviz/compiler/source"
)

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

	interval, errInterval := time.ParseDuration(r.c.Health.Interval)
	timeout, errTimeout := time.ParseDuration(r.c.Health.Timeout)
	zero := false
	for field, d := range map[string]time.Duration{"interval": interval, "timeout": timeout} {
		if n := node.Get(field); n != nil && d == 0 && isDuration(n) {
			zero = true
			r.l.Errorf("DVZ105", n.Pos, "spec.health.%s must be longer than 0s", field).Width = n.Width
		}
	}
	if errInterval == nil && errTimeout == nil && !zero && timeout > interval {
		n := node.Get("timeout")
		if n == nil {
			n = node.Get("interval")
		}
		d := r.l.Warnf("DVZ111", n.Pos, "the timeout of health checks (%s) is longer than the interval between them (%s)", r.c.Health.Timeout, r.c.Health.Interval)
		d.Width = n.Width
	}

	listen := node.Get("listen")
	if listen == nil || listen.Kind != source.String {
		return
	}
	if parts, err := source.ParseTemplate(listen.Text); err == nil && len(parts) == 1 && parts[0].Kind == source.LiteralPart &&
		!isAddress(listen.Text) && r.cat.Schema("#Address").Unify(r.cat.Context().Encode(listen.Text)).Validate() == nil {
		d := r.l.Errorf("DVZ105", listen.Pos, "spec.health.listen has a port above 65535: %s", shown(listen))
		d.Width = listen.Width
	}
}

func isDuration(n *source.Node) bool {
	_, err := time.ParseDuration(n.Text)
	return n.Kind == source.String && err == nil
}
