package check

import (
	"errors"
	"net/netip"
	"net/url"
	"regexp"
	"strconv"
	"strings"
)

// addressFlaw finds what is wrong with host:port.
func addressFlaw(text string) *flaw { return authorityFlaw(text, 0, true) }

// urlFlaw finds what is wrong with an absolute URL. Credentials in it are never
// quoted.
func urlFlaw(text string) *flaw {
	if i := strings.IndexFunc(text, func(r rune) bool { return r <= ' ' || r == 0x7f }); i >= 0 {
		if text[i] == ' ' {
			return flawed(i, 1, "has a space in it; a URL has %%20 instead")
		}
		return flawed(i, 1, "has a control character in it")
	}
	begin := strings.Index(text, "://") + len("://")
	end := len(text)
	if i := strings.IndexAny(text[begin:], "/?#"); i >= 0 {
		end = begin + i
	}
	if i := strings.LastIndexByte(text[begin:end], '@'); i >= 0 {
		begin += i + 1
	}
	if f := authorityFlaw(text[begin:end], begin, false); f != nil {
		return f
	}
	_, err := url.Parse(text)
	if escape, ok := errors.AsType[url.EscapeError](err); ok {
		i := strings.Index(text, string(escape))
		return flawed(max(i, 0), len(escape), "is no URL: %s is no escape, which is a %% and two hexadecimal digits", string(escape))
	}
	if err != nil {
		return flawed(0, 0, "is no URL")
	}
	return nil
}

// hostName is the form of a name in DNS; names of containers also have "_".
var hostName = regexp.MustCompile(`^([A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?\.)*[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?\.?$`)

// authorityFlaw finds what is wrong with a host and its port, which stand at an
// offset of a text. In an address the port must be there and the host need not;
// in a URL it is the other way round.
func authorityFlaw(text string, offset int, isAddress bool) *flaw {
	if strings.HasPrefix(text, "[") && !strings.Contains(text, "]") {
		return flawed(offset, len(text), "has an IPv6 address whose [ is never closed")
	}
	host, port, hasPort := text, "", false
	if i := strings.LastIndexByte(text, ':'); i > strings.LastIndexByte(text, ']') {
		host, port, hasPort = text[:i], text[i+1:], true
	}
	behind := offset + len(host) + len(":")
	if n, err := strconv.ParseUint(port, 10, 64); hasPort && (err != nil || n > 65535) {
		switch {
		case port == "":
			return flawed(behind-1, 1, "has a colon without a port")
		case strings.Trim(port, "0123456789") == "":
			return flawed(behind, len(port), "has the port %s; the highest is 65535", port)
		}
		return flawed(behind, len(port), "has the port %q, which is no number", port)
	}
	switch inner, bracketed := strings.CutPrefix(host, "["); {
	case host == "" && isAddress:
	case host == "":
		return flawed(offset, len(text), "has no host")
	case bracketed:
		inner, _, _ = strings.Cut(strings.TrimSuffix(inner, "]"), "%25") // the zone
		if ip, err := netip.ParseAddr(inner); err != nil || !ip.Is6() || !strings.HasSuffix(host, "]") {
			return flawed(offset, len(host), "has the host %s, which is no IPv6 address", host)
		}
	case strings.Contains(host, ":"):
		return flawed(offset, len(text), "has an IPv6 address without brackets; write [::1]")
	case strings.Trim(host, "0123456789.") == "":
		if _, err := netip.ParseAddr(host); err != nil {
			return flawed(offset, len(host), "has the host %s, which is no IPv4 address", host)
		}
	case strings.IndexFunc(host, func(r rune) bool { return r > 0x7f }) >= 0:
		return flawed(offset, len(host), "has a host that is not plain ASCII; write its name in DNS (xn--…)")
	case !hostName.MatchString(host):
		return flawed(offset, len(host), "has the host %q, which is no name of a host", host)
	}
	return nil
}
