package jwt

import (
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"strconv"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/detectviz/detectviz/platform/contracts"
	"github.com/detectviz/detectviz/platform/web"
)

const (
	maxBody     = 8 << 10 // of a login or refresh request, in bytes
	maxName     = 128     // bytes
	maxPassword = 1024    // bytes
)

// Routes implements contracts.Routes.
func (a *JWT) Routes() []contracts.Route {
	routes := []contracts.Route{
		{Method: http.MethodGet, Path: "/api/v1/auth/me", Access: contracts.AccessAuthenticated, Handler: http.HandlerFunc(me)},
	}
	if len(a.users.all) > 0 {
		routes = append(routes,
			contracts.Route{Method: http.MethodPost, Path: "/api/v1/auth/login", Access: contracts.AccessPublic, Handler: http.HandlerFunc(a.login)},
			contracts.Route{Method: http.MethodPost, Path: "/api/v1/auth/refresh", Access: contracts.AccessPublic, Handler: http.HandlerFunc(a.refresh)},
		)
	}
	if a.keys.algorithm != jwt.SigningMethodHS256.Alg() {
		routes = append(routes, contracts.Route{
			Method: http.MethodGet, Path: "/.well-known/jwks.json", Access: contracts.AccessPublic, Handler: http.HandlerFunc(a.jwks),
		})
	}
	return routes
}

// tokens is the answer to a login or refresh (RFC 6749, section 5.1).
type tokens struct {
	AccessToken  string `json:"access_token"`
	TokenType    string `json:"token_type"`
	ExpiresIn    int64  `json:"expires_in"` // seconds
	RefreshToken string `json:"refresh_token"`
}

func (a *JWT) login(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Username string `json:"username"`
		Password string `json:"password"`
	}
	if !readJSON(w, r, &body) {
		return
	}
	if n := len(body.Username); n == 0 || n > maxName || len(body.Password) == 0 || len(body.Password) > maxPassword {
		web.WriteProblem(w, http.StatusBadRequest, "expected a username of 1 to 128 bytes and a password of 1 to 1024 bytes")
		return
	}
	now := time.Now()
	key := attemptKey{body.Username, remote(r)}
	if wait, granted := a.attempts.begin(key, now); !granted {
		a.logins.WithLabelValues("throttled").Inc()
		w.Header().Set("Retry-After", strconv.Itoa(int((wait+time.Second-1)/time.Second)))
		web.WriteProblem(w, http.StatusTooManyRequests, "too many failed logins; the header Retry-After says in how many seconds to try again")
		return
	}
	u, err := a.users.verify(r.Context(), body.Username, []byte(body.Password))
	switch {
	case errors.Is(err, errBusy):
		a.attempts.cancel(key)
		a.logins.WithLabelValues("busy").Inc()
		w.Header().Set("Retry-After", "1")
		web.WriteProblem(w, http.StatusServiceUnavailable, "too many logins at once; try again")
		return
	case err != nil:
		a.attempts.cancel(key)
		a.logins.WithLabelValues("error").Inc()
		a.log.Error("cannot check a password", "error", err)
		web.WriteProblem(w, http.StatusInternalServerError, "the password could not be checked")
		return
	case u == nil:
		a.logins.WithLabelValues("failure").Inc()
		// Only a name of ours is logged: what else is typed there may be a password.
		name := "(unknown)"
		if a.users.byName[body.Username] != nil {
			name = body.Username
		}
		a.log.Warn("login failed", "user", name, "remote", r.RemoteAddr)
		a.unauthorized(w, "the username or the password is wrong")
		return
	}
	a.attempts.succeed(key)
	if a.grant(w, u, a.sessions.open(u.name, now), now) {
		a.logins.WithLabelValues("success").Inc()
		a.log.Info("login", "user", u.name, "remote", r.RemoteAddr)
	} else {
		a.logins.WithLabelValues("error").Inc()
	}
}

func (a *JWT) refresh(w http.ResponseWriter, r *http.Request) {
	var body struct {
		RefreshToken string `json:"refresh_token"`
	}
	if !readJSON(w, r, &body) {
		return
	}
	now := time.Now()
	next, name, result := a.sessions.rotate(body.RefreshToken, now)
	switch result {
	case rotated:
		if a.grant(w, a.users.byName[name], next, now) {
			a.refreshes.WithLabelValues("success").Inc()
		} else {
			a.refreshes.WithLabelValues("error").Inc()
		}
		return
	case reused:
		a.refreshes.WithLabelValues("reuse").Inc()
		a.log.Warn("a refresh token was used twice; its login was ended", "user", name, "remote", r.RemoteAddr)
	default:
		a.refreshes.WithLabelValues("failure").Inc()
	}
	a.unauthorized(w, "the refresh token is not valid; log in again")
}

// grant answers with a new access token and the given refresh token.
func (a *JWT) grant(w http.ResponseWriter, u *user, refreshToken string, now time.Time) bool {
	access, err := a.issue(u, now)
	if err != nil {
		a.log.Error("cannot issue a token", "error", err)
		web.WriteProblem(w, http.StatusInternalServerError, "no token could be issued")
		return false
	}
	w.Header().Set("Cache-Control", "no-store")
	writeJSON(w, tokens{AccessToken: access, TokenType: "Bearer", ExpiresIn: int64(a.ttl / time.Second), RefreshToken: refreshToken})
	return true
}

func (a *JWT) unauthorized(w http.ResponseWriter, detail string) {
	w.Header().Set("WWW-Authenticate", a.Challenge())
	web.WriteProblem(w, http.StatusUnauthorized, detail)
}

// me tells the caller who they are.
func me(w http.ResponseWriter, r *http.Request) {
	id, ok := contracts.IdentityFrom(r.Context())
	if !ok {
		web.WriteProblem(w, http.StatusInternalServerError, "the server did not authenticate the caller")
		return
	}
	roles := id.Roles
	if roles == nil {
		roles = []string{}
	}
	w.Header().Set("Cache-Control", "no-store")
	writeJSON(w, struct {
		Subject string    `json:"subject"`
		Roles   []string  `json:"roles"`
		Expires time.Time `json:"expires"`
	}{id.Subject, roles, id.Expires})
}

// jwks lists the public keys (RFC 7517, section 5).
func (a *JWT) jwks(w http.ResponseWriter, _ *http.Request) {
	var set struct {
		Keys []*jwk `json:"keys"`
	}
	for _, k := range a.keys.all() {
		set.Keys = append(set.Keys, k.jwk)
	}
	w.Header().Set("Cache-Control", "public, max-age=300")
	writeJSON(w, set)
}

func writeJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v) // fails only when the client has gone
}

// readJSON reads the request's body into v, or answers what is wrong with it.
func readJSON(w http.ResponseWriter, r *http.Request, v any) bool {
	// A page of another origin cannot send this type without a preflight request.
	if media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || media != "application/json" {
		web.WriteProblem(w, http.StatusUnsupportedMediaType, "expected the Content-Type application/json")
		return false
	}
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody))
	decoder.DisallowUnknownFields()
	err := decoder.Decode(v)
	if err == nil {
		if _, after := decoder.Token(); after != io.EOF {
			err = errors.New("more than one value")
		}
	}
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		web.WriteProblem(w, http.StatusRequestEntityTooLarge, "the body may have at most 8192 bytes")
		return false
	}
	if err != nil { // the decoder's words may quote the body
		web.WriteProblem(w, http.StatusBadRequest, "the body is not the JSON object that was expected")
		return false
	}
	return true
}
