package catalog

import (
	"strings"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/ast"
)

// Manifest is what a manifest says once the instance's config is known.
type Manifest struct {
	SignalsIn, SignalsOut []string
	Lifecycle             []string
	Requires              []Requirement // in the manifest's order
	Provides              []string
	Permissions           []Permission
	Routes                []Route
	Alloy                 []AlloyBlock
	Datasources           []Datasource
	Rules                 []Rule
	SupplementaryGroups   []string
	After                 []string
}

// Requirement is a capability that the plugin's New takes.
type Requirement struct {
	Field      string // the key in the manifest
	Capability string
	Optional   bool
	Many       bool
}

// Permission is an action on resources; see schema/plugin.cue.
type Permission struct {
	Action   string   `json:"action"`
	Resource string   `json:"resource"`
	Scope    []string `json:"scope"`
}

// Route is an HTTP endpoint.
type Route struct {
	Method      string `json:"method"`
	Path        string `json:"path"`
	Access      string `json:"access"`
	Description string `json:"description"`
}

// AlloyBlock is a component or inner block of the Alloy config; see
// schema/alloy.cue.
type AlloyBlock struct {
	Name       string       `json:"name"`
	Label      string       `json:"label,omitempty"`
	Comment    string       `json:"comment,omitempty"`
	Attributes []AlloyAttr  `json:"attributes,omitempty"` // in the manifest's order
	Blocks     []AlloyBlock `json:"blocks,omitempty"`
	Sinks      []AlloySink  `json:"sink,omitempty"`
}

// AlloyAttr is an attribute. Value is plain data: bool, int, float64, string,
// []any, or map[string]any with one of the keys $ref, $sinks, $env, $credential
// and $object.
type AlloyAttr struct {
	Name  string `json:"name"`
	Value any    `json:"value"`
}

// AlloySink is an export that takes data of a kind.
type AlloySink struct {
	Kind   string `json:"kind"`
	Export string `json:"export"`
}

// Datasource is a contributed Grafana data source.
type Datasource struct {
	Name    string         `json:"name"`
	Type    string         `json:"type"`
	URL     string         `json:"url"`
	Default bool           `json:"default"`
	JSON    map[string]any `json:"json"`
}

// Rule is a contributed alert rule.
type Rule struct {
	Alert       string            `json:"alert"`
	Expr        string            `json:"expr"`
	For         string            `json:"for"`
	Severity    string            `json:"severity"`
	Summary     string            `json:"summary"`
	Description string            `json:"description"`
	Labels      map[string]string `json:"labels"`
}

// Filled is a plugin's manifest with the config of one instance.
type Filled struct {
	manifest cue.Value
	self     Self
}

// FillSyntax puts an instance's config, as the user wrote it, into the manifest.
// That evaluates #Config and all that follows from it, once.
func (p *Plugin) FillSyntax(config ast.Expr, self Self) Filled {
	return Filled{manifest: p.filled(config, self), self: self}
}

// Fill is FillSyntax for a config that is a value already, such as an example's.
func (p *Plugin) Fill(config cue.Value, self Self) Filled {
	if syntax, ok := config.Syntax(cue.Final()).(ast.Expr); ok {
		return p.FillSyntax(syntax, self)
	}
	return p.FillSyntax(ast.NewStruct(), self)
}

// Config returns the config with its defaults; its errors are the user's.
func (f Filled) Config() cue.Value { return at(f.manifest, "config") }

// Instantiate evaluates the manifest for one instance with a valid config.
func (p *Plugin) Instantiate(config cue.Value, self Self) (*Manifest, error) {
	return p.Fill(config, self).Manifest()
}

// Manifest returns what the manifest says of the instance. The config must be
// concrete and valid, so that an error is the plugin author's.
func (f Filled) Manifest() (*Manifest, error) {
	v := f.manifest
	if err := v.Err(); err != nil {
		return nil, err
	}
	m := &Manifest{}
	into := []struct {
		path   []string
		target any
	}{
		{[]string{"signals", "in"}, &m.SignalsIn},
		{[]string{"signals", "out"}, &m.SignalsOut},
		{[]string{"lifecycle"}, &m.Lifecycle},
		{[]string{"provides"}, &m.Provides},
		{[]string{"permissions"}, &m.Permissions},
		{[]string{"routes"}, &m.Routes},
		{[]string{"contributes", "datasources"}, &m.Datasources},
		{[]string{"contributes", "rules"}, &m.Rules},
		{[]string{"contributes", "systemd", "supplementary_groups"}, &m.SupplementaryGroups},
		{[]string{"contributes", "systemd", "after"}, &m.After},
	}
	for _, f := range into {
		if err := at(v, f.path...).Decode(f.target); err != nil {
			return nil, err
		}
	}
	// What the user wrote comes with its references replaced; those of the
	// defaults are replaced here.
	references := strings.NewReplacer("${state}", f.self.State, "${host}", "localhost")
	for _, perm := range m.Permissions {
		for i := range perm.Scope {
			perm.Scope[i] = references.Replace(perm.Scope[i])
		}
	}
	var err error
	if m.Requires, err = requirements(at(v, "requires")); err != nil {
		return nil, err
	}
	m.Alloy, err = alloyBlocks(at(v, "contributes", "alloy"))
	return m, err
}

func requirements(v cue.Value) ([]Requirement, error) {
	fields, err := v.Fields()
	if err != nil {
		return nil, err
	}
	var out []Requirement
	for fields.Next() {
		r := Requirement{Field: fields.Selector().Unquoted()}
		if name, err := fields.Value().String(); err == nil {
			r.Capability = name
		} else {
			err := decode(fields.Value(), map[string]any{"capability": &r.Capability, "optional": &r.Optional, "many": &r.Many})
			if err != nil {
				return nil, err
			}
		}
		out = append(out, r)
	}
	return out, nil
}

func alloyBlocks(v cue.Value) ([]AlloyBlock, error) {
	list, err := v.List()
	if err != nil {
		return nil, err
	}
	var out []AlloyBlock
	for list.Next() {
		block, err := alloyBlock(list.Value())
		if err != nil {
			return nil, err
		}
		out = append(out, block)
	}
	return out, nil
}

func alloyBlock(v cue.Value) (b AlloyBlock, err error) {
	if err := decode(v, fields{"name": &b.Name, "sink": &b.Sinks}); err != nil {
		return b, err
	}
	for name, target := range map[string]*string{"label": &b.Label, "comment": &b.Comment} {
		if field := at(v, name); field.Exists() {
			if err := field.Decode(target); err != nil {
				return b, err
			}
		}
	}
	attributes, err := at(v, "attributes").Fields()
	if err != nil {
		return b, err
	}
	for attributes.Next() {
		attr := AlloyAttr{Name: attributes.Selector().Unquoted()}
		if err := attributes.Value().Decode(&attr.Value); err != nil {
			return b, err
		}
		b.Attributes = append(b.Attributes, attr)
	}
	b.Blocks, err = alloyBlocks(at(v, "blocks"))
	return b, err
}
