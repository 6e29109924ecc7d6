package compiler

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/detectviz/detectviz/compiler/diag"
	"github.com/detectviz/detectviz/compiler/plan"
	"github.com/detectviz/detectviz/compiler/source"
)

// inFolder is a workspace with files and without plugins.
func inFolder(t *testing.T, files map[string]string) *Workspace {
	t.Helper()
	root := t.TempDir()
	for path, content := range files {
		full := filepath.Join(root, filepath.FromSlash(path))
		if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(full, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return &Workspace{Root: root, cwd: root}
}

func TestChangedUIDs(t *testing.T) {
	const installed = "generated/shop/grafana/provisioning/datasources/shop.yaml"
	p := &plan.Plan{Name: "shop", Dir: "compositions/shop", Instances: []plan.Instance{{
		Name: "mimir", Pos: diag.Pos{File: "compositions/shop/composition.yaml", Line: 7, Column: 7},
		Datasources: []plan.Datasource{{UID: "shop-mimir-1", Name: "costs in $"}, {UID: "shop-logs-1", Name: "logs"}},
	}}}
	for name, test := range map[string]struct {
		files map[string]string
		want  string
	}{
		"nothing generated": {nil, ""},
		"the same":          {map[string]string{installed: "datasources: [{name: costs in $$, uid: shop-mimir-1}, {name: logs, uid: shop-logs-1}]"}, ""},
		"one changed": {
			map[string]string{installed: "datasources: [{name: costs in $$, uid: shop-prom-1}, {name: logs, uid: shop-logs-1}]"},
			`the Grafana data source "costs in $" of mimir would get the uid shop-mimir-1, and ` + installed + ` has shop-prom-1: Grafana would stop to update all other data sources`,
		},
		"another name":                   {map[string]string{installed: "datasources: [{name: old, uid: x}]"}, ""},
		"no uid":                         {map[string]string{installed: "datasources: [{name: logs}]"}, ""},
		"no YAML":                        {map[string]string{installed: "datasources: ["}, ""},
		"what a composition's twin left": {map[string]string{installed: "datasources: [{name: logs, uid: x}]", "generated/shop/manifest.json": `{"from": "compositions/other"}`}, ""},
		"its own":                        {map[string]string{installed: "datasources: [{name: logs, uid: shop-logs-1}]", "generated/shop/manifest.json": `{"from": "compositions/shop"}`}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			found := inFolder(t, test.files).changedUIDs(p)
			switch {
			case test.want == "" && found != nil:
				t.Errorf("got %+v", found)
			case test.want != "" && (len(found) != 1 || found[0].Code != "DVZ431" || found[0].Message != test.want || found[0].Pos.Line != 7):
				t.Errorf("got %+v\nwant %s", found, test.want)
			}
		})
	}
}

func TestSameName(t *testing.T) {
	w := inFolder(t, map[string]string{
		"compositions/a/composition.yaml": "metadata: {name: shop, version: 1.0.0}",
		"compositions/b/composition.yaml": "metadata: {name: shop, version: 1.0.0}",
		"compositions/c/composition.yaml": "metadata: {name: till, version: 1.0.0}",
		"compositions/d/composition.yaml": "metadata: {name: shop, version: 2.0.0}",
		"copy/composition.yaml":           "metadata: {name: shop, version: 1.0.0}",
	})
	name := func(value string) source.Text {
		return source.Text{Value: value, Pos: diag.Pos{File: "x", Line: 1, Column: 18}, Width: len(value)}
	}
	found := w.sameName("compositions/a", name("shop"))
	if len(found) != 1 || found[0].Code != "DVZ233" || found[0].Pos.Column != 18 || found[0].Width != 4 || len(found[0].Related) != 2 {
		t.Fatalf("got %+v", found)
	}
	for i, want := range []string{"compositions/b", "compositions/d"} {
		if r := found[0].Related[i]; r.Pos.File != want+"/composition.yaml" || r.Message != want+" has it too" {
			t.Errorf("got %+v", r)
		}
	}
	for dir, value := range map[string]string{"compositions/c": "till", "copy": "shop", "compositions/a": ""} {
		if found := w.sameName(dir, name(value)); found != nil {
			t.Errorf("%s: %+v", dir, found)
		}
	}
}
