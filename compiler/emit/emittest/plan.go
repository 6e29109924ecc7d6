package emittest

import (
	"github.com/detectviz/detectviz/compiler/diag"
	"github.com/detectviz/detectviz/compiler/plan"
)

// At is a position in the composition of the sample plans.
func At(line int) diag.Pos {
	return diag.Pos{File: "compositions/dev-platform/composition.yaml", Line: line, Column: 7}
}

// DevPlatform is a plan with something of everything: an HTTP server with
// authentication, importers, a processor, exporters, file-only integrations,
// secrets, limits and alert rules. Each call returns a fresh one, so that a test
// may change it.
func DevPlatform() *plan.Plan {
	listen := "127.0.0.1:8080"
	return &plan.Plan{
		Name: "dev-platform", Version: "1.0.0", Description: "DetectViz's default development platform",
		Environment: "development", Dir: "compositions/dev-platform", Generator: "dvz 0.1.0",
		Params: []plan.Param{{Name: "listen", Go: "Listen", Type: "address", Default: &listen, Env: "DVZ_LISTEN", Help: "where the HTTP server listens"}},
		Instances: []plan.Instance{
			{
				Name: "logs", Plugin: "core/logging/otelzap", Type: "logging", Version: "0.1.0", Pos: At(12),
				Code:        &plan.Code{Package: "otelzap", Var: "logs"},
				Provides:    []string{"LogHandler"},
				Permissions: []plan.Permission{{Action: "network", Resource: "http", Scope: []string{"http://127.0.0.1:4318"}}},
				Alloy: []plan.AlloyBlock{{
					Name: "otelcol.receiver.otlp", Label: "dev_platform", Comment: "receives the logs of dev-platform",
					Blocks: []plan.AlloyBlock{
						{Name: "http", Attributes: []plan.AlloyAttr{{Name: "endpoint", Value: "127.0.0.1:4318"}}},
						{Name: "output", Attributes: []plan.AlloyAttr{{Name: "logs", Value: map[string]any{"$sinks": "otelcol.logs"}}}},
					},
				}},
			},
			{
				Name: "core-auth-jwt", Plugin: "core/auth/jwt", Type: "auth", Version: "0.1.0", Pos: At(16),
				Code:     &plan.Code{Package: "jwt", Var: "coreAuthJwt"},
				Provides: []string{"Authenticator", "Routes"},
			},
			{
				Name: "node", Plugin: "community/importers/prometheus", Type: "importer", Version: "0.1.0", Pos: At(20),
				Code:        &plan.Code{Package: "prometheus", Var: "node"},
				SignalsOut:  []string{"metrics"},
				Permissions: []plan.Permission{{Action: "network", Resource: "http", Scope: []string{"http://127.0.0.1:9100/metrics", "http://localhost:8080/metrics"}}},
			},
			{
				Name: "dedup", Plugin: "community/processors/dedup", Type: "processor", Version: "0.1.0", Pos: At(23),
				Code:      &plan.Code{Package: "dedup", Var: "dedup"},
				SignalsIn: []string{"metrics"}, SignalsOut: []string{"metrics"},
			},
			{
				Name: "metrics", Plugin: "community/exporters/prometheus", Type: "exporter", Version: "0.1.0", Pos: At(26),
				Code:     &plan.Code{Package: "prometheus", Var: "metrics"},
				Provides: []string{"Routes"}, SignalsIn: []string{"metrics"},
				Alloy: []plan.AlloyBlock{{
					Name: "prometheus.scrape", Label: "dev_platform", Comment: "scrapes dev-platform's own telemetry and what it exports",
					Attributes: []plan.AlloyAttr{
						{Name: "targets", Value: []any{map[string]any{"$object": map[string]any{"__address__": "127.0.0.1:8080"}}}},
						{Name: "job_name", Value: "dev-platform"},
						{Name: "scrape_interval", Value: "15s"},
						{Name: "forward_to", Value: map[string]any{"$sinks": "prometheus"}},
					},
				}},
			},
			{
				Name: "sqlite", Plugin: "community/exporters/sqlite", Type: "exporter", Version: "0.1.0", Pos: At(29),
				Code:        &plan.Code{Package: "sqlite", Var: "sqlite"},
				Provides:    []string{"Routes"},
				SignalsIn:   []string{"metrics"},
				Permissions: []plan.Permission{{Action: "write", Resource: "file", Scope: []string{"/var/lib/dev-platform/metrics.db"}}},
				Rules: []plan.Rule{
					{
						UID: "dvz-dev-platform-sqlite-0", Alert: "SqliteQueueFilling", For: "1h30m", Severity: "warning",
						Expr:    `dvz_delivery_queue_items{job="dev-platform",exporter="sqlite"} / dvz_delivery_queue_capacity_items > 0.8`,
						Summary: "the queue before sqlite is {{ $value | humanizePercentage }} full", Description: "{{ $labels.exporter }} is slower than its importers",
						Labels: map[string]string{"team": "storage", "cost": "$5"},
					},
					{
						UID: "dvz-dev-platform-sqlite-1", Alert: "SqliteDropsData", For: "5m", Severity: "critical",
						Expr:    `rate(dvz_delivery_dropped_items_total{job="dev-platform",exporter="sqlite"}[5m]) > 0`,
						Summary: "samples do not reach sqlite",
					},
				},
			},
			{
				Name: "http", Plugin: "core/server/http", Type: "server", Version: "0.1.0", Pos: At(32),
				Code: &plan.Code{Package: "http", Var: "http"},
				Requires: []plan.Wire{
					{Field: "Auth", Capability: "Authenticator", From: []string{"core-auth-jwt"}},
					{Field: "Routes", Capability: "Routes", Many: true, From: []string{plan.PlatformName, "core-auth-jwt", "metrics", "sqlite"}},
				},
				DependsOn:   []string{"core-auth-jwt", "metrics", "sqlite"},
				Permissions: []plan.Permission{{Action: "listen", Resource: "tcp", Scope: []string{"127.0.0.1:8080"}}},
			},
			{
				Name: "mimir", Plugin: "community/integrations/observability/alloy/mimir-exporter", Type: "integration", Version: "0.1.0", Pos: At(35),
				Alloy: []plan.AlloyBlock{
					{
						Name: "prometheus.remote_write", Label: "mimir", Comment: "sends samples to Mimir",
						Blocks: []plan.AlloyBlock{{
							Name: "endpoint",
							Attributes: []plan.AlloyAttr{
								{Name: "url", Value: "http://127.0.0.1:9090/api/v1/write"},
								{Name: "headers", Value: map[string]any{"$object": map[string]any{"X-Scope-OrgID": "team-a"}}},
							},
						}},
						Sinks: []plan.AlloySink{{Kind: "prometheus", Export: "receiver"}},
					},
					{
						Name: "otelcol.exporter.prometheus", Label: "mimir",
						Attributes: []plan.AlloyAttr{{Name: "forward_to", Value: []any{map[string]any{"$ref": "prometheus.remote_write.mimir.receiver"}}}},
						Sinks:      []plan.AlloySink{{Kind: "otelcol.metrics", Export: "input"}},
					},
				},
				Datasources: []plan.Datasource{{UID: "dvz-dev-platform-mimir", Name: "dev-platform mimir", Type: "prometheus", URL: "http://127.0.0.1:9090", JSON: map[string]any{"httpMethod": "POST", "timeInterval": "15s"}}},
			},
			{
				Name: "loki", Plugin: "community/integrations/observability/alloy/loki-exporter", Type: "integration", Version: "0.1.0", Pos: At(37),
				Alloy: []plan.AlloyBlock{
					{
						Name: "loki.write", Label: "loki",
						Blocks: []plan.AlloyBlock{{Name: "endpoint", Attributes: []plan.AlloyAttr{{Name: "url", Value: "http://127.0.0.1:3100/loki/api/v1/push"}}}},
						Sinks:  []plan.AlloySink{{Kind: "loki", Export: "receiver"}},
					},
					{
						Name: "otelcol.exporter.otlphttp", Label: "loki",
						Blocks: []plan.AlloyBlock{{Name: "client", Attributes: []plan.AlloyAttr{{Name: "endpoint", Value: "http://127.0.0.1:3100/otlp"}}}},
						Sinks:  []plan.AlloySink{{Kind: "otelcol.logs", Export: "input"}},
					},
				},
				Datasources: []plan.Datasource{{UID: "dvz-dev-platform-loki", Name: "dev-platform loki", Type: "loki", URL: "http://127.0.0.1:3100", JSON: map[string]any{"derived": "${__value.raw}", "maxLines": int64(1000)}}},
			},
		},
		Secrets: []plan.Secret{
			{Instance: "core-auth-jwt", Field: "secret", Value: secret("Env", "JWT_SECRET")},
			{Instance: "core-auth-jwt", Field: "users[0].password", Value: secret("Credential", "admin_password")},
		},
		Deliveries: []plan.Delivery{
			{Exporter: "metrics", Signal: "metrics", Var: "toMetrics", QueueSize: 10000, WhenFull: "block", MaxElapsed: "5m"},
			{Exporter: "sqlite", Signal: "metrics", Var: "toSqlite", QueueSize: 10000, WhenFull: "block", MaxElapsed: "5m"},
		},
		Pipelines: []plan.Pipeline{
			{Name: "node-metrics", Signal: "metrics", Var: "nodeMetrics", From: []string{"node"}, Through: []string{"dedup"}, To: []string{"sqlite"}},
			{Name: "raw", Signal: "metrics", Var: "raw", From: []string{"node"}, To: []string{"sqlite", "metrics"}},
		},
		Imports: []plan.Import{{Importer: "node", Signal: "metrics", Pipelines: []string{"node-metrics", "raw"}}},
		Health:  plan.Health{Enabled: true, Interval: "30s", Timeout: "5s"},
		Limits:  plan.Limits{MemoryBytes: 256 << 20, CPUPercent: 50},
	}
}

func secret(field, name string) plan.Value {
	return plan.Value{Kind: plan.SecretValue, Type: "contracts.Secret", Fields: []plan.Field{{Go: field, Value: plan.Value{Kind: plan.StringValue, Text: name}}}}
}
