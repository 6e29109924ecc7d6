package catalog_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/errors"

	"github.com/detectviz/detectviz/compiler/catalog"
)

// TestEveryPlugin holds the manifests of this repository to what dvz, its
// documentation and the people who read both rely on.
func TestEveryPlugin(t *testing.T) {
	c, err := catalog.Load(os.DirFS("../../plugins"))
	if err != nil {
		t.Fatal(err)
	}
	all, err := c.All()
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 10 {
		t.Fatalf("found only %d plugins", len(all))
	}
	for _, p := range all {
		t.Run(p.Path, func(t *testing.T) {
			describesItself(t, p)
			examples, err := p.Examples()
			if err != nil || len(examples) == 0 {
				t.Fatalf("examples: %v, %v", examples, err)
			}
			titles := map[string]bool{}
			for _, e := range examples {
				t.Run(e.Title, func(t *testing.T) { exampleWorks(t, p, e) })
				if titles[e.Title] || e.Title == "" {
					t.Errorf("two examples have the title %q", e.Title)
				}
				titles[e.Title] = true
			}
			if p.Code {
				typesMatch(t, p)
			} else if p.ConfigGo != nil {
				t.Error("has config_gen.go, but no code")
			}
		})
	}
}

func describesItself(t *testing.T, p *catalog.Plugin) {
	base := path.Base(p.Path)
	if p.Name != base {
		t.Errorf("is named %q, its folder %q", p.Name, base)
	}
	if strings.HasPrefix(p.Path, "core/") && p.Trust != "core" {
		t.Errorf("stands in core/ and says trust %q", p.Trust)
	}
	if d := p.Description; d == "" || strings.HasSuffix(d, ".") || strings.TrimSpace(d) != d || strings.Contains(d, "\n") {
		t.Errorf("the description %q is not one sentence without a full stop", d)
	}
	if p.Doc() == "" || p.License() == "" || p.Author() == "" {
		t.Errorf("doc %q, license %q, author %q", p.Doc(), p.License(), p.Author())
	}
	metrics, err := p.Metrics()
	if err != nil {
		t.Errorf("metrics: %v", err)
	}
	for _, m := range metrics {
		if !strings.HasPrefix(m.Name, "dvz_") || strings.TrimSpace(m.Help) == "" {
			t.Errorf("metric %q: %q", m.Name, m.Help)
		}
	}
}

func exampleWorks(t *testing.T, p *catalog.Plugin, e catalog.Example) {
	filled := p.Fill(e.Config, self)
	if err := filled.Config().Validate(cue.Concrete(true)); err != nil {
		t.Fatalf("the config is not valid: %s", errors.Details(err, nil))
	}
	m, err := filled.Manifest()
	if err != nil {
		t.Fatalf("the manifest does not fit it: %s", errors.Details(err, nil))
	}
	for _, r := range m.Routes {
		if strings.TrimSpace(r.Description) == "" || r.Access == "" {
			t.Errorf("route %s %s: access %q, description %q", r.Method, r.Path, r.Access, r.Description)
		}
	}
	if len(m.Routes) > 0 != slices.Contains(m.Provides, "Routes") {
		t.Errorf("lists %d routes and provides %v", len(m.Routes), m.Provides)
	}
	if p.Code && len(m.SignalsIn)+len(m.SignalsOut)+len(m.Provides)+len(m.Requires) == 0 {
		t.Error("has no signals and no capabilities: nothing could use it")
	}
	if !p.Code && len(m.Requires)+len(m.Provides)+len(m.Lifecycle) > 0 {
		t.Errorf("has no code, but %+v", m)
	}
	for _, perm := range m.Permissions {
		if len(perm.Scope) == 0 || slices.Contains(perm.Scope, "") {
			t.Errorf("may %s %s of %q", perm.Action, perm.Resource, perm.Scope)
		}
		for _, s := range perm.Scope {
			if strings.Contains(s, "${") {
				t.Errorf("the scope %s holds a reference", s)
			}
		}
	}
}

// typesMatch compares #Config with the Go type in config_gen.go. That the file as
// a whole is fresh is for package plugins to say, which runs the generator.
func typesMatch(t *testing.T, p *catalog.Plugin) {
	file, err := parser.ParseFile(token.NewFileSet(), "config_gen.go", p.ConfigGo, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	if file.Name.Name != p.Package {
		t.Errorf("plugin.cue is of package %s, config_gen.go of %s", p.Package, file.Name.Name)
	}
	structs := map[string]*ast.StructType{}
	for _, decl := range file.Decls {
		gen, ok := decl.(*ast.GenDecl)
		if !ok || gen.Tok != token.TYPE {
			continue
		}
		for _, spec := range gen.Specs {
			if s, ok := spec.(*ast.TypeSpec).Type.(*ast.StructType); ok {
				structs[spec.(*ast.TypeSpec).Name.Name] = s
			}
		}
	}
	if structs["Config"] == nil {
		t.Fatal("config_gen.go has no struct Config")
	}
	compareFields(t, "Config", structs["Config"], p.Config)
}

// jsonName is the name of a field in the composition.
var jsonName = regexp.MustCompile("json:\"([^\",]+)(,omitempty)?\"")

func compareFields(t *testing.T, name string, s *ast.StructType, config cue.Value) {
	inGo := map[string]bool{}
	for _, f := range s.Fields.List {
		match := jsonName.FindStringSubmatch(f.Tag.Value)
		if match == nil {
			t.Errorf("%s.%s has no json name", name, f.Names[0])
			continue
		}
		inGo[match[1]] = true
	}
	fields, err := config.Fields(cue.Optional(true))
	if err != nil {
		t.Fatal(err)
	}
	for fields.Next() {
		key := fields.Selector().Unquoted()
		if !inGo[key] {
			t.Errorf("%s has the field %s, and config_gen.go has not: run go generate", name, key)
		}
		delete(inGo, key)
		if len(fields.Value().Doc()) == 0 {
			t.Errorf("%s.%s has no comment", name, key)
		}
	}
	for key := range inGo {
		t.Errorf("config_gen.go has the field %s, and %s has not: run go generate", key, name)
	}
}
