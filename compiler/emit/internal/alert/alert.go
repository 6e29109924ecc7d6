// Package alert prepares the alert rules of a plan for the back ends that write
// them: package promrules for Prometheus and Mimir, package grafana for Grafana.
// Both start from the same expressions, labels and durations.
package alert

import (
	"maps"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/promql/parser"

	"github.com/detectviz/detectviz/compiler/diag"
	"github.com/detectviz/detectviz/compiler/plan"
)

// Group holds the rules of one instance; its name is the instance's.
type Group struct {
	Name  string
	Rules []Rule
}

// Rule is an alert rule. It fires for each series that Expr returns, whatever
// the value.
type Rule struct {
	UID    string
	Alert  string
	Expr   string
	For    string // as Prometheus writes durations, "1h30m"
	Labels map[string]string
	// Annotations hold templates in Prometheus' form.
	Annotations map[string]string
}

// Collect returns the rules of a plan in its order, with labels that say what
// fired: composition, plugin_instance and severity. Its findings are expressions
// that Prometheus' own parser refuses and durations that it cannot hold.
func Collect(p *plan.Plan) ([]Group, diag.List) {
	var groups []Group
	var findings diag.List
	promql := parser.NewParser(parser.Options{})
	for _, in := range p.Instances {
		group := Group{Name: in.Name}
		for _, r := range in.Rules {
			if _, err := promql.ParseExpr(r.Expr); err != nil {
				d := findings.Errorf("DVZ410", in.Pos, "the alert rule %s of %s is not valid PromQL: %v", r.Alert, in.Name, err)
				d.Width, d.Hint = in.Width, "the expression is "+r.Expr
				continue
			}
			wait, err := time.ParseDuration(r.For)
			if err != nil || wait < 0 {
				d := findings.Errorf("DVZ410", in.Pos, "the alert rule %s of %s waits for %q, which is no duration", r.Alert, in.Name, r.For)
				d.Width, d.Hint = in.Width, "write a duration such as 5m"
				continue
			}
			labels := maps.Clone(r.Labels)
			if labels == nil {
				labels = map[string]string{}
			}
			labels["composition"] = p.Name
			labels["plugin_instance"] = in.Name // "instance" is the scraped target
			labels["severity"] = r.Severity
			annotations := map[string]string{"summary": r.Summary}
			if r.Description != "" {
				annotations["description"] = r.Description
			}
			group.Rules = append(group.Rules, Rule{
				UID: r.UID, Alert: r.Alert, Expr: r.Expr, For: model.Duration(wait).String(),
				Labels: labels, Annotations: annotations,
			})
		}
		if len(group.Rules) > 0 {
			groups = append(groups, group)
		}
	}
	return groups, findings
}
