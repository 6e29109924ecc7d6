package httpserver

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/labstack/echo/v4"

	"github.com/detectviz/detectviz/platform/contracts"
	"github.com/detectviz/detectviz/platform/web"
)

// call is one request on its way through the middlewares, and the context that
// they see.
type call struct {
	context.Context
	echo   echo.Context
	next   echo.HandlerFunc                // what Echo has matched
	caller atomic.Pointer[context.Context] // Context with the identity, once known
}

type callKey struct{}

// Value implements context.Context.
func (c *call) Value(key any) any {
	if key == (callKey{}) {
		return c
	}
	if known := c.caller.Load(); known != nil {
		return (*known).Value(key)
	}
	return c.Context.Value(key)
}

// enter is the server's one Echo middleware: it prepares the request and leads
// it into the composition's middlewares, whatever the router has found.
func (s *Server) enter(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		w, r := c.Response().Writer, c.Request()
		call := &call{Context: r.Context(), echo: c, next: next}
		r = r.WithContext(call)
		r.Body = http.MaxBytesReader(w, r.Body, s.cfg.MaxBody)
		w.Header().Set("X-Content-Type-Options", "nosniff")
		switch rt := s.table[routeKey{r.Method, c.Path()}]; {
		case !canonical(r.URL.Path):
			call.next = refuse(http.StatusBadRequest, "the path must not have empty, . or .. segments, nor a backslash or control character")
		case swallowed(c):
			call.next = echo.NotFoundHandler
		case rt != nil:
			r.Pattern = rt.pattern
			if err := setPathValues(r, rt.names, c.ParamValues()); err != nil {
				call.next = refuse(http.StatusBadRequest, "the path has a malformed escape")
			}
		}
		s.chain.ServeHTTP(w, r)
		return nil
	}
}

// dispatch is what the innermost middleware calls.
func (s *Server) dispatch(w http.ResponseWriter, r *http.Request) {
	call := r.Context().Value(callKey{}).(*call)
	call.echo.SetRequest(r)
	call.echo.Response().Writer = w
	err := call.next(call.echo)
	if err == nil {
		return
	}
	status, detail := http.StatusInternalServerError, ""
	if failure, ok := errors.AsType[*echo.HTTPError](err); ok {
		status = failure.Code
		detail, _ = failure.Message.(string)
	}
	switch status {
	case http.StatusNotFound:
		detail = "there is nothing at this path"
	case http.StatusMethodNotAllowed:
		detail = "this path does not offer the method; the header Allow lists those it does"
	}
	web.WriteProblem(w, status, detail)
}

// serve checks the caller's right to the route and calls its handler.
func (s *Server) serve(rt *route, w http.ResponseWriter, r *http.Request) {
	if rt.Access != contracts.AccessPublic {
		id, err := s.auth.Authenticate(r)
		switch {
		case errors.Is(err, contracts.ErrUnauthenticated):
			s.log.Debug("caller refused", "route", rt.pattern, "reason", err)
			w.Header().Set("WWW-Authenticate", s.auth.Challenge())
			web.WriteProblem(w, http.StatusUnauthorized, "this needs valid credentials")
			return
		case err != nil:
			s.log.Error("cannot authenticate a caller", "route", rt.pattern, "error", err)
			web.WriteProblem(w, http.StatusInternalServerError, "the credentials could not be checked")
			return
		}
		ctx := contracts.WithIdentity(r.Context(), id)
		call := r.Context().Value(callKey{}).(*call)
		known := contracts.WithIdentity(call.Context, id)
		call.caller.Store(&known)
		if rt.Access != contracts.AccessAuthenticated && !id.HasRole(string(rt.Access)) {
			web.WriteProblem(w, http.StatusForbidden, fmt.Sprintf("this needs the role %s", rt.Access))
			return
		}
		r = r.WithContext(ctx)
	}
	if r.ContentLength > s.cfg.MaxBody {
		web.WriteProblem(w, http.StatusRequestEntityTooLarge, fmt.Sprintf("the body may have at most %d bytes", s.cfg.MaxBody))
		return
	}
	rt.Handler.ServeHTTP(w, r)
}

// refuse is a handler that answers with a problem.
func refuse(status int, detail string) echo.HandlerFunc {
	return func(echo.Context) error { return echo.NewHTTPError(status, detail) }
}

// canonical reports whether a decoded path means the same to every reader of
// it: no handler needs to think of traversal, and no access rule can be evaded
// by another spelling.
func canonical(path string) bool {
	if !strings.HasPrefix(path, "/") || strings.Contains(path, "//") {
		return false
	}
	if strings.ContainsFunc(path, func(r rune) bool { return r < ' ' || r == 0x7f || r == '\\' }) {
		return false
	}
	return !slices.ContainsFunc(strings.Split(path, "/"), func(segment string) bool {
		return segment == "." || segment == ".."
	})
}

// swallowed reports whether Echo matched a wildcard at the end of a route with
// more than one segment, which in net/http's patterns is no match.
func swallowed(c echo.Context) bool {
	pattern := c.Path()
	return pattern != "" && !strings.HasSuffix(pattern, "/*") &&
		strings.Count(pattern, "/") != strings.Count(echo.GetPath(c.Request()), "/")
}

// setPathValues gives the wildcards' values to r.PathValue. Echo matches the
// escaped path where it differs from the usual form; values are always decoded.
func setPathValues(r *http.Request, names, values []string) error {
	for i, name := range names {
		if name == "" {
			continue
		}
		value := values[i]
		if r.URL.RawPath != "" {
			var err error
			if value, err = url.PathUnescape(value); err != nil {
				return err
			}
		}
		r.SetPathValue(name, value)
	}
	return nil
}
