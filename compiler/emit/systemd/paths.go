package systemd

import (
	"path"
	"strings"
)

// owned are the directives that give a service a folder of its own, by where the
// folder is.
var owned = []struct{ root, directive string }{
	{"/var/log/", "LogsDirectory"},
	{"/var/cache/", "CacheDirectory"},
	{"/run/", "RuntimeDirectory"},
}

// locate makes a scope absolute, as the service sees it: ${state} and relative
// paths are in the state folder, which is the working directory too. It returns
// "" for what is no file of the host: standard output and devices.
func (g *gatherer) locate(scope string) string {
	scope = strings.ReplaceAll(scope, "${state}", stateFolder(g.plan))
	switch {
	case scope == "", scope == "-", strings.HasPrefix(scope, "/dev/"):
		return ""
	case !path.IsAbs(scope):
		return path.Join(stateFolder(g.plan), scope)
	}
	clean := path.Clean(scope)
	if strings.HasSuffix(scope, "/") && clean != "/" {
		return clean + "/" // a folder, and not a file that will be made in it
	}
	return clean
}

// write records that a file or, with a slash at its end, a folder is written.
func (g *gatherer) write(reason, scope string) {
	file := g.locate(scope)
	if file == "" {
		return
	}
	if within(file, stateFolder(g.plan)) {
		note(&g.state, reason)
		return
	}
	for _, o := range owned {
		if within(file, o.root+g.plan.Name) {
			add(&g.directories, o.directive, reason)
			return
		}
	}
	target := folderOf(file)
	switch {
	case temporary(file):
		add(&g.writeTmp, target, reason)
	case homely(file):
		note(&g.home, reason)
		add(&g.writes, target, reason)
	default:
		add(&g.writes, target, reason)
	}
}

// read records that a file, a folder or a pattern of files is read.
func (g *gatherer) read(reason, scope string) {
	file := g.locate(scope)
	switch {
	case file == "":
	case within(file, stateFolder(g.plan)):
		note(&g.state, reason)
	case temporary(file):
		add(&g.readTmp, folderOf(file), reason)
	case homely(file):
		note(&g.home, reason)
	case within(file, "/proc"):
		note(&g.proc, reason)
	default:
		note(&g.reads, reason)
	}
}

// folderOf is what must be open so that a file can be made, replaced or found:
// the folder that holds it, or that a pattern begins with. A file right in a
// folder of the system, such as /tmp or /var/log, gets no more than itself, and
// must exist when the service starts.
func folderOf(file string) string {
	if i := strings.IndexAny(file, "*?["); i >= 0 {
		return path.Dir(file[:i] + "x")
	}
	dir := path.Dir(file)
	if parent := path.Dir(dir); parent == "/" || parent == "/var" || parent == "/usr" {
		return path.Clean(file)
	}
	return dir
}

func within(file, dir string) bool { return file == dir || strings.HasPrefix(file, dir+"/") }

// temporary reports whether PrivateTmp= would hide a file.
func temporary(file string) bool { return within(file, "/tmp") || within(file, "/var/tmp") }

// homely reports whether ProtectHome= would hide a file.
func homely(file string) bool {
	return within(file, "/home") || within(file, "/root") || within(file, "/run/user")
}
