package check

import (
	"slices"
	"strings"

	"github.com/detectviz/detectviz/compiler/source"
)

// unverified reports certificates that are not checked in production, although
// the server is another machine.
func (w *world) unverified() {
	if !w.production() {
		return
	}
	for _, d := range w.deeds {
		var hosts []string
		for _, text := range d.urls() {
			if u, ok := foreign(text); ok && d.meant(text, u.Host) && !slices.Contains(hosts, u.Hostname()) {
				hosts = append(hosts, u.Hostname())
			}
		}
		if len(hosts) == 0 {
			continue
		}
		w.switches(d.source.Config, func(f source.Field) {
			server := "of " + list(hosts)
			if len(hosts) > 3 {
				server = "of any server"
			}
			found := w.l.Errorf("DVZ306", f.Pos, "%q does not check the certificate %s, which production forbids", d.name, server)
			found.Width, found.Hint = f.Width, "remove "+f.Key+"; to trust an authority of your own, name the file of its certificate"
		})
	}
}

// switches calls found for the fields that switch the check of certificates off.
func (w *world) switches(n *source.Node, found func(source.Field)) {
	if n == nil {
		return
	}
	for _, item := range n.Items {
		w.switches(item, found)
	}
	for _, f := range n.Fields {
		name := fold(f.Key)
		if (strings.HasSuffix(name, "skipverify") || name == "insecure") && w.isTrue(f.Value) {
			found(f)
		}
		w.switches(f.Value, found)
	}
}

// isTrue reports whether a value is true, or a param that is by default.
func (w *world) isTrue(n *source.Node) bool {
	return n.Kind == source.Bool && n.Text == "true" || n.Kind == source.String && strings.HasPrefix(n.Text, "${") && w.leafOf(n).value == "true"
}
