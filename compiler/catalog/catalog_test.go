package catalog_test

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/errors"

	"github.com/detectviz/detectviz/compiler/catalog"
)

// good is a manifest in which everything follows from the config.
const good = `package good

import "github.com/detectviz/detectviz/schema"

plugin: schema.#Plugin & {
	name: "good", type: "exporter", version: "0.1.0", trust: "community"
	description: "writes metrics somewhere"
	doc: "A long text."
	config: #Config
	signals: in: ["metrics"]
	lifecycle: ["start", "stop"]
	requires: {
		zebra:  "Authenticator"
		apple:  {capability: "Routes", many: true}
		Mango:  {capability: "LogHandler", optional: true}
	}
	provides: [if plugin.config.api {"Routes"}]
	permissions: [
		{action: "write", resource: "file", scope: [config.path]},
		{action: "network", resource: "http", scope: [for t in plugin.config.targets {t}, "http://${host}:1/x"]},
	]
	metrics: [{name: "dvz_good_total", help: "Things."}]
	contributes: {
		alloy: [{
			name: "prometheus.scrape", label: "x", comment: "for \(plugin.self.instance) of \(plugin.self.composition)"
			attributes: {
				zone:    "z"
				address: config.path
				forward_to: {$sinks: "prometheus"}
				because: plugin.self.state
			}
			blocks: [{name: "second", attributes: n: 2}, {name: "first", attributes: {b: true, a: 1.5}}]
		}]
		rules: [{alert: "Down", expr: "up{job=\"\(plugin.self.composition)\"} == 0", summary: "x"}]
		systemd: after: ["\(plugin.self.instance).service"]
	}
	examples: [
		{title: "the smallest", config: targets: ["http://a/"]},
		{title: "with queries", config: {targets: ["http://a/", "http://b/"], api: true, path: "${state}/other.db"}},
	]
}

// Config says what is written where.
#Config: {
	// targets are URLs.
	targets!: [...schema.#URL] @go(Targets,type=[]string)
	// path is a file.
	path: schema.#Path | *"${state}/good.db" @go(Path,type=string)
	// api offers queries.
	api: bool | *false @go(API,type=bool)
}
`

// least is the least that a manifest says; its parts are replaced in tests.
const least = `package least

import "github.com/detectviz/detectviz/schema"

plugin: schema.#Plugin & {
	name: "least", type: "processor", version: "0.1.0", trust: "core"
	description: "does nothing"
	config: #Config
}

#Config: {
	// on is a switch.
	on: bool | *false @go(On,type=bool)
}
`

// files makes a tree of plugins with config_gen.go from their manifests.
func files(manifests map[string]string) fstest.MapFS {
	tree := fstest.MapFS{}
	for path, manifest := range manifests {
		tree[path+"/plugin.cue"] = &fstest.MapFile{Data: []byte(manifest)}
		tree[path+"/config_gen.go"] = &fstest.MapFile{Data: []byte("package x // of " + path)}
	}
	return tree
}

