package check

import (
	"slices"
	"strings"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
)

// ruleMetrics reports alert rules on telemetry that no instance of the
// composition has. Only names that begin as ours do are known to be ours: any
// other may come from what an importer reads, or from another service.
func (w *world) ruleMetrics() {
	promql := parser.NewParser(parser.Options{})
	var known []string
	for _, d := range w.deeds {
		for _, rule := range d.says.Rules {
			expr, err := promql.ParseExpr(rule.Expr)
			if err != nil {
				continue // reported with the files that the rule goes into
			}
			for _, name := range metricsIn(expr) {
				if !strings.HasPrefix(name, "dvz_") || slices.Contains(platformMetrics, series(name)) {
					continue
				}
				if known == nil {
					known = w.allMetrics()
				}
				if slices.Contains(known, name) || slices.Contains(known, series(name)) {
					continue
				}
				f := at(w.l.Warnf("DVZ245", d.source.Path.Pos, "the alert rule %s of %q asks for %s, a metric that nothing in the composition has", rule.Alert, d.name, name), d.source.Path)
				f.Hint = "the rule never fires; add the plugin whose telemetry it is, or correct the rule in the manifest"
				if near := suggest(name, known); near != "" {
					f.Hint = `did you mean "` + near + `"? the rule stands in the manifest of ` + d.plugin.Path
				}
			}
		}
	}
}

// allMetrics returns the names of all telemetry that the binary will have.
func (w *world) allMetrics() []string {
	names := slices.Clone(platformMetrics)
	for _, d := range w.deeds {
		names = append(names, w.metricsOf(d.plugin)...)
	}
	return names
}

// series returns the metric that a series of a histogram or summary belongs to.
func series(name string) string {
	for _, suffix := range []string{"_bucket", "_sum", "_count"} {
		if family, ok := strings.CutSuffix(name, suffix); ok {
			return family
		}
	}
	return name
}

// metricsIn returns the names of the metrics that an expression selects.
func metricsIn(expr parser.Expr) []string {
	var names []string
	parser.Inspect(expr, func(n parser.Node, _ []parser.Node) error {
		selector, ok := n.(*parser.VectorSelector)
		if !ok {
			return nil
		}
		for _, m := range selector.LabelMatchers {
			if m.Name == model.MetricNameLabel && m.Type == labels.MatchEqual && !slices.Contains(names, m.Value) {
				names = append(names, m.Value)
			}
		}
		return nil
	})
	return names
}
