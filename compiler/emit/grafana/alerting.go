package grafana

import (
	"fmt"
	"maps"
	"regexp"

	"github.com/detectviz/detectviz/compiler/emit/internal/alert"
	"github.com/detectviz/detectviz/compiler/plan"
)

// expression is the uid that stands for Grafana's own expressions.
const expression = "__expr__"

// alertingFile is a file in provisioning/alerting.
type alertingFile struct {
	APIVersion int          `yaml:"apiVersion"`
	Groups     []alertGroup `yaml:"groups"`
}

type alertGroup struct {
	OrgID    int         `yaml:"orgId"`
	Name     string      `yaml:"name"`
	Folder   string      `yaml:"folder"`
	Interval string      `yaml:"interval"`
	Rules    []alertRule `yaml:"rules"`
}

type alertRule struct {
	UID          string            `yaml:"uid"`
	Title        string            `yaml:"title"`
	Condition    string            `yaml:"condition"`
	Data         []alertQuery      `yaml:"data"`
	For          string            `yaml:"for"`
	NoDataState  string            `yaml:"noDataState"`
	ExecErrState string            `yaml:"execErrState"`
	Labels       map[string]string `yaml:"labels"`
	Annotations  map[string]string `yaml:"annotations"`
	IsPaused     bool              `yaml:"isPaused"`
}

type alertQuery struct {
	RefID             string     `yaml:"refId"`
	RelativeTimeRange timeRange  `yaml:"relativeTimeRange"`
	DatasourceUID     string     `yaml:"datasourceUid"`
	Model             alertModel `yaml:"model"`
}

// timeRange is in seconds before now.
type timeRange struct {
	From int `yaml:"from"`
	To   int `yaml:"to"`
}

// alertModel is a query of the data source (Expr), or an expression over other
// queries (Type, Expression).
type alertModel struct {
	RefID      string           `yaml:"refId"`
	Datasource *datasourceRef   `yaml:"datasource,omitempty"`
	Expr       string           `yaml:"expr,omitempty"`
	Instant    bool             `yaml:"instant,omitempty"`
	Type       string           `yaml:"type,omitempty"`
	Expression string           `yaml:"expression,omitempty"`
	Conditions []alertCondition `yaml:"conditions,omitempty"`
}

type alertCondition struct {
	Evaluator alertEvaluator `yaml:"evaluator"`
}

type alertEvaluator struct {
	Type   string    `yaml:"type"`
	Params []float64 `yaml:"params,flow"`
}

// alerting writes a group an instance.
func alerting(p *plan.Plan, metrics *plan.Datasource, groups []alert.Group) alertingFile {
	count := map[string]int{}
	for _, g := range groups {
		for _, r := range g.Rules {
			count[r.Alert]++
		}
	}
	f := alertingFile{APIVersion: apiVersion}
	for _, g := range groups {
		out := alertGroup{OrgID: 1, Name: g.Name, Folder: escape(folder(p)), Interval: "1m"}
		for _, r := range g.Rules {
			title := r.Alert
			if count[title] > 1 { // titles are unique in a folder
				title = fmt.Sprintf("%s (%s)", title, g.Name)
			}
			out.Rules = append(out.Rules, managedRule(title, r, metrics))
		}
		f.Groups = append(f.Groups, out)
	}
	return f
}

// managedRule writes a Prometheus rule as Grafana evaluates it. Prometheus fires
// for each series that the expression returns; Grafana fires when a condition is
// not zero, and a series may well have the value 0, as `up == 0` does. So, as
// Grafana's own import of Prometheus rules does, B turns each value into 1, and C
// compares that.
func managedRule(title string, r alert.Rule, metrics *plan.Datasource) alertRule {
	labels := maps.Clone(r.Labels)
	for name, value := range labels {
		labels[name] = escape(value)
	}
	annotations := maps.Clone(r.Annotations)
	for name, text := range annotations {
		annotations[name] = template(text)
	}
	return alertRule{
		UID: r.UID, Title: escape(title), Condition: "C", For: r.For, Labels: labels, Annotations: annotations,
		// No series means that nothing is wrong. A failing query raises an alert
		// of its own, so that it cannot be taken for the fault that the rule watches.
		NoDataState: "OK", ExecErrState: "Error",
		Data: []alertQuery{
			{
				RefID: "A", RelativeTimeRange: timeRange{From: 600}, DatasourceUID: metrics.UID,
				Model: alertModel{RefID: "A", Datasource: &datasourceRef{Type: metrics.Type, UID: metrics.UID}, Expr: r.Expr, Instant: true},
			},
			{
				RefID: "B", DatasourceUID: expression,
				Model: alertModel{RefID: "B", Datasource: &datasourceRef{Type: expression, UID: expression}, Type: "math", Expression: "is_number($A) || is_nan($A) || is_inf($A)"},
			},
			{
				RefID: "C", DatasourceUID: expression,
				Model: alertModel{
					RefID: "C", Datasource: &datasourceRef{Type: expression, UID: expression}, Type: "threshold", Expression: "B",
					Conditions: []alertCondition{{Evaluator: alertEvaluator{Type: "gt", Params: []float64{0}}}},
				},
			},
		},
	}
}

var (
	action = regexp.MustCompile(`{{.*?}}`)
	value  = regexp.MustCompile(`\$value\b`)
)

// template turns the $value of Prometheus' templates into Grafana's, whose own
// $value is a text with the values of all queries.
func template(text string) string {
	return action.ReplaceAllStringFunc(text, func(s string) string { return value.ReplaceAllLiteralString(s, "$values.A.Value") })
}
