package catalog

import (
	"fmt"
	"io/fs"
	"path"
	"slices"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/build"
	"cuelang.org/go/cue/errors"
)

// Plugin is what a manifest says before any user's config is known.
type Plugin struct {
	Path    string // "core/auth/jwt"
	Import  string // Go import path
	Package string // Go package name
	Err     error  // the manifest does not evaluate; nothing else is set but Path

	Name, Type, Version, Description, Doc, License, Author, Trust string

	Code     bool      // whether there is a Go package
	Config   cue.Value // the definition #Config
	ConfigGo []byte    // text of config_gen.go; nil without code

	pkg cue.Value // the package of plugin.cue; its field plugin is the manifest
}

// Metric is one metric of the plugin's own telemetry.
type Metric struct{ Name, Help string }

// Example is a config that vets.
type Example struct {
	Title  string
	Config cue.Value
}

// Self is what a manifest may know of its instance.
type Self struct{ Instance, Composition, State string }

// manifestPath is the field of plugin.cue that holds the manifest.
var manifestPath = cue.ParsePath("plugin")

func (c *Catalog) buildPlugin(p string, inst *build.Instance) (*Plugin, error) {
	broken := func(err error) error {
		return fmt.Errorf("the manifest of plugin %s is broken: %s", p, errors.Details(err, nil))
	}
	if inst.Err != nil {
		return nil, broken(inst.Err)
	}
	pkg := c.ctx.BuildInstance(inst)
	if err := pkg.Err(); err != nil {
		return nil, broken(err)
	}
	// The manifest as a whole is incomplete while config lacks required fields;
	// what does not depend on config can be read all the same.
	v := pkg.LookupPath(manifestPath)
	if !v.Exists() {
		return nil, broken(v.Err())
	}
	plugin := &Plugin{
		Path:    p,
		Import:  Module + "/plugins/" + p,
		Package: inst.PkgName,
		Config:  pkg.LookupPath(cue.ParsePath("#Config")),
		pkg:     pkg,
	}
	if err := plugin.Config.Err(); err != nil {
		return nil, broken(err)
	}
	err := decode(v, fields{
		"name": &plugin.Name, "type": &plugin.Type, "version": &plugin.Version, "description": &plugin.Description,
		"doc": &plugin.Doc, "license": &plugin.License, "author": &plugin.Author, "trust": &plugin.Trust, "code": &plugin.Code,
	})
	if err != nil {
		return nil, broken(err)
	}
	if plugin.Code {
		plugin.ConfigGo, err = fs.ReadFile(c.files, path.Join("plugins", p, "config_gen.go"))
		if err != nil {
			return nil, fmt.Errorf("plugin %s has no config_gen.go; run go generate in its folder: %w", p, err)
		}
	}
	return plugin, nil
}

// fields maps the fields of a CUE struct to where they are decoded to.
type fields map[string]any

func decode(v cue.Value, into fields) error {
	for name, target := range into {
		if err := at(v, name).Decode(target); err != nil {
			return err
		}
	}
	return nil
}

// at returns a field of a struct, or of a struct within it. Parsing a path for
// each would cost a tenth of a vet.
func at(v cue.Value, names ...string) cue.Value {
	selectors := make([]cue.Selector, len(names))
	for i, name := range names {
		selectors[i] = cue.Str(name)
	}
	return v.LookupPath(cue.MakePath(selectors...))
}

// Metrics returns the plugin's own telemetry.
func (p *Plugin) Metrics() ([]Metric, error) {
	var metrics []Metric
	err := at(p.pkg, "plugin", "metrics").Decode(&metrics)
	return metrics, err
}

// Examples returns the manifest's examples; the first is the smallest useful
// config.
func (p *Plugin) Examples() ([]Example, error) {
	list, err := at(p.pkg, "plugin", "examples").List()
	if err != nil {
		return nil, err
	}
	var examples []Example
	for list.Next() {
		example := Example{Config: at(list.Value(), "config")}
		if err := at(list.Value(), "title").Decode(&example.Title); err != nil {
			return nil, err
		}
		examples = append(examples, example)
	}
	return examples, nil
}

// Provides returns the capabilities that the plugin may provide: those of its
// manifest without config and with each example's.
func (p *Plugin) Provides() []string {
	var all []string
	values := []cue.Value{p.pkg.LookupPath(manifestPath)}
	examples, _ := p.Examples() // without them, less is known
	for _, e := range examples {
		values = append(values, p.filled(e.Config, nil))
	}
	for _, v := range values {
		var some []string
		if at(v, "provides").Decode(&some) == nil {
			all = append(all, some...)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// filled returns the manifest with a config and, unless nil, self. They are
// filled in at the root of the package, because a manifest speaks of its own
// config as plugin.config: in the field alone those references would keep
// standing for the config that nobody has written yet.
func (p *Plugin) filled(config cue.Value, self map[string]string) cue.Value {
	// Once for both: each call evaluates the package anew.
	fields := map[string]any{"config": config}
	if self != nil {
		fields["self"] = self
	}
	return p.pkg.FillPath(manifestPath, fields).LookupPath(manifestPath)
}
