package check_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/detectviz/detectviz/compiler/catalog"
	"github.com/detectviz/detectviz/compiler/check"
	"github.com/detectviz/detectviz/compiler/diag"
	"github.com/detectviz/detectviz/compiler/source"
)

var update = flag.Bool("update", false, "write what is printed into the txtar files")

// plugins are the manifests below testdata/plugins. A catalog is used by one
// goroutine at a time.
var plugins = sync.OnceValues(func() (*catalog.Catalog, error) {
	return catalog.Load(os.DirFS("testdata/plugins"))
})

func load(t testing.TB) *catalog.Catalog {
	t.Helper()
	cat, err := plugins()
	if err != nil {
		t.Fatal(err)
	}
	return cat
}

// run reads and checks a composition.
func run(cat *catalog.Catalog, composition []byte) ([]check.Instance, diag.List) {
	return runFolder(cat, fstest.MapFS{source.FileName: {Data: composition}})
}

// runFolder reads and checks the composition of a folder.
func runFolder(cat *catalog.Catalog, folder fstest.MapFS, overlays ...string) ([]check.Instance, diag.List) {
	c, l := source.ReadFS(folder, ".", source.Options{Overlays: overlays, PluginNamed: cat.Named})
	if c == nil {
		return nil, l
	}
	instances, found := check.Run(c, cat)
	return instances, append(l, found...).Sorted()
}

