package web

import "net/netip"

// Loopback reports whether a host, a name or an address without port, is this
// one. What is sent there is not worth compressing: that takes CPU time of both
// ends and up to a megabyte of memory, and saves nothing.
func Loopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && addr.Unmap().IsLoopback()
}
