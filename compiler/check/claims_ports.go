package check

import (
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/detectviz/detectviz/compiler/catalog"
	"github.com/detectviz/detectviz/compiler/source"
)

// listener is a claim to a port.
type listener struct {
	spot
	who      string
	protocol string
	address  string // as it stands in the config
	host     string // see hostKey
	port     uint64
}

// ports reports two listeners on one port: instances of plugins, the receivers
// that they add to Alloy, and the health endpoint.
func (w *world) ports() {
	var all []listener
	for _, d := range w.deeds {
		all = append(all, d.listeners()...)
	}
	if l, ok := w.healthListener(); ok {
		all = append(all, l)
	}
	byPort := map[uint64][]listener{}
	for _, l := range all {
		same := byPort[l.port]
		if i := slices.IndexFunc(same, l.collides); i >= 0 {
			w.collision(same[i], l)
		}
		byPort[l.port] = append(same, l)
	}
}

func (w *world) collision(first, second listener) {
	message := fmt.Sprintf("%s listens on %s, and %s has that port already, with %s", second.who, second.address, first.who, first.address)
	switch {
	case first.who == second.who && first.address == second.address:
		message = fmt.Sprintf("%s listens on %s twice", second.who, second.address)
	case first.who == second.who:
		message = fmt.Sprintf("%s listens on one port twice, with %s and %s", second.who, first.address, second.address)
	case first.address == second.address:
		message = fmt.Sprintf("%s listens on %s, where %s listens already", second.who, second.address, first.who)
	}
	d := w.l.Errorf("DVZ230", second.pos, "%s", message)
	d.Width, d.Hint, d.Related = second.width, "give one of them another port", first.related()
	if second.byDefault {
		d.Hint = "this is the plugin's default; give one of them another port in its config"
	}
}

// listeners returns the ports that an instance claims.
func (d *deed) listeners() []listener {
	var all []listener
	for _, perm := range d.says.Permissions {
		if perm.Action != "listen" || perm.Resource == "unix" {
			continue
		}
		for _, address := range perm.Scope {
			protocol := "tcp"
			if perm.Resource == "udp" {
				protocol = "udp"
			}
			all = d.claim(all, strconv.Quote(d.name), protocol, address)
		}
	}
	for _, b := range d.says.Alloy {
		for _, address := range receivers(b, strings.Contains(b.Name, ".receiver.")) {
			// Alloy runs beside the service, unless the address says otherwise.
			if host, _, err := net.SplitHostPort(address); err == nil && (loopback(host) || anyHost(host)) {
				all = d.claim(all, fmt.Sprintf("the Alloy receiver of %q", d.name), "tcp", address)
			}
		}
	}
	return all
}

// claim adds a listener, if it is one: port 0 is any free port.
func (d *deed) claim(all []listener, who, protocol, address string) []listener {
	l, ok := parseListener(address)
	if !ok || !d.meant(address, address) {
		return all
	}
	l.who, l.protocol, l.address, l.spot = who, protocol, address, d.spot(address, address)
	if text := d.exact[address]; text != nil {
		l.hostName(*text)
	}
	return append(all, l)
}

func parseListener(address string) (listener, bool) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return listener{}, false
	}
	number, err := strconv.ParseUint(port, 10, 16)
	return listener{host: hostKey(host), port: number}, err == nil && number > 0
}

// receivers returns the addresses that a block of Alloy listens on. Those that
// an endpoint names are listened on in a receiver; elsewhere they are called.
func receivers(b catalog.AlloyBlock, receiver bool) []string {
	var all []string
	for _, a := range b.Attributes {
		if text, ok := a.Value.(string); ok && (a.Name == "listen_address" || a.Name == "endpoint" && receiver) {
			all = append(all, text)
		}
	}
	for _, inner := range b.Blocks {
		all = append(all, receivers(inner, receiver)...)
	}
	return all
}

// healthListener is what spec.health.listen claims.
func (w *world) healthListener() (listener, bool) {
	n := w.c.Root.Get("spec").Get("health").Get("listen")
	if n == nil || n.Kind != source.String || !w.c.Health.Enabled {
		return listener{}, false
	}
	text := w.leafOf(n)
	l, ok := parseListener(text.value)
	l.who, l.protocol, l.address, l.spot = "the health endpoint", "tcp", text.value, spot{pos: n.Pos, width: n.Width}
	l.hostName(text)
	return l, ok && !text.open
}

// hostName corrects a listener whose address names this host: its sample is
// localhost, and at run time it is another name.
func (l *listener) hostName(text leaf) {
	if text.host {
		l.host, l.address = "${host}", text.Text
	}
}

// Hosts that stand for more than one address.
const (
	everyHost = "*" // all addresses of the host, both families
	everyIPv4 = "0.0.0.0"
)

// hostKey makes the host of an address comparable.
func hostKey(host string) string {
	switch address, err := netip.ParseAddr(host); {
	case host == "" || host == "::":
		return everyHost
	case strings.EqualFold(host, "localhost"):
		return "127.0.0.1"
	case err == nil:
		return address.Unmap().String()
	}
	return strings.ToLower(host)
}

// collides reports whether two listeners cannot both be opened.
func (l listener) collides(o listener) bool {
	if l.port != o.port || l.protocol != o.protocol {
		return false
	}
	for _, pair := range [][2]string{{l.host, o.host}, {o.host, l.host}} {
		switch {
		case pair[0] == everyHost, pair[0] == pair[1]:
			return true
		case pair[0] == everyIPv4 && !strings.Contains(pair[1], ":"):
			return true
		}
	}
	return false
}

// anyHost reports whether a listener takes connections on all addresses.
func anyHost(host string) bool {
	address, err := netip.ParseAddr(host)
	return host == "" || err == nil && address.IsUnspecified()
}

// loopback reports whether a host is this one. Private networks are not: others
// are on them too.
func loopback(host string) bool {
	address, err := netip.ParseAddr(host)
	name := strings.ToLower(host)
	return name == "localhost" || strings.HasSuffix(name, ".localhost") || err == nil && address.Unmap().IsLoopback()
}
