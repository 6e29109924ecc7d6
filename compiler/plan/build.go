package plan

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"

	"github.com/detectviz/detectviz/compiler/catalog"
	"github.com/detectviz/detectviz/compiler/check"
	"github.com/detectviz/detectviz/compiler/diag"
	"github.com/detectviz/detectviz/compiler/source"
	"github.com/detectviz/detectviz/compiler/units"
)

// builder carries what the steps of Build share.
type builder struct {
	source    *source.Composition
	instances []check.Instance // enabled ones, in file order
	catalog   *catalog.Catalog
	byName    map[string]int // index in instances
	types     map[*catalog.Plugin]*goTypes
	names     names
	plan      *Plan
	lenient   bool // competing instances are no errors, the first one wins
	diags     diag.List

	written func(*source.Plugin) map[string]source.Text // see check.Places
}

// Build turns a checked composition into a plan: it matches capabilities, puts
// the instances in start order, routes the pipelines and types every config
// value. generator names the dvz that builds it, for example "dvz 0.1.0". The
// plan is nil when there are errors.
func Build(c *source.Composition, instances []check.Instance, cat *catalog.Catalog, generator string) (*Plan, diag.List) {
	return build(c, instances, cat, generator, false)
}

func build(c *source.Composition, instances []check.Instance, cat *catalog.Catalog, generator string, lenient bool) (*Plan, diag.List) {
	b := &builder{source: c, instances: instances, catalog: cat, byName: map[string]int{}, types: map[*catalog.Plugin]*goTypes{}, names: newNames(), lenient: lenient, written: check.Places(c)}
	for i := range instances {
		b.byName[instances[i].Name] = i
	}
	b.plan = &Plan{
		Name:        c.Name.Value,
		NamePos:     c.Name.Pos,
		Version:     c.Version.Value,
		Description: c.Description.Value,
		Environment: c.Environment.Value,
		Dir:         c.Dir,
		Generator:   generator,
		Overlays:    c.Overlays,
	}
	b.params()
	built := make([]Instance, len(instances))
	for i := range instances {
		built[i] = b.instance(&instances[i])
	}
	b.wire(built)
	if !lenient {
		b.routes(built)
	}
	for _, i := range b.order(built) {
		b.plan.Instances = append(b.plan.Instances, built[i])
	}
	b.secrets()
	b.flow()
	b.health()
	b.limits()
	if b.diags.HasFaults() {
		return nil, b.diags
	}
	return b.plan, b.diags
}

func (b *builder) params() {
	for _, p := range b.source.Params {
		param := Param{
			Name: p.Name.Value, Go: exported(p.Name.Value), Type: p.Type,
			Env: p.Env, Help: p.Help, Values: p.Values, Min: p.Min, Max: p.Max,
		}
		if p.Default != nil {
			text := p.Default.Text
			param.Default = &text
		}
		b.plan.Params = append(b.plan.Params, param)
	}
}

// instance translates one checked instance; wires are added later.
func (b *builder) instance(in *check.Instance) Instance {
	p, m := in.Plugin, in.Manifest
	out := Instance{
		Name: in.Name, Plugin: p.Path, Type: p.Type, Version: p.Version, Description: p.Description, Trust: p.Trust,
		Provides: m.Provides, Lifecycle: m.Lifecycle, SignalsIn: m.SignalsIn, SignalsOut: m.SignalsOut,
		Permissions: m.Permissions, Routes: m.Routes, Alloy: m.Alloy,
		Systemd: Systemd{SupplementaryGroups: m.SupplementaryGroups, After: m.After},
		Pos:     in.Source.Path.Pos, Width: in.Source.Path.Width, Written: b.written(in.Source),
	}
	for _, d := range m.Datasources {
		out.Datasources = append(out.Datasources, Datasource{
			UID: uid(b.plan.Name, in.Name, strings.ToLower(d.Name)), Name: d.Name, Type: d.Type, URL: d.URL, Default: d.Default, JSON: d.JSON,
		})
	}
	for _, r := range m.Rules {
		out.Rules = append(out.Rules, Rule{
			UID: uid(b.plan.Name, in.Name, strings.ToLower(r.Alert)), Alert: r.Alert, Expr: r.Expr, For: r.For,
			Severity: r.Severity, Summary: r.Summary, Description: r.Description, Labels: r.Labels,
		})
	}
	if p.Code {
		out.Code = b.code(in)
	}
	return out
}

