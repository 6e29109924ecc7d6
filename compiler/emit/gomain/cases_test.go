package gomain_test

import (
	"strings"

	"github.com/detectviz/detectviz/compiler/plan"
)

// cases are the plans of the golden files, built anew at each call.
func cases() map[string]*plan.Plan {
	return map[string]*plan.Plan{
		"empty":   empty(),
		"small":   small(),
		"full":    full(),
		"values":  values(),
		"names":   names(),
		"escapes": escapes(),
		"params":  params(),
	}
}

func base(name string) *plan.Plan {
	return &plan.Plan{
		Name: name, Version: "1.0.0", Environment: "production", Dir: "compositions/" + name, Generator: "dvz 0.1.0",
		Health: plan.Health{Enabled: true, Interval: "30s", Timeout: "5s"},
	}
}

// empty has nothing at all, and health switched off.
func empty() *plan.Plan {
	p := base("empty")
	p.Health = plan.Health{}
	return p
}

// small is one instance and one param.
func small() *plan.Plan {
	p := base("small")
	p.Description = "one server"
	p.Params = []plan.Param{{Name: "listen", Go: "Listen", Type: "address", Default: new("127.0.0.1:8080"), Env: "DVZ_LISTEN", Help: "where the HTTP server listens"}}
	p.Instances = []plan.Instance{instance("http", "core/server/http", "server", "Listen", param("listen"))}
	p.Instances[0].Lifecycle = []string{"start", "stop"}
	return p
}

// full has every kind of instance and wire.
func full() *plan.Plan {
	p := base("full")
	p.Description = "DetectViz's default development platform"
	p.Params = []plan.Param{{Name: "listen", Go: "Listen", Type: "address", Default: new("127.0.0.1:8080"), Env: "DVZ_LISTEN", Help: "where the HTTP server listens"}}
	p.Health.Include = []string{"node", "sqlite"}
	p.Health.Listen = new(plan.Value{Kind: plan.StringValue, Type: "string", Text: "127.0.0.1:9001"})
	p.Limits.MemoryBytes = 256 << 20

	logs := instance("logs", "core/logging/otelzap", "logging", "Text", str("http://127.0.0.1:4318"))
	logs.Provides = []string{"LogHandler"}
	logs.Lifecycle = []string{"stop"}
	key := secret("file", "File", concat(plan.Value{Kind: plan.RefValue, Text: "state"}, str("/jwt.key")))
	key.Fields = append(key.Fields, plan.Field{Key: "generate", Go: "Generate", Value: plan.Value{Kind: plan.IntValue, Type: "int", Text: "32"}})
	jwt := instance("core-auth-jwt", "core/auth/jwt", "auth", "Secret", key, "Timeout", dur("15m"))
	jwt.Provides = []string{"Authenticator", "Routes"}
	p.Secrets = []plan.Secret{{Instance: "core-auth-jwt", Field: "secret", Value: key}}
	recovery := instance("recovery", "core/middleware/recovery", "middleware")
	recovery.Provides = []string{"Middleware"}
	audit := instance("audit", "core/middleware/audit", "middleware")

	node := instance("node", "community/importers/prometheus", "importer",
		"Job", str("node"), "Targets", list("[]string", str("http://127.0.0.1:9100/metrics")), "Interval", dur("15s"))
	self := instance("self", "community/importers/prometheus", "importer",
		"Targets", list("[]string", concat(str("http://"), param("listen"), str("/metrics"))), "Interval", dur("1h30m"))
	dedup := instance("dedup", "community/processors/dedup", "processor")
	relabel := instance("relabel", "community/processors/relabel", "processor", "Labels", mapping("map[string]string", "site", str("a")))
	sqlite := instance("sqlite", "community/exporters/sqlite", "exporter",
		"Path", concat(plan.Value{Kind: plan.RefValue, Text: "state"}, str("/metrics.db")), "Limit", size("16777216"))
	sqlite.Provides = []string{"Routes"}
	archive := instance("archive", "community/exporters/json", "exporter", "Path", str("/var/log/archive.json"))
	for _, in := range []*plan.Instance{&node, &self, &sqlite, &archive} {
		in.Lifecycle = []string{"start", "stop", "health"}
	}
	sqlite.DependsOn = []string{"logs", "node"}

	http := instance("http", "core/server/http", "server", "Listen", param("listen"))
	http.Requires = []plan.Wire{
		{Field: "Routes", Capability: "Routes", Many: true, From: []string{plan.PlatformName, "core-auth-jwt", "sqlite"}},
		{Field: "Middlewares", Capability: "Middleware", Many: true, From: []string{"recovery"}},
		wire("Auth", "Authenticator", "core-auth-jwt"),
		{Field: "Cache", Capability: "Cache"},
	}
	http.DependsOn = []string{"core-auth-jwt", "logs", "recovery", "sqlite"}
	http.Lifecycle = []string{"start", "stop", "health"}
	dashboards := instance("dashboards", "community/integrations/grafana", "integration")
	dashboards.Code = nil

	p.Instances = []plan.Instance{logs, jwt, recovery, audit, node, self, dedup, relabel, dashboards, sqlite, archive, http}
	p.Deliveries = []plan.Delivery{
		{Exporter: "sqlite", Signal: "metrics", Var: "toSqlite", QueueSize: 10000, WhenFull: "block", MaxElapsed: "5m"},
		{Exporter: "archive", Signal: "metrics", Var: "toArchive", QueueSize: 500, WhenFull: "drop_oldest", MaxElapsed: "90s"},
		{Exporter: "archive", Signal: "logs", Var: "toArchiveLogs", QueueSize: 500, WhenFull: "drop_newest", MaxElapsed: "0s"},
	}
	p.Pipelines = []plan.Pipeline{
		{Name: "node-metrics", Signal: "metrics", Var: "nodeMetrics", From: []string{"node"}, Through: []string{"dedup", "relabel"}, To: []string{"sqlite", "archive"}},
		{Name: "self-metrics", Signal: "metrics", Var: "selfMetrics", From: []string{"self", "node"}, Through: []string{"dedup"}, To: []string{"sqlite"}},
		{Name: "spare", Signal: "metrics", Var: "spare", To: []string{"archive"}},
	}
	p.Imports = []plan.Import{
		{Importer: "node", Signal: "metrics", Pipelines: []string{"node-metrics", "self-metrics"}},
		{Importer: "self", Signal: "metrics", Pipelines: []string{"self-metrics"}},
	}
	return p
}

