package systemd_test

import (
	"bytes"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/cuecontext"
	"github.com/coreos/go-systemd/v22/unit"

	"github.com/detectviz/detectviz/compiler/diag"
	"github.com/detectviz/detectviz/compiler/emit"
	"github.com/detectviz/detectviz/compiler/emit/emittest"
	"github.com/detectviz/detectviz/compiler/emit/systemd"
	"github.com/detectviz/detectviz/compiler/plan"
	"github.com/detectviz/detectviz/compiler/source"
	"github.com/detectviz/detectviz/schema"
)

// with returns a plan of one instance with the given permissions.
func with(permissions ...plan.Permission) *plan.Plan {
	return &plan.Plan{
		Name: "probe", Version: "0.1.0", Dir: "compositions/probe", Generator: "dvz 0.1.0",
		Instances: []plan.Instance{{Name: "node", Plugin: "community/x/node", Pos: emittest.At(4), Permissions: permissions}},
	}
}

func permit(action, resource string, scope ...string) plan.Permission {
	return plan.Permission{Action: action, Resource: resource, Scope: scope}
}

// plans are the golden cases.
func plans() map[string]*plan.Plan {
	open := emittest.DevPlatform()
	open.Instances[6].Permissions = []plan.Permission{permit("listen", "tcp", ":443"), permit("listen", "udp", "0.0.0.0:5514")}
	open.Instances[2].Systemd = plan.Systemd{SupplementaryGroups: []string{"adm"}, After: []string{"postgresql.service"}}

	everything := with(
		permit("read", "file", "/etc/ssl/ca.pem", "/home/alice/data/*.csv", "/tmp/in/*.csv", "/var/lib/other/x.csv"),
		permit("write", "file", "/var/log/probe/out.json", "/srv/out/metrics.json", "/home/alice/out.json", "${state}/x.db", "relative.db", "-"),
		permit("read", "journal"),
		permit("execute", "program", "/usr/bin/smartctl", "nvme"),
		permit("network", "tcp", "10.0.0.7:5432", "[2001:db8::1]:5432"),
		permit("network", "unix", "/run/x.sock"),
		permit("listen", "tcp", "[::1]:9000"),
	)
	everything.Description = "100 % of \"everything\"\nand $more\\"
	return map[string]*plan.Plan{
		"dev-platform": emittest.DevPlatform(), "open": open, "everything": everything,
		"offline": with(permit("write", "file", "/var/lib/probe/x.db")),
		"proc":    with(permit("read", "file", "/proc/meminfo"), permit("network", "http", "http://127.0.0.1:1/x")),
	}
}

func TestGolden(t *testing.T) {
	for name, p := range plans() {
		t.Run(name, func(t *testing.T) {
			findings := emittest.Golden(t, name, func() ([]emit.File, diag.List) { return systemd.Emit(p) })
			if len(findings) > 0 {
				t.Errorf("findings: %+v", findings)
			}
		})
	}
}

// data is a unit section by section.
type data map[string]map[string][]string

