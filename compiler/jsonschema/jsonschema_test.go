package jsonschema_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"cuelang.org/go/cue"
	cueyaml "cuelang.org/go/encoding/yaml"
	"github.com/rogpeppe/go-internal/txtar"
	validator "github.com/santhosh-tekuri/jsonschema/v6"
	"gopkg.in/yaml.v3"

	"github.com/detectviz/detectviz/compiler/catalog"
	"github.com/detectviz/detectviz/compiler/check"
	"github.com/detectviz/detectviz/compiler/diag"
	"github.com/detectviz/detectviz/compiler/jsonschema"
	"github.com/detectviz/detectviz/compiler/source"
)

var update = flag.Bool("update", false, "write the golden file instead of comparing it")

// The plugins of this repository, those that package check is tested with, and
// those that this package is tested with.
const (
	ourPlugins   = "../../plugins"
	checkPlugins = "../check/testdata/plugins"
	ownPlugins   = "testdata/plugins"
)

func load(t testing.TB, folder string) *catalog.Catalog {
	t.Helper()
	cat, err := catalog.Load(os.DirFS(folder))
	if err != nil {
		t.Fatal(err)
	}
	return cat
}

type generator func(*catalog.Catalog) ([]byte, error)

// compile generates a schema and compiles it, which also holds it to the schema
// of schemas.
func compile(t testing.TB, generate generator, cat *catalog.Catalog) *validator.Schema {
	t.Helper()
	text, err := generate(cat)
	if err != nil {
		t.Fatal(err)
	}
	document, err := validator.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	c := validator.NewCompiler()
	if err := c.AddResource("generated.json", document); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("generated.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// decode reads YAML as an editor does.
func decode(text []byte) (any, error) {
	var v any
	err := yaml.Unmarshal(text, &v)
	return plain(v), err
}

// plain turns what only Go's YAML knows into what JSON has.
func plain(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for k := range v {
			v[k] = plain(v[k])
		}
	case []any:
		for i := range v {
			v[i] = plain(v[i])
		}
	case time.Time:
		return v.Format(time.RFC3339)
	}
	return v
}

// vet returns what is found in a composition's folder.
func vet(cat *catalog.Catalog, folder fs.FS) diag.List {
	c, l := source.ReadFS(folder, ".", source.Options{PluginNamed: cat.Named})
	if c == nil || l.HasErrors() {
		return l
	}
	_, l = check.Run(c, cat)
	return l
}

func files(t testing.TB, pattern string, least int) []string {
	t.Helper()
	all, err := filepath.Glob(pattern)
	if err != nil || len(all) < least {
		t.Fatalf("%s: %d files, %v", pattern, len(all), err)
	}
	return all
}

// TestWhatVetAccepts proves that no schema refuses a composition that vet
// accepts, with the cases that vet itself is tested with.
func TestWhatVetAccepts(t *testing.T) {
	cat := load(t, checkPlugins)
	composition, overlay, meta := compile(t, jsonschema.Composition, cat), compile(t, jsonschema.Overlay, cat), compile(t, jsonschema.Meta, cat)
	accepted := 0
	for _, file := range files(t, "../check/testdata/*.txtar", 40) {
		archive, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		folder := fstest.MapFS{}
		for _, f := range archive.Files {
			folder[f.Name] = &fstest.MapFile{Data: f.Data}
		}
		if folder[source.FileName] == nil || vet(cat, folder).HasErrors() {
			continue
		}
		accepted++
		for name, schemas := range map[string][]*validator.Schema{source.FileName: {composition, overlay}, "meta.yaml": {meta}} {
			if folder[name] == nil {
				continue
			}
			v, err := decode(folder[name].Data)
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range schemas {
				if err := s.Validate(v); err != nil && !strings.Contains(string(folder[name].Data), "core_plugins") {
					t.Errorf("%s: %s is refused: %v", file, name, err)
				}
			}
		}
	}
	if accepted < 10 {
		t.Errorf("vet accepts only %d cases", accepted)
	}
}

// TestMutations changes the values of sound compositions one by one: what vet
// still accepts, the schema accepts as well; and most of what vet refuses, the
// schema refuses.
func TestMutations(t *testing.T) {
	const stride = 23 // of thousands; all of them take half a minute of CPU
	cat := load(t, checkPlugins)
	schema := compile(t, jsonschema.Composition, cat)
	all, err := os.ReadFile("testdata/sound.yaml")
	if err != nil {
		t.Fatal(err)
	}
	refused, seen, number := 0, 0, 0
	for text := range strings.SplitSeq(string(all), "---\n") {
		if l := vet(cat, fstest.MapFS{source.FileName: {Data: []byte(text)}}); l.HasErrors() {
			t.Fatalf("%v in\n%s", l, text)
		}
		for mutant := range mutants(t, []byte(text)) {
			if number++; number%stride != 0 {
				continue
			}
			v, err := decode(mutant)
			if err != nil {
				t.Fatal(err)
			}
			err = schema.Validate(v)
			switch accepted := !vet(cat, fstest.MapFS{source.FileName: {Data: mutant}}).HasErrors(); {
			case accepted && err != nil:
				t.Errorf("vet accepts this, and the schema says %v\n%s", err, mutant)
			case !accepted:
				seen++
				if err != nil {
					refused++
				}
			}
		}
	}
	t.Logf("the schema refuses %d of the %d that vet refuses", refused, seen)
	if refused*10 < seen*7 {
		t.Errorf("the schema refuses only %d of the %d compositions that vet refuses", refused, seen)
	}
}

// mutants yields a document with each of its values replaced by others, left
// out, and put below another key.
func mutants(t *testing.T, text []byte) func(yield func([]byte) bool) {
	others := []string{
		"", "~", "[]", "{}", "true", "yes", "5", "-1", "0", "0.5", "1000000", "'5'", "15s", "64MiB", "a", "/x",
		"127.0.0.1:80", "http://127.0.0.1/x", "'${params.listen}'", "'${params.samples}'", "'${state}/x'", "'$${x}'", "[a]", "{a: b}", "{env: X}", "50%",
	}
	var document yaml.Node
	if err := yaml.Unmarshal(text, &document); err != nil {
		t.Fatal(err)
	}
	return func(yield func([]byte) bool) {
		emit := func() bool {
			out, err := yaml.Marshal(&document)
			if err != nil {
				t.Fatal(err)
			}
			return yield(out)
		}
		var visit func(n *yaml.Node) bool
		visit = func(n *yaml.Node) bool {
			for i := range n.Content {
				child := n.Content[i]
				if n.Kind == yaml.MappingNode && i%2 == 0 {
					key := *child
					child.Value += "x"
					all := n.Content
					next := emit()
					*child = key
					n.Content = append(all[:i:i], all[i+2:]...)
					next = next && emit()
					n.Content = all
					if !next {
						return false
					}
					continue
				}
				for _, other := range others {
					var v yaml.Node
					if err := yaml.Unmarshal([]byte("["+other+"]"), &v); err != nil {
						t.Fatal(err)
					}
					if len(v.Content[0].Content) == 0 { // nothing at all
						v.Content[0].Content = []*yaml.Node{{Kind: yaml.ScalarNode, Tag: "!!null"}}
					}
					n.Content[i] = v.Content[0].Content[0]
					next := emit()
					n.Content[i] = child
					if !next {
						return false
					}
				}
				if !visit(child) {
					return false
				}
			}
			return true
		}
		visit(document.Content[0])
	}
}

// TestOurs validates what this repository shows people.
func TestOurs(t *testing.T) {
	cat := load(t, ourPlugins)
	schema := compile(t, jsonschema.Composition, cat)
	for _, file := range files(t, "../../compositions/*/composition.yaml", 1) {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		v, err := decode(text)
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(v); err != nil {
			t.Errorf("%s: %v", file, err)
		}
	}
	meta := compile(t, jsonschema.Meta, cat)
	for _, file := range files(t, "../../compositions/*/meta.yaml", 1) {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if v, err := decode(text); err != nil || meta.Validate(v) != nil {
			t.Errorf("%s: %v, %v", file, err, meta.Validate(v))
		}
	}
	all, err := cat.All()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range all {
		examples, err := p.Examples()
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range examples {
			if err := schema.Validate(composition(t, p.Path, e.Config)); err != nil {
				t.Errorf("%s, %q: %v", p.Path, e.Title, err)
			}
		}
	}
}

// composition returns one with a single plugin.
func composition(t *testing.T, path string, config cue.Value) any {
	t.Helper()
	text, err := cueyaml.Encode(config)
	if err != nil {
		t.Fatal(err)
	}
	v, err := decode(text)
	if err != nil {
		t.Fatal(err)
	}
	return map[string]any{
		"metadata": map[string]any{"name": "a", "version": "1.0.0"},
		"spec":     map[string]any{"plugins": []any{map[string]any{path: map[string]any{"config": v}}}},
	}
}

// TestRefusals shows mistakes that an editor marks, each at its place.
func TestRefusals(t *testing.T) {
	cat := load(t, ourPlugins)
	schema := compile(t, jsonschema.Composition, cat)
	const prometheus = "[community/importers/prometheus: {config: {targets: ['http://a/'], %s}}]"
	for _, c := range []struct{ plugins, at string }{
		{"[core/server/htp]", "/spec/plugins/0"},
		{"[core/server/htp: {}]", "/spec/plugins/0"},
		{"[community/importers/csv]", "/spec/plugins/0"}, // its config has required fields
		{"[{core/server/http: {}, core/middleware/recovery: {}}]", "/spec/plugins/0"},
		{"[core/server/http: {confg: {}}]", "/spec/plugins/0/core~1server~1http"},
		{"[core/server/http: {enabled: 'yes'}]", "/spec/plugins/0/core~1server~1http/enabled"},
		{"[core/server/http: {as: 'Not A Name'}]", "/spec/plugins/0/core~1server~1http/as"},
		{"[core/server/http: {delivery: {queue: {size: 0}}}]", "/spec/plugins/0/core~1server~1http/delivery/queue/size"},
		{"[community/importers/csv: {config: {}}]", "/spec/plugins/0/community~1importers~1csv/config"},
		{"[core/auth/jwt: {config: {users: []}}]", "/spec/plugins/0/core~1auth~1jwt/config/users"},
		{fmt.Sprintf(prometheus, "intervall: 5s"), "/spec/plugins/0/community~1importers~1prometheus/config"},
		{fmt.Sprintf(prometheus, "interval: 5x"), "/spec/plugins/0/community~1importers~1prometheus/config/interval"},
		{fmt.Sprintf(prometheus, "honor_labels: maybe"), "/spec/plugins/0/community~1importers~1prometheus/config/honor_labels"},
		{fmt.Sprintf(prometheus, "sample_limit: -1"), "/spec/plugins/0/community~1importers~1prometheus/config/sample_limit"},
		{fmt.Sprintf(prometheus, "labels: {a: 1}"), "/spec/plugins/0/community~1importers~1prometheus/config/labels/a"},
		{fmt.Sprintf(prometheus, "bearer_token: {env: a, file: b}"), "/spec/plugins/0/community~1importers~1prometheus/config/bearer_token"},
	} {
		v, err := decode([]byte("metadata: {name: a, version: 1.0.0}\nspec: {plugins: " + c.plugins + "}"))
		if err != nil {
			t.Fatal(err)
		}
		invalid, _ := schema.Validate(v).(*validator.ValidationError)
		if !refusedAt(invalid, c.at) {
			t.Errorf("%s: want a finding at %s, got %v", c.plugins, c.at, invalid)
		}
	}
}

func refusedAt(err *validator.ValidationError, at string) bool {
	if err == nil {
		return false
	}
	if len(err.Causes) == 0 {
		place := ""
		for _, name := range err.InstanceLocation {
			place += "/" + strings.ReplaceAll(name, "/", "~1")
		}
		return place == at
	}
	for _, cause := range err.Causes {
		if refusedAt(cause, at) {
			return true
		}
	}
	return false
}

// TestBranch compares what is written of one plugin, which has a field of every
// kind, with testdata/everything.json.
func TestBranch(t *testing.T) {
	const path, golden = "community/integrations/everything", "testdata/everything.json"
	text, err := jsonschema.Composition(load(t, ownPlugins))
	if err != nil {
		t.Fatal(err)
	}
	again, err := jsonschema.Composition(load(t, ownPlugins))
	if err != nil || !bytes.Equal(text, again) {
		t.Fatalf("two runs differ, %v", err)
	}
	var whole struct {
		Defs map[string]struct {
			Properties map[string]json.RawMessage `json:"properties"`
		} `json:"$defs"`
	}
	if err := json.Unmarshal(text, &whole); err != nil {
		t.Fatal(err)
	}
	var got bytes.Buffer
	if err := json.Indent(&got, whole.Defs["PluginEntry"].Properties[path], "", "  "); err != nil {
		t.Fatal(err)
	}
	got.WriteByte('\n')
	if *update {
		if err := os.WriteFile(golden, got.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if got.String() != string(want) {
		t.Errorf("got:\n%s\nwant:\n%s", &got, want)
	}
}

// TestEverything tries the plugin with a field of every kind.
func TestEverything(t *testing.T) {
	schema := compile(t, jsonschema.Composition, load(t, ownPlugins))
	for config, want := range map[string]bool{
		"required: x":                                                         true,
		"count: 5":                                                            false, // required is missing
		"required: x, zzz: 1":                                                 false,
		"required: x, only: y":                                                true, // of a condition
		"required: x, _hidden: 5":                                             false,
		"required: x, duration: '${params.d}'":                                true,
		"required: x, interval: 0s":                                           false,
		"required: x, empty: ''":                                              true,
		"required: x, empty: 'x'":                                             false,
		"required: x, go_only: 'anything'":                                    true,
		"required: x, word: 'too long'":                                       false,
		"required: x, word: '${params.word}'":                                 true,
		"required: x, some: ''":                                               false,
		"required: x, other: xa":                                              false,
		"required: x, timed: 5":                                               true,
		"required: x, switch: '${params.on}'":                                 true,
		"required: x, switch: on it":                                          false,
		"required: x, count: 11":                                              false,
		"required: x, ratio: 999.5":                                           true,
		"required: x, ratio: 1000":                                            false,
		"required: x, many: -1":                                               false,
		"required: x, ends: 5":                                                false,
		"required: x, ends: -11":                                              true,
		"required: x, fixed: 8":                                               false,
		"required: x, level: infos":                                           false,
		"required: x, level: '${params.level}'":                               true,
		"required: x, digit: 3":                                               false,
		"required: x, mixed: text":                                            false,
		"required: x, maybe: ~":                                               true,
		"required: x, both: some":                                             false,
		"required: x, both: [some]":                                           true,
		"required: x, words: ~":                                               true,
		"required: x, least: []":                                              false,
		"required: x, pair: [a, 1]":                                           true,
		"required: x, pair: [a, b]":                                           false,
		"required: x, pair: [a, 1, 1]":                                        false,
		"required: x, several: [a]":                                           false,
		"required: x, unique: [a, a]":                                         false,
		"required: x, computed: [1]":                                          true,
		"required: x, labels: {a: 1}":                                         false,
		"required: x, names: {A: 1}":                                          false,
		"required: x, keys: {a: true}":                                        true,
		"required: x, keys: {xa: true}":                                       false,
		"required: x, open: {other: 1}":                                       true,
		"required: x, part: {name: a, size: 1MiB}":                            true,
		"required: x, part: {size: 1MiB}":                                     false,
		"required: x, part: {name: a, size: 1MiB, sise: 1}":                   false,
		"required: x, tree: {value: 1, below: [{value: 2}]}":                  true,
		"required: x, tree: {value: 1, below: [{value: a}]}":                  false,
		"required: x, alternatives: {b: 1}":                                   true,
		"required: x, alternatives: {c: 1}":                                   false,
		"required: x, low: -5, high: -3":                                      true,
		"required: x, secret: {file: a, generate: 32}":                        true,
		"required: x, any: [1], _quoted: a, not_null: [a], list_or_null: [b]": true,
		"required: x, two_forms: {a1: 1, b1: text}":                           true,
		"required: x, two_forms: {a1: text}":                                  false,
		"required: x, grown: {later: 1}":                                      true,
		"required: x, narrowed: {name: a}":                                    true,
		"required: x, narrowed: {name: b}":                                    false,
		"required: x, wider: {name: b, extra: 1}":                             true,
		"required: x, choice: {meow: a, more: 1}":                             true,
		"required: x, looped: text":                                           true,
		"required: x, named: {one: 1}, otherwise: text":                       true,
		"required: x, secret: {generate: 32}":                                 false,
		"required: x, secrets: [{env: A}, clear, {credential: b}]":            true,
		"required: x, address: 'localhost:${params.port}'":                    true,
		"required: x, address: localhost":                                     false,
		"required: x, quoted-name: a, labels: , part: ~, names: {a: 1}":       false, // part needs its fields
	} {
		v, err := decode([]byte("metadata: {name: a, version: 1.0.0}\nspec: {plugins: [community/integrations/everything: {config: {" + config + "}}]}"))
		if err != nil {
			t.Fatalf("%s: %v", config, err)
		}
		if err := schema.Validate(v); (err == nil) != want {
			t.Errorf("%s: %v", config, err)
		}
	}
}

func TestOverlayRequiresNothing(t *testing.T) {
	schema := compile(t, jsonschema.Overlay, load(t, ourPlugins))
	for text, want := range map[string]bool{
		"":                                    true,
		"metadata: {environment: production}": true,
		"spec: {plugins: [core/auth/jwt: {config: {ttl: 5m}}, core/auth/jwt]}": true,
		"spec: {plugins: [core/auth/jwt: {config: {ttl: 5x}}]}":                false,
		"spec: {plugin: []}":                 false,
		"spec: {core_plugins: []}":           false, // the documented form only
		"params: {listen: {default: 'a:1'}}": true,
	} {
		v, err := decode([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(v); (err == nil) != want {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// TestBrokenPlugin proves that a plugin whose manifest is broken takes the
// schema from nobody.
func TestBrokenPlugin(t *testing.T) {
	schema := compile(t, jsonschema.Composition, load(t, checkPlugins))
	v, err := decode([]byte("metadata: {name: a, version: 1.0.0}\nspec: {plugins: [community/importers/broken: {config: {a: 1}}, community/importers/journal]}"))
	if err != nil {
		t.Fatal(err)
	}
	if err := schema.Validate(v); err != nil {
		t.Error(err)
	}
}

func BenchmarkComposition(b *testing.B) {
	for b.Loop() {
		text, err := jsonschema.Composition(load(b, ourPlugins))
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(len(text))/1024, "KB")
	}
}
