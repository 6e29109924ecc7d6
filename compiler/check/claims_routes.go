package check

import (
	"fmt"
	"slices"
	"strings"

	"github.com/detectviz/detectviz/compiler/catalog"
)

// platformRoutes are those that the platform offers itself.
var platformRoutes = []string{"GET /healthz", "GET /readyz"}

// routes reports HTTP endpoints that two instances offer, where a server would
// have to mount both.
func (w *world) routes() {
	served := slices.ContainsFunc(w.deeds, func(d *deed) bool {
		return slices.ContainsFunc(d.says.Requires, func(q catalog.Requirement) bool { return q.Capability == "Routes" })
	})
	if !served {
		return
	}
	type claim struct {
		spot
		of *deed
	}
	claimed := map[string]claim{}
	for _, d := range w.deeds {
		for _, route := range d.says.Routes {
			if !d.meant(route.Path, "") {
				continue
			}
			at, key := d.spot(route.Path, ""), routeKey(route)
			first, taken := claimed[key]
			var message string
			switch {
			case w.c.Health.Enabled && slices.Contains(platformRoutes, key):
				message = fmt.Sprintf("%q claims the route %s %s, which the platform's health endpoint has", d.name, route.Method, route.Path)
			case taken && first.of == d:
				message = fmt.Sprintf("%q claims the route %s %s twice", d.name, route.Method, route.Path)
			case taken:
				message = fmt.Sprintf("%q claims the route %s %s, which %q has already", d.name, route.Method, route.Path, first.of.name)
			default:
				claimed[key] = claim{at, d}
				continue
			}
			f := w.l.Errorf("DVZ213", at.pos, "%s", message)
			f.Width, f.Hint = at.width, "give one of them another path, or switch its endpoints off"
			if taken {
				f.Related = first.related()
			}
		}
	}
}

// routeKey is equal for routes that answer the same requests: what a parameter
// is called does not count.
func routeKey(route catalog.Route) string {
	segments := strings.Split(route.Path, "/")
	for i, s := range segments {
		if strings.HasPrefix(s, ":") || strings.HasPrefix(s, "{") {
			segments[i] = ":"
		}
	}
	return route.Method + " " + strings.Join(segments, "/")
}
