package check

import (
	"path"
	"slices"
	"strings"

	"github.com/detectviz/detectviz/compiler/source"
)

// systemFolders belong to the host; no service writes there.
var systemFolders = []string{"/etc", "/usr", "/boot", "/proc", "/sys", "/bin", "/sbin", "/lib", "/lib64"}

// writtenPaths reports what is written elsewhere than into the service's own
// folders.
func (w *world) writtenPaths() {
	for _, d := range w.deeds {
		for _, perm := range d.says.Permissions {
			if perm.Action != "write" || perm.Resource != "file" {
				continue
			}
			for _, scope := range perm.Scope {
				if d.meant(scope, "") {
					w.writtenPath(d.name, scope, d.spot(scope, ""))
				}
			}
		}
		each(d.source.Config, func(n *source.Node) {
			if file := n.Get("file"); file != nil && n.Get("generate") != nil && file.Kind == source.String {
				if l := w.leafOf(file); !l.open {
					w.writtenPath(d.name, l.value, spot{pos: file.Pos, width: file.Width})
				}
			}
		})
	}
}

func (w *world) writtenPath(name, file string, at spot) {
	clean := path.Clean(file)
	in := func(folder string) bool { return clean == folder || strings.HasPrefix(clean, folder+"/") }
	own := []string{w.state(), "/var/log/" + w.c.Name.Value, "/var/cache/" + w.c.Name.Value, "/run/" + w.c.Name.Value, "/dev"}
	switch {
	case file == "" || file == "-":
	case !path.IsAbs(file):
		f := w.l.Errorf("DVZ304", at.pos, "%q writes %s, a relative path: where that is depends on the folder that the binary is started in", name, file)
		f.Width, f.Hint = at.width, "write ${state}/"+strings.TrimPrefix(clean, "../")
	case slices.ContainsFunc(systemFolders, in):
		f := w.l.Errorf("DVZ303", at.pos, "%q writes %s, in a folder of the system", name, file)
		f.Width, f.Hint = at.width, "write below ${state}, the service's own folder"
	case w.production() && !slices.ContainsFunc(own, in):
		f := w.l.Warnf("DVZ302", at.pos, "%q writes %s, outside of the state folder", name, file)
		f.Width, f.Hint = at.width, "write below ${state}; otherwise the unit runs as a user of its own, which must be able to write there"
	}
}