// uid joins parts to an identifier that Grafana accepts (letters, digits, - and
// _, at most 40 characters) and that stays the same as long as the parts do.
func uid(parts ...string) string {
	clean := func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '_' {
			return r
		}
		return '-'
	}
	id := strings.Map(clean, strings.Join(parts, "-"))
	// Always with a digest: the names alone may be cut, and they hold hyphens
	// themselves, so that shop + a-b and shop-a + b would be one.
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return strings.TrimRight(id[:min(len(id), 31)], "-") + "-" + hex.EncodeToString(sum[:4])
}

// secrets lists the secrets of all configs, in start order.
func (b *builder) secrets() {
	for _, in := range b.plan.Instances {
		if in.Code != nil {
			collectSecrets(in.Code.Config, "", func(field string, v Value) {
				b.plan.Secrets = append(b.plan.Secrets, Secret{Instance: in.Name, Field: field, Value: v})
			})
		}
	}
}

func collectSecrets(v Value, field string, found func(string, Value)) {
	if v.Kind == SecretValue {
		found(field, v)
		return
	}
	for _, f := range v.Fields {
		name := f.Key
		if field != "" {
			name = field + "." + f.Key
		}
		collectSecrets(f.Value, name, found)
	}
	for i, item := range v.Items {
		collectSecrets(item, field+"["+strconv.Itoa(i)+"]", found)
	}
}

func (b *builder) health() {
	h := b.source.Health
	b.plan.Health = Health{Enabled: h.Enabled, Interval: h.Interval, Timeout: h.Timeout}
	for _, name := range h.Include {
		if !h.All {
			b.plan.Health.Include = append(b.plan.Health.Include, name.Value)
		}
	}
	if h.Enabled && h.Listen != "" {
		v := b.text(h.Listen)
		b.plan.Health.Listen = &v
	}
}

func (b *builder) limits() {
	if s := b.source.Limits.Memory; s != "" {
		bytes, err := units.ParseSize(s)
		if err != nil {
			b.diags.Errorf("DVZ103", b.source.Root.Get("spec").Get("limits").Pos, "limits.memory: %s", err)
		}
		b.plan.Limits.MemoryBytes = bytes
	}
	if s := b.source.Limits.CPU; s != "" {
		b.plan.Limits.CPUPercent, _ = strconv.Atoi(strings.TrimSuffix(s, "%")) // the schema has checked it
	}
}

// routes checks that every route can be served as it asks.
func (b *builder) routes(built []Instance) {
	served := slices.ContainsFunc(built, func(in Instance) bool {
		return slices.ContainsFunc(in.Requires, func(w Wire) bool { return w.Capability == "Routes" })
	})
	authenticated := slices.ContainsFunc(built, func(in Instance) bool { return slices.Contains(in.Provides, "Authenticator") })
	for i := range built {
		in := &built[i]
		if len(in.Routes) > 0 && !served {
			d := b.diags.Warnf("DVZ220", in.Pos, "%s offers HTTP routes (%s %s …), but nothing in the composition serves them", in.Name, in.Routes[0].Method, in.Routes[0].Path)
			d.Width = in.Width
			d.Hint = "add an HTTP server, for example core/server/http"
			continue
		}
		for _, r := range in.Routes {
			if r.Access != "public" && !authenticated {
				d := b.diags.Errorf("DVZ221", in.Pos, "the route %s %s of %s is for authenticated callers, but nothing in the composition authenticates them", r.Method, r.Path, in.Name)
				d.Width = in.Width
				d.Hint = "add an authenticator, for example core/auth/jwt"
			}
		}
	}
}
