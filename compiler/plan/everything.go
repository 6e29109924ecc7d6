package plan

import (
	"fmt"

	"github.com/detectviz/detectviz/compiler/catalog"
	"github.com/detectviz/detectviz/compiler/check"
	"github.com/detectviz/detectviz/compiler/diag"
	"github.com/detectviz/detectviz/compiler/source"
)

// EverythingName is the name of the plan that Everything builds.
const EverythingName = "everything"

// Everything plans a composition of every plugin in the catalog, each with its
// first example. It is never run: its binary is the measure of what leaving
// plugins out saves. Where two plugins compete, the first one is taken.
func Everything(cat *catalog.Catalog, generator string) (*Plan, error) {
	all, err := cat.All()
	if err != nil {
		return nil, err
	}
	c := &source.Composition{
		Dir:         "compositions/" + EverythingName,
		Name:        source.Text{Value: EverythingName},
		Version:     source.Text{Value: "0.0.0"},
		Description: source.Text{Value: "every plugin"},
		Environment: source.Text{Value: "production"},
		Health:      source.Health{Enabled: true, Interval: "30s", Timeout: "5s", All: true},
	}
	var instances []check.Instance
	for i, p := range all {
		if !p.Code {
			continue
		}
		examples, err := p.Examples()
		if err != nil {
			return nil, fmt.Errorf("the examples of plugin %s: %w", p.Path, err)
		}
		if len(examples) == 0 {
			return nil, fmt.Errorf("plugin %s has no example", p.Path)
		}
		name := fmt.Sprintf("%s-%d", p.Name, i)
		config := p.Config.Unify(examples[0].Config)
		m, err := p.Instantiate(config, catalog.Self{Instance: name, Composition: EverythingName, State: "/var/lib/" + EverythingName})
		if err != nil {
			return nil, fmt.Errorf("the first example of plugin %s: %w", p.Path, err)
		}
		instances = append(instances, check.Instance{
			Source: &source.Plugin{Path: source.Text{Value: p.Path}, Enabled: true},
			Name:   name, Plugin: p, Config: config, Manifest: m,
		})
	}
	built, diags := build(c, instances, cat, generator, true)
	if built == nil {
		return nil, fmt.Errorf("planning every plugin: %s", firstError(diags))
	}
	return built, nil
}

func firstError(diags diag.List) string {
	for _, d := range diags {
		if d.Severity == diag.Error {
			return d.Message
		}
	}
	return "no plan"
}
