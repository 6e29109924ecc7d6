package cors_test

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/detectviz/detectviz/platform/testkit"
	"github.com/detectviz/detectviz/plugins/core/middleware/cors"
)

func config(origins ...string) cors.Config {
	return cors.Config{
		AllowOrigins:  origins,
		AllowMethods:  []string{"GET", "POST"},
		AllowHeaders:  []string{"Authorization", "Content-Type"},
		ExposeHeaders: []string{"X-Request-Id"},
		MaxAge:        10 * time.Minute,
	}
}

func TestCORS(t *testing.T) {
	one := config("https://app.example.org", "http://localhost:3000")
	credentials := one
	credentials.AllowCredentials = true
	const preflightVary = "Origin, Access-Control-Request-Method, Access-Control-Request-Headers"
	for _, test := range []struct {
		name           string
		cfg            cors.Config
		method, origin string
		requestMethod  string // Access-Control-Request-Method
		status         int    // 299: the handler's
		want           map[string]string
	}{
		{"no origin", one, "GET", "", "", 299, map[string]string{"Vary": "Origin"}},
		{"allowed", one, "GET", "https://app.example.org", "", 299, map[string]string{
			"Vary": "Origin", "Access-Control-Allow-Origin": "https://app.example.org", "Access-Control-Expose-Headers": "X-Request-Id"}},
		{"the second one", one, "POST", "http://localhost:3000", "", 299, map[string]string{
			"Vary": "Origin", "Access-Control-Allow-Origin": "http://localhost:3000", "Access-Control-Expose-Headers": "X-Request-Id"}},
		{"credentials", credentials, "GET", "https://app.example.org", "", 299, map[string]string{
			"Vary": "Origin", "Access-Control-Allow-Origin": "https://app.example.org", "Access-Control-Allow-Credentials": "true", "Access-Control-Expose-Headers": "X-Request-Id"}},
		{"any", config("*"), "GET", "https://evil.example", "", 299, map[string]string{
			"Access-Control-Allow-Origin": "*", "Access-Control-Expose-Headers": "X-Request-Id"}},

		{"not listed", one, "GET", "https://evil.example", "", 299, map[string]string{"Vary": "Origin"}},
		{"another scheme", one, "GET", "http://app.example.org", "", 299, map[string]string{"Vary": "Origin"}},
		{"another port", one, "GET", "https://app.example.org:444", "", 299, map[string]string{"Vary": "Origin"}},
		{"a subdomain", one, "GET", "https://x.app.example.org", "", 299, map[string]string{"Vary": "Origin"}},
		{"a longer name", one, "GET", "https://app.example.org.evil.example", "", 299, map[string]string{"Vary": "Origin"}},
		{"a sandboxed page", credentials, "GET", "null", "", 299, map[string]string{"Vary": "Origin"}},

		{"preflight", one, "OPTIONS", "https://app.example.org", "POST", 204, map[string]string{
			"Vary": preflightVary, "Access-Control-Allow-Origin": "https://app.example.org",
			"Access-Control-Allow-Methods": "GET, POST", "Access-Control-Allow-Headers": "Authorization, Content-Type", "Access-Control-Max-Age": "600"}},
		{"preflight with credentials", credentials, "OPTIONS", "https://app.example.org", "POST", 204, map[string]string{
			"Vary": preflightVary, "Access-Control-Allow-Origin": "https://app.example.org", "Access-Control-Allow-Credentials": "true",
			"Access-Control-Allow-Methods": "GET, POST", "Access-Control-Allow-Headers": "Authorization, Content-Type", "Access-Control-Max-Age": "600"}},
		{"preflight from elsewhere", one, "OPTIONS", "https://evil.example", "POST", 403, map[string]string{"Vary": preflightVary}},
		{"OPTIONS that is no preflight", one, "OPTIONS", "https://app.example.org", "", 299, map[string]string{
			"Vary": "Origin", "Access-Control-Allow-Origin": "https://app.example.org", "Access-Control-Expose-Headers": "X-Request-Id"}},
		{"OPTIONS without an origin", one, "OPTIONS", "", "POST", 299, map[string]string{"Vary": "Origin"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			m, err := cors.New(test.cfg, testkit.Host(t))
			if err != nil {
				t.Fatal(err)
			}
			srv := httptest.NewServer(m.Wrap(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(299) })))
			defer srv.Close()
			req, err := http.NewRequest(test.method, srv.URL, nil)
			if err != nil {
				t.Fatal(err)
			}
			if test.origin != "" {
				req.Header.Set("Origin", test.origin)
			}
			if test.requestMethod != "" {
				req.Header.Set("Access-Control-Request-Method", test.requestMethod)
				req.Header.Set("Access-Control-Request-Headers", "authorization")
			}
			resp, err := http.DefaultTransport.RoundTrip(req)
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			if resp.StatusCode != test.status {
				t.Errorf("status %d, want %d", resp.StatusCode, test.status)
			}
			var names []string
			for name := range resp.Header {
				if name == "Vary" || strings.HasPrefix(name, "Access-Control-") {
					names = append(names, name)
				}
			}
			slices.Sort(names)
			for _, name := range names {
				if got := strings.Join(resp.Header.Values(name), ", "); got != test.want[name] {
					t.Errorf("%s: %q, want %q", name, got, test.want[name])
				}
			}
			if len(names) != len(test.want) {
				t.Errorf("headers %v, want %v", names, test.want)
			}
		})
	}
}

func TestNewRefuses(t *testing.T) {
	everyoneWithCookies := config("https://app.example.org", "*")
	everyoneWithCookies.AllowCredentials = true
	for _, test := range []struct {
		name string
		cfg  cors.Config
		want string
	}{
		{"every origin with credentials", everyoneWithCookies, "allow_credentials must be false"},
		{"no origin", config(), "allow_origins is empty"},
		{"a slash at the end", config("https://app.example.org/"), `"https://app.example.org/"`},
		{"a path", config("https://app.example.org/x"), "without a path"},
		{"upper case, which no browser sends", config("https://App.example.org"), "lower case"},
		{"no scheme", config("app.example.org"), `"app.example.org"`},
		{"null", config("null"), `"null"`},
		{"a user", config("https://me@app.example.org"), "must be an origin"},
	} {
		if _, err := cors.New(test.cfg, testkit.Host(t)); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: error %v, want one that says %q", test.name, err, test.want)
		}
	}
}
