package check

import (
	"regexp"
	"strconv"

	"github.com/detectviz/detectviz/compiler/diag"
	"github.com/detectviz/detectviz/compiler/source"
)

// userinfo finds credentials inside of a URL: what stands before the @ of a host.
var userinfo = regexp.MustCompile(`[a-zA-Z][a-zA-Z0-9+.-]*://[^/?#@\s]+@`)

// credentials reports user names and passwords inside of URLs in production:
// URLs are shown in logs, metrics and generated files. No excerpt shows them.
func (w *world) credentials() {
	reported := map[diag.Pos][]int{} // by place: the plugin's schema may refuse the URL
	for i, f := range w.l {
		reported[f.Pos] = append(reported[f.Pos], i)
	}
	in := func(n *source.Node, where string) {
		if n == nil || n.Kind != source.String || !userinfo.MatchString(n.Text) {
			return
		}
		for _, i := range reported[n.Pos] {
			w.l[i].Secret = true
		}
		if len(reported[n.Pos]) > 0 || !w.production() {
			return
		}
		f := w.l.Errorf("DVZ307", n.Pos, "credentials inside of a URL %s, which production forbids", where)
		f.Width, f.Secret = n.Width, true
		f.Hint = "use the plugin's fields for a user name and a secret"
	}
	for i := range w.c.Params {
		in(w.c.Params[i].Default, "in the default of the param "+strconv.Quote(w.c.Params[i].Name.Value))
	}
	for _, e := range w.entries {
		if e.source.Enabled {
			each(e.source.Config, func(n *source.Node) { in(n, "in the config of "+strconv.Quote(e.name)) })
		}
	}
}

// each calls visit for a node and all below it.
func each(n *source.Node, visit func(*source.Node)) {
	if n == nil {
		return
	}
	visit(n)
	for _, item := range n.Items {
		each(item, visit)
	}
	for _, f := range n.Fields {
		each(f.Value, visit)
	}
}
