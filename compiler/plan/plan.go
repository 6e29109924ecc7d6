// Package plan holds the compiler's intermediate representation and builds it:
// the stage between check and emit. A plan is plain data: instances in start
// order with typed configs, the wires between them, the pipelines, and what the
// instances contribute to the files around the binary. `dvz plan --json` prints
// it, and every emitter reads nothing else.
package plan

import (
	"encoding/json"
	"strings"

	"github.com/detectviz/detectviz/compiler/catalog"
	"github.com/detectviz/detectviz/compiler/diag"
	"github.com/detectviz/detectviz/compiler/source"
)

// Plan is one composition, decided.
type Plan struct {
	Name        string   `json:"name"`
	NamePos     diag.Pos `json:"-"` // where the composition says it
	Version     string   `json:"version"`
	Description string   `json:"description,omitempty"`
	Environment string   `json:"environment"`
	Dir         string   `json:"dir"`       // the composition's folder, relative to the workspace
	Generator   string   `json:"generator"` // "dvz 0.1.0"
	// Overlays are the names of those that are applied, in their order.
	Overlays []string `json:"overlays,omitempty"`

	Params    []Param    `json:"params,omitempty"`
	Instances []Instance `json:"instances"` // in start order
	Secrets   []Secret   `json:"secrets,omitempty"`

	Deliveries []Delivery `json:"deliveries,omitempty"`
	Pipelines  []Pipeline `json:"pipelines,omitempty"`
	Imports    []Import   `json:"imports,omitempty"`

	Health Health `json:"health"`
	Limits Limits `json:"limits"`
}

// Artifact is the name of what is made from the plan: of the folder below
// generated/ and of the binary. Each choice of overlays has its own.
func (p *Plan) Artifact() string { return strings.Join(append([]string{p.Name}, p.Overlays...), "-") }

// Param is a value that may change without a rebuild.
type Param struct {
	Name    string   `json:"name"`
	Go      string   `json:"go"` // the field of the generated params struct
	Type    string   `json:"type"`
	Default *string  `json:"default,omitempty"` // as text; nil: must be given
	Env     string   `json:"env,omitempty"`
	Help    string   `json:"help,omitempty"`
	Values  []string `json:"values,omitempty"`
	Min     string   `json:"min,omitempty"`
	Max     string   `json:"max,omitempty"`
}

// Instance is one plugin instance.
type Instance struct {
	Name        string `json:"name"`
	Plugin      string `json:"plugin"` // the plugin's path, "core/auth/jwt"
	Type        string `json:"type"`
	Version     string `json:"version"`
	Description string `json:"description"`
	Trust       string `json:"trust"`

	// Code is nil for an instance that only contributes to the files around
	// the binary.
	Code *Code `json:"code,omitempty"`

	Requires   []Wire   `json:"requires,omitempty"`
	Provides   []string `json:"provides,omitempty"`
	DependsOn  []string `json:"depends_on,omitempty"` // all reasons together, sorted
	Lifecycle  []string `json:"lifecycle,omitempty"`  // of start, stop, health
	SignalsIn  []string `json:"signals_in,omitempty"`
	SignalsOut []string `json:"signals_out,omitempty"`

	Permissions []Permission `json:"permissions,omitempty"`
	Routes      []Route      `json:"routes,omitempty"`
	Alloy       []AlloyBlock `json:"alloy,omitempty"`
	Datasources []Datasource `json:"datasources,omitempty"`
	Rules       []Rule       `json:"rules,omitempty"`
	Systemd     Systemd      `json:"systemd,omitzero"`

	// Pos is where the composition names the instance. It is not printed: a
	// comment added to a composition must not change what is generated.
	Pos   diag.Pos `json:"-"`
	Width int      `json:"-"` // bytes to underline
	// Written holds the places of the texts in the config, by their values: what
	// the scope of a permission equals is where it comes from. It is not printed.
	Written map[string]source.Text `json:"-"`
}

// Place is where the config holds a value, or else where the composition names
// the instance.
func (in *Instance) Place(value string) source.Text {
	if text, ok := in.Written[value]; ok {
		return text
	}
	return source.Text{Pos: in.Pos, Width: in.Width}
}

// Code is what main.go needs to construct an instance.
type Code struct {
	Import  string `json:"import"`  // Go import path
	Package string `json:"package"` // Go package name
	Var     string `json:"var"`     // the local variable, unique in the plan
	Config  Value  `json:"config"`  // of the Go type Config
	// TypeImports maps the package names that config types use ("time",
	// "contracts") to their import paths.
	TypeImports map[string]string `json:"type_imports,omitempty"`
}

// Wire is a capability that an instance is given when it is constructed.
type Wire struct {
	Field      string   `json:"field"` // Go field of the plugin's Deps
	Capability string   `json:"capability"`
	Many       bool     `json:"many,omitempty"`
	From       []string `json:"from,omitempty"` // instances; PlatformName means the platform; empty: nothing provides it
}

// PlatformName stands in Wire.From for the platform itself, which provides
// Routes (its health endpoints).
const PlatformName = "platform"

// ValueKind says how a Value becomes Go.
type ValueKind string

