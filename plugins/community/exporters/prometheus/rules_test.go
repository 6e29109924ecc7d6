package promexporter_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/cuecontext"
	"cuelang.org/go/cue/load"
)

// rule is an alert rule as the manifest has it.
type rule struct {
	Alert, Expr, For, Severity, Summary, Description string
}

// manifestRules returns the rules that the manifest contributes to the
// composition "dev-platform".
func manifestRules(t *testing.T) []rule {
	t.Helper()
	instances := load.Instances([]string{"."}, nil)
	manifest := cuecontext.New().BuildInstance(instances[0])
	manifest = manifest.FillPath(cue.ParsePath("plugin.self.composition"), "dev-platform")
	var rules []rule
	if err := manifest.LookupPath(cue.ParsePath("plugin.contributes.rules")).Decode(&rules); err != nil {
		t.Fatal(err)
	}
	return rules
}

// TestRules runs the alert rules in promtool against series that must make them
// fire and series that must not. JSON is YAML, too.
func TestRules(t *testing.T) {
	promtool := tool(t, "promtool", "prometheus")
	type object = map[string]any
	var rules []object
	for _, r := range manifestRules(t) {
		rules = append(rules, object{
			"alert": r.Alert, "expr": r.Expr, "for": r.For,
			"labels":      object{"severity": r.Severity},
			"annotations": object{"summary": r.Summary, "description": r.Description},
		})
	}
	type input struct {
		Series string `json:"series"`
		Values string `json:"values"`
	}
	type alert struct {
		Labels      map[string]string `json:"exp_labels"`
		Annotations map[string]string `json:"exp_annotations"`
	}
	type expectation struct {
		At     string  `json:"eval_time"`
		Name   string  `json:"alertname"`
		Alerts []alert `json:"exp_alerts"`
	}
	var tests []object
	add := func(name string, series []input, expect ...expectation) {
		tests = append(tests, object{"name": name, "interval": "1m", "input_series": series, "alert_rule_test": expect})
	}

	absent := alert{
		map[string]string{"severity": "critical", "job": "dev-platform"},
		map[string]string{
			"summary":     "dev-platform does not run, or is not scraped",
			"description": "Nothing was heard of dev-platform for 5 minutes. See whether its service runs, and then whether Alloy reaches it.",
		},
	}
	// The last sample counts for 5 minutes.
	add("the process is gone after 10 minutes, and comes back", []input{
		{`dvz_build_info{job="dev-platform",version="1.0.0"}`, "1+0x9 _x21 1+0x9"},
		{`dvz_build_info{job="elsewhere",version="1.0.0"}`, "1+0x40"},
	},
		expectation{"9m", "DetectVizAbsent", nil},
		expectation{"17m", "DetectVizAbsent", nil},
		expectation{"25m", "DetectVizAbsent", []alert{absent}},
		expectation{"35m", "DetectVizAbsent", nil},
	)

	down := alert{
		map[string]string{"severity": "warning", "job": "dev-platform", "instance": "node", "plugin": "importers/prometheus"},
		map[string]string{
			"summary":     "node of dev-platform is down",
			"description": "The plugin instance node (importers/prometheus) has been unhealthy for 5 minutes. /healthz and the log say why.",
		},
	}
	add("an instance goes down after 10 minutes", []input{
		{`dvz_instance_up{job="dev-platform",instance="node",plugin="importers/prometheus"}`, "1+0x9 0+0x9"},
		{`dvz_instance_up{job="dev-platform",instance="well",plugin="importers/prometheus"}`, "1+0x9 0+0x2 1+0x6"},
		{`dvz_instance_up{job="elsewhere",instance="node",plugin="importers/prometheus"}`, "0+0x19"},
	},
		expectation{"10m", "DetectVizInstanceDown", nil},
		expectation{"14m", "DetectVizInstanceDown", nil},
		expectation{"17m", "DetectVizInstanceDown", []alert{down}},
	)

	drop := alert{
		map[string]string{"severity": "critical", "job": "dev-platform", "exporter": "sqlite", "signal": "metrics", "reason": "queue_full"},
		map[string]string{
			"summary":     "dev-platform loses metrics on the way to sqlite",
			"description": "2 items a second were dropped during the last 5 minutes (queue_full).",
		},
	}
	add("data is dropped for a while", []input{
		{`dvz_delivery_dropped_items_total{job="dev-platform",instance="a:1",exporter="sqlite",signal="metrics",reason="queue_full"}`, "0+0x9 120+120x10 1200+0x19"},
		{`dvz_delivery_dropped_items_total{job="dev-platform",instance="a:1",exporter="json",signal="metrics",reason="queue_full"}`, "7+0x39"},
		{`dvz_delivery_dropped_items_total{job="elsewhere",instance="b:1",exporter="sqlite",signal="metrics",reason="queue_full"}`, "0+120x40"},
	},
		expectation{"9m", "DetectVizDataDropped", nil},
		expectation{"17m", "DetectVizDataDropped", []alert{drop}},
		expectation{"35m", "DetectVizDataDropped", nil},
	)

	full := alert{
		map[string]string{"severity": "warning", "job": "dev-platform", "instance": "a:1", "exporter": "sqlite", "signal": "metrics"},
		map[string]string{
			"summary":     "the queue of sqlite in dev-platform is nearly full",
			"description": "The metrics queue is 90% full, and has been for 10 minutes: the exporter is too slow, or its target is gone.",
		},
	}
	queue := func(job, exporter, items string) []input {
		labels := `{job="` + job + `",instance="a:1",exporter="` + exporter + `",signal="metrics"}`
		return []input{{"dvz_delivery_queue_items" + labels, items}, {"dvz_delivery_queue_capacity_items" + labels, "10000+0x39"}}
	}
	series := queue("dev-platform", "sqlite", "100+0x9 9000+0x14 100+0x9")
	series = append(series, queue("dev-platform", "json", "9000+0x7 100+0x31")...)
	series = append(series, queue("elsewhere", "sqlite", "9000+0x39")...)
	add("one of three queues is nearly full for long", series,
		expectation{"10m", "DetectVizQueueNearlyFull", nil},
		expectation{"22m", "DetectVizQueueNearlyFull", []alert{full}},
		expectation{"30m", "DetectVizQueueNearlyFull", nil},
	)

	failing := alert{
		map[string]string{"severity": "warning", "job": "dev-platform", "instance": "node"},
		map[string]string{
			"summary":     "node of dev-platform keeps failing",
			"description": "The importer node has been failing for 5 minutes. The log says why.",
		},
	}
	add("an importer keeps failing", []input{
		{`dvz_importer_failures_total{job="dev-platform",instance="node"}`, "0+0x9 0+1x20"},
		{`dvz_importer_failures_total{job="dev-platform",instance="once"}`, "0+0x9 1+0x29"},
		{`dvz_importer_failures_total{job="elsewhere",instance="node"}`, "0+1x40"},
	},
		expectation{"10m", "DetectVizImporterFailing", nil},
		expectation{"25m", "DetectVizImporterFailing", []alert{failing}},
	)

	dir := t.TempDir()
	write := func(name string, content object) string {
		text, err := json.MarshalIndent(content, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	ruleFile := write("rules.yaml", object{"groups": []object{{"name": "dev-platform", "rules": rules}}})
	testFile := write("tests.yaml", object{"rule_files": []string{ruleFile}, "evaluation_interval": "1m", "tests": tests})
	for _, args := range [][]string{{"check", "rules", ruleFile}, {"test", "rules", testFile}} {
		if out, err := exec.Command(promtool, args...).CombinedOutput(); err != nil {
			t.Errorf("promtool %v: %v\n%s", args, err, out)
		}
	}
	if len(rules) != 5 {
		t.Errorf("%d rules; each needs a test above", len(rules))
	}
}
