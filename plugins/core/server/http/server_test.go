package httpserver_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/detectviz/detectviz/platform/contracts"
	"github.com/detectviz/detectviz/platform/testkit"
	"github.com/detectviz/detectviz/platform/web"
	httpserver "github.com/detectviz/detectviz/plugins/core/server/http"
)

// routes is a provider of routes.
type routes []contracts.Route

func (r routes) Routes() []contracts.Route { return r }

// wrap is a middleware.
type wrap func(http.Handler) http.Handler

func (w wrap) Wrap(next http.Handler) http.Handler { return w(next) }

// tokens is an authenticator: "Bearer name" or "Bearer name:role".
type tokens struct{}

func (tokens) Authenticate(r *http.Request) (contracts.Identity, error) {
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	switch {
	case !ok:
		return contracts.Identity{}, fmt.Errorf("%w: no token", contracts.ErrUnauthenticated)
	case token == "broken":
		return contracts.Identity{}, errors.New("the key store is away")
	}
	name, role, _ := strings.Cut(token, ":")
	return contracts.Identity{Subject: name, Roles: []string{role}}, nil
}

func (tokens) Challenge() string { return `Bearer realm="test"` }

// echoing answers with what a handler can learn of the request.
var echoing = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	id, _ := contracts.IdentityFrom(r.Context())
	fmt.Fprintf(w, "%s name=%q rest=%q user=%q", r.Pattern, r.PathValue("name"), r.PathValue("rest"), id.Subject)
})

func defaults() httpserver.Config {
	return httpserver.Config{
		Listen:            "127.0.0.1:0",
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       30 * time.Second,
		WriteTimeout:      time.Minute,
		IdleTimeout:       2 * time.Minute,
		MaxBody:           1 << 20,
		MaxHeader:         32 << 10,
	}
}

// start runs a server and returns its base URL.
func start(t *testing.T, cfg httpserver.Config, deps httpserver.Deps) (string, *httpserver.Server) {
	t.Helper()
	s, err := httpserver.New(cfg, deps, testkit.Host(t))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.OnStart(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		http.DefaultClient.CloseIdleConnections()
		_ = s.OnStop(ctx)
	})
	return "http://" + s.Addr().String(), s
}

// answer is a response with its body read.
type answer struct {
	*http.Response
	body string
}

// problem is the answer's problem document; the test fails when it is none.
func (a answer) problem(t *testing.T) web.Problem {
	t.Helper()
	var p web.Problem
	if err := json.Unmarshal([]byte(a.body), &p); err != nil || a.Header.Get("Content-Type") != "application/problem+json" {
		t.Fatalf("not a problem document: %s %q", a.Header.Get("Content-Type"), a.body)
	}
	if p.Status != a.StatusCode {
		t.Errorf("the document says %d, the answer %d", p.Status, a.StatusCode)
	}
	return p
}

// do sends a request whose target is put on the wire as it is written here.
func do(t *testing.T, base, method, target, authorization string, body io.Reader) answer {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, base, body)
	if err != nil {
		t.Fatal(err)
	}
	if req.URL.Opaque = target; strings.HasPrefix(target, "//") {
		req.URL.Opaque = "//" + req.URL.Host + target // goes out in absolute form
	}
	if authorization != "" {
		req.Header.Set("Authorization", authorization)
	}
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{resp, string(data)}
}

func public(method, path string) contracts.Route {
	return contracts.Route{Method: method, Path: path, Access: contracts.AccessPublic, Handler: echoing}
}

