package compiler_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"go/format"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	alloyparser "github.com/grafana/alloy/syntax/parser"
	"github.com/grafana/alloy/syntax/printer"
	"github.com/prometheus/prometheus/promql/parser"
	"gopkg.in/yaml.v3"

	"github.com/detectviz/detectviz/compiler"
	"github.com/detectviz/detectviz/compiler/emit/emittest"
)

// The tests in this file try the committed files of generated/ as those who
// deploy them would: each composition's with the programs that read them.

// committed is a composition of this repository with its generated files.
type committed struct {
	summary compiler.Summary
	dir     string
	files   map[string]string
}

// eachCommitted runs a test for every composition of the repository.
func eachCommitted(t *testing.T, test func(t *testing.T, c committed)) {
	t.Helper()
	w := open(t, "..")
	all, err := w.Compositions()
	if err != nil || len(all) == 0 {
		t.Fatalf("the repository has no compositions: %v", err)
	}
	for _, s := range all {
		t.Run(s.Name, func(t *testing.T) {
			c := committed{summary: s, dir: filepath.Join(w.Root, "generated", s.Name), files: map[string]string{}}
			for path, content := range tree(t, filepath.Join(w.Root, "generated", s.Name)) {
				if !strings.HasSuffix(path, "/") {
					c.files[path] = content
				}
			}
			if len(c.files) == 0 {
				t.Fatal("nothing is generated; run dvz generate")
			}
			test(t, c)
		})
	}
}

// matching returns the files of a composition below a folder, by path.
func (c committed) matching(prefix, suffix string) []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(c.files)), func(path string) bool {
		return !strings.HasPrefix(path, prefix) || !strings.HasSuffix(path, suffix)
	})
}

func TestCommittedFilesAreFresh(t *testing.T) {
	eachCommitted(t, func(t *testing.T, c committed) {
		w := open(t, "..")
		p, files := compile(t, w, filepath.Join(w.Root, c.summary.Dir))
		stale, err := w.Stale(p, files)
		if err != nil || len(stale) > 0 {
			t.Errorf("run dvz generate: %q, %v", stale, err)
		}
		for _, f := range files {
			delete(c.files, f.Path)
		}
		if len(c.files) > 0 {
			t.Errorf("dvz did not write %q", slices.Sorted(maps.Keys(c.files)))
		}
		_, again := compile(t, open(t, ".."), filepath.Join(w.Root, c.summary.Dir))
		same(t, "the second time", again, files)
	})
}

func TestCommittedManifestsAreTrue(t *testing.T) {
	eachCommitted(t, func(t *testing.T, c committed) {
		var manifest struct {
			Generator, Composition, Version, From string
			Plugins                               map[string]string
			Files                                 []struct{ Path, SHA256 string }
		}
		if err := json.Unmarshal([]byte(c.files["manifest.json"]), &manifest); err != nil {
			t.Fatal(err)
		}
		if manifest.Generator != compiler.Generator || manifest.Composition != c.summary.Name || manifest.Version != c.summary.Version || manifest.From != c.summary.Dir {
			t.Errorf("got %+v", manifest)
		}
		listed := map[string]bool{"manifest.json": true}
		for _, f := range manifest.Files {
			listed[f.Path] = true
			if sum := fmt.Sprintf("%x", sha256.Sum256([]byte(c.files[f.Path]))); sum != f.SHA256 {
				t.Errorf("%s has the digest %s, not %s", f.Path, sum, f.SHA256)
			}
		}
		for path := range c.files {
			if !listed[path] {
				t.Errorf("%s is not listed", path)
			}
		}
		for path := range manifest.Plugins {
			if _, err := os.Stat(filepath.Join("../plugins", path, "plugin.cue")); err != nil {
				t.Errorf("plugin %s: %v", path, err)
			}
		}
	})
}

// secrets match what no generated file may hold: keys, password hashes, tokens,
// and secrets in clear.
var secrets = regexp.MustCompile(`-----BEGIN|\$2[aby]\$|\$argon2|\beyJ[A-Za-z0-9_-]{10,}\.|contracts\.Secret\{Clear:|(?i)bearer [a-z0-9]|://[^/\s"]*:[^/\s"@]+@`)

