package check

import (
	"fmt"
	"path"
	"strings"
)

// writer is a claim to a file or, with a slash at its end, a folder.
type writer struct {
	spot
	of   *deed
	path string // clean
	as   string // as a user would write it
}

// files reports two instances that write one file, and one that needs a folder
// where another writes a file.
func (w *world) files() {
	var all []writer
	for _, d := range w.deeds {
		all = append(all, w.writers(d)...)
	}
	claimed := map[string]writer{} // by path
	within := map[string]writer{}  // by the folders above it
	for _, second := range all {
		first, taken := claimed[second.path]
		if !taken {
			first, taken = within[second.path]
		}
		for folder := path.Dir(second.path); !taken && folder != "/"; folder = path.Dir(folder) {
			first, taken = claimed[folder]
		}
		if message := second.collides(first); taken && message != "" {
			d := w.l.Errorf("DVZ231", second.pos, "%s", message)
			d.Width, d.Hint, d.Related = second.width, "give one of them another path", first.related()
			if second.byDefault {
				d.Hint = "this is the plugin's default; give one of them another path in its config"
			}
		}
		if taken {
			continue
		}
		claimed[second.path] = second
		for folder := path.Dir(second.path); folder != "/"; folder = path.Dir(folder) {
			if _, known := within[folder]; !known {
				within[folder] = second
			}
		}
	}
}

// writers returns the files that an instance claims. The state folder as a whole
// belongs to all, and devices can be shared.
func (w *world) writers(d *deed) []writer {
	var all []writer
	for _, perm := range d.says.Permissions {
		if !(perm.Action == "write" && perm.Resource == "file" || perm.Action == "listen" && perm.Resource == "unix") {
			continue
		}
		for _, scope := range perm.Scope {
			clean := w.cleanPath(scope)
			if scope == "" || scope == "-" || clean == w.state() || strings.HasPrefix(clean, "/dev/") || !d.meant(scope, "") {
				continue
			}
			as := w.shownPath(scope)
			all = append(all, writer{spot: d.spot(scope, ""), of: d, path: clean, as: as})
		}
	}
	return all
}

// collides says what is wrong with two claims together, if anything is. A
// manifest may name one file of its instance more than once.
func (w writer) collides(first writer) string {
	of, other := w.of, first.of
	switch {
	case other == nil, of == other && w.spot == first.spot:
		return ""
	case w.path == first.path && of == other:
		return fmt.Sprintf("%q writes %s twice", of.name, w.as)
	case w.path == first.path && w.as == first.as:
		return fmt.Sprintf("%q writes %s, and %q writes that file already", of.name, w.as, other.name)
	case w.path == first.path:
		return fmt.Sprintf("%q writes %s, and %q writes that file already, as %s", of.name, w.as, other.name, first.as)
	case strings.HasPrefix(w.path, first.path+"/"):
		return fmt.Sprintf("%q writes %s, inside of %s, which %q writes", of.name, w.as, first.as, other.name)
	case strings.HasPrefix(first.path, w.path+"/"):
		return fmt.Sprintf("%q writes %s, and %q writes %s inside of it", of.name, w.as, other.name, first.as)
	}
	return ""
}
