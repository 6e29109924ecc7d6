package systemd

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/detectviz/detectviz/compiler/diag"
	"github.com/detectviz/detectviz/compiler/plan"
	"github.com/detectviz/detectviz/compiler/source"
)

// grant is a value of a directive, and the permissions that it follows from.
type grant struct {
	value   string
	reasons []string
}

// needs is what the permissions of all instances together ask of the host. The
// fields without values are reasons only.
type needs struct {
	after       []string
	env         []grant // environment variables that hold secrets
	credentials []grant
	groups      []grant
	privileged  []string // listeners on ports below 1024

	state       []string
	directories []grant // LogsDirectory and the like
	writes      []grant // folders outside of the service's own
	reads       []string
	home        []string
	readTmp     []grant
	writeTmp    []grant
	proc        []string

	binds  []grant
	served []string // listeners that are reachable from other hosts
	local  []string // connections and listeners on this host
	peers  []grant  // addresses of other hosts
	hosts  []string // connections to names

	programs []grant
}

func (n *needs) staticUser() bool { return len(n.writes) > 0 }
func (n *needs) networked() bool {
	return len(n.binds)+len(n.local)+len(n.peers)+len(n.hosts) > 0
}

// remote reports whether the service needs more of the network than loopback.
func (n *needs) remote() bool { return len(n.served)+len(n.peers)+len(n.hosts) > 0 }

// add records a reason for a value, each once.
func add(list *[]grant, value, reason string) {
	i := slices.IndexFunc(*list, func(g grant) bool { return g.value == value })
	if i < 0 {
		*list = append(*list, grant{value: value})
		i = len(*list) - 1
	}
	note(&(*list)[i].reasons, reason)
}

func note(list *[]string, reason string) {
	if !slices.Contains(*list, reason) {
		*list = append(*list, reason)
	}
}

// gatherer turns the permissions of a plan into needs.
type gatherer struct {
	*needs
	plan  *plan.Plan
	diags diag.List
}

func gather(p *plan.Plan) (*needs, diag.List) {
	g := &gatherer{needs: &needs{}, plan: p}
	named := map[int][]string{} // host names by instance
	scopes := map[int]string{}  // and what names the first
	for i := range p.Instances {
		in := &p.Instances[i]
		for _, perm := range in.Permissions {
			for _, scope := range perm.Scope {
				if host := g.permission(in, perm, scope); host != "" && !slices.Contains(named[i], host) {
					if named[i] == nil {
						scopes[i] = scope
					}
					named[i] = append(named[i], host)
				}
			}
		}
		for _, group := range in.Systemd.SupplementaryGroups {
			add(&g.groups, group, in.Name+" asks for the group "+group)
		}
		for _, unit := range in.Systemd.After {
			note(&g.after, unit)
		}
	}
	if h := p.Health.Listen; h != nil {
		g.listen("the platform's health endpoint", source.Text{Pos: diag.Pos{File: p.Dir}}, "tcp", g.resolve(*h))
	}
	g.secrets()
	// Where a listener serves other hosts the addresses stay open anyway, and
	// writing addresses for names would change nothing.
	if len(g.served) == 0 {
		for i := range p.Instances {
			if names := named[i]; len(names) > 0 {
				in := &p.Instances[i]
				at := in.Place(scopes[i])
				d := g.diags.Warnf("DVZ420", at.Pos, "%s connects to %s, and systemd can restrict connections to addresses only: the unit lets the service connect anywhere", in.Name, strings.Join(names, ", "))
				d.Width, d.Hint = at.Width, "write addresses where they are stable, or restrict the service's connections by a firewall"
			}
		}
	}
	return g.needs, g.diags
}

