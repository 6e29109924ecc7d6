package plan_test

import (
	"bytes"
	"encoding/json"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/detectviz/detectviz/compiler/catalog"
	"github.com/detectviz/detectviz/compiler/check"
	"github.com/detectviz/detectviz/compiler/plan"
	"github.com/detectviz/detectviz/compiler/source"
)

const keeper = `package keeper

import "github.com/detectviz/detectviz/schema"

plugin: schema.#Plugin & {
	name: "keeper", type: "integration", version: "0.1.0", trust: "core", description: "keeps secrets"
	config: #Config
	contributes: {
		datasources: [{name: "\(plugin.self.composition) \(plugin.self.instance)", type: "prometheus", url: "http://127.0.0.1:9090"}]
		rules: [{alert: "Down", expr: "up == 0", summary: "x"}, {alert: "AnAlertWithAVeryLongNameThatGrafanaWouldRefuse", expr: "up == 0", summary: "x"}]
	}
}

// Config says what is kept.
#Config: {
	// password is one secret.
	password!: schema.#Secret @go(Password,type="github.com/detectviz/detectviz/platform/contracts".Secret)
	// others are more of them.
	others: [...schema.#Secret] | *[] @go(Others,type=[]"github.com/detectviz/detectviz/platform/contracts".Secret)
}
`

const keeperGo = `package keeper

import "github.com/detectviz/detectviz/platform/contracts"

type Config struct {
	Password contracts.Secret   ` + "`json:\"password\"`" + `
	Others   []contracts.Secret ` + "`json:\"others\"`" + `
}
`

// build plans a composition of the plugin keeper.
func build(t *testing.T, composition string) *plan.Plan {
	t.Helper()
	cat, err := catalog.Load(fstest.MapFS{
		"core/keeper/plugin.cue":    &fstest.MapFile{Data: []byte(keeper)},
		"core/keeper/config_gen.go": &fstest.MapFile{Data: []byte(keeperGo)},
	})
	if err != nil {
		t.Fatal(err)
	}
	c, diags := source.ReadFS(fstest.MapFS{"composition.yaml": &fstest.MapFile{Data: []byte(composition)}}, "compositions/x", source.Options{})
	if c == nil {
		t.Fatalf("%+v", diags)
	}
	instances, found := check.Run(c, cat)
	if found.HasErrors() {
		t.Fatalf("%+v", found)
	}
	p, found := plan.Build(c, instances, cat, "dvz test")
	if p == nil {
		t.Fatalf("%+v", found)
	}
	return p
}

// TestPrintedPlansHoldNoSecret: a plan is shown, embedded and committed.
func TestPrintedPlansHoldNoSecret(t *testing.T) {
	p := build(t, `metadata: {name: x, version: 1.0.0, environment: development}
spec:
  plugins:
    - core/keeper: {config: {password: hunter2, others: [{env: OTHER}, hunter2-too]}}
`)
	if len(p.Secrets) != 3 {
		t.Errorf("secrets %+v", p.Secrets)
	}
	printed, err := p.JSON()
	if err != nil {
		t.Fatal(err)
	}
	indented, err := json.MarshalIndent(p, "", "\t")
	if err != nil {
		t.Fatal(err)
	}
	for _, out := range [][]byte{printed, indented} {
		if bytes.Contains(out, []byte("hunter2")) {
			t.Errorf("the plan holds a secret:\n%s", out)
		}
		if !bytes.Contains(out, []byte("(redacted)")) || !bytes.Contains(out, []byte("OTHER")) {
			t.Errorf("the plan does not say that there is one, or where the other is:\n%s", out)
		}
	}
	// What main.go is written from still has it.
	if got := p.Secrets[0].Value.Fields[0].Value.Text; got != "hunter2" {
		t.Errorf("printing changed the plan: %q", got)
	}
}

// TestUIDs: Grafana stops reconciling data sources whose uid changed, so that
// these may never change. They are different for different things.
func TestUIDs(t *testing.T) {
	name := strings.Repeat("a", 40)
	seen := map[string]string{}
	for _, composition := range []string{"shop", "shop-a", name, name + "b"} {
		for _, instance := range []string{"keeper", name, "a-b", "b"} {
			p := build(t, "metadata: {name: "+composition+", version: 1.0.0}\nspec:\n  plugins:\n    - core/keeper: {as: "+instance+", config: {password: {env: X}}}\n")
			in := p.Instances[0]
			for what, uid := range map[string]string{"data source": in.Datasources[0].UID, "rule": in.Rules[0].UID, "long rule": in.Rules[1].UID} {
				where := what + " of " + instance + " in " + composition
				if !regexp.MustCompile(`^[a-zA-Z0-9_-]{1,40}$`).MatchString(uid) {
					t.Errorf("%s: Grafana refuses the uid %q", where, uid)
				}
				if seen[uid] != "" {
					t.Errorf("%s has the uid %s of %s", where, uid, seen[uid])
				}
				seen[uid] = where
			}
		}
	}
	for _, uid := range []string{"shop-keeper-down-a5030809", "shop-keeper-shop-keeper-5d16f34f", "shop-keeper-analertwithaverylon-e9532ea2"} {
		if seen[uid] == "" {
			t.Errorf("no uid is %s any more", uid)
		}
	}
}