func TestCommittedFilesHoldNothingOfThisMachine(t *testing.T) {
	for _, bad := range []string{"-----BEGIN PRIVATE KEY-----", `Secret: contracts.Secret{Clear: "x"}`, "http://me:hunter2@host/x", "$2b$10$abc", "eyJhbGciOiJIUzI1NiJ9.e30"} {
		if !secrets.MatchString(bad) {
			t.Errorf("this test would miss %s", bad)
		}
	}
	eachCommitted(t, func(t *testing.T, c committed) {
		root, err := filepath.Abs("..")
		if err != nil {
			t.Fatal(err)
		}
		private := []string{root, os.TempDir() + "/"}
		for _, variable := range []string{"HOME", "GOMODCACHE", "GOCACHE", "GOPATH", "GOROOT"} {
			if path := os.Getenv(variable); len(path) > 1 {
				private = append(private, path+"/")
			}
		}
		if host, err := os.Hostname(); err == nil && len(host) > 8 {
			private = append(private, host)
		}
		for path, content := range c.files {
			for _, text := range private {
				if strings.Contains(content, text) {
					t.Errorf("%s holds %s", path, text)
				}
			}
			if found := secrets.FindString(content); found != "" {
				t.Errorf("%s holds what looks like a secret: %s…", path, found)
			}
			if bytes.ContainsRune([]byte(content), '\r') || content != "" && !strings.HasSuffix(content, "\n") {
				t.Errorf("%s has carriage returns, or no newline at its end", path)
			}
		}
	})
}

func TestCommittedProgramsAreGo(t *testing.T) {
	eachCommitted(t, func(t *testing.T, c committed) {
		formatted, err := format.Source([]byte(c.files["main.go"]))
		if err != nil {
			t.Fatal(err)
		}
		if string(formatted) != c.files["main.go"] {
			t.Error("main.go is not what gofmt makes of it")
		}
		if testing.Short() {
			return
		}
		vet := exec.Command("go", "vet", "./generated/"+c.summary.Name)
		vet.Dir = ".."
		if out, err := vet.CombinedOutput(); err != nil {
			t.Errorf("go vet: %v\n%s", err, out)
		}
	})
}

func TestCommittedAlloyConfigsAreFormatted(t *testing.T) {
	eachCommitted(t, func(t *testing.T, c committed) {
		for _, path := range c.matching("alloy/", ".alloy") {
			parsed, err := alloyparser.ParseFile(path, []byte(c.files[path]))
			if err != nil {
				t.Errorf("%s: %v", path, err)
				continue
			}
			var out bytes.Buffer
			if err := printer.Fprint(&out, parsed); err != nil {
				t.Fatal(err)
			}
			out.WriteByte('\n') // as alloy fmt does
			if out.String() != c.files[path] {
				t.Errorf("alloy fmt would change %s to\n%s", path, &out)
			}
		}
	})
}

func TestCommittedRulesPassPromtool(t *testing.T) {
	promtool := emittest.Tool(t, "promtool", "prometheus")
	eachCommitted(t, func(t *testing.T, c committed) {
		for _, path := range c.matching("prometheus/", ".yaml") {
			if out, err := exec.Command(promtool, "check", "rules", "--lint-fatal", filepath.Join(c.dir, path)).CombinedOutput(); err != nil {
				t.Errorf("%s: %v\n%s", path, err, out)
			}
		}
	})
}

func TestCommittedUnitsPassSystemd(t *testing.T) {
	analyze := emittest.Tool(t, "systemd-analyze", "systemd")
	eachCommitted(t, func(t *testing.T, c committed) {
		units := c.matching("systemd/", ".service")
		if len(units) == 0 {
			t.Fatal("has no unit")
		}
		for _, path := range units {
			// verify wants the program of ExecStart= to exist.
			dir := t.TempDir()
			binary := filepath.Join(dir, c.summary.Name)
			if err := os.WriteFile(binary, nil, 0o755); err != nil {
				t.Fatal(err)
			}
			unit := filepath.Join(dir, filepath.Base(path))
			content := strings.ReplaceAll(c.files[path], "/usr/local/bin/"+c.summary.Name, binary)
			if err := os.WriteFile(unit, []byte(content), 0o644); err != nil {
				t.Fatal(err)
			}
			if out, err := exec.Command(analyze, "verify", "--man=no", unit).CombinedOutput(); err != nil || len(out) > 0 {
				t.Errorf("%s: %v\n%s", path, err, out)
			}
			if out, err := exec.Command(analyze, "security", "--offline=true", "--threshold=15", unit).CombinedOutput(); err != nil {
				t.Errorf("%s is exposed: %v\n%s", path, err, out)
			}
		}
	})
}

// strict reads YAML and demands that every key is one of Grafana's: it ignores
// others without a word.
func strict(t *testing.T, path, content string, into any) {
	t.Helper()
	decoder := yaml.NewDecoder(strings.NewReader(content))
	decoder.KnownFields(true)
	if err := decoder.Decode(into); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
}

// uids of Grafana's objects.
var uids = regexp.MustCompile(`^[a-zA-Z0-9_-]{1,40}$`)