// permission records one scope of a permission. It returns the host name when
// the scope is a connection to one.
func (g *gatherer) permission(in *plan.Instance, perm plan.Permission, scope string) (host string) {
	switch {
	case perm.Action == "network" && perm.Resource != "unix":
		return g.connect(in.Name, scope)
	case perm.Action == "listen" && perm.Resource == "unix":
		g.write(in.Name+" listens on "+scope, scope)
	case perm.Action == "listen":
		protocol := "tcp"
		if perm.Resource == "udp" {
			protocol = "udp"
		}
		g.listen(in.Name, in.Place(scope), protocol, scope)
	case perm.Resource == "journal":
		add(&g.groups, "systemd-journal", in.Name+" reads the journal")
	case perm.Action == "execute":
		reason := in.Name + " executes " + scope
		if path.IsAbs(scope) {
			add(&g.programs, scope, reason)
		} else {
			for _, dir := range []string{"/usr/local/bin", "/usr/bin", "/usr/sbin"} {
				add(&g.programs, path.Join(dir, scope), reason)
			}
		}
	case perm.Action == "write" && perm.Resource == "file":
		g.write(in.Name+" writes "+scope, scope)
	case perm.Action == "read" && perm.Resource == "file":
		g.read(in.Name+" reads "+scope, scope)
	}
	return ""
}

// listen records a listener. An address without a port is one that a param
// gives at run time only: then any port may be bound.
func (g *gatherer) listen(who string, at source.Text, protocol, address string) {
	if address == "" {
		add(&g.binds, protocol, who+" listens where a param says")
		note(&g.served, who+" listens where a param says")
		return
	}
	host, port, err := net.SplitHostPort(address)
	number, numErr := strconv.ParseUint(port, 10, 16)
	if err != nil || numErr != nil {
		d := g.diags.Errorf("DVZ422", at.Pos, "%s listens on %q, which is no address", who, address)
		d.Width, d.Hint = at.Width, "the scope of a listen permission is host:port"
		return
	}
	reason := fmt.Sprintf("%s listens on %s", who, address)
	if protocol != "tcp" {
		reason += " (" + protocol + ")"
	}
	value := protocol
	if number > 0 { // port 0 is any free one
		value += ":" + port
	}
	add(&g.binds, value, reason)
	if number > 0 && number < 1024 {
		note(&g.privileged, reason)
	}
	if loopback(host) {
		note(&g.local, reason)
	} else {
		note(&g.served, reason)
	}
}

// connect records a connection to a URL or host:port. It returns the host when
// that is a name. What is noted is the host only: a URL may hold a password.
func (g *gatherer) connect(who, scope string) (name string) {
	host := scope
	if u, err := url.Parse(scope); err == nil && strings.Contains(scope, "://") {
		host = u.Hostname()
	} else if h, _, err := net.SplitHostPort(scope); err == nil {
		host = h
	}
	address, err := netip.ParseAddr(host)
	switch {
	case loopback(host):
		note(&g.local, who+" connects to "+host)
	case err == nil:
		add(&g.peers, address.Unmap().WithZone("").String(), who+" connects to "+host)
	case host == "":
		note(&g.hosts, who+" connects to where a param says")
	default:
		note(&g.hosts, who+" connects to "+host)
		return host
	}
	return ""
}

func loopback(host string) bool {
	address, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && address.Unmap().IsLoopback()
}

// secrets records where the binary finds its secrets.
func (g *gatherer) secrets() {
	for _, s := range g.plan.Secrets {
		reason := s.Instance + "'s " + s.Field
		get := func(field string) string {
			for _, f := range s.Value.Fields {
				if f.Go == field || f.Go == "" && strings.EqualFold(f.Key, field) {
					return g.resolve(f.Value)
				}
			}
			return ""
		}
		if name := get("Env"); name != "" {
			add(&g.env, name, reason)
		}
		if name := get("Credential"); name != "" {
			add(&g.credentials, name, reason)
		}
		if file := get("File"); file != "" {
			if get("Generate") != "" {
				g.write(reason+" is kept in "+file, file)
			} else {
				g.read(reason+" is read from "+file, file)
			}
		}
	}
}

// resolve gives the text of a value when every param has its default; empty
// when a param without default decides.
func (g *gatherer) resolve(v plan.Value) string {
	switch v.Kind {
	case plan.ConcatValue:
		var text string
		for _, part := range v.Parts {
			s := g.resolve(part)
			if s == "" && part.Kind != plan.StringValue {
				return ""
			}
			text += s
		}
		return text
	case plan.ParamValue:
		i := slices.IndexFunc(g.plan.Params, func(p plan.Param) bool { return p.Name == v.Text })
		if i < 0 || g.plan.Params[i].Default == nil {
			return ""
		}
		return *g.plan.Params[i].Default
	case plan.RefValue:
		if v.Text == "state" {
			return stateFolder(g.plan)
		}
		return ""
	}
	return v.Text
}
