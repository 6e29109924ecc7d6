// Package cors is the middleware that tells browsers which web pages of other
// origins may call the HTTP endpoints: the CORS protocol of the Fetch standard
// (https://fetch.spec.whatwg.org/#http-cors-protocol).
package cors

//go:generate go tool cue exp gengotypes --outfile config_gen.go .

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/detectviz/detectviz/platform/contracts"
	"github.com/detectviz/detectviz/platform/web"
)

// CORS is the middleware.
type CORS struct {
	any         bool // every origin, without credentials
	origins     map[string]bool
	credentials bool
	methods     string
	headers     string
	expose      string
	maxAge      string
}

// New checks the config.
func New(cfg Config, _ contracts.Host) (*CORS, error) {
	m := &CORS{
		origins:     make(map[string]bool, len(cfg.AllowOrigins)),
		credentials: cfg.AllowCredentials,
		methods:     strings.Join(cfg.AllowMethods, ", "),
		headers:     strings.Join(cfg.AllowHeaders, ", "),
		expose:      strings.Join(cfg.ExposeHeaders, ", "),
		maxAge:      strconv.FormatInt(int64(cfg.MaxAge/time.Second), 10),
	}
	if len(cfg.AllowOrigins) == 0 {
		return nil, errors.New("allow_origins is empty; list at least one origin, or leave the middleware out")
	}
	for _, origin := range cfg.AllowOrigins {
		if origin == "*" {
			m.any = true
			continue
		}
		u, err := url.Parse(origin)
		if err != nil || u.Host == "" || u.Scheme+"://"+u.Host != origin || origin != strings.ToLower(origin) {
			return nil, fmt.Errorf("allow_origins: %q must be an origin such as https://app.example.org: lower case, without a path or a slash at the end", origin)
		}
		m.origins[origin] = true
	}
	if m.any && cfg.AllowCredentials {
		return nil, errors.New(`allow_credentials must be false when allow_origins has "*": every page could act as its visitor; list the origins instead`)
	}
	return m, nil
}

// Wrap implements contracts.Middleware.
func (m *CORS) Wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		if !m.any { // the answer depends on the origin, also where none was sent
			h.Add("Vary", "Origin")
		}
		origin := r.Header.Get("Origin")
		preflight := r.Method == http.MethodOptions && origin != "" && r.Header.Get("Access-Control-Request-Method") != ""
		allowed := origin != "" && (m.any || m.origins[origin])
		if allowed {
			m.allow(h, origin)
		}
		if !preflight {
			if allowed && m.expose != "" {
				h.Set("Access-Control-Expose-Headers", m.expose)
			}
			next.ServeHTTP(w, r)
			return
		}
		h.Add("Vary", "Access-Control-Request-Method")
		h.Add("Vary", "Access-Control-Request-Headers")
		if !allowed {
			web.WriteProblem(w, http.StatusForbidden, "pages of this origin may not call; allow_origins of the middleware cors lists those that may")
			return
		}
		if m.methods != "" {
			h.Set("Access-Control-Allow-Methods", m.methods)
		}
		if m.headers != "" {
			h.Set("Access-Control-Allow-Headers", m.headers)
		}
		h.Set("Access-Control-Max-Age", m.maxAge)
		w.WriteHeader(http.StatusNoContent)
	})
}

func (m *CORS) allow(h http.Header, origin string) {
	if m.any {
		origin = "*"
	}
	h.Set("Access-Control-Allow-Origin", origin)
	if m.credentials {
		h.Set("Access-Control-Allow-Credentials", "true")
	}
}
