package grafana

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/detectviz/detectviz/compiler/emit"
	"github.com/detectviz/detectviz/compiler/plan"
)

// providerFile is a file in provisioning/dashboards.
type providerFile struct {
	APIVersion int                 `yaml:"apiVersion"`
	Providers  []dashboardProvider `yaml:"providers"`
}

type dashboardProvider struct {
	Name                  string          `yaml:"name"`
	OrgID                 int             `yaml:"orgId"`
	Folder                string          `yaml:"folder"`
	Type                  string          `yaml:"type"`
	DisableDeletion       bool            `yaml:"disableDeletion"`
	UpdateIntervalSeconds int             `yaml:"updateIntervalSeconds"`
	AllowUIUpdates        bool            `yaml:"allowUiUpdates"`
	Options               providerOptions `yaml:"options"`
}

type providerOptions struct {
	Path string `yaml:"path"`
}

// dashboardFolder is where Grafana looks for the dashboards. Each composition
// has its own: two providers of one folder would fight over what is in it.
func dashboardFolder(p *plan.Plan) string { return "/etc/grafana/dashboards/" + p.Name }

func provider(p *plan.Plan) providerFile {
	return providerFile{APIVersion: apiVersion, Providers: []dashboardProvider{{
		Name: escape(folder(p)), OrgID: 1, Folder: escape(folder(p)), Type: "file", UpdateIntervalSeconds: 30,
		Options: providerOptions{Path: escape(dashboardFolder(p))},
	}}}
}

// dashboardUID is stable as long as the composition's name is, and at most 40
// characters long.
func dashboardUID(name string) string {
	if uid := "dvz-" + name + "-pipelines"; len(uid) <= 40 {
		return uid
	}
	sum := sha256.Sum256([]byte(name))
	return "dvz-" + hex.EncodeToString(sum[:8]) + "-pipelines"
}

// dashboard writes the composition's own dashboard: a row for the process, and
// a row for each pipeline.
func dashboard(p *plan.Plan, metrics *plan.Datasource) []byte {
	b := &builder{
		source: datasourceRef{Type: metrics.Type, UID: metrics.UID},
		job:    fmt.Sprintf("job=%q", p.Name),
	}
	b.process(p)
	for _, pipeline := range p.Pipelines {
		b.pipeline(pipeline)
	}
	d := classicDashboard{
		UID: dashboardUID(p.Name), Title: p.Name + " pipelines",
		Description: strings.TrimSpace(p.Description + "\n\n" + emit.Header(p)),
		Tags:        []string{"detectviz", p.Name}, Timezone: "browser", SchemaVersion: 39, GraphTooltip: 1, Refresh: "30s",
		Time:        dashboardTime{From: "now-1h", To: "now"},
		Annotations: list[struct{}]{List: []struct{}{}}, Templating: list[struct{}]{List: []struct{}{}},
		Panels: b.panels,
	}
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(d); err != nil {
		panic(err) // structs of strings and finite numbers always encode
	}
	return buf.Bytes()
}