func TestRouting(t *testing.T) {
	base, _ := start(t, defaults(), httpserver.Deps{Routes: []contracts.Routes{
		routes{
			public("GET", "/plain"),
			public("GET", "/files/{name}"),
			public("PUT", "/files/{name}"),
			public("GET", "/files/{name}/parts/{rest...}"),
			public("GET", "/leaf/{name}"),
			public("GET", "/tree/"),
			public("GET", "/exact/{$}"),
			public("POST", "/jobs:run"),
		},
		routes{public("GET", "/twice"), public("HEAD", "/twice"), public("POST", "/files/{rest}")},
	}})
	for _, test := range []struct {
		method, target string
		status         int
		want           string // the body, or the header Allow of a 405
	}{
		{"GET", "/plain", 200, `GET /plain name="" rest="" user=""`},
		{"GET", "/plain?x=/../", 200, `GET /plain name="" rest="" user=""`},
		{"HEAD", "/plain", 200, ""},
		{"HEAD", "/twice", 200, ""},
		{"GET", "/files/a.txt", 200, `GET /files/{name} name="a.txt" rest="" user=""`},
		{"GET", "/leaf/a%2Fb", 200, `GET /leaf/{name} name="a/b" rest="" user=""`},
		{"GET", "/files/a%20b%2Fc", 200, `GET /files/{name} name="a b/c" rest="" user=""`},
		{"PUT", "/files/%C3%A9", 200, `PUT /files/{name} name="é" rest="" user=""`},
		{"POST", "/files/x", 200, `POST /files/{rest} name="" rest="x" user=""`},
		{"GET", "/files/x/parts/1/2", 200, `GET /files/{name}/parts/{rest...} name="x" rest="1/2" user=""`},
		{"GET", "/files/x/parts/1%2F2%25", 200, `GET /files/{name}/parts/{rest...} name="x" rest="1/2%" user=""`},
		{"GET", "/tree/", 200, `GET /tree/ name="" rest="" user=""`},
		{"GET", "/tree/a/b", 200, `GET /tree/ name="" rest="" user=""`},
		{"GET", "/exact/", 200, `GET /exact/{$} name="" rest="" user=""`},
		{"POST", "/jobs:run", 200, `POST /jobs:run name="" rest="" user=""`},

		{"GET", "/", 404, ""},
		{"GET", "/nothing", 404, ""},
		{"GET", "/PLAIN", 404, ""},
		{"GET", "/plain/", 404, ""},
		{"GET", "/exact/more", 404, ""},
		{"GET", "/files/", 404, ""},
		{"GET", "/files/a/b", 404, ""},
		{"GET", "/leaf/", 404, ""},
		{"GET", "/leaf/a/b", 404, ""},
		{"GET", "/leaf/a/", 404, ""},
		{"PUT", "/leaf/a/b", 404, ""},
		{"OPTIONS", "/leaf/a/b", 404, ""},
		{"DELETE", "/files/a/b", 404, ""},
		{"POST", "/jobsXrun", 404, ""},

		{"POST", "/plain", 405, "OPTIONS, GET, HEAD"},
		{"BREW", "/plain", 405, "OPTIONS, GET, HEAD"},
		{"DELETE", "/files/a", 405, "OPTIONS, GET, PUT, POST, HEAD"},
		{"OPTIONS", "/plain", 204, ""},

		{"GET", "/../plain", 400, ""},
		{"GET", "/./plain", 400, ""},
		{"GET", "//plain", 400, ""},
		{"GET", "/tree/../plain", 400, ""},
		{"GET", "/tree/%2e%2e/plain", 400, ""},
		{"GET", "/tree/..%2f..%2fetc%2fpasswd", 400, ""},
		{"GET", "/files/..%5c..%5cwindows", 400, ""},
		{"GET", "/files/a%00.txt", 400, ""},
		{"GET", "/files/a%0d%0aSet-Cookie:x", 400, ""},
		{"GET", "/files/%2e%2e", 400, ""},
	} {
		t.Run(test.method+" "+test.target, func(t *testing.T) {
			got := do(t, base, test.method, test.target, "", nil)
			if got.StatusCode != test.status {
				t.Fatalf("status %d, want %d; body %q", got.StatusCode, test.status, got.body)
			}
			if got.Header.Get("X-Content-Type-Options") != "nosniff" {
				t.Error("no nosniff")
			}
			switch test.status {
			case 200:
				if got.body != test.want {
					t.Errorf("body %q, want %q", got.body, test.want)
				}
			case 204:
				if allow := got.Header.Get("Allow"); allow != "OPTIONS, GET, HEAD" {
					t.Errorf("Allow %q", allow)
				}
			case 405:
				want, allow := strings.Split(test.want, ", "), strings.Split(got.Header.Get("Allow"), ", ")
				slices.Sort(want)
				slices.Sort(allow)
				if !slices.Equal(allow, want) {
					t.Errorf("Allow %q, want %q", allow, want)
				}
				fallthrough
			default:
				got.problem(t)
			}
		})
	}
}