// The kinds of values.
const (
	StringValue   ValueKind = "string"
	IntValue      ValueKind = "int" // Text is decimal; sizes are already bytes
	FloatValue    ValueKind = "float"
	BoolValue     ValueKind = "bool"
	DurationValue ValueKind = "duration" // Text as time.ParseDuration reads it
	ConcatValue   ValueKind = "concat"   // a string of Parts
	ParamValue    ValueKind = "param"    // Text is the param's name; the Go types agree
	SecretValue   ValueKind = "secret"   // Fields are those of contracts.Secret
	ListValue     ValueKind = "list"
	MapValue      ValueKind = "map"
	StructValue   ValueKind = "struct"
)

// Value is a config value with its Go type.
type Value struct {
	Kind ValueKind `json:"kind"`
	// Type is the Go type as the plugin's config_gen.go writes it: "string",
	// "[]User", "map[string]string", "time.Duration", "*TLS".
	Type   string  `json:"type,omitempty"`
	Text   string  `json:"text,omitempty"`
	Parts  []Value `json:"parts,omitempty"` // of a concat: StringValue, ParamValue, or a RefText
	Items  []Value `json:"items,omitempty"`
	Fields []Field `json:"fields,omitempty"`
}

// MarshalJSON implements json.Marshaler: a secret in clear is left out, so that
// no printed plan holds one.
func (v Value) MarshalJSON() ([]byte, error) {
	type plain Value
	if v.Kind == SecretValue && len(v.Fields) == 1 && v.Fields[0].Key == "clear" {
		v.Fields = []Field{{Key: "clear", Go: "Clear", Value: Value{Kind: StringValue, Type: "string", Text: "(redacted)"}}}
	}
	return json.Marshal(plain(v))
}

// JSON returns the plan as indented JSON with a final newline.
func (p *Plan) JSON() ([]byte, error) {
	out, err := json.MarshalIndent(p, "", "  ")
	return append(out, '\n'), err
}

// RefValue is a Part that the platform knows at run time: Text is "state" or
// "host".
const RefValue ValueKind = "ref"

// Field is a field of a struct (Go is its Go name) or an entry of a map.
type Field struct {
	Key   string `json:"key"`
	Go    string `json:"go,omitempty"`
	Value Value  `json:"value"`
}

// Secret is a secret that the binary needs before it starts.
type Secret struct {
	Instance string `json:"instance"`
	Field    string `json:"field"` // path in the instance's config, "users[0].password"
	Value    Value  `json:"value"` // a SecretValue
}

// Delivery is the bounded queue before one exporter, for one signal.
type Delivery struct {
	Exporter   string `json:"exporter"`
	Signal     string `json:"signal"`
	Var        string `json:"var"`
	QueueSize  int    `json:"queue_size"`
	WhenFull   string `json:"when_full"`
	MaxElapsed string `json:"max_elapsed"`
}

// Pipeline is a path of one signal from importers to exporters.
type Pipeline struct {
	Name    string   `json:"name"`
	Signal  string   `json:"signal"`
	Var     string   `json:"var"`
	From    []string `json:"from"`
	Through []string `json:"through,omitempty"`
	To      []string `json:"to"`
	Implied bool     `json:"implied,omitempty"` // the composition did not write it
}

// Import is an importer with the pipelines that it feeds with one signal.
type Import struct {
	Importer  string   `json:"importer"`
	Signal    string   `json:"signal"`
	Pipelines []string `json:"pipelines"`
}

// Health is how the platform watches the instances.
type Health struct {
	Enabled  bool     `json:"enabled"`
	Interval string   `json:"interval"`
	Timeout  string   `json:"timeout"`
	Listen   *Value   `json:"listen,omitempty"`
	Include  []string `json:"include,omitempty"` // empty: all
}

// Limits bound the service; zero means none.
type Limits struct {
	MemoryBytes int64 `json:"memory_bytes,omitempty"`
	CPUPercent  int   `json:"cpu_percent,omitempty"`
}

// What an instance contributes is taken from its manifest as it is.
type (
	// Permission is what an instance touches outside its own memory. Scopes hold
	// the values that the params' defaults give.
	Permission = catalog.Permission
	// Route is an HTTP endpoint of an instance.
	Route = catalog.Route
	// AlloyBlock is a block of the Alloy config.
	AlloyBlock = catalog.AlloyBlock
	// AlloyAttr is one attribute of a block.
	AlloyAttr = catalog.AlloyAttr
	// AlloySink is an export that takes data of a kind.
	AlloySink = catalog.AlloySink
)

// Datasource is a Grafana data source.
type Datasource struct {
	UID     string         `json:"uid"`
	Name    string         `json:"name"`
	Type    string         `json:"type"`
	URL     string         `json:"url"`
	Default bool           `json:"default,omitempty"`
	JSON    map[string]any `json:"json,omitempty"`
}

// Rule is an alert rule.
type Rule struct {
	UID         string            `json:"uid"`
	Alert       string            `json:"alert"`
	Expr        string            `json:"expr"`
	For         string            `json:"for"`
	Severity    string            `json:"severity"`
	Summary     string            `json:"summary"`
	Description string            `json:"description,omitempty"`
	Labels      map[string]string `json:"labels,omitempty"`
}

// Systemd is what an instance adds to the unit.
type Systemd struct {
	SupplementaryGroups []string `json:"supplementary_groups,omitempty"`
	After               []string `json:"after,omitempty"`
}
