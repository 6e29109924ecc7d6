package grafana_test

import (
	"bytes"
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"github.com/prometheus/prometheus/promql/parser"
	"gopkg.in/yaml.v3"

	"github.com/detectviz/detectviz/compiler/diag"
	"github.com/detectviz/detectviz/compiler/emit"
	"github.com/detectviz/detectviz/compiler/emit/emittest"
	"github.com/detectviz/detectviz/compiler/emit/grafana"
	"github.com/detectviz/detectviz/compiler/plan"
)

func TestGolden(t *testing.T) {
	noServer := emittest.DevPlatform()
	noServer.Instances = noServer.Instances[:5] // neither rules nor data sources
	noTelemetry := emittest.DevPlatform()
	noTelemetry.Instances[4].Plugin = "community/exporters/json"
	noTelemetry.Instances[7].Datasources[0].JSON = map[string]any{
		"httpHeaderName1": "X-Scope-OrgID", "httpHeaderValue1": "a$b",
		"basicAuth": true, "basicAuthUser": "ingest", "basicAuthPassword": "$__file{/run/credentials/grafana-server.service/p}",
	}
	cases := map[string]*plan.Plan{"dev-platform": emittest.DevPlatform(), "no-telemetry": noTelemetry, "no-server": noServer}
	for name, p := range cases {
		t.Run(name, func(t *testing.T) {
			findings := emittest.Golden(t, name, func() ([]emit.File, diag.List) { return grafana.Emit(p) })
			if len(findings) > 0 {
				t.Errorf("findings: %+v", findings)
			}
		})
	}
}

func files(t *testing.T, p *plan.Plan) map[string][]byte {
	t.Helper()
	list, findings := grafana.Emit(p)
	if findings.HasErrors() {
		t.Fatalf("findings: %+v", findings)
	}
	out := map[string][]byte{}
	for _, f := range list {
		out[f.Path] = f.Content
	}
	return out
}

// TestEveryQueryParses reads all PromQL out of the dashboard and the rules, and
// demands that each query of the dashboard is restricted to the composition.
func TestEveryQueryParses(t *testing.T) {
	out := files(t, emittest.DevPlatform())
	var board struct {
		UID    string
		ID     *int
		Panels []struct {
			ID      int
			Targets []struct{ RefID, Expr string }
		}
	}
	if err := json.Unmarshal(out["grafana/dashboards/dev-platform-pipelines.json"], &board); err != nil {
		t.Fatal(err)
	}
	if board.ID != nil || board.UID == "" || len(board.UID) > 40 {
		t.Errorf("id %v, uid %q", board.ID, board.UID)
	}
	promql := parser.NewParser(parser.Options{})
	queries := 0
	for _, p := range board.Panels {
		for _, target := range p.Targets {
			queries++
			expr := strings.ReplaceAll(target.Expr, "$__rate_interval", "5m")
			parsed, err := promql.ParseExpr(expr)
			if err != nil {
				t.Errorf("panel %d: %v in %s", p.ID, err, expr)
				continue
			}
			parser.Inspect(parsed, func(n parser.Node, _ []parser.Node) error {
				if s, ok := n.(*parser.VectorSelector); ok && !strings.Contains(s.String(), `job="dev-platform"`) {
					t.Errorf("panel %d: %s is not restricted to the composition", p.ID, s)
				}
				return nil
			})
		}
	}
	if queries < 10 {
		t.Errorf("only %d queries found", queries)
	}
}

func TestLongNamesHaveShortUIDs(t *testing.T) {
	uid := func(name string) string {
		p := emittest.DevPlatform()
		p.Name = name
		var board struct{ UID string }
		if err := json.Unmarshal(files(t, p)["grafana/dashboards/"+name+"-pipelines.json"], &board); err != nil {
			t.Fatal(err)
		}
		return board.UID
	}
	long := strings.Repeat("a", 62)
	if got := uid(long + "x"); len(got) > 40 || got == uid(long+"y") || got != uid(long+"x") {
		t.Errorf("uid %q", got)
	}
}

// TestDollars shows where a $ is doubled: Grafana interpolates data sources and
// labels, and takes queries and annotations as they are.
func TestDollars(t *testing.T) {
	out := files(t, emittest.DevPlatform())
	for path, want := range map[string][]string{
		"grafana/provisioning/datasources/dev-platform.yaml": {"$${__value.raw}"},
		"grafana/provisioning/alerting/dev-platform.yaml":    {"cost: $$5", "is_number($A)", "{{ $values.A.Value | humanizePercentage }}", "{{ $labels.exporter }}"},
	} {
		for _, s := range want {
			if !bytes.Contains(out[path], []byte(s)) {
				t.Errorf("%s does not hold %q", path, s)
			}
		}
	}
}

