package jsonschema

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"cuelang.org/go/cue/ast"

	"github.com/detectviz/detectviz/compiler/catalog"
)

// pluginEntry defines an item of spec.plugins in place of package schema's
// definition, which knows no plugins. It is a path, or an object of which each
// plugin is a property, so that an editor completes paths as keys and, below
// them, the options and config of that very plugin.
func (w *walker) pluginEntry() {
	w.schema("#Instance")
	options := w.parts("Instance")
	var plugins members
	bare, about := []any{}, []string{} // of those that need no config
	for _, path := range w.catalog.Paths() {
		p, err := w.catalog.Plugin(path)
		if err != nil {
			plugins = append(plugins, member{path, schema{"description": "The manifest of this plugin is broken."}})
			continue
		}
		s := w.entry(p, options)
		plugins = append(plugins, member{path, s})
		if s["required"] == nil {
			bare, about = append(bare, path), append(about, p.Description)
		}
	}
	*w.defs = append(*w.defs, member{"PluginEntry", schema{
		"type": []string{"object", "string"}, "properties": plugins, "additionalProperties": false, "minProperties": 1, "maxProperties": 1,
		"anyOf": []schema{
			{"enum": bare, "enumDescriptions": about, "errorMessage": "must be the path of a plugin, with its config below it if the plugin needs one"},
			{"type": "object"},
		},
	}})
}

// entry returns the schema of what stands below a plugin's path.
func (w *walker) entry(p *catalog.Plugin, options members) schema {
	config := w.config(p)
	fields := slices.Clone(options)
	fields.set("config", config)
	s := schema{
		"type": "object", "properties": fields, "additionalProperties": false,
		"description":         p.Description,
		"markdownDescription": markdown(p),
	}
	if config["required"] != nil {
		s["required"] = []string{"config"}
	}
	return nullable(s)
}

// config returns the schema of a plugin's #Config.
func (w *walker) config(p *catalog.Plugin) schema {
	in := *w
	in.plugin, in.references = p.Path, true
	s := schema{}
	if field, ok := p.Config.Source().(*ast.Field); ok {
		s = in.resolved(in.value(field.Value))
	}
	s = described(s, "The config of "+p.Path+".")
	examples, err := p.Examples()
	if err != nil {
		return s // there is nothing to show; All reports what is wrong
	}
	var all []json.RawMessage
	for _, e := range examples {
		if config, err := e.Config.MarshalJSON(); err == nil && string(config) != "{}" {
			all = append(all, config)
		}
	}
	if len(all) > 0 {
		s["examples"] = all
	}
	return s
}

// markdown says what a plugin is, in one paragraph, and where there is more.
func markdown(p *catalog.Plugin) string {
	var text strings.Builder
	fmt.Fprintf(&text, "**%s** %s, %s", p.Type, p.Version, p.Description)
	if m := manifest(p); m != nil {
		if len(m.SignalsIn) > 0 {
			fmt.Fprintf(&text, "; takes %s", strings.Join(m.SignalsIn, ", "))
		}
		if len(m.SignalsOut) > 0 {
			fmt.Fprintf(&text, "; yields %s", strings.Join(m.SignalsOut, ", "))
		}
	}
	if doc := strings.TrimSpace(p.Doc()); doc != "" {
		text.WriteString("\n\n" + doc)
	}
	fmt.Fprintf(&text, "\n\n`dvz plugins show %s`", p.Path)
	return text.String()
}

// manifest returns the plugin's manifest with its smallest config, or nil.
func manifest(p *catalog.Plugin) *catalog.Manifest {
	examples, err := p.Examples()
	if err != nil || len(examples) == 0 {
		return nil
	}
	m, err := p.Instantiate(examples[0].Config, catalog.Self{Instance: p.Name, Composition: "example", State: "/var/lib/example"})
	if err != nil {
		return nil
	}
	return m
}