func parse(t *testing.T, content []byte) data {
	t.Helper()
	options, err := unit.DeserializeOptions(bytes.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	out := data{}
	for _, o := range options {
		if out[o.Section] == nil {
			out[o.Section] = map[string][]string{}
		}
		out[o.Section][o.Name] = append(out[o.Section][o.Name], o.Value)
	}
	return out
}

// service emits a plan's unit and returns its [Service] section.
func service(t *testing.T, p *plan.Plan) map[string][]string {
	t.Helper()
	files, findings := systemd.Emit(p)
	if findings.HasErrors() {
		t.Fatalf("findings: %+v", findings)
	}
	return parse(t, files[0].Content)["Service"]
}

func TestUnitsMatchTheSchema(t *testing.T) {
	source, err := fs.ReadFile(schema.Files, "systemd.cue")
	if err != nil {
		t.Fatal(err)
	}
	ctx := cuecontext.New()
	definition := ctx.CompileBytes(source).LookupPath(cue.ParsePath("#Unit"))
	if err := definition.Err(); err != nil {
		t.Fatal(err)
	}
	check := func(d data) error { return definition.Unify(ctx.Encode(d)).Validate(cue.Concrete(true)) }
	for name, p := range plans() {
		files, _ := systemd.Emit(p)
		d := parse(t, files[0].Content)
		if err := check(d); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		d["Service"]["ProtectSystem"] = []string{"no"}
		if check(d) == nil {
			t.Errorf("%s: the schema accepts a unit without ProtectSystem=strict", name)
		}
	}
}

// TestEveryUnitIsHardened asserts our own list: the score of systemd-analyze
// moves between versions.
func TestEveryUnitIsHardened(t *testing.T) {
	for name, p := range plans() {
		got := service(t, p)
		for _, directive := range []string{
			"NoNewPrivileges", "ProtectKernelTunables", "ProtectKernelModules", "ProtectKernelLogs", "ProtectControlGroups", "ProtectClock",
			"ProtectHostname", "LockPersonality", "MemoryDenyWriteExecute", "RestrictRealtime", "RestrictSUIDSGID", "RestrictNamespaces",
			"RemoveIPC", "PrivateTmp", "PrivateDevices", "PrivateMounts",
		} {
			if !slices.Equal(got[directive], []string{"yes"}) {
				t.Errorf("%s: %s=%v", name, directive, got[directive])
			}
		}
		if filter := strings.Join(got["SystemCallFilter"], " "); !strings.Contains(filter, "~@privileged @resources") || !strings.Contains(filter, "landlock_restrict_self") {
			t.Errorf("%s: SystemCallFilter=%s", name, filter)
		}
		if !slices.Contains([]string{"yes", "read-only"}, strings.Join(got["ProtectHome"], "")) || !slices.Equal(got["UMask"], []string{"0077"}) {
			t.Errorf("%s: ProtectHome=%v UMask=%v", name, got["ProtectHome"], got["UMask"])
		}
		if got["DynamicUser"] == nil && got["User"] == nil {
			t.Errorf("%s: runs as root", name)
		}
	}
}

func TestPermissionsOpenTheSandbox(t *testing.T) {
	listen := "0.0.0.0:9000"
	tests := map[string]struct {
		plan *plan.Plan
		want map[string]string // directive, its values joined by |; empty: absent
	}{
		"loopback only": {
			with(permit("listen", "tcp", "127.0.0.1:8080"), permit("network", "http", "http://localhost:9100/metrics")),
			map[string]string{"SocketBindDeny": "any", "SocketBindAllow": "tcp:8080", "IPAddressDeny": "any", "IPAddressAllow": "localhost", "PrivateUsers": "yes", "DynamicUser": "yes", "CapabilityBoundingSet": ""},
		},
		"addresses of other hosts": {
			with(permit("network", "tcp", "10.0.0.7:5432", "[2001:db8::1]:1")),
			map[string]string{"IPAddressAllow": "localhost|10.0.0.7|2001:db8::1", "SocketBindAllow": "<absent>"},
		},
		"a low port for everybody": {
			with(permit("listen", "tcp", ":443")),
			map[string]string{"SocketBindAllow": "tcp:443", "AmbientCapabilities": "CAP_NET_BIND_SERVICE", "CapabilityBoundingSet": "CAP_NET_BIND_SERVICE", "PrivateUsers": "<absent>", "IPAddressDeny": "<absent>"},
		},
		"udp and any port": {
			with(permit("listen", "udp", "127.0.0.1:514"), permit("listen", "tcp", "127.0.0.1:0")),
			map[string]string{"SocketBindAllow": "udp:514|tcp"},
		},
		"an address that a param gives": {
			with(permit("listen", "tcp", "")),
			map[string]string{"SocketBindAllow": "tcp", "IPAddressDeny": "<absent>"},
		},
		"no network": {
			with(permit("read", "file", "/etc/hosts")),
			map[string]string{"PrivateNetwork": "yes", "RestrictAddressFamilies": "AF_UNIX", "SocketBindDeny": "<absent>"},
		},
		"state only": {
			with(permit("write", "file", "/var/lib/probe/a.db", "${state}/b.db", "c.db", "/dev/stdout", "-")),
			map[string]string{"StateDirectory": "probe", "ReadWritePaths": "<absent>", "WorkingDirectory": "/var/lib/probe"},
		},
		"folders of a service": {
			with(permit("write", "file", "/var/log/probe/x.log", "/var/cache/probe/y", "/run/probe/z.sock")),
			map[string]string{"LogsDirectory": "probe", "CacheDirectory": "probe", "RuntimeDirectory": "probe", "DynamicUser": "yes"},
		},
		"other folders": {
			with(permit("write", "file", "/srv/out/x.json", "/var/log/x.json", "/srv/a folder/")),
			map[string]string{"ReadWritePaths": `-/srv/out|-/var/log/x.json|"-/srv/a folder"`, "User": "probe", "DynamicUser": "<absent>"},
		},
		"home": {
			with(permit("read", "file", "/home/alice/x.csv")),
			map[string]string{"ProtectHome": "read-only", "DynamicUser": "yes"},
		},
		"temporary files": {
			with(permit("read", "file", "/tmp/in/*.csv", "/var/tmp/x.csv"), permit("write", "file", "/tmp/out/x.json")),
			map[string]string{"PrivateTmp": "yes", "BindReadOnlyPaths": "-/tmp/in|-/var/tmp/x.csv", "BindPaths": "-/tmp/out", "DynamicUser": "yes"},
		},
		"host metrics": {
			with(permit("read", "file", "/proc/meminfo")),
			map[string]string{"ProcSubset": "<absent>", "ProtectProc": "<absent>"},
		},
		"journal": {
			with(permit("read", "journal", "system")),
			map[string]string{"SupplementaryGroups": "systemd-journal"},
		},
		"programs": {
			with(permit("execute", "program", "/opt/x/bin/x", "nvme")),
			map[string]string{"NoExecPaths": "/", "ExecPaths": "/usr/local/bin/probe|-/opt/x/bin/x|-/usr/local/bin/nvme|-/usr/bin/nvme|-/usr/sbin/nvme|-/usr/lib -/usr/lib64 -/lib -/lib64"},
		},
		"secrets and limits": {
			emittest.DevPlatform(),
			map[string]string{
				"LoadCredential": "admin_password:/etc/dev-platform/credentials/admin_password", "EnvironmentFile": "-/etc/dev-platform/env",
				"MemoryMax": "256M", "MemoryHigh": "224M", "Environment": "GOMEMLIMIT=214748360", "CPUQuota": "50%",
			},
		},
		"health listener": {
			func() *plan.Plan {
				p := with()
				p.Params = []plan.Param{{Name: "health", Type: "address", Default: &listen}}
				p.Health.Listen = &plan.Value{Kind: plan.ParamValue, Text: "health"}
				return p
			}(),
			map[string]string{"SocketBindAllow": "tcp:9000", "IPAddressDeny": "<absent>"},
		},
		"escapes": {
			with(permit("write", "file", `/srv/100%/"x" y/z`)),
			map[string]string{"ReadWritePaths": `"-/srv/100%%/\"x\" y"`},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got := service(t, test.plan)
			for directive, want := range test.want {
				values, present := got[directive]
				if !present {
					values = []string{"<absent>"}
				}
				if strings.Join(values, "|") != want {
					t.Errorf("%s=%s, want %s", directive, strings.Join(values, "|"), want)
				}
			}
		})
	}
}