// values has every kind of value in every place.
func values() *plan.Plan {
	p := base("values")
	p.Params = []plan.Param{
		{Name: "name", Go: "Name", Type: "string", Default: new("a")},
		{Name: "count", Go: "Count", Type: "int", Default: new("3")},
		{Name: "strict", Go: "Strict", Type: "bool", Default: new("true")},
		{Name: "pause", Go: "Pause", Type: "duration", Default: new("1m30s")},
		{Name: "limit", Go: "Limit", Type: "size", Default: new("64MiB")},
	}
	a := instance("a", "community/x/a", "exporter",
		"Text", str("text"), "Level", typed(str("info"), "Level"), "Count", num("int", "1024"), "Limit", size("1536000"), "Ratio", plan.Value{Kind: plan.FloatValue, Type: "float64", Text: "0.25"},
		"Strict", boolean("true"), "Interval", dur("250ms"), "Timeout", dur("26h0m5s"),
		"Targets", list("[]string", str("a"), concat(str("b"), param("name"))),
		"Ports", list("[]int", num("int", "80"), num("int", "0")),
		"Labels", mapping("map[string]string", "zone", str("z"), "area", str(""), "host", plan.Value{Kind: plan.RefValue, Type: "string", Text: "host"}),
		"TLS", structure("TLS", "CA", str("/ca.pem"), "Skip", boolean("false"), "Key", secret("credential", "Credential", str("tls.key"))),
		"Client", structure("*TLS", "Skip", boolean("true")),
		"Users", list("[]User",
			structure("User", "Name", str("ann"), "Roles", list("[]string", str("admin")), "Password", secret("env", "Env", str("ANN"))),
			structure("User", "Name", str("bob"), "Roles", list("[]string"), "Password", secret("clear", "Clear", str("hunter2")))),
		"Owners", list("[]*User", structure("*User", "Name", str("cid")), structure("*User")),
		"Teams", mapping("map[string]User", "ops", structure("User", "Name", str("dan"))),
		"Secret", secret("env", "Env", str("KEY")),
		"Backup", typed(secret("file", "File", str("/run/key")), "*contracts.Secret"),
		"Note", typed(str(""), "*string"), "Quota", num("*int64", "1048576"), "Pause", typed(dur("1s"), "*time.Duration"), "Flag", typed(boolean("false"), "*bool"),
		"Nested", mapping("map[string][]string", "k", list("[]string", str("v"))),
	)
	b := instance("b", "community/x/b", "exporter",
		"Text", concat(param("name"), str("-"), param("count"), str("-"), param("strict"), str("-"), param("pause"), str("-"), param("limit"), str("%")),
		"Level", typed(param("name"), "Level"), "Count", typed(param("count"), "int"), "Limit", typed(param("limit"), "int64"),
		"Strict", typed(param("strict"), "bool"), "Interval", typed(param("pause"), "time.Duration"), "Job", typed(param("count"), "string"),
		"Note", typed(param("name"), "*string"), "Quota", typed(param("count"), "*int64"), "Pause", typed(param("pause"), "*time.Duration"),
		"Targets", list("[]string", str(strings.Repeat("long", 12)), str(strings.Repeat("text", 12))),
		"Labels", mapping("map[string]string"),
		"TLS", structure("TLS", "CA", str("")),
	)
	// Everything that is left out because it is zero.
	c := instance("c", "community/x/c", "exporter",
		"Text", str(""), "Count", num("int", "0"), "Ratio", plan.Value{Kind: plan.FloatValue, Type: "float64", Text: "0"}, "Strict", boolean("false"),
		"Interval", dur("0s"), "Targets", list("[]string"), "Secret", plan.Value{Kind: plan.SecretValue, Type: "contracts.Secret"})
	p.Instances = []plan.Instance{a, b, c}
	p.Secrets = []plan.Secret{
		{Instance: "a", Field: "tls.key", Value: secret("credential", "Credential", str("tls.key"))},
		{Instance: "a", Field: "users[0].password", Value: secret("env", "Env", str("ANN"))},
	}
	return p
}