// TestFoldersAgree guards against rules that land in another folder than the
// dashboards.
func TestFoldersAgree(t *testing.T) {
	out := files(t, emittest.DevPlatform())
	folder := regexp.MustCompile(`(?m)^ +folder: (.*)$`)
	for _, path := range []string{"grafana/provisioning/dashboards/dev-platform.yaml", "grafana/provisioning/alerting/dev-platform.yaml"} {
		m := folder.FindSubmatch(out[path])
		if m == nil || string(m[1]) != "DetectViz dev-platform" {
			t.Errorf("%s: folder %q", path, m)
		}
	}
}

// TestTitlesAreUnique: Grafana refuses to start when two rules of a folder have
// the same title.
func TestTitlesAreUnique(t *testing.T) {
	p := emittest.DevPlatform()
	second := p.Instances[5]
	second.Name = "archive"
	p.Instances = append(p.Instances, second)
	var f struct {
		Groups []struct {
			Rules []struct{ Title string }
		}
	}
	if err := yaml.Unmarshal(files(t, p)["grafana/provisioning/alerting/dev-platform.yaml"], &f); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, g := range f.Groups {
		for _, r := range g.Rules {
			if seen[r.Title] {
				t.Errorf("two rules are titled %q", r.Title)
			}
			seen[r.Title] = true
		}
	}
	if len(seen) != 4 || !seen["SqliteDropsData (archive)"] {
		t.Errorf("titles: %v", seen)
	}
}

func TestFindings(t *testing.T) {
	tests := map[string]struct {
		change   func(*plan.Plan)
		code     string
		severity diag.Severity
		line     int
		says     string
	}{
		"bad expression": {
			change: func(p *plan.Plan) { p.Instances[5].Rules[0].Expr = "sum(" },
			code:   "DVZ410", severity: diag.Error, line: 29, says: "SqliteQueueFilling of sqlite is not valid PromQL",
		},
		"rules without a data source": {
			change: func(p *plan.Plan) { p.Instances[7].Datasources = nil },
			code:   "DVZ411", severity: diag.Warning, line: 29, says: "sqlite has alert rules, but no Prometheus data source",
		},
		"another's data source": {
			change: func(p *plan.Plan) {
				p.Instances[7].Datasources[0].JSON = map[string]any{"alertmanagerUid": "alerts", "traceUid": "dvz-dev-platform-loki", "manageAlerts": true, "emptyUid": ""}
			},
			code: "DVZ430", severity: diag.Warning, line: 35, says: `alertmanagerUid of the Grafana data source "dev-platform mimir" of mimir names the data source alerts,`,
		},
		"two data sources of a name": {
			change: func(p *plan.Plan) { p.Instances[8].Datasources[0].Name = "dev-platform mimir" },
			code:   "DVZ412", severity: diag.Error, line: 37, says: `mimir and loki both contribute a Grafana data source named "dev-platform mimir"`,
		},
		"two default data sources": {
			change: func(p *plan.Plan) {
				p.Instances[7].Datasources[0].Default = true
				p.Instances[8].Datasources[0].Default = true
			},
			code: "DVZ412", severity: diag.Error, line: 37, says: "both contribute Grafana's default data source",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			p := emittest.DevPlatform()
			test.change(p)
			out, findings := grafana.Emit(p)
			if len(findings) != 1 {
				t.Fatalf("findings: %+v", findings)
			}
			d := findings[0]
			if d.Code != test.code || d.Severity != test.severity || d.Pos != emittest.At(test.line) || !strings.Contains(d.Message, test.says) {
				t.Errorf("got %+v", d)
			}
			if test.severity == diag.Error && len(out) > 0 {
				t.Errorf("%d files in spite of an error", len(out))
			}
			for _, f := range out {
				if test.code == "DVZ411" && strings.Contains(f.Path, "alerting") {
					t.Errorf("%s without a data source to ask", f.Path)
				}
			}
		})
	}
}

// TestDefaultDatasourceIsAsked: the default one wins over the first one.
func TestDefaultDatasourceIsAsked(t *testing.T) {
	p := emittest.DevPlatform()
	p.Instances[8].Datasources = append(p.Instances[8].Datasources, plan.Datasource{UID: "dvz-other", Name: "other", Type: "prometheus", URL: "http://127.0.0.1:9091", Default: true})
	alerting := files(t, p)["grafana/provisioning/alerting/dev-platform.yaml"]
	if !bytes.Contains(alerting, []byte("datasourceUid: dvz-other")) || bytes.Contains(alerting, []byte("dvz-dev-platform-mimir")) {
		t.Errorf("rules do not ask the default data source:\n%s", alerting)
	}
}