// TestStopWaitsForThePlatform: systemd must not kill what is still draining.
func TestStopWaitsForThePlatform(t *testing.T) {
	p := with()
	p.Instances[0].Lifecycle = []string{"start", "stop"}
	if got := service(t, p)["TimeoutStopSec"]; !slices.Equal(got, []string{"40s"}) {
		t.Errorf("TimeoutStopSec=%v", got)
	}
}

func TestSecretsNeverReachTheUnit(t *testing.T) {
	p := with(permit("network", "http", "http://user:hunter2@10.0.0.1/metrics", "http://user:hunter2@example.org/"))
	p.Secrets = []plan.Secret{{Instance: "node", Field: "password", Value: plan.Value{Kind: plan.SecretValue, Fields: []plan.Field{{Go: "Clear", Value: plan.Value{Kind: plan.StringValue, Text: "hunter2"}}}}}}
	files, findings := systemd.Emit(p)
	for _, f := range files {
		if bytes.Contains(f.Content, []byte("hunter2")) {
			t.Errorf("%s holds a secret:\n%s", f.Path, f.Content)
		}
	}
	for _, d := range findings {
		if strings.Contains(d.Message+d.Hint, "hunter2") {
			t.Errorf("a finding holds a secret: %+v", d)
		}
	}
}

