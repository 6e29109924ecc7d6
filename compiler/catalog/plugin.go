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
	Metrics  []Metric
	Examples []Example

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
	if err := v.LookupPath(cue.ParsePath("metrics")).Decode(&plugin.Metrics); err != nil {
		return nil, broken(err)
	}
	examples, err := v.LookupPath(cue.ParsePath("examples")).List()
	if err != nil {
		return nil, broken(err)
	}
	for examples.Next() {
		example := Example{Config: examples.Value().LookupPath(cue.ParsePath("config"))}
		if err := decode(examples.Value(), fields{"title": &example.Title}); err != nil {
			return nil, broken(err)
		}
		plugin.Examples = append(plugin.Examples, example)
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
		if err := v.LookupPath(cue.ParsePath(name)).Decode(target); err != nil {
			return err
		}
	}
	return nil
}

// Provides returns the capabilities that the plugin may provide: those of its
// manifest without config and with each example's.
func (p *Plugin) Provides() []string {
	var all []string
	values := []cue.Value{p.pkg.LookupPath(manifestPath)}
	for _, e := range p.Examples {
		values = append(values, p.filled(e.Config, nil))
	}
	for _, v := range values {
		var some []string
		if v.LookupPath(cue.ParsePath("provides")).Decode(&some) == nil {
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
