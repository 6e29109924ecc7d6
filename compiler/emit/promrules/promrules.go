// Package promrules is the back end that writes the alert rules of a plan for
// the rulers of Prometheus and Mimir.
package promrules

import (
	"bytes"

	"gopkg.in/yaml.v3"

	"github.com/detectviz/detectviz/compiler/diag"
	"github.com/detectviz/detectviz/compiler/emit"
	"github.com/detectviz/detectviz/compiler/emit/internal/alert"
	"github.com/detectviz/detectviz/compiler/plan"
)

// Path is where the file stands in the generated tree.
const Path = "prometheus/rules.yaml"

// file is a rule file; see Prometheus' documentation, "Recording and alerting
// rules". Field order is the order in the file.
type file struct {
	Groups []group `yaml:"groups"`
}

type group struct {
	Name  string `yaml:"name"`
	Rules []rule `yaml:"rules"`
}

type rule struct {
	Alert       string            `yaml:"alert"`
	Expr        string            `yaml:"expr"`
	For         string            `yaml:"for"`
	Labels      map[string]string `yaml:"labels"`
	Annotations map[string]string `yaml:"annotations"`
}

// Emit writes prometheus/rules.yaml, or nothing when no instance has an alert
// rule.
func Emit(p *plan.Plan) ([]emit.File, diag.List) {
	groups, findings := alert.Collect(p)
	if len(groups) == 0 || findings.HasErrors() {
		return nil, findings
	}
	var f file
	for _, g := range groups {
		out := group{Name: p.Name + "-" + g.Name}
		for _, r := range g.Rules {
			out.Rules = append(out.Rules, rule{Alert: r.Alert, Expr: r.Expr, For: r.For, Labels: r.Labels, Annotations: r.Annotations})
		}
		f.Groups = append(f.Groups, out)
	}
	var buf bytes.Buffer
	buf.WriteString("# " + emit.Header(p) + "\n" +
		"#\n# For the rulers of Prometheus and Mimir. Grafana's provisioning holds the same\n" +
		"# rules: install one of the two, or every alert comes twice.\n")
	enc := yaml.NewEncoder(&buf)
	enc.SetIndent(2)
	if err := enc.Encode(f); err != nil {
		panic(err) // plain structs of strings always encode
	}
	return []emit.File{{Path: Path, Content: buf.Bytes()}}, findings
}
