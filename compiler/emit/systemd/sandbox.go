package systemd

import (
	"slices"
	"strings"

	"github.com/detectviz/detectviz/compiler/plan"
)

// user says as whom the service runs.
func user(w *writer, p *plan.Plan, n *needs) {
	if n.staticUser() {
		w.group("A user of its own, made by sysusers.d, because folders outside of the service's own must be writable by it.")
		w.set("User", p.Name)
	} else {
		w.group("A user that exists while the service runs.")
		w.set("DynamicUser", "yes")
	}
	w.grants("SupplementaryGroups", "", n.groups)
	var capabilities []string
	if len(n.privileged) > 0 {
		// A capability in a user namespace of its own would not count for ports.
		w.group("A port below 1024 takes a capability, and rules PrivateUsers= out.")
		w.comment(n.privileged...)
		capabilities = []string{"CAP_NET_BIND_SERVICE"}
	} else {
		w.group("No capabilities.")
		w.set("PrivateUsers", "yes")
	}
	w.set("CapabilityBoundingSet", capabilities...)
	w.set("AmbientCapabilities", capabilities...)
	w.set("NoNewPrivileges", "yes")
	w.set("UMask", "0077")
}

// filesystem says what the service may write, and hides what it need not see.
func filesystem(w *writer, p *plan.Plan, n *needs) {
	w.group("The host is read-only, but for the folders below.")
	w.set("ProtectSystem", "strict")
	w.comment(n.state...)
	w.set("StateDirectory", p.Name)
	w.set("StateDirectoryMode", "0700")
	w.set("WorkingDirectory", stateFolder(p))
	for _, d := range n.directories {
		w.comment(d.reasons...)
		w.set(d.value, p.Name)
		w.set(d.value+"Mode", "0750")
	}
	w.grants("ReadWritePaths", "-", n.writes)

	if len(n.reads) > 0 {
		w.group(append([]string{"Readable as the rest of the host is, if the file's own mode allows it:"}, n.reads...)...)
	}
	home := "yes"
	if len(n.home) > 0 {
		home = "read-only"
		w.group(n.home...)
	} else {
		w.group()
	}
	w.set("ProtectHome", home)
	w.set("PrivateTmp", "yes")
	w.grants("BindReadOnlyPaths", "-", n.readTmp)
	w.grants("BindPaths", "-", n.writeTmp)
	w.set("PrivateDevices", "yes")
	w.set("PrivateMounts", "yes")
	if len(n.proc) > 0 {
		w.comment(n.proc...)
	} else {
		w.set("ProtectProc", "invisible")
		w.set("ProcSubset", "pid")
	}
	w.set("RemoveIPC", "yes")
}

// network says which sockets the service may open, and with whom it may talk.
func network(w *writer, p *plan.Plan, n *needs) {
	if !n.networked() {
		w.group("No instance listens or connects: there is no network.")
		w.set("PrivateNetwork", "yes")
		w.set("RestrictAddressFamilies", "AF_UNIX")
		return
	}
	w.group("What it listens on.")
	if slices.ContainsFunc(p.Params, func(p plan.Param) bool { return p.Type == "address" || p.Type == "url" }) {
		w.comment("This and the next group hold for the params' defaults. A param that moves a listener to",
			"another port needs SocketBindAllow=, one that names another host IPAddressAllow=, by",
			"systemctl edit "+p.Name)
	}
	w.set("SocketBindDeny", "any")
	w.grants("SocketBindAllow", "", n.binds)
	w.set("RestrictAddressFamilies", "AF_INET", "AF_INET6", "AF_UNIX")

	// One list of addresses holds for both directions, so that a listener that
	// serves others rules it out.
	switch {
	case len(n.served) > 0:
		w.group("No filter of addresses, which would hold for incoming packets too:")
		w.comment(n.served...)
	case len(n.hosts) > 0:
		w.group("No filter of addresses, because systemd knows no host names:")
		w.comment(n.hosts...)
	default:
		w.group("With whom it may talk.")
		w.set("IPAddressDeny", "any")
		w.comment(n.local...)
		w.set("IPAddressAllow", "localhost")
		w.grants("IPAddressAllow", "", n.peers)
	}
}

// programs says what may be executed: the binary, which is linked statically,
// and what a permission names.
func programs(w *writer, p *plan.Plan, n *needs) {
	w.group("What may be executed.")
	w.set("NoExecPaths", "/")
	w.set("ExecPaths", word(binary(p)))
	if len(n.programs) > 0 {
		w.grants("ExecPaths", "-", n.programs)
		w.comment("the libraries of these programs")
		w.set("ExecPaths", "-/usr/lib", "-/usr/lib64", "-/lib", "-/lib64")
	}
}

// kernel closes the rest, which no permission opens.
func kernel(w *writer, n *needs) {
	w.group("The kernel's interfaces that a service has no use for.")
	for _, d := range strings.Fields(`ProtectKernelTunables ProtectKernelModules ProtectKernelLogs ProtectControlGroups
		ProtectClock ProtectHostname LockPersonality MemoryDenyWriteExecute RestrictRealtime RestrictSUIDSGID RestrictNamespaces`) {
		w.set(d, "yes")
	}
	w.set("KeyringMode", "private")
	w.set("SystemCallArchitectures", "native")
	w.set("SystemCallFilter", "@system-service")
	w.set("SystemCallFilter", "~@privileged @resources")
	w.comment("Landlock, which @system-service of systemd 252 does not hold.")
	w.set("SystemCallFilter", "landlock_create_ruleset", "landlock_add_rule", "landlock_restrict_self")
	w.set("SystemCallErrorNumber", "EPERM")
}
