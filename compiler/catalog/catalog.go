// Package catalog finds plugins by their manifests and knows what each one
// says of itself: the second stage of the compiler. It reads plugin.cue and, as
// text, config_gen.go; it never imports or runs a plugin's Go code.
package catalog

import (
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/build"
	"cuelang.org/go/cue/cuecontext"
	"cuelang.org/go/cue/errors"
	"cuelang.org/go/cue/load"

	"github.com/detectviz/detectviz/schema"
)

// Module is the Go and CUE module that the plugins of this repository belong to.
const Module = "github.com/detectviz/detectviz"

// Tree is a folder of plugins and the Go module that it belongs to, in whose
// folder plugins/ it stands.
type Tree struct {
	Module string
	Files  fs.FS
}

// Catalog holds the schema and every plugin that can be named in a composition.
// It is not safe for concurrent use.
type Catalog struct {
	ctx     *cue.Context
	files   fs.FS             // a CUE module: cue.mod, schema/ and plugins/
	schema  cue.Value         // package schema
	paths   []string          // of all plugins, sorted
	modules map[string]string // Go module of each plugin, by path
	plugins map[string]*Plugin
}

// Load finds the plugins below the root of a file system that holds core/…,
// community/… and so on, each plugin's folder with its plugin.cue, and those of
// further trees in the same way. Two plugins of one path are a *Collision.
// Manifests are evaluated when they are asked for.
func Load(plugins fs.FS, more ...Tree) (*Catalog, error) {
	c := &Catalog{ctx: cuecontext.New(), modules: map[string]string{}, plugins: map[string]*Plugin{}}
	files := moduleFS{schema: schema.Files}
	for _, tree := range append([]Tree{{Module, plugins}}, more...) {
		paths, err := pluginsIn(tree.Files)
		if err != nil {
			return nil, fmt.Errorf("looking for plugins: %w", err)
		}
		for _, p := range paths {
			if first, twice := c.modules[p]; twice {
				return nil, &Collision{Path: p, First: first, Second: tree.Module}
			}
			c.modules[p] = tree.Module
		}
		files.plugins = append(files.plugins, tree.Files)
	}
	c.paths = slices.Sorted(maps.Keys(c.modules))
	c.files = files
	return c, nil
}

// pluginsIn lists the folders that hold a manifest.
func pluginsIn(files fs.FS) (paths []string, err error) {
	err = fs.WalkDir(files, ".", func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && d.Name() == "testdata" {
			return fs.SkipDir
		}
		if d.Name() == "plugin.cue" {
			paths = append(paths, path.Dir(p))
		}
		return nil
	})
	return paths, err
}

// Collision is two plugins of one path, which a composition could not tell
// apart.
type Collision struct {
	Path          string
	First, Second string // modules
}

// Error implements error.
func (c *Collision) Error() string {
	return fmt.Sprintf("there are two plugins %s: one in %s, one in %s", c.Path, c.First, c.Second)
}

// Context returns the one CUE context of the run.
func (c *Catalog) Context() *cue.Context { return c.ctx }

// Paths returns the paths of all plugins ("core/auth/jwt"), sorted.
func (c *Catalog) Paths() []string { return c.paths }

// Schema returns a definition of package schema, for example "#Composition".
func (c *Catalog) Schema(definition string) cue.Value {
	if !c.schema.Exists() {
		if err := c.Preload(); err != nil {
			panic(err) // the schema is embedded: only a broken dvz gets here
		}
	}
	return c.schema.LookupPath(cue.ParsePath(definition))
}

// Preload evaluates the manifests of the named plugins together, which is much
// cheaper than one by one. Unknown paths are ignored: Plugin reports them.
func (c *Catalog) Preload(paths ...string) error {
	var args, wanted []string
	for _, p := range slices.Compact(slices.Sorted(slices.Values(paths))) {
		if _, known := slices.BinarySearch(c.paths, p); known && c.plugins[p] == nil {
			args, wanted = append(args, "./plugins/"+p), append(wanted, p)
		}
	}
	if !c.schema.Exists() {
		args = append(args, "./schema")
	} else if len(args) == 0 {
		return nil
	}
	instances := load.Instances(args, &load.Config{
		FS:         c.files,
		Dir:        "/",
		FromFSPath: func(p string) string { return strings.TrimPrefix(p, "/") },
	})
	for i, inst := range instances {
		if i == len(wanted) {
			if err := c.buildSchema(inst); err != nil {
				return err
			}
			continue
		}
		plugin, err := c.buildPlugin(wanted[i], inst)
		if err != nil {
			plugin = &Plugin{Path: wanted[i], Err: err}
		}
		c.plugins[wanted[i]] = plugin
	}
	return nil
}

func (c *Catalog) buildSchema(inst *build.Instance) error {
	if inst.Err != nil {
		return fmt.Errorf("loading the schema: %s", errors.Details(inst.Err, nil))
	}
	c.schema = c.ctx.BuildInstance(inst)
	if err := c.schema.Err(); err != nil {
		return fmt.Errorf("evaluating the schema: %s", errors.Details(err, nil))
	}
	return nil
}

// Plugin returns a plugin by its path, or nil when there is none of that path.
// The error is the plugin author's: the manifest does not evaluate.
func (c *Catalog) Plugin(p string) (*Plugin, error) {
	if _, known := slices.BinarySearch(c.paths, p); !known {
		return nil, nil
	}
	if err := c.Preload(p); err != nil {
		return nil, err
	}
	plugin := c.plugins[p]
	return plugin, plugin.Err
}

// All returns every plugin of the catalog, by path. The first broken manifest
// is an error.
func (c *Catalog) All() ([]*Plugin, error) {
	if err := c.Preload(c.paths...); err != nil {
		return nil, err
	}
	all := make([]*Plugin, 0, len(c.paths))
	for _, p := range slices.Sorted(maps.Keys(c.plugins)) {
		if err := c.plugins[p].Err; err != nil {
			return nil, err
		}
		if _, err := c.plugins[p].manifest(); err != nil {
			return nil, broken(p, err)
		}
		all = append(all, c.plugins[p])
	}
	return all, nil
}
