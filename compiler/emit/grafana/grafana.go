// Package grafana is the back end that writes Grafana's provisioning files: data
// sources, alert rules, and one dashboard that shows the composition's own
// pipelines.
//
// Grafana ignores unknown keys and refuses to start over some faults, so every
// file is written from structs and checked before. Uids are the plan's: they
// must never change, because Grafana stops reconciling a file whose uids did.
package grafana

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/detectviz/detectviz/compiler/diag"
	"github.com/detectviz/detectviz/compiler/emit"
	"github.com/detectviz/detectviz/compiler/emit/internal/alert"
	"github.com/detectviz/detectviz/compiler/plan"
)

// apiVersion is that of all provisioning files.
const apiVersion = 1

// Emit writes the provisioning files that the plan gives reason for, possibly
// none.
func Emit(p *plan.Plan) ([]emit.File, diag.List) {
	var files []emit.File
	findings := checkDatasources(p)
	groups, found := alert.Collect(p)
	findings = append(findings, found...)
	metrics := metricsDatasource(p)
	if metrics == nil && len(groups) > 0 {
		in := firstWithRules(p)
		d := findings.Warnf("DVZ411", in.Pos, "%s has alert rules, but no Prometheus data source is there to ask: Grafana gets none of them", in.Name)
		d.Width, d.Hint = in.Width, "add an integration with one, for example community/integrations/observability/alloy/mimir-exporter"
	}
	if findings.HasErrors() {
		return nil, findings
	}
	if f := datasources(p); len(f.Datasources) > 0 {
		files = append(files, provisioning(p, "datasources", "", f))
	}
	if metrics != nil && exposesTelemetry(p) {
		files = append(files,
			provisioning(p, "dashboards", "copy grafana/dashboards to "+dashboardFolder(p), provider(p)),
			emit.File{Path: "grafana/dashboards/" + p.Name + "-pipelines.json", Content: dashboard(p, metrics)},
		)
	}
	if metrics != nil && len(groups) > 0 {
		files = append(files, provisioning(p, "alerting", "", alerting(p, metrics, groups)))
	}
	slices.SortFunc(files, func(a, b emit.File) int { return strings.Compare(a.Path, b.Path) })
	return files, findings
}

// provisioning encodes a provisioning file under a header.
func provisioning(p *plan.Plan, kind, note string, content any) emit.File {
	var buf bytes.Buffer
	fmt.Fprintf(&buf, "# %s\n", emit.Header(p))
	if note != "" {
		fmt.Fprintf(&buf, "# To install, %s.\n", note)
	}
	enc := yaml.NewEncoder(&buf)
	enc.SetIndent(2)
	if err := enc.Encode(content); err != nil {
		panic(err) // structs of strings, numbers and booleans always encode
	}
	return emit.File{Path: "grafana/provisioning/" + kind + "/" + p.Name + ".yaml", Content: buf.Bytes()}
}

// folder is the title of the Grafana folder that holds the dashboards and the
// rules. Both name it by its title: alert rules cannot name a folder's uid.
func folder(p *plan.Plan) string { return "DetectViz " + p.Name }

// escape keeps Grafana from reading a $ as the start of a variable. It is for
// the values that Grafana interpolates: data sources, providers, and the labels
// and titles of rules, but neither the models nor the annotations of rules.
func escape(s string) string { return strings.ReplaceAll(s, "$", "$$") }

// metricsDatasource is the data source that dashboards and rules ask: the
// default one of Prometheus' type, else the first.
func metricsDatasource(p *plan.Plan) *plan.Datasource {
	var first *plan.Datasource
	for i := range p.Instances {
		for j := range p.Instances[i].Datasources {
			d := &p.Instances[i].Datasources[j]
			if d.Type != "prometheus" {
				continue
			}
			if d.Default {
				return d
			}
			if first == nil {
				first = d
			}
		}
	}
	return first
}

// exposesTelemetry reports whether the composition's own metrics can be scraped.
func exposesTelemetry(p *plan.Plan) bool {
	return slices.ContainsFunc(p.Instances, func(in plan.Instance) bool { return in.Plugin == "community/exporters/prometheus" })
}

func firstWithRules(p *plan.Plan) *plan.Instance {
	i := slices.IndexFunc(p.Instances, func(in plan.Instance) bool { return len(in.Rules) > 0 })
	return &p.Instances[i]
}