// process adds the header row: what runs, how it is, and what it costs.
func (b *builder) process(p *plan.Plan) {
	b.row(p.Name)
	// A scrape that does not honour the labels of its target renames the
	// telemetry's own label instance to exported_instance.
	up := `label_replace(label_replace(dvz_instance_up{` + b.job + `}, "name", "$1", "instance", "(.+)"), "name", "$1", "exported_instance", "(.+)")`
	health := b.panel("stat", "instances", "whether each instance says that it is healthy", 12, 5)
	health.query(b.instant("max by (name) ("+up+")", "{{name}}"))
	health.Options = options{ColorMode: "background", GraphMode: "none", TextMode: "value_and_name", ReduceOptions: &reduceOptions{Calcs: []string{"lastNotNull"}}}
	health.FieldConfig.Defaults.Mappings = []mapping{{Type: "value", Options: map[string]mappingText{
		"0": {Text: "down", Color: "red"}, "1": {Text: "up", Color: "green"},
	}}}

	build := b.panel("stat", "build", "the version that runs, and the digest of its composition", 4, 5)
	build.query(b.instant("dvz_build_info{"+b.job+"}", "{{version}} {{digest}}"))
	build.Options = options{ColorMode: "none", GraphMode: "none", TextMode: "name", ReduceOptions: &reduceOptions{Calcs: []string{"lastNotNull"}}}

	memory := b.panel("timeseries", "memory", "resident memory of the process, and its limit", 4, 5)
	memory.FieldConfig.Defaults.Unit = "bytes"
	memory.query(b.series("process_resident_memory_bytes{"+b.job+"}", "resident"))
	memory.query(b.series("go_memstats_heap_inuse_bytes{"+b.job+"}", "heap"))
	if p.Limits.MemoryBytes > 0 {
		memory.query(b.series(fmt.Sprintf("vector(%d)", p.Limits.MemoryBytes), "limit"))
	}

	cpu := b.panel("timeseries", "cpu", "processor time that the process takes; 100 % is one core", 4, 5)
	cpu.FieldConfig.Defaults.Unit = "percentunit"
	cpu.query(b.series("rate(process_cpu_seconds_total{"+b.job+"}[$__rate_interval])", "process"))
	if p.Limits.CPUPercent > 0 {
		cpu.query(b.series(fmt.Sprintf("vector(%g)", float64(p.Limits.CPUPercent)/100), "limit"))
	}
}

// pipeline adds the row of one pipeline: what flows in, and what becomes of it
// at each exporter.
func (b *builder) pipeline(pl plan.Pipeline) {
	path := []string{strings.Join(pl.From, ", ")}
	path = append(path, pl.Through...)
	path = append(path, strings.Join(pl.To, ", "))
	b.row(fmt.Sprintf("%s: %s", pl.Name, strings.Join(path, " → ")))

	flow := b.job + fmt.Sprintf(",pipeline=%q,signal=%q", pl.Name, pl.Signal)
	// Names of instances hold no character that is special in a regular expression.
	queue := b.job + fmt.Sprintf(",exporter=~%q,signal=%q", strings.Join(pl.To, "|"), pl.Signal)

	items := b.panel("timeseries", "items", pl.Signal+" that enter the pipeline", 6, 8)
	items.FieldConfig.Defaults.Unit = "cps"
	items.query(b.series("sum(rate(dvz_pipeline_items_total{"+flow+"}[$__rate_interval]))", "items/s"))

	fill := b.panel("timeseries", "queue fill", "how full the queue before each exporter is; the queues are shared by all pipelines that end there", 6, 8)
	fill.FieldConfig.Defaults.Unit, fill.FieldConfig.Defaults.Min, fill.FieldConfig.Defaults.Max = "percentunit", new(0.0), new(1.0)
	fill.query(b.series("max by (exporter) (dvz_delivery_queue_items{"+queue+"} / dvz_delivery_queue_capacity_items{"+queue+"})", "{{exporter}}"))

	delivered := b.panel("timeseries", "delivered and dropped", "items that each exporter took, and items that were lost before it, by reason", 6, 8)
	delivered.FieldConfig.Defaults.Unit = "cps"
	delivered.query(b.series("sum by (exporter) (rate(dvz_delivery_delivered_items_total{"+queue+"}[$__rate_interval]))", "{{exporter}} delivered"))
	delivered.query(b.series("sum by (exporter, reason) (rate(dvz_delivery_dropped_items_total{"+queue+"}[$__rate_interval])) > 0", "{{exporter}} dropped, {{reason}}"))

	p95 := b.panel("timeseries", "delivery time, p95", "how long 95 % of the deliveries took at most", 6, 8)
	p95.FieldConfig.Defaults.Unit = "s"
	p95.query(b.series("histogram_quantile(0.95, sum by (le, exporter) (rate(dvz_delivery_duration_seconds_bucket{"+queue+"}[$__rate_interval])))", "{{exporter}}"))
}
