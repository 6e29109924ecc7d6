package check

import "github.com/detectviz/detectviz/compiler/diag"

// plainConnections reports http to other machines in production: what it
// carries can be read and changed on the way.
func (w *world) plainConnections() {
	if !w.production() {
		return
	}
	for _, d := range w.deeds {
		seen := map[diag.Pos]bool{} // one URL may be called by several
		for _, text := range d.urls() {
			u, ok := foreign(text)
			if !ok || u.Scheme != "http" || !d.meant(text, u.Host) {
				continue
			}
			at := d.spot(text, u.Host)
			if seen[at.pos] {
				continue
			}
			seen[at.pos] = true
			f := w.l.Errorf("DVZ305", at.pos, "%q speaks plain http with %s, which production forbids", d.name, u.Host)
			f.Width, f.Hint = at.width, "write https://, or reach it by a proxy on this host"
		}
	}
}
