package promrules_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/detectviz/detectviz/compiler/diag"
	"github.com/detectviz/detectviz/compiler/emit"
	"github.com/detectviz/detectviz/compiler/emit/emittest"
	"github.com/detectviz/detectviz/compiler/emit/promrules"
	"github.com/detectviz/detectviz/compiler/plan"
)

func TestGolden(t *testing.T) {
	twice := emittest.DevPlatform()
	second := twice.Instances[5]
	second.Name = "archive"
	twice.Instances = append(twice.Instances, second)
	cases := map[string]*plan.Plan{"dev-platform": emittest.DevPlatform(), "twice": twice, "none": {Name: "none"}}
	for name, p := range cases {
		t.Run(name, func(t *testing.T) {
			findings := emittest.Golden(t, name, func() ([]emit.File, diag.List) { return promrules.Emit(p) })
			if len(findings) > 0 {
				t.Errorf("findings: %+v", findings)
			}
		})
	}
}

func TestPromtoolAcceptsTheRules(t *testing.T) {
	promtool := emittest.Tool(t, "promtool", "prometheus")
	goldens, err := filepath.Glob("testdata/*/prometheus/rules.yaml")
	if err != nil || len(goldens) == 0 {
		t.Fatalf("no goldens: %v", err)
	}
	for _, golden := range goldens {
		out, err := exec.Command(promtool, "check", "rules", "--lint-fatal", golden).CombinedOutput()
		if err != nil {
			t.Errorf("%v:\n%s", err, out)
		}
	}
}

// TestPromtoolRefuses shows that the check above can fail.
func TestPromtoolRefuses(t *testing.T) {
	promtool := emittest.Tool(t, "promtool", "prometheus")
	path := filepath.Join(t.TempDir(), "rules.yaml")
	if err := os.WriteFile(path, []byte("groups: [{name: a, rules: [{alert: A, expr: 'sum('}]}]"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := exec.Command(promtool, "check", "rules", "--lint-fatal", path).Run(); err == nil {
		t.Error("promtool accepts a rule that does not parse")
	}
}

func TestFindings(t *testing.T) {
	tests := map[string]struct {
		rule plan.Rule
		says []string
	}{
		"bad expression": {plan.Rule{Alert: "Bad", Expr: "rate(x[5m] > 0", For: "5m"}, []string{"the alert rule Bad of node is not valid PromQL: 1:15: parse error", "the expression is rate(x[5m] > 0"}},
		"bad duration":   {plan.Rule{Alert: "Bad", Expr: "up == 0", For: "soon"}, []string{`waits for "soon"`}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			files, findings := promrules.Emit(&plan.Plan{Name: "x", Instances: []plan.Instance{{Name: "node", Pos: emittest.At(7), Rules: []plan.Rule{test.rule}}}})
			if len(files) != 0 || len(findings) != 1 || findings[0].Code != "DVZ410" || findings[0].Pos != emittest.At(7) {
				t.Fatalf("got %d files, findings %+v", len(files), findings)
			}
			for _, s := range test.says {
				if !strings.Contains(findings[0].Message+"\n"+findings[0].Hint, s) {
					t.Errorf("%q does not say %q", findings[0].Message+"\n"+findings[0].Hint, s)
				}
			}
		})
	}
}
