// Package jwt logs users in and authenticates their requests by JSON Web Tokens
// (RFC 7519): it provides the Authenticator of a composition, and the routes
// that hand tokens out.
//
// Access tokens are stateless and short-lived. Refresh tokens are no JWTs but
// random numbers with their state in memory, so that neither can be taken for
// the other.
package jwt

//go:generate go tool cue exp gengotypes --outfile config_gen.go .

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/detectviz/detectviz/platform/contracts"
)

// maxToken is the largest access token that is looked at, in bytes; ours have a
// few hundred.
const maxToken = 8 << 10

// JWT authenticates requests.
type JWT struct {
	log      *slog.Logger
	issuer   string
	audience string
	ttl      time.Duration
	keys     *keyring
	parser   *jwt.Parser
	users    *users
	sessions *sessions
	attempts *attempts

	logins    *prometheus.CounterVec
	refreshes *prometheus.CounterVec
	rejected  *prometheus.CounterVec
}

// claims is the payload of an access token.
type claims struct {
	jwt.RegisteredClaims
	Roles []string `json:"roles,omitempty"`
}

// New reads the keys and checks the users.
func New(cfg Config, host contracts.Host) (*JWT, error) {
	switch {
	case cfg.TTL < time.Second:
		return nil, fmt.Errorf("ttl is %s; expected at least 1s", cfg.TTL)
	case cfg.RefreshTTL < time.Second:
		return nil, fmt.Errorf("refresh_ttl is %s; expected at least 1s", cfg.RefreshTTL)
	case cfg.Leeway < 0 || cfg.Leeway > 5*time.Minute:
		return nil, fmt.Errorf("leeway is %s; expected 0s to 5m, since tokens live that much longer", cfg.Leeway)
	}
	keys, err := newKeyring(cfg, host)
	if err != nil {
		return nil, err
	}
	accounts, err := newUsers(cfg.Users, host.ReadSecret)
	if err != nil {
		return nil, err
	}
	a := &JWT{
		log:      host.Log,
		issuer:   or(cfg.Issuer, host.Composition),
		audience: or(cfg.Audience, host.Composition),
		ttl:      cfg.TTL,
		keys:     keys,
		users:    accounts,
		sessions: newSessions(cfg.RefreshTTL),
		attempts: newAttempts(),
	}
	a.parser = jwt.NewParser(
		jwt.WithValidMethods([]string{cfg.Algorithm}),
		jwt.WithStrictDecoding(),
		jwt.WithIssuer(a.issuer),
		jwt.WithAudience(a.audience),
		jwt.WithExpirationRequired(),
		jwt.WithIssuedAt(),
		jwt.WithLeeway(cfg.Leeway),
	)
	return a, a.register(host.Telemetry)
}

func or(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}

func (a *JWT) register(r prometheus.Registerer) error {
	counter := func(name, help, label string, values ...string) *prometheus.CounterVec {
		c := prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, []string{label})
		for _, value := range values {
			c.WithLabelValues(value) // so that each exists from the start, at 0
		}
		return c
	}
	a.logins = counter("dvz_jwt_logins_total", "logins by result: success, failure, throttled, busy, error",
		"result", "success", "failure", "throttled", "busy", "error")
	a.refreshes = counter("dvz_jwt_refreshes_total", "uses of refresh tokens by result: success, failure, reuse, error",
		"result", "success", "failure", "reuse", "error")
	a.rejected = counter("dvz_jwt_rejected_tokens_total", "access tokens refused by reason: missing, malformed, key, signature, expired, claims",
		"reason", "missing", "malformed", "key", "signature", "expired", "claims")
	return errors.Join(r.Register(a.logins), r.Register(a.refreshes), r.Register(a.rejected))
}

// Health fails when the keys could not be read again; the last good ones are
// still in use.
func (a *JWT) Health(context.Context) error { return a.keys.health() }

// Challenge implements contracts.Authenticator (RFC 6750, section 3).
func (a *JWT) Challenge() string { return fmt.Sprintf("Bearer realm=%q", a.audience) }

// Authenticate implements contracts.Authenticator: the request must carry one
// Authorization header with a bearer token that one of our keys has signed.
func (a *JWT) Authenticate(r *http.Request) (contracts.Identity, error) {
	headers := r.Header.Values("Authorization")
	if len(headers) == 0 {
		return a.reject("missing", errors.New("no Authorization header"))
	}
	scheme, token, _ := strings.Cut(headers[0], " ")
	switch {
	case len(headers) > 1:
		return a.reject("malformed", errors.New("several Authorization headers"))
	case !strings.EqualFold(scheme, "Bearer"):
		return a.reject("missing", errors.New("not a bearer token"))
	case len(token) > maxToken:
		return a.reject("malformed", fmt.Errorf("a token of %d bytes, which is more than %d", len(token), maxToken))
	}
	var c claims
	_, err := a.parser.ParseWithClaims(token, &c, a.keys.verifying)
	switch {
	case err == nil && c.Subject == "":
		return a.reject("claims", errors.New("no subject"))
	case err == nil:
		return contracts.Identity{Subject: c.Subject, Roles: c.Roles, Expires: c.ExpiresAt.Time}, nil
	case errors.Is(err, jwt.ErrTokenSignatureInvalid):
		return a.reject("signature", err)
	case errors.Is(err, errKey):
		return a.reject("key", err)
	case errors.Is(err, jwt.ErrTokenExpired):
		return a.reject("expired", err)
	case errors.Is(err, jwt.ErrTokenInvalidClaims):
		return a.reject("claims", err)
	}
	return a.reject("malformed", err)
}

func (a *JWT) reject(reason string, err error) (contracts.Identity, error) {
	a.rejected.WithLabelValues(reason).Inc()
	return contracts.Identity{}, fmt.Errorf("%w: %w", contracts.ErrUnauthenticated, err)
}

// issue signs an access token for a user.
func (a *JWT) issue(u *user, now time.Time) (string, error) {
	k := a.keys.signing()
	token := jwt.NewWithClaims(k.method, claims{
		RegisteredClaims: jwt.RegisteredClaims{
			Issuer:    a.issuer,
			Subject:   u.name,
			Audience:  jwt.ClaimStrings{a.audience},
			ExpiresAt: jwt.NewNumericDate(now.Add(a.ttl)),
			NotBefore: jwt.NewNumericDate(now),
			IssuedAt:  jwt.NewNumericDate(now),
			ID:        rand.Text(),
		},
		Roles: u.roles,
	})
	token.Header["kid"] = k.id
	signed, err := token.SignedString(k.private)
	if err != nil {
		return "", fmt.Errorf("cannot sign a token: %w", err)
	}
	return signed, nil
}
