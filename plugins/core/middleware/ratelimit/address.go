package ratelimit

import (
	"net/http"
	"net/netip"
	"strings"
)

// clientAddress is the address of who sent the request: the connection's, or,
// when that is a trusted proxy's, the right-most address in X-Forwarded-For
// that is not. Each proxy appends the address that it was called from, so
// everything left of the first stranger is the stranger's own word.
func (m *RateLimit) clientAddress(r *http.Request) netip.Addr {
	var addr netip.Addr // the zero Addr, one client for all, on a listener without addresses
	if peer, err := netip.ParseAddrPort(r.RemoteAddr); err == nil {
		addr = peer.Addr().Unmap().WithZone("")
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0 && m.trusts(addr); i-- {
		hop, ok := parseHop(strings.TrimSpace(hops[i]))
		if !ok {
			break // blame the proxy that passed this on
		}
		addr = hop
	}
	return addr
}

func (m *RateLimit) trusts(addr netip.Addr) bool {
	for _, network := range m.proxies {
		if network.Contains(addr) {
			return true
		}
	}
	return false
}

// parseHop reads an address as proxies write it, some with a port.
func parseHop(text string) (netip.Addr, bool) {
	if addr, err := netip.ParseAddr(strings.Trim(text, "[]")); err == nil {
		return addr.Unmap().WithZone(""), true
	}
	if peer, err := netip.ParseAddrPort(text); err == nil {
		return peer.Addr().Unmap().WithZone(""), true
	}
	return netip.Addr{}, false
}

// network is what counts as one client: an IPv4 address, or the /64 network
// that an IPv6 host may choose its addresses from.
func network(addr netip.Addr) netip.Prefix {
	bits := 32
	if addr.Is6() {
		bits = 64
	}
	prefix, _ := addr.Prefix(bits) // fails for the zero Addr only, which then is the zero Prefix
	return prefix
}