func TestAccess(t *testing.T) {
	route := func(path string, access contracts.Access) contracts.Route {
		return contracts.Route{Method: "GET", Path: path, Access: access, Handler: echoing}
	}
	base, _ := start(t, defaults(), httpserver.Deps{
		Auth: tokens{},
		Routes: []contracts.Routes{routes{
			route("/public", contracts.AccessPublic), route("/user", contracts.AccessAuthenticated),
			route("/admin", "admin"), route("/unsaid", ""),
		}},
	})
	for _, test := range []struct {
		path, authorization string
		status              int
		user                string
	}{
		{"/public", "", 200, ""},
		{"/public", "Bearer broken", 200, ""},
		{"/user", "", 401, ""},
		{"/user", "Basic xyz", 401, ""},
		{"/user", "Bearer anna", 200, "anna"},
		{"/user", "Bearer broken", 500, ""},
		{"/unsaid", "", 401, ""},
		{"/unsaid", "Bearer anna", 200, "anna"},
		{"/admin", "", 401, ""},
		{"/admin", "Bearer anna", 403, ""},
		{"/admin", "Bearer anna:adm", 403, ""},
		{"/admin", "Bearer anna:admin", 200, "anna"},
	} {
		for _, method := range []string{"GET", "HEAD"} {
			got := do(t, base, method, test.path, test.authorization, nil)
			if got.StatusCode != test.status {
				t.Errorf("%s %s as %q: status %d, want %d", method, test.path, test.authorization, got.StatusCode, test.status)
			}
			challenge := got.Header.Get("WWW-Authenticate")
			if want := map[bool]string{true: `Bearer realm="test"`}[test.status == 401]; challenge != want {
				t.Errorf("%s as %q: WWW-Authenticate %q, want %q", test.path, test.authorization, challenge, want)
			}
			if method == "HEAD" {
				continue
			}
			if test.status != 200 {
				got.problem(t)
				if strings.Contains(got.body, "no token") || strings.Contains(got.body, "key store") {
					t.Errorf("the reason leaks: %s", got.body)
				}
			} else if !strings.Contains(got.body, fmt.Sprintf("user=%q", test.user)) {
				t.Errorf("%s as %q: body %q, want user %q", test.path, test.authorization, got.body, test.user)
			}
		}
	}
}

func TestMiddlewareOrderAndWhatItSees(t *testing.T) {
	seen := make(chan string, 10)
	tag := func(name string) wrap {
		return func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				_, before := contracts.IdentityFrom(r.Context())
				seen <- fmt.Sprintf("%s in %q %s %v", name, r.Pattern, r.PathValue("name"), before)
				rec := web.NewRecorder(w)
				next.ServeHTTP(rec, r)
				id, _ := contracts.IdentityFrom(r.Context())
				seen <- fmt.Sprintf("%s out %d %q", name, rec.Status(), id.Subject)
			})
		}
	}
	base, _ := start(t, defaults(), httpserver.Deps{
		Auth:       tokens{},
		Middleware: []contracts.Middleware{tag("outer"), tag("inner")},
		Routes:     []contracts.Routes{routes{{Method: "GET", Path: "/x/{name}", Access: "admin", Handler: echoing}}},
	})
	for _, test := range []struct {
		method, target, authorization string
		want                          []string
	}{
		{"GET", "/x/1", "Bearer anna:admin", []string{`outer in "GET /x/{name}" 1 false`, `inner in "GET /x/{name}" 1 false`, `inner out 200 "anna"`, `outer out 200 "anna"`}},
		{"HEAD", "/x/1", "Bearer anna:x", []string{`outer in "GET /x/{name}" 1 false`, `inner in "GET /x/{name}" 1 false`, `inner out 403 "anna"`, `outer out 403 "anna"`}},
		{"GET", "/none", "", []string{`outer in ""  false`, `inner in ""  false`, `inner out 404 ""`, `outer out 404 ""`}},
		{"PUT", "/x/1", "", []string{`outer in ""  false`, `inner in ""  false`, `inner out 405 ""`, `outer out 405 ""`}},
		{"OPTIONS", "/x/1", "", []string{`outer in ""  false`, `inner in ""  false`, `inner out 204 ""`, `outer out 204 ""`}},
		{"GET", "/a/../x/1", "", []string{`outer in ""  false`, `inner in ""  false`, `inner out 400 ""`, `outer out 400 ""`}},
	} {
		do(t, base, test.method, test.target, test.authorization, nil)
		for _, want := range test.want {
			if got := <-seen; got != want {
				t.Errorf("%s %s: saw %s, want %s", test.method, test.target, got, want)
			}
		}
	}
}