// names has packages and variables that want the same names.
func names() *plan.Plan {
	p := base("names")
	p.Instances = []plan.Instance{
		instance("prometheus", "community/importers/prometheus", "importer", "Interval", dur("1s")),
		instance("scrape", "community/importers/prometheus", "importer"),
		instance("expose", "community/exporters/prometheus", "exporter"),
		instance("other", "core/exporters/prometheus", "exporter"),
		instance("jwt", "core/auth/jwt", "auth"),                   // may hide its import: nobody else uses it
		instance("time", "community/importers/time", "importer"),   // the standard one is used later
		instance("sqlite", "community/exporters/json", "exporter"), // hides an import that is used later
		instance("archive", "community/exporters/sqlite", "exporter"),
		instance("params", "community/importers/params", "importer"), // the name of a variable of main.go
		instance("dashed", "community/importers/my-plugin", "importer"),
	}
	for i := range p.Instances {
		in := &p.Instances[i]
		in.Lifecycle = []string{"start"}
		if in.Name == "params" {
			in.Code.Var = "paramsPlugin"
		}
	}
	p.Instances[9].Code.Package = "my_plugin"
	p.Deliveries = []plan.Delivery{{Exporter: "archive", Signal: "metrics", Var: "toArchive", QueueSize: 1, WhenFull: "block", MaxElapsed: "1m"}}
	return p
}

// escapes has text that is dangerous where it stands.
func escapes() *plan.Plan {
	p := base("escapes")
	p.Description = "a \"quoted\" */ description\nof two lines with %d and 日本語"
	in := instance("odd", "community/x/odd", "exporter",
		"Text", str("quote \" backslash \\ newline \n tab \t percent %s back`tick null \x00 bom \ufeff 日本語"),
		"Labels", mapping("map[string]string", "a\"b", str("*/"), "a\nb", str("//")))
	in.Description = "ends */ the comment\r\n//go:build ignore"
	p.Instances = []plan.Instance{in}
	p.Params = []plan.Param{{Name: "x", Go: "X", Type: "string", Default: new("\"\n"), Help: "line one\nline two */"}}
	return p
}

