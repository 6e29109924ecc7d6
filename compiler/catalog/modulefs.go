package catalog

import (
	"io/fs"
	"strings"
	"testing/fstest"
)

// moduleFS presents the embedded schema and a tree of plugins as one CUE
// module, whatever module or folder the plugins really come from, so that the
// import "github.com/detectviz/detectviz/schema" in a manifest resolves.
type moduleFS struct{ plugins, schema fs.FS }

// module is the content of cue.mod; the module's file is all that CUE needs.
var module = fstest.MapFS{
	"cue.mod/module.cue": {Data: []byte("module: \"" + Module + "@v0\"\nlanguage: version: \"v0.17.0\"\n")},
}

// Open implements fs.FS.
func (m moduleFS) Open(name string) (fs.File, error) {
	first, rest, _ := strings.Cut(name, "/")
	if rest == "" {
		rest = "."
	}
	switch first {
	case "plugins":
		return m.plugins.Open(rest)
	case "schema":
		return m.schema.Open(rest)
	}
	return module.Open(name)
}