// printed is what vet prints of a test case: the composition folder whose files
// it holds, and in the file overlays the names of those that apply.
func printed(t *testing.T, cat *catalog.Catalog, files []txtar.File) string {
	t.Helper()
	folder := fstest.MapFS{}
	var overlays []string
	for _, f := range files {
		if f.Name == "overlays" {
			overlays = strings.Fields(string(f.Data))
			continue
		}
		folder[f.Name] = &fstest.MapFile{Data: f.Data}
	}
	_, l := runFolder(cat, folder, overlays...)
	var out strings.Builder
	p := diag.Printer{Source: func(file string) []byte {
		if f := folder[file]; f != nil {
			return f.Data
		}
		return nil
	}}
	if err := p.Print(&out, l); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// internals are words of CUE's that no user may see. The finding about a broken
// plugin (DVZ207) is for its author.
var internals = []string{"disjunction", "conflicting values", "_|_", "incomplete value", "#Config", "not allowed:", "mismatched types", "out of bound"}

// TestCompositions checks each testdata/*.txtar: the files of a composition's
// folder, and last, in diagnostics, what is printed about it.
func TestCompositions(t *testing.T) { cases(t, "testdata/*.txtar", load(t)) }

// TestSeed checks each composition that the seed document prints against the
// plugins of this repository. Some of those that it names do not exist yet.
func TestSeed(t *testing.T) {
	cat, err := catalog.Load(os.DirFS("../../plugins"))
	if err != nil {
		t.Fatal(err)
	}
	cases(t, "testdata/seed/*.txtar", cat)
}

func cases(t *testing.T, pattern string, cat *catalog.Catalog) {
	t.Helper()
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) == 0 {
		t.Fatalf("%d cases, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			last := len(archive.Files) - 1
			if last < 1 || archive.Files[last].Name != "diagnostics" {
				t.Fatal("a case has the files of a composition's folder, and diagnostics as the last")
			}
			got := printed(t, cat, archive.Files[:last])
			for _, word := range internals {
				if strings.Contains(got, word) && !strings.Contains(got, "DVZ207") {
					t.Errorf("%q reaches the user:\n%s", word, got)
				}
			}
			if want := string(archive.Files[last].Data); got != want {
				if !*update {
					t.Errorf("got:\n%s\nwant:\n%s", got, want)
				}
				archive.Files[last].Data = []byte(got)
			}
			if *update {
				if err := os.WriteFile(file, txtar.Format(archive), 0o644); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

const sound = `metadata: {name: dev, version: 1.0.0, environment: development}
params:
  listen: {type: address, default: "127.0.0.1:9999", env: DVZ_LISTEN}
  every: {type: duration, default: 20s, min: 1s}
  samples: {type: int, min: 7}
  where: {type: string}
spec:
  plugins:
    - core/auth/jwt:
        as: users
        config: {secret: hunter2, users: [{name: a}]}
    - core/server/http:
        config: {listen: "${params.listen}"}
    - community/importers/csv:
        enabled: false
        config: {path: x}
    - community/importers/prometheus:
        as: node
        config:
          targets: ["http://${params.listen}/metrics", "http://${host}/m$${x}"]
          interval: ${params.every}
          max_samples: ${params.samples}
          labels: {Where: "${params.where}", state: "${state}"}
          tls: {ca_file: "${state}/ca.pem"}
          jitter: 1
    - community/exporters/sqlite
`

func TestInstances(t *testing.T) {
	instances, l := run(load(t), []byte(sound))
	if l := l.Standing(); len(l) > 0 {
		t.Fatalf("findings: %v", l)
	}
	var names []string
	for _, in := range instances {
		names = append(names, in.Name+"="+in.Plugin.Path)
		if in.Manifest == nil || in.Source == nil || !in.Source.Enabled {
			t.Errorf("%s: incomplete", in.Name)
		}
	}
	const want = "users=core/auth/jwt http=core/server/http node=community/importers/prometheus sqlite=community/exporters/sqlite"
	if got := strings.Join(names, " "); got != want {
		t.Fatalf("got  %s\nwant %s", got, want)
	}
	configs := map[int]string{
		0: `{"algorithm":"HS256","secret":"hunter2","previous_keys":[],"ttl":"15m","users":[{"name":"a","roles":[]}]}`,
		1: `{"listen":"127.0.0.1:9999","public":true}`,
		2: `{"targets":["http://127.0.0.1:9999/metrics","http://localhost/m${x}"],"interval":"20s","labels":{"Where":"placeholder","state":"/var/lib/dev"},` +
			`"max_size":"16MiB","max_samples":7,"jitter":1.0,"retries":3,"honor_labels":false,"format":"openmetrics",` +
			`"tls":{"ca_file":"/var/lib/dev/ca.pem","min_version":"1.2","skip_verify":false},"tokens":{}}`,
		3: `{"path":"${state}/metrics.db","retention":"168h"}`,
	}
	for i, want := range configs {
		got, err := instances[i].Config.MarshalJSON()
		if err != nil || !sameFields(string(got), want) {
			t.Errorf("%s: got %s, %v\nwant %s", instances[i].Name, got, err, want)
		}
	}
	if got := instances[2].Manifest.Permissions[0].Scope[0]; got != "http://127.0.0.1:9999/metrics" {
		t.Errorf("the manifest does not see the config: %s", got)
	}
}

// sameFields compares JSON objects whatever the order of their fields.
func sameFields(a, b string) bool {
	var x, y any
	return json.Unmarshal([]byte(a), &x) == nil && json.Unmarshal([]byte(b), &y) == nil && reflect.DeepEqual(x, y)
}

func TestFaultyEntriesYieldNoInstance(t *testing.T) {
	composition := strings.Replace(sound, "path: x", "path: 5", 1)
	composition = strings.Replace(composition, "jitter: 1", "jitter: 7", 1)
	instances, l := run(load(t), []byte(composition))
	if len(l.Standing()) != 2 || len(instances) != 3 {
		t.Errorf("%d instances, %v", len(instances), l)
	}
}

// TestSecretsAreNeverShown puts a secret into every wrong place and form.
func TestSecretsAreNeverShown(t *testing.T) {
	for _, environment := range []string{"development", "production"} {
		for _, secret := range []string{"hunter2", `"hunter2 ${params.x}"`, `"${hunter2"`, "77077077", "[hunter2]", "hunter2: x"} {
			composition := "metadata: {name: dev, version: 1.0.0, environment: " + environment + "}\nspec:\n  plugins:\n    - core/auth/jwt:\n        config:\n" +
				"          previous_keys: [" + strings.Replace(secret, "[hunter2]", "{}", 1) + "]\n          ttl: 5x\n          secret: " + strings.Replace(secret, "hunter2: x", "{x: 5}", 1) + "\n"
			_, l := run(load(t), []byte(composition))
			for _, d := range l {
				for _, word := range []string{"77077077", "hunter2 "} {
					if strings.Contains(d.Message+d.Hint, word) {
						t.Errorf("%s: %s (%s)", secret, d.Message, d.Hint)
					}
				}
			}
			if len(l) == 0 {
				t.Errorf("%s: nothing is reported", secret)
			}
		}
	}
}

// BenchmarkRun vets 17 instances.
func BenchmarkRun(b *testing.B) {
	cat := load(b)
	var text strings.Builder
	text.WriteString("metadata: {name: dev, version: 1.0.0, environment: development}\nspec:\n  plugins:\n")
	for i := range 16 {
		name := string(rune('a' + i))
		text.WriteString("    - community/importers/prometheus:\n        as: " + name + "\n        config: {targets: [\"http://127.0.0.1:9100/metrics\"], interval: 30s, tls: {ca_file: /x}, labels: {a: b}}\n")
	}
	text.WriteString("    - community/exporters/sqlite\n")
	for b.Loop() {
		instances, l := run(cat, []byte(text.String()))
		if l != nil || len(instances) != 17 {
			b.Fatal(l)
		}
	}
}

// TestHostileInputEndsSoon proves that the time grows with the number of
// entries only, also when every one is wrong.
func TestHostileInputEndsSoon(t *testing.T) {
	const n = 3000
	var text strings.Builder
	text.WriteString("metadata: {name: dev, version: 1.0.0}\nspec:\n  plugins:\n")
	for i := range n {
		fmt.Fprintf(&text, "    - nothing%d: {as: a%d, depends_on: [b%d, a%d], confg: 1}\n", i, i, i, n-i-1)
	}
	begin := time.Now()
	if _, l := run(load(t), []byte(text.String())); len(l) != 3*n {
		t.Errorf("%d findings, want %d", len(l), 3*n)
	}
	if took := time.Since(begin); took > time.Minute { // as in package source
		t.Errorf("it took %v", took)
	}
}

// TestEightMistakes counts: each of eight mistakes in one file is found, once,
// and nothing else is.
func TestEightMistakes(t *testing.T) {
	archive, err := txtar.ParseFile("testdata/eight_mistakes.txtar")
	if err != nil {
		t.Fatal(err)
	}
	_, l := run(load(t), archive.Files[0].Data)
	codes := map[string]bool{}
	for _, d := range l {
		codes[d.Code] = true
	}
	for _, code := range []string{"DVZ101", "DVZ102", "DVZ103", "DVZ104", "DVZ105", "DVZ209", "DVZ230", "DVZ301"} {
		if !codes[code] {
			t.Errorf("%s is not found", code)
		}
	}
	if len(l) != 8 {
		t.Errorf("%d findings: %v", len(l), l)
	}
}
