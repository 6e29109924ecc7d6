// Package systemd is the back end that writes the service's unit. Everything in
// it that opens the sandbox follows from a permission that some instance's
// manifest declares, and a comment above it says which.
//
// The form is that of systemd 252. `systemd-analyze security` rates it between
// 0.9 and 1.5 of 10 (lower is better), according to the permissions.
package systemd

import (
	"fmt"
	"slices"
	"time"

	"github.com/detectviz/detectviz/compiler/diag"
	"github.com/detectviz/detectviz/compiler/emit"
	"github.com/detectviz/detectviz/compiler/plan"
)

// The platform's own deadlines (platform/lifecycle and platform/delivery): each
// start and stop method has hookDeadline, the queues have drainDeadline to
// empty. The unit waits longer than all of them together.
const (
	hookDeadline  = 10 * time.Second
	drainDeadline = 20 * time.Second
	margin        = 10 * time.Second
)

// maxUserName is the length of the longest user name that Linux takes.
const maxUserName = 31

// Emit writes systemd/<name>.service, and a sysusers.d file when the service
// needs a user of its own.
func Emit(p *plan.Plan) ([]emit.File, diag.List) {
	n, findings := gather(p)
	if n.staticUser() && len(p.Name) > maxUserName {
		d := findings.Errorf("DVZ421", p.NamePos, "the service needs a user of its own, and %q is longer than the %d characters of a user name", p.Name, maxUserName)
		d.Width, d.Hint = len(p.Name), "shorten the composition's name, or write below ${state} only"
	}
	if findings.HasErrors() {
		return nil, findings
	}
	files := []emit.File{{Path: "systemd/" + p.Name + ".service", Content: unit(p, n)}}
	if n.staticUser() {
		files = append(files, emit.File{Path: "systemd/sysusers.d/" + p.Name + ".conf", Content: sysusers(p)})
	}
	return files, findings
}

func sysusers(p *plan.Plan) []byte {
	return fmt.Appendf(nil, "# %s\n# Install in /usr/lib/sysusers.d and run systemd-sysusers.\nu %s - \"DetectViz %s\" %s -\n", emit.Header(p), p.Name, p.Name, stateFolder(p))
}

func binary(p *plan.Plan) string      { return "/usr/local/bin/" + p.Name }
func stateFolder(p *plan.Plan) string { return "/var/lib/" + p.Name }
func etc(p *plan.Plan) string         { return "/etc/" + p.Name }

// unit writes the unit, group by group.
func unit(p *plan.Plan, n *needs) []byte {
	w := &writer{}
	fmt.Fprintf(w, "# %s\n#\n", emit.Header(p))
	fmt.Fprintf(w, "# Install the binary as %s and this file in /etc/systemd/system, then:\n", binary(p))
	fmt.Fprintf(w, "#   systemctl daemon-reload && systemctl enable --now %s\n", p.Name)

	w.section("Unit")
	w.set("Description", text(description(p)))
	target := "network.target"
	if n.remote() {
		target = "network-online.target"
		w.set("Wants", target)
	}
	w.set("After", append([]string{target}, n.after...)...)
	w.group("After five failed starts in a minute it stays down: a missing secret does not come by itself.")
	w.set("StartLimitIntervalSec", "60s")
	w.set("StartLimitBurst", "5")

	w.section("Service")
	lifecycle(w, p)
	parameters(w, p, n)
	user(w, p, n)
	filesystem(w, p, n)
	network(w, p, n)
	programs(w, p, n)
	kernel(w, n)
	limits(w, p)

	w.section("Install")
	w.set("WantedBy", "multi-user.target")
	return w.Bytes()
}

func description(p *plan.Plan) string {
	if p.Description == "" {
		return "DetectViz composition " + p.Name
	}
	return p.Description
}

// lifecycle says how the service starts and stops.
func lifecycle(w *writer, p *plan.Plan) {
	starts, stops := 0, 0
	for _, in := range p.Instances {
		if slices.Contains(in.Lifecycle, "start") {
			starts++
		}
		if slices.Contains(in.Lifecycle, "stop") {
			stops++
		}
	}
	w.set("Type", "notify")
	w.set("NotifyAccess", "main")
	w.set("ExecStart", command(binary(p)))
	w.set("WatchdogSec", "30s")
	w.set("Restart", "on-failure")
	w.set("RestartSec", "2s")
	w.group(fmt.Sprintf("To start, %d × %s: what one instance may take.", starts, hookDeadline))
	w.set("TimeoutStartSec", seconds(time.Duration(starts)*hookDeadline+margin))
	w.group(fmt.Sprintf("To drain the queues, %s; then to stop, %d × %s: what one instance may take.", drainDeadline, stops, hookDeadline))
	w.set("TimeoutStopSec", seconds(drainDeadline+time.Duration(stops)*hookDeadline+margin))
}

func seconds(d time.Duration) string { return fmt.Sprintf("%ds", int(d.Seconds())) }

// parameters says where params and secrets come from.
func parameters(w *writer, p *plan.Plan, n *needs) {
	var lines []string
	for _, param := range p.Params {
		if param.Env != "" {
			lines = append(lines, fmt.Sprintf("  %s: param %s%s", param.Env, param.Name, suffix(": ", param.Help)))
		}
	}
	for _, secret := range n.env {
		for _, reason := range secret.reasons {
			lines = append(lines, "  "+secret.value+": "+reason)
		}
	}
	if len(lines) > 0 {
		file := etc(p) + "/env"
		w.group(append([]string{"Variables, set in " + file + " (owner root, mode 0600), one NAME=value a line:"}, lines...)...)
		// Optional, because the binary itself says best which one is missing.
		w.set("EnvironmentFile", "-"+file)
	}
	if len(n.credentials) > 0 {
		w.group("Secrets as files that only root can read. The service does not start without them.")
		for _, c := range n.credentials {
			w.comment(c.reasons...)
			w.set("LoadCredential", c.value+":"+etc(p)+"/credentials/"+c.value)
		}
	}
}

func suffix(separator, s string) string {
	if s == "" {
		return ""
	}
	return separator + s
}

// limits bounds what the service takes of the host.
func limits(w *writer, p *plan.Plan) {
	if m := p.Limits.MemoryBytes; m > 0 {
		w.group("limits.memory: the kernel slows the service down at 87.5 % and ends it at 100 %; Go collects harder from 80 %.")
		w.set("MemoryMax", size(m))
		w.set("MemoryHigh", size(m/8*7))
		w.set("Environment", fmt.Sprintf("GOMEMLIMIT=%d", m/10*8))
	}
	if c := p.Limits.CPUPercent; c > 0 {
		w.group("limits.cpu")
		w.set("CPUQuota", fmt.Sprintf("%d%%", c))
	}
	w.group("What no service of this kind exceeds; core dumps would hold secrets.")
	w.set("TasksMax", "512")
	w.set("LimitNOFILE", "65536")
	w.set("LimitCORE", "0")
}

// size writes bytes with systemd's suffixes, which count in powers of 1024.
func size(n int64) string {
	for _, u := range []struct {
		suffix string
		bytes  int64
	}{{"G", 1 << 30}, {"M", 1 << 20}, {"K", 1 << 10}} {
		if n%u.bytes == 0 {
			return fmt.Sprintf("%d%s", n/u.bytes, u.suffix)
		}
	}
	return fmt.Sprint(n)
}
