package contracts

import (
	"context"
	"errors"
	"net/http"
	"time"
)

// Access says who may call a route: AccessPublic, AccessAuthenticated, or any
// other word, which names a role that the caller must have.
type Access string

// The two access levels that are not roles.
const (
	AccessPublic        Access = "public"
	AccessAuthenticated Access = "authenticated"
)

// Route is one HTTP endpoint. The server authenticates the caller and enforces
// Access before it calls Handler, which finds the caller by IdentityFrom.
type Route struct {
	Method  string // GET, POST, …
	Path    string // as in net/http: "/api/v1/metrics", "/files/{name}"
	Access  Access // the zero value is treated as AccessAuthenticated
	Handler http.Handler
}

// Routes is the capability of offering HTTP endpoints. The HTTP server of the
// composition mounts them when it is constructed.
type Routes interface {
	Routes() []Route
}

// Middleware is the capability of wrapping every HTTP request. The server
// applies middlewares in the order of the composition, the first one outermost,
// after routing: r.Pattern is the matched route ("GET /api/v1/metrics"), or ""
// when no route matched.
type Middleware interface {
	Wrap(next http.Handler) http.Handler
}

// Identity is an authenticated caller.
type Identity struct {
	Subject string
	Roles   []string
	Expires time.Time // zero: does not expire
}

// HasRole reports whether the caller has the role.
func (i Identity) HasRole(role string) bool {
	for _, r := range i.Roles {
		if r == role {
			return true
		}
	}
	return false
}

// ErrUnauthenticated is returned by an Authenticator when the request carries no
// valid proof of identity. It is wrapped with a reason that may be logged but is
// not sent to the caller.
var ErrUnauthenticated = errors.New("unauthenticated")

// Authenticator is the capability of telling who sent a request.
type Authenticator interface {
	// Authenticate returns the caller, or an error that wraps ErrUnauthenticated.
	Authenticate(r *http.Request) (Identity, error)
	// Challenge is the value of the WWW-Authenticate header of a 401 answer
	// (RFC 9110, section 11.6.1).
	Challenge() string
}

type identityKey struct{}

// WithIdentity returns a context that carries the caller.
func WithIdentity(ctx context.Context, id Identity) context.Context {
	return context.WithValue(ctx, identityKey{}, id)
}

// IdentityFrom returns the caller that the server authenticated.
func IdentityFrom(ctx context.Context) (Identity, bool) {
	id, ok := ctx.Value(identityKey{}).(Identity)
	return id, ok
}
