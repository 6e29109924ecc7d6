package catalog

import (
	"errors"
	"io/fs"
	"strings"
	"testing/fstest"
)

// moduleFS presents the embedded schema and the trees of plugins as one CUE
// module, whatever modules or folders the plugins really come from, so that the
// import "github.com/detectviz/detectviz/schema" in a manifest resolves.
type moduleFS struct {
	plugins []fs.FS
	schema  fs.FS
}

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
		return m.openPlugin(rest)
	case "schema":
		return m.schema.Open(rest)
	}
	return module.Open(name)
}

// openPlugin opens what stands below plugins/ in the first tree that has it. No
// two trees hold one plugin, so that a plugin's folder is all of one tree.
func (m moduleFS) openPlugin(name string) (file fs.File, err error) {
	for _, tree := range m.plugins {
		if file, err = tree.Open(name); !errors.Is(err, fs.ErrNotExist) {
			break
		}
	}
	return file, err
}