// TestCommittedGrafanaFiles holds together what Grafana reads from several
// files, and all compositions together, because one Grafana may show them all.
func TestCommittedGrafanaFiles(t *testing.T) {
	owners := map[string]string{} // by kind and uid
	eachCommitted(t, func(t *testing.T, c committed) {
		own := func(kind, uid string) {
			if !uids.MatchString(uid) {
				t.Errorf("the %s uid %q is not one", kind, uid)
			}
			if other := owners[kind+uid]; other != "" {
				t.Errorf("the %s uid %s is that of %s, too", kind, uid, other)
			}
			owners[kind+uid] = c.summary.Name
		}
		sources := map[string]string{"__expr__": "__expr__"} // uid → type
		for _, path := range c.matching("grafana/provisioning/datasources/", "") {
			var f datasourceFile
			strict(t, path, c.files[path], &f)
			for _, d := range f.Datasources {
				own("data source", d.UID)
				sources[d.UID] = d.Type
				for key, value := range d.SecureJSONData {
					if strings.HasSuffix(key, "assword") && !strings.HasPrefix(value, "$__file{") && !strings.HasPrefix(value, "$__env{") {
						t.Errorf("%s: %s of %s stands in the file", path, key, d.Name)
					}
				}
			}
		}
		var folders []string
		for _, path := range c.matching("grafana/provisioning/dashboards/", "") {
			var f dashboardFile
			strict(t, path, c.files[path], &f)
			for _, p := range f.Providers {
				folders = append(folders, p.Folder)
			}
		}
		for _, path := range c.matching("grafana/provisioning/alerting/", "") {
			var f alertFile
			strict(t, path, c.files[path], &f)
			titles := map[string]bool{}
			for _, g := range f.Groups {
				folders = append(folders, g.Folder)
				for _, r := range g.Rules {
					own("rule", r.UID)
					if titles[r.Title] {
						t.Errorf("%s: two rules have the title %s", path, r.Title)
					}
					titles[r.Title] = true
					refs := map[string]bool{}
					for _, q := range r.Data {
						refs[q.RefID] = true
						if sources[q.DatasourceUID] == "" {
							t.Errorf("%s: %s asks the data source %s, which is not provisioned", path, r.Title, q.DatasourceUID)
						}
					}
					if !refs[r.Condition] {
						t.Errorf("%s: the condition %q of %s is no query", path, r.Condition, r.Title)
					}
				}
			}
		}
		if slices.Sort(folders); len(slices.Compact(folders)) > 1 {
			t.Errorf("rules and dashboards are in the folders %q", slices.Compact(folders))
		}
		for _, path := range c.matching("grafana/dashboards/", ".json") {
			var d dashboard
			if err := json.Unmarshal([]byte(c.files[path]), &d); err != nil {
				t.Fatalf("%s: %v", path, err)
			}
			own("dashboard", d.UID)
			d.check(t, path, sources)
		}
	})
}

// TestCommittedQueries: the queries of dashboards and rules parse, speak of this
// composition only, and ask for metrics that there are.
func TestCommittedQueries(t *testing.T) {
	eachCommitted(t, func(t *testing.T, c committed) {
		queries := map[string]string{} // query → where it stands
		for _, path := range c.matching("grafana/dashboards/", ".json") {
			var d dashboard
			if err := json.Unmarshal([]byte(c.files[path]), &d); err != nil {
				t.Fatal(err)
			}
			for _, p := range d.Panels {
				for _, target := range p.Targets {
					queries[strings.ReplaceAll(target.Expr, "$__rate_interval", "1m")] = path + ", panel " + p.Title
				}
			}
		}
		for _, path := range c.matching("prometheus/", ".yaml") {
			var f struct {
				Groups []struct {
					Rules []struct{ Alert, Expr string }
				}
			}
			if err := yaml.Unmarshal([]byte(c.files[path]), &f); err != nil {
				t.Fatal(err)
			}
			for _, g := range f.Groups {
				for _, r := range g.Rules {
					queries[r.Expr] = path + ", alert " + r.Alert
				}
			}
		}
		known := telemetry(t)
		if known("dvz_delivery_nonsense_total") || known("dvz_nonsense") || !known("dvz_delivery_duration_seconds_bucket") {
			t.Error("the list of known metrics is wrong")
		}
		promql := parser.NewParser(parser.Options{})
		for query, where := range queries {
			parsed, err := promql.ParseExpr(query)
			if err != nil {
				t.Errorf("%s: %v in %s", where, err, query)
				continue
			}
			parser.Inspect(parsed, func(n parser.Node, _ []parser.Node) error {
				s, ok := n.(*parser.VectorSelector)
				if !ok {
					return nil
				}
				if !strings.Contains(s.String(), fmt.Sprintf("job=%q", c.summary.Name)) {
					t.Errorf("%s: %s is not restricted to the composition", where, s)
				}
				if !known(s.Name) {
					t.Errorf("%s: nothing exposes %s", where, s.Name)
				}
				return nil
			})
		}
	})
}