func TestNewRefuses(t *testing.T) {
	ok := public("GET", "/a")
	for _, test := range []struct {
		name   string
		routes []contracts.Route
		config func(*httpserver.Config)
		want   []string // parts of the error
	}{
		{"a route offered twice", []contracts.Route{ok, ok}, nil, []string{"GET /a", "also offered by httpserver_test.routes"}},
		{"the same route under other names", []contracts.Route{public("GET", "/a/{x}"), public("GET", "/a/{y}")}, nil, []string{"GET /a/{x}", "GET /a/{y}"}},
		{"wildcards that cannot be told apart", []contracts.Route{public("GET", "/a/{x}"), public("PUT", "/a/{y...}")}, nil, []string{"GET /a/{x}", "PUT /a/{y...}", "told apart"}},
		{"a role without an authenticator", []contracts.Route{{Method: "GET", Path: "/a", Access: "admin", Handler: echoing}}, nil, []string{"GET /a", `"admin"`, "no authenticator", "core/auth/jwt"}},
		{"the default access without an authenticator", []contracts.Route{{Method: "GET", Path: "/a", Handler: echoing}}, nil, []string{"GET /a", `"authenticated"`}},
		{"no handler", []contracts.Route{{Method: "GET", Path: "/a", Access: "public"}}, nil, []string{"GET /a", "no handler"}},
		{"a bad method", []contracts.Route{public("get", "/a")}, nil, []string{`"get"`, "not an HTTP method"}},
		{"a relative path", []contracts.Route{public("GET", "a")}, nil, []string{"must begin with /"}},
		{"an unclosed wildcard", []contracts.Route{public("GET", "/{a")}, nil, []string{`"{a"`}},
		{"a rest that is not last", []contracts.Route{public("GET", "/{a...}/b")}, nil, []string{`"{a...}"`}},
		{"Echo's own wildcard", []contracts.Route{public("GET", "/a/*")}, nil, []string{`"*"`}},
		{"an empty segment", []contracts.Route{public("GET", "/a//b")}, nil, []string{`""`}},
		{"dots", []contracts.Route{public("GET", "/a/../b")}, nil, []string{`".."`}},
		{"a name used twice", []contracts.Route{public("GET", "/{a}/{a}")}, nil, []string{`two wildcards named "a"`}},
		{"no body allowed", []contracts.Route{ok}, func(c *httpserver.Config) { c.MaxBody = 0 }, []string{"max_body"}},
		{"a header beyond int32", []contracts.Route{ok}, func(c *httpserver.Config) { c.MaxHeader = 1 << 40 }, []string{"max_header"}},
		{"a certificate that is not there", []contracts.Route{ok}, func(c *httpserver.Config) { c.TLS = &httpserver.TLS{CertFile: "/nowhere.crt", KeyFile: "/nowhere.key"} }, []string{"tls", "/nowhere.crt"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			cfg := defaults()
			if test.config != nil {
				test.config(&cfg)
			}
			_, err := httpserver.New(cfg, httpserver.Deps{Routes: []contracts.Routes{routes(test.routes)}}, testkit.Host(t))
			if err == nil {
				t.Fatal("no error")
			}
			for _, part := range test.want {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("error %q does not say %q", err, part)
				}
			}
		})
	}
}

func TestLifecycle(t *testing.T) {
	release := make(chan struct{})
	slow := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = http.NewResponseController(w).Flush()
		select {
		case <-release:
			_, _ = io.WriteString(w, "finished")
		case <-r.Context().Done():
		}
	})
	build := func() *httpserver.Server {
		s, err := httpserver.New(defaults(), httpserver.Deps{Routes: []contracts.Routes{routes{{Method: "GET", Path: "/slow", Access: "public", Handler: slow}}}}, testkit.Host(t))
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	ask := func(s *httpserver.Server) chan string { // returns once the handler runs
		resp, err := http.Get("http://" + s.Addr().String() + "/slow")
		if err != nil {
			t.Fatal(err)
		}
		body := make(chan string, 1)
		go func() {
			defer resp.Body.Close()
			data, _ := io.ReadAll(resp.Body)
			body <- string(data)
		}()
		return body
	}

	s := build()
	if err := s.Health(t.Context()); err == nil {
		t.Error("healthy before its start")
	}
	if err := s.OnStart(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := s.Health(t.Context()); err != nil {
		t.Error(err)
	}

	// A second server on the same address says what to do.
	cfg := defaults()
	cfg.Listen = s.Addr().String()
	second, err := httpserver.New(cfg, httpserver.Deps{}, testkit.Host(t))
	if err != nil {
		t.Fatal(err)
	}
	err = second.OnStart(t.Context())
	if err == nil || !strings.Contains(err.Error(), cfg.Listen) || !strings.Contains(err.Error(), "another process listens there") {
		t.Errorf("error of a second listener: %v", err)
	}

	// A graceful stop lets the running request finish and takes no new ones.
	body := ask(s)
	stopped := make(chan error, 1)
	go func() { stopped <- s.OnStop(t.Context()) }()
	waitFor(t, "the listener to close", func() bool {
		conn, err := net.Dial("tcp", s.Addr().String())
		if err == nil {
			conn.Close()
		}
		return err != nil
	})
	close(release)
	if err := <-stopped; err != nil {
		t.Errorf("graceful stop: %v", err)
	}
	if got := <-body; got != "finished" {
		t.Errorf("the running request got %q", got)
	}

	// One that runs on is cut off when the time is up.
	release = make(chan struct{})
	s = build()
	if err := s.OnStart(t.Context()); err != nil {
		t.Fatal(err)
	}
	body = ask(s)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := s.OnStop(ctx); err == nil || !strings.Contains(err.Error(), "cut off") {
		t.Errorf("forced stop: %v", err)
	}
	if got := <-body; got != "" {
		t.Errorf("the cut request got %q", got)
	}
}

func waitFor(t *testing.T, what string, done func() bool) {
	t.Helper()
	for end := time.Now().Add(5 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if done() {
			return
		}
	}
	t.Fatalf("waited in vain for %s", what)
}