func TestFindings(t *testing.T) {
	long := with(permit("write", "file", "/srv/out/x"))
	long.Name = strings.Repeat("x", 32)
	tests := map[string]struct {
		plan     *plan.Plan
		code     string
		severity diag.Severity
		says     string
	}{
		"host name":    {with(permit("network", "http", "https://mimir.example.org/api", "http://127.0.0.1")), "DVZ420", diag.Warning, "node connects to mimir.example.org,"},
		"bad listener": {with(permit("listen", "tcp", "8080")), "DVZ422", diag.Error, `node listens on "8080"`},
		"long user":    {long, "DVZ421", diag.Error, "longer than the 31 characters"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			files, findings := systemd.Emit(test.plan)
			if len(findings) != 1 {
				t.Fatalf("findings: %+v", findings)
			}
			if d := findings[0]; d.Code != test.code || d.Severity != test.severity || !strings.Contains(d.Message, test.says) {
				t.Errorf("got %+v", d)
			}
			if (len(files) == 0) != (test.severity == diag.Error) {
				t.Errorf("%d files", len(files))
			}
		})
	}
	// The finding stands where the config names the host.
	named := with(permit("network", "http", "https://10.0.0.1/", "https://mimir.example.org/api"))
	for i := range named.Instances {
		named.Instances[i].Written = map[string]source.Text{"https://mimir.example.org/api": {Pos: emittest.At(77), Width: 31}}
	}
	if _, findings := systemd.Emit(named); len(findings) != 1 || findings[0].Pos.Line != 77 || findings[0].Width != 31 {
		t.Errorf("findings: %+v", findings)
	}
	// Where a listener leaves the addresses open, names cost nothing.
	if _, findings := systemd.Emit(with(permit("network", "http", "http://mimir.example.org"), permit("listen", "tcp", ":8080"))); len(findings) > 0 {
		t.Errorf("findings: %+v", findings)
	}
}

// install writes a unit to a temporary folder, with a program in the place of
// the binary, because verify wants ExecStart= to exist.
func install(t *testing.T, p *plan.Plan) string {
	t.Helper()
	files, _ := systemd.Emit(p)
	dir := t.TempDir()
	binary := filepath.Join(dir, p.Name)
	if err := os.WriteFile(binary, []byte("#!/bin/sh\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	content := bytes.ReplaceAll(files[0].Content, []byte("/usr/local/bin/"+p.Name), []byte(binary))
	path := filepath.Join(dir, p.Name+".service")
	if err := os.WriteFile(path, content, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestSystemdAnalyze(t *testing.T) {
	analyze := emittest.Tool(t, "systemd-analyze", "systemd")
	for name, p := range plans() {
		t.Run(name, func(t *testing.T) {
			path := install(t, p)
			if out, err := exec.Command(analyze, "verify", "--man=no", path).CombinedOutput(); err != nil || len(out) > 0 {
				t.Errorf("verify: %v\n%s", err, out)
			}
			if out, err := exec.Command(analyze, "security", "--offline=true", "--threshold=15", "--no-pager", path).CombinedOutput(); err != nil {
				t.Errorf("security: %v\n%s", err, out)
			}
		})
	}
}

// TestSystemdAnalyzeRefuses shows that the check above can fail.
func TestSystemdAnalyzeRefuses(t *testing.T) {
	analyze := emittest.Tool(t, "systemd-analyze", "systemd")
	path := filepath.Join(t.TempDir(), "bad.service")
	if err := os.WriteFile(path, []byte("[Service]\nExecStart=/bin/true\nTypo=yes\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(analyze, "verify", "--man=no", path).CombinedOutput(); err == nil && len(out) == 0 {
		t.Error("verify accepts an unknown directive")
	}
	if err := exec.Command(analyze, "security", "--offline=true", "--threshold=15", path).Run(); err == nil {
		t.Error("security accepts an unprotected unit")
	}
}