func load(t *testing.T, tree fstest.MapFS) *catalog.Catalog {
	t.Helper()
	c, err := catalog.Load(tree)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func plugin(t *testing.T, c *catalog.Catalog, path string) *catalog.Plugin {
	t.Helper()
	p, err := c.Plugin(path)
	if err != nil || p == nil {
		t.Fatalf("%s: %v, %v", path, p, err)
	}
	return p
}

var self = catalog.Self{Instance: "archive", Composition: "shop", State: "/var/lib/shop"}

// instantiate evaluates a manifest with a config in CUE.
func instantiate(t *testing.T, c *catalog.Catalog, path, config string) *catalog.Manifest {
	t.Helper()
	m, err := plugin(t, c, path).Instantiate(c.Context().CompileString(config), self)
	if err != nil {
		t.Fatalf("%s with %s: %v", path, config, err)
	}
	return m
}

func TestPathsFindFoldersWithManifests(t *testing.T) {
	tree := files(map[string]string{"core/b": least, "community/x/y/z": least, "core/a": least, "core/testdata/t": least, "testdata/t": least, "core/a/testdata/deep/t": least})
	tree["core/none/config_gen.go"] = &fstest.MapFile{Data: []byte("package none")}
	c := load(t, tree)
	if want := []string{"community/x/y/z", "core/a", "core/b"}; !slices.Equal(c.Paths(), want) {
		t.Errorf("got %v, want %v", c.Paths(), want)
	}
	for _, path := range []string{"core/testdata/t", "core/none", "core", "", "core/a/", "../core/a", "core/A"} {
		if p, err := c.Plugin(path); p != nil || err != nil {
			t.Errorf("%q: %v, %v", path, p, err)
		}
	}
	if err := c.Preload("core/unknown", "core/a", "core/a"); err != nil {
		t.Error(err)
	}
}

func TestNoPluginsAtAll(t *testing.T) {
	c := load(t, fstest.MapFS{})
	if all, err := c.All(); len(c.Paths()) != 0 || len(all) != 0 || err != nil {
		t.Errorf("%v, %v, %v", c.Paths(), all, err)
	}
	if err := c.Schema("#Composition").Err(); err != nil {
		t.Error(err)
	}
	if c.Schema("#Nonsense").Exists() {
		t.Error("there is a #Nonsense")
	}
}

func TestWhatAPluginSaysOfItself(t *testing.T) {
	c := load(t, files(map[string]string{"community/exporters/good": good, "core/least": least}))
	p := plugin(t, c, "community/exporters/good")
	for what, got := range map[string][2]string{
		"path":        {p.Path, "community/exporters/good"},
		"import":      {p.Import, "github.com/detectviz/detectviz/plugins/community/exporters/good"},
		"package":     {p.Package, "good"},
		"name":        {p.Name, "good"},
		"type":        {p.Type, "exporter"},
		"version":     {p.Version, "0.1.0"},
		"description": {p.Description, "writes metrics somewhere"},
		"doc":         {p.Doc(), "A long text."},
		"license":     {p.License(), "Apache-2.0"},
		"author":      {p.Author(), "DetectViz"},
		"trust":       {p.Trust, "community"},
		"config_gen":  {string(p.ConfigGo), "package x // of community/exporters/good"},
	} {
		if got[0] != got[1] {
			t.Errorf("%s is %q, want %q", what, got[0], got[1])
		}
	}
	if !p.Code {
		t.Error("has no code")
	}
	metrics, err := p.Metrics()
	if want := []catalog.Metric{{Name: "dvz_good_total", Help: "Things."}}; err != nil || !slices.Equal(metrics, want) {
		t.Errorf("metrics %v, %v", metrics, err)
	}
	examples, err := p.Examples()
	if err != nil || len(examples) != 2 || examples[0].Title != "the smallest" || examples[1].Title != "with queries" {
		t.Errorf("examples %v, %v", examples, err)
	}
	// Only the second example turns the queries on.
	if got := p.Provides(); !slices.Equal(got, []string{"Routes"}) {
		t.Errorf("provides %v", got)
	}
	if got := plugin(t, c, "core/least").Provides(); len(got) != 0 {
		t.Errorf("least provides %v", got)
	}
}

func TestManifestFollowsFromConfig(t *testing.T) {
	c := load(t, files(map[string]string{"community/good": good}))
	m := instantiate(t, c, "community/good", `{targets: ["http://b/", "http://a/"], path: "/srv/x.db", api: true}`)

	want := &catalog.Manifest{
		SignalsIn: []string{"metrics"},
		Lifecycle: []string{"start", "stop"},
		Requires: []catalog.Requirement{
			{Field: "zebra", Capability: "Authenticator"},
			{Field: "apple", Capability: "Routes", Many: true},
			{Field: "Mango", Capability: "LogHandler", Optional: true},
		},
		Provides: []string{"Routes"},
		Permissions: []catalog.Permission{
			{Action: "write", Resource: "file", Scope: []string{"/srv/x.db"}},
			{Action: "network", Resource: "http", Scope: []string{"http://b/", "http://a/", "http://localhost:1/x"}},
		},
		Alloy: []catalog.AlloyBlock{{
			Name: "prometheus.scrape", Label: "x", Comment: "for archive of shop",
			Attributes: []catalog.AlloyAttr{
				{Name: "zone", Value: "z"}, {Name: "address", Value: "/srv/x.db"},
				{Name: "forward_to", Value: map[string]any{"$sinks": "prometheus"}}, {Name: "because", Value: "/var/lib/shop"},
			},
			Blocks: []catalog.AlloyBlock{
				{Name: "second", Attributes: []catalog.AlloyAttr{{Name: "n", Value: 2}}},
				{Name: "first", Attributes: []catalog.AlloyAttr{{Name: "b", Value: true}, {Name: "a", Value: 1.5}}},
			},
		}},
		Rules: []catalog.Rule{{Alert: "Down", Expr: `up{job="shop"} == 0`, For: "5m", Severity: "warning", Summary: "x"}},
		After: []string{"archive.service"},
	}
	// As text: CUE decodes an empty list as an empty slice, not as nil.
	if got, want := fmt.Sprintf("%+v", m), fmt.Sprintf("%+v", want); got != want {
		t.Errorf("got\n%s, want\n%s", got, want)
	}
}

// TestReferencesInDefaults: the user's text comes with its references replaced,
// and what the author wrote as a default is a text like it.
func TestReferencesInDefaults(t *testing.T) {
	c := load(t, files(map[string]string{"community/good": good}))
	m := instantiate(t, c, "community/good", `targets: []`)
	if got := m.Permissions[0].Scope; !slices.Equal(got, []string{"/var/lib/shop/good.db"}) {
		t.Errorf("the default path is %v", got)
	}
	if len(m.Provides) != 0 {
		t.Errorf("provides %v without queries", m.Provides)
	}
}

func TestConfigHasDefaults(t *testing.T) {
	c := load(t, files(map[string]string{"community/good": good}))
	config := plugin(t, c, "community/good").Fill(c.Context().CompileString(`targets: ["http://a/"]`), self).Config()
	if err := config.Validate(cue.Concrete(true)); err != nil {
		t.Fatal(err)
	}
	got, err := config.MarshalJSON()
	if want := `{"targets":["http://a/"],"path":"${state}/good.db","api":false}`; err != nil || string(got) != want {
		t.Errorf("got %s, %v; want %s", got, err, want)
	}
	for _, bad := range []string{`{}`, `targets: ["a"]`, `{targets: [], api: "yes"}`, `{targets: [], tagrets: []}`} {
		filled := plugin(t, c, "community/good").Fill(c.Context().CompileString(bad), self)
		if filled.Config().Validate(cue.Concrete(true)) == nil {
			t.Errorf("the config %s is valid", bad)
		}
	}
}

// TestInstancesDoNotMix: one catalog serves many instances of a plugin.
func TestInstancesDoNotMix(t *testing.T) {
	c := load(t, files(map[string]string{"community/good": good}))
	for range 2 {
		for _, path := range []string{"/a", "/b"} {
			m := instantiate(t, c, "community/good", `{targets: [], path: "`+path+`"}`)
			if got := m.Permissions[0].Scope[0]; got != path {
				t.Errorf("asked for %s, got %s", path, got)
			}
		}
	}
}

func TestPreloadChangesNothing(t *testing.T) {
	tree := files(map[string]string{"community/good": good, "core/least": least, "core/bad": "package bad\nplugin: {"})
	lazy, loaded := load(t, tree), load(t, tree)
	if err := loaded.Preload(loaded.Paths()...); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"core/least", "community/good", "core/bad"} {
		a, errA := lazy.Plugin(path)
		b, errB := loaded.Plugin(path)
		if (errA == nil) != (errB == nil) || errA != nil && errA.Error() != errB.Error() {
			t.Errorf("%s: lazily %v, preloaded %v", path, errA, errB)
		}
		if errA != nil {
			continue
		}
		if a.Name != b.Name || a.Version != b.Version || a.Package != b.Package || string(a.ConfigGo) != string(b.ConfigGo) {
			t.Errorf("%s: lazily %+v, preloaded %+v", path, a, b)
		}
	}
	const config = `{targets: ["http://a/"], api: true}`
	if a, b := instantiate(t, lazy, "community/good", config), instantiate(t, loaded, "community/good", config); !reflect.DeepEqual(a, b) {
		t.Errorf("lazily\n%+v, preloaded\n%+v", a, b)
	}
}

