package httpserver

import (
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/detectviz/detectviz/platform/contracts"
)

// route is a mounted route.
type route struct {
	contracts.Route
	pattern string   // "GET /files/{name}", for r.Pattern
	names   []string // of the path's wildcards, in order; "" has no name
	owner   string   // what offers the route, for errors
}

// routeKey finds the route that Echo has matched.
type routeKey struct{ method, echoPath string }

// path is a route's path, understood.
type path struct {
	echo  string   // in the form that Echo understands
	names []string // of the wildcards
	shape string   // without the names: two paths of one shape are the same
}

var (
	methodForm  = regexp.MustCompile(`^[A-Z]+$`)
	segmentForm = regexp.MustCompile(`^[A-Za-z0-9._~!$&'()+,;=:@-]+$`)
	nameForm    = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
)

// mount adds the routes of all providers to the router.
func (s *Server) mount(e *echo.Echo, providers []contracts.Routes) error {
	s.table = make(map[routeKey]*route)
	shapes := make(map[string]*route) // "GET /files/{}"
	var mounted []*route
	for _, provider := range providers {
		for _, offered := range provider.Routes() {
			rt := &route{Route: offered, pattern: offered.Method + " " + offered.Path, owner: fmt.Sprintf("%T", provider)}
			parsed, err := s.check(rt)
			if err != nil {
				return fmt.Errorf("route %s of %s: %w", rt.pattern, rt.owner, err)
			}
			if other := shapes[rt.Method+" "+parsed.shape]; other != nil {
				return fmt.Errorf("route %s of %s is also offered by %s, as %s; leave one of the two out of the composition", rt.pattern, rt.owner, other.owner, other.pattern)
			}
			shapes[rt.Method+" "+parsed.shape] = rt
			rt.names = parsed.names
			s.add(e, rt.Method, parsed.echo, rt)
			mounted = append(mounted, rt)
		}
	}
	// As in net/http, GET answers HEAD too where no route of its own does.
	for _, rt := range mounted {
		parsed, _ := parsePath(rt.Path)
		if rt.Method == http.MethodGet && shapes["HEAD "+parsed.shape] == nil {
			s.add(e, http.MethodHead, parsed.echo, rt)
		}
	}
	return distinguishable(shapes)
}

// check validates a route and fills in its default access.
func (s *Server) check(rt *route) (path, error) {
	if rt.Access == "" {
		rt.Access = contracts.AccessAuthenticated
	}
	switch {
	case !methodForm.MatchString(rt.Method):
		return path{}, fmt.Errorf("%q is not an HTTP method", rt.Method)
	case rt.Handler == nil:
		return path{}, errors.New("it has no handler")
	case rt.Access != contracts.AccessPublic && s.auth == nil:
		return path{}, fmt.Errorf("its access is %q, but the composition has no authenticator; add one, such as core/auth/jwt", rt.Access)
	}
	return parsePath(rt.Path)
}

func (s *Server) add(e *echo.Echo, method, echoPath string, rt *route) {
	s.table[routeKey{method, echoPath}] = rt
	e.Add(method, echoPath, func(c echo.Context) error {
		s.serve(rt, c.Response().Writer, c.Request())
		return nil
	})
}

// parsePath understands a path as net/http writes it: "/a/{name}", "/a/{rest...}",
// "/a/" for everything below /a/, and "/a/{$}" for "/a/" alone.
func parsePath(text string) (path, error) {
	if !strings.HasPrefix(text, "/") {
		return path{}, errors.New("its path must begin with /")
	}
	var p path
	segments := strings.Split(text[1:], "/")
	for i, segment := range segments {
		last := i == len(segments)-1
		name, wildcard := strings.CutPrefix(segment, "{")
		name, closed := strings.CutSuffix(name, "}")
		rest, isRest := strings.CutSuffix(name, "...")
		switch {
		case segment == "" && last:
			p.add("*", "{...}")
			p.names = append(p.names, "")
		case segment == "{$}" && last:
			p.add("", "")
		case wildcard && closed && isRest && last && nameForm.MatchString(rest):
			p.add("*", "{...}")
			p.names = append(p.names, rest)
		case wildcard && closed && nameForm.MatchString(name):
			p.add(":"+name, "{}")
			p.names = append(p.names, name)
		case segmentForm.MatchString(segment) && segment != "." && segment != "..":
			p.add(strings.ReplaceAll(segment, ":", `\:`), segment)
		default:
			return path{}, fmt.Errorf("its path has the segment %q; expected plain text or a wildcard such as {name}", segment)
		}
	}
	for i, name := range p.names {
		for _, other := range p.names[:i] {
			if name == other {
				return path{}, fmt.Errorf("its path has two wildcards named %q", name)
			}
		}
	}
	return p, nil
}

func (p *path) add(echoSegment, shapeSegment string) {
	p.echo += "/" + echoSegment
	p.shape += "/" + shapeSegment
}

// distinguishable refuses /a/{name} beside /a/{rest...}: a wildcard at the end
// of a path swallows slashes in Echo's router, so that the second route would
// never be found.
func distinguishable(shapes map[string]*route) error {
	ends := make(map[string]*route)
	for shape, rt := range shapes {
		_, shape, _ = strings.Cut(shape, " ")
		if strings.HasSuffix(shape, "/{}") {
			ends[shape] = rt
		}
	}
	for shape, rt := range shapes {
		_, shape, _ = strings.Cut(shape, " ")
		if prefix, ok := strings.CutSuffix(shape, "/{...}"); ok && ends[prefix+"/{}"] != nil {
			other := ends[prefix+"/{}"]
			return fmt.Errorf("routes %s of %s and %s of %s cannot be told apart; put a word before one of the two wildcards", rt.pattern, rt.owner, other.pattern, other.owner)
		}
	}
	return nil
}
