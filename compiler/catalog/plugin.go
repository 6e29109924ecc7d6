package catalog

import (
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/build"
	"cuelang.org/go/cue/errors"

	"github.com/detectviz/detectviz/compiler/diag"
)

// Plugin is what a manifest says before any user's config is known.
type Plugin struct {
	Path    string // "core/auth/jwt"
	Import  string // Go import path
	Package string // Go package name
	Err     error  // the manifest does not evaluate; nothing else is set but Path

	Name, Type, Version, Description, Trust string

	Code     bool      // whether there is a Go package
	Config   cue.Value // the definition #Config
	ConfigGo []byte    // text of config_gen.go; nil without code

	catalog *Catalog
	inst    *build.Instance
	pkg     cue.Value // the package of plugin.cue, once it was asked for
	lean    cue.Value // the same without what only documentation needs
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

func (c *Catalog) buildPlugin(p string, inst *build.Instance) (*Plugin, error) {
	if inst.Err != nil {
		return nil, broken(p, inst.Err)
	}
	plugin := &Plugin{Path: p, Import: c.modules[p] + "/plugins/" + p, Package: inst.PkgName, Code: true, catalog: c, inst: inst}
	what := fields{
		"name": &plugin.Name, "type": &plugin.Type, "version": &plugin.Version,
		"description": &plugin.Description, "trust": &plugin.Trust, "code": &plugin.Code,
	}
	if !readLiterals(inst, what) {
		v, err := plugin.manifest()
		if err == nil {
			err = decode(v, what)
		}
		if err != nil {
			return nil, broken(p, err)
		}
	}
	plugin.Config = at(c.definitions(inst), "#Config")
	if err := plugin.Config.Err(); err != nil {
		return nil, broken(p, err)
	}
	if plugin.Code {
		var err error
		plugin.ConfigGo, err = fs.ReadFile(c.files, path.Join("plugins", p, "config_gen.go"))
		if err != nil {
			return nil, fmt.Errorf("plugin %s has no config_gen.go; run go generate in its folder: %w", p, err)
		}
	}
	return plugin, nil
}

// Broken is a manifest that does not evaluate: a mistake of the plugin's author.
type Broken struct {
	Plugin string   // the plugin's path
	Pos    diag.Pos // of the first mistake, in the plugin's module; without a line when it has no place
	err    error
}

// Error implements error. The text is the author's: it speaks CUE.
func (b *Broken) Error() string {
	return fmt.Sprintf("the manifest of plugin %s is broken: %s", b.Plugin, errors.Details(b.err, nil))
}

// broken is an error of a plugin's author. CUE names all places that have a say;
// the last one in the plugin is where the value is written, and not where the
// manifest begins or what the schema wants of it.
func broken(p string, err error) error {
	b := &Broken{Plugin: p, Pos: diag.Pos{File: path.Join("plugins", p, "plugin.cue")}, err: err}
	for _, e := range errors.Errors(err) {
		for _, pos := range append(errors.Positions(e), e.Position()) {
			place := diag.Pos{File: strings.TrimPrefix(pos.Filename(), "/"), Line: pos.Line(), Column: pos.Column()}
			if place.File == b.Pos.File && place.Compare(b.Pos) > 0 {
				b.Pos = place
			}
		}
		if b.Pos.Line > 0 {
			break
		}
	}
	return b
}

// manifest returns the manifest without a config. As a whole it is incomplete
// while config lacks required fields; what does not depend on config can be read
// all the same.
func (p *Plugin) manifest() (cue.Value, error) {
	if !p.pkg.Exists() {
		p.pkg = p.catalog.ctx.BuildInstance(p.inst)
	}
	if err := p.pkg.Err(); err != nil {
		return cue.Value{}, err
	}
	v := at(p.pkg, "plugin")
	if !v.Exists() {
		return cue.Value{}, v.Err()
	}
	return v, nil
}

// text returns a field of the manifest that is a string and has a default.
func (p *Plugin) text(field string) string {
	var s string
	if v, err := p.manifest(); err == nil {
		_ = at(v, field).Decode(&s) // All reports what is wrong with a manifest
	}
	return s
}

// Doc returns the longer text for the plugin's page, in Markdown.
func (p *Plugin) Doc() string { return p.text("doc") }

// License returns the SPDX identifier of the plugin's license.
func (p *Plugin) License() string { return p.text("license") }

// Author returns who wrote the plugin.
func (p *Plugin) Author() string { return p.text("author") }

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
		if strings.HasPrefix(name, "#") {
			selectors[i] = cue.Def(name)
		} else {
			selectors[i] = cue.Str(name)
		}
	}
	return v.LookupPath(cue.MakePath(selectors...))
}

// Metrics returns the plugin's own telemetry.
func (p *Plugin) Metrics() ([]Metric, error) {
	if metrics, ok := readMetrics(p.inst); ok {
		return metrics, nil
	}
	v, err := p.manifest()
	if err != nil {
		return nil, broken(p.Path, err)
	}
	var metrics []Metric
	err = at(v, "metrics").Decode(&metrics)
	return metrics, err
}

// Examples returns the manifest's examples; the first is the smallest useful
// config.
func (p *Plugin) Examples() ([]Example, error) {
	v, err := p.manifest()
	if err != nil {
		return nil, broken(p.Path, err)
	}
	list, err := at(v, "examples").List()
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
	v, err := p.manifest()
	if err != nil {
		return nil
	}
	values := []cue.Value{v}
	examples, _ := p.Examples() // without them, less is known
	for _, e := range examples {
		values = append(values, p.Fill(e.Config, Self{}).manifest)
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