// params has each type of param, with and without a default and bounds.
func params() *plan.Plan {
	p := base("params")
	for _, x := range []plan.Param{
		{Type: "string", Default: new("text")},
		{Type: "int", Default: new("-5"), Min: "-10", Max: "10"},
		{Type: "bool", Default: new("false")},
		{Type: "duration", Default: new("1h30m"), Min: "1s", Max: "24h"},
		{Type: "size", Default: new("1.5GiB"), Min: "1MiB"},
		{Type: "address", Default: new("127.0.0.1:9000")},
		{Type: "url", Default: new("http://127.0.0.1:9100")},
		{Type: "enum", Default: new("info"), Values: []string{"debug", "info"}},
	} {
		x.Name, x.Go, x.Help = x.Type, strings.ToUpper(x.Type[:1])+x.Type[1:], "the "+x.Type
		p.Params = append(p.Params, x)
		x.Name, x.Go, x.Env, x.Default, x.Help = "my_"+x.Name, "My"+x.Go, "MY_"+strings.ToUpper(x.Name), nil, ""
		p.Params = append(p.Params, x)
	}
	return p
}

// instance is an instance of a plugin; config alternates Go field names and
// values.
func instance(name, plugin, typ string, config ...any) plan.Instance {
	last := plugin[strings.LastIndex(plugin, "/")+1:]
	v := name
	if i := strings.LastIndex(v, "-"); i >= 0 {
		v = v[i+1:]
	}
	return plan.Instance{
		Name: name, Plugin: plugin, Type: typ, Version: "0.1.0", Description: "does what " + last + " does", Trust: "core",
		Code: &plan.Code{
			Import: "github.com/detectviz/detectviz/plugins/" + plugin, Package: last, Var: v,
			Config:      structure("Config", config...),
			TypeImports: map[string]string{"time": "time", "contracts": "github.com/detectviz/detectviz/platform/contracts"},
		},
	}
}

func structure(typ string, config ...any) plan.Value {
	return plan.Value{Kind: plan.StructValue, Type: typ, Fields: fields(config...)}
}

func fields(config ...any) []plan.Field {
	var out []plan.Field
	for i := 0; i < len(config); i += 2 {
		name := config[i].(string)
		out = append(out, plan.Field{Key: strings.ToLower(name), Go: name, Value: config[i+1].(plan.Value)})
	}
	return out
}

func mapping(typ string, entries ...any) plan.Value {
	v := plan.Value{Kind: plan.MapValue, Type: typ}
	for i := 0; i < len(entries); i += 2 {
		v.Fields = append(v.Fields, plan.Field{Key: entries[i].(string), Value: entries[i+1].(plan.Value)})
	}
	return v
}

func list(typ string, items ...plan.Value) plan.Value {
	return plan.Value{Kind: plan.ListValue, Type: typ, Items: items}
}

func secret(key, field string, v plan.Value) plan.Value {
	return plan.Value{Kind: plan.SecretValue, Type: "contracts.Secret", Fields: []plan.Field{{Key: key, Go: field, Value: v}}}
}

func wire(field, capability, from string) plan.Wire {
	return plan.Wire{Field: field, Capability: capability, From: []string{from}}
}

func typed(v plan.Value, typ string) plan.Value { v.Type = typ; return v }

func str(s string) plan.Value { return plan.Value{Kind: plan.StringValue, Type: "string", Text: s} }
func dur(s string) plan.Value {
	return plan.Value{Kind: plan.DurationValue, Type: "time.Duration", Text: s}
}
func size(s string) plan.Value     { return num("int64", s) }
func num(typ, s string) plan.Value { return plan.Value{Kind: plan.IntValue, Type: typ, Text: s} }
func boolean(s string) plan.Value  { return plan.Value{Kind: plan.BoolValue, Type: "bool", Text: s} }
func param(name string) plan.Value {
	return plan.Value{Kind: plan.ParamValue, Type: "string", Text: name}
}
func concat(p ...plan.Value) plan.Value {
	return plan.Value{Kind: plan.ConcatValue, Type: "string", Parts: p}
}