// TestWithoutCode: an integration has no Go package and no config_gen.go.
func TestWithoutCode(t *testing.T) {
	tree := fstest.MapFS{"community/files": &fstest.MapFile{Mode: 0o755 | 1<<31}}
	tree["community/files/plugin.cue"] = &fstest.MapFile{Data: []byte(strings.Replace(least, "config: #Config", "config: #Config, code: false", 1))}
	p := plugin(t, load(t, tree), "community/files")
	if p.Code || p.ConfigGo != nil {
		t.Errorf("code %t, config_gen.go %q", p.Code, p.ConfigGo)
	}
}

// TestComputedFields: the fields that are otherwise read off the syntax may be
// computed.
func TestComputedFields(t *testing.T) {
	manifest := strings.NewReplacer(`"0.1.0"`, `"0.\(_minor).0"`, "#Config: {", "_minor: 1\n#Config: {").Replace(least)
	if p := plugin(t, load(t, files(map[string]string{"core/least": manifest})), "core/least"); p.Version != "0.1.0" || p.Name != "least" {
		t.Errorf("got %+v", p)
	}
}

func TestBrokenManifests(t *testing.T) {
	replaced := func(pairs ...string) string { return strings.NewReplacer(pairs...).Replace(least) }
	for name, test := range map[string]struct {
		manifest string
		says     []string // beside the plugin's path
	}{
		"syntax":           {replaced("config: #Config\n}", "config: #Config\n"), []string{"plugin.cue:"}},
		"empty":            {"", nil},
		"no manifest":      {"package least\n#Config: {}", []string{"plugin"}},
		"no #Config":       {"package least\nplugin: name: \"x\"", nil},
		"missing name":     {replaced(`name: "least", `, ""), []string{"name"}},
		"missing type":     {replaced(`type: "processor", `, ""), []string{"type"}},
		"missing version":  {replaced(`version: "0.1.0", `, ""), []string{"version"}},
		"missing trust":    {replaced(`, trust: "core"`, ""), []string{"trust"}},
		"unknown type":     {replaced(`"processor"`, `"procesor"`), []string{"type", "procesor"}},
		"unknown field":    {replaced("config: #Config\n", "config: #Config\n\tlifecyle: []\n"), []string{"lifecyle"}},
		"bad version":      {replaced(`"0.1.0"`, `"v1"`), []string{"version", "v1"}},
		"bad name":         {replaced(`"least"`, `"Least One"`), []string{"plugin.name: must be lower-case letters"}},
		"unknown package":  {replaced("detectviz/schema", "detectviz/shema"), []string{"shema"}},
		"unknown value":    {replaced("config: #Config", "config: #Confg"), []string{"#Confg"}},
		"conflict":         {replaced("config: #Config\n", "config: #Config\n\tcode: \"no\"\n"), []string{"code"}},
		"bad in #Config":   {replaced("bool | *false", "bool & 3"), []string{"on"}},
		"bad alloy name":   {replaced("config: #Config\n", "config: #Config\n\tcontributes: alloy: [{name: \"Bad Name\"}]\n"), []string{"Bad Name"}},
		"bad capability":   {replaced("config: #Config\n", "config: #Config\n\tprovides: [\"log_handler\"]\n"), []string{"log_handler"}},
		"bad in a default": {replaced("config: #Config\n", "config: #Config\n\tlicense: 3\n"), []string{"license"}},
	} {
		t.Run(name, func(t *testing.T) {
			c := load(t, files(map[string]string{"core/least": test.manifest, "community/good": good}))
			_, err := c.All()
			if err == nil {
				t.Fatal("All does not complain")
			}
			for _, say := range append(test.says, "plugin core/least") {
				if !strings.Contains(err.Error(), say) {
					t.Errorf("does not say %q: %v", say, err)
				}
			}
			if n := strings.Count(err.Error(), "the manifest of plugin"); n > 1 {
				t.Errorf("says %d times whose fault it is: %v", n, err)
			}
			// The other plugin is as good as before.
			if m := instantiate(t, c, "community/good", `targets: []`); len(m.Permissions) != 2 {
				t.Errorf("got %+v", m)
			}
			// Using it complains too, sooner or later.
			p, err := c.Plugin("core/least")
			if err == nil {
				if p == nil {
					t.Fatal("the plugin is not there")
				}
				_, err = p.Instantiate(c.Context().CompileString("{}"), self)
			}
			if err == nil {
				t.Fatal("the plugin can be used")
			}
			for _, say := range test.says {
				if !strings.Contains(errors.Details(err, nil), say) {
					t.Errorf("when it is used, does not say %q: %v", say, err)
				}
			}
		})
	}
}

func TestMissingConfigTypes(t *testing.T) {
	tree := files(map[string]string{"core/least": least, "community/good": good})
	delete(tree, "core/least/config_gen.go")
	c := load(t, tree)
	p, err := c.Plugin("core/least")
	if err == nil || !strings.Contains(err.Error(), "plugin core/least has no config_gen.go; run go generate in its folder") {
		t.Errorf("%v, %v", p, err)
	}
	if _, err := c.All(); err == nil {
		t.Error("All does not complain")
	}
	plugin(t, c, "community/good")
}
