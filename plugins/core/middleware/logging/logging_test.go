package logging_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/detectviz/detectviz/platform/contracts"
	"github.com/detectviz/detectviz/platform/testkit"
	"github.com/detectviz/detectviz/plugins/core/middleware/logging"
)

type record struct {
	Level, Msg, Method, Pattern, Path, Remote, User string
	RequestID                                       string `json:"request_id"`
	Status, Bytes, Duration                         int64
}

// run serves one request through the middleware and returns what was logged,
// nil when nothing was, and the answer.
func run(t *testing.T, req *http.Request, handler http.HandlerFunc) (*record, *http.Response, string) {
	t.Helper()
	host := testkit.Host(t)
	var log bytes.Buffer
	host.Log = slog.New(slog.NewJSONHandler(&log, nil))
	m, err := logging.New(logging.Config{Skip: []string{"/healthz"}}, host)
	if err != nil {
		t.Fatal(err)
	}
	wrapped := m.Wrap(handler)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Pattern = "GET /p/{x}"
		wrapped.ServeHTTP(w, r.WithContext(contracts.WithIdentity(r.Context(), contracts.Identity{Subject: "anna"})))
	}))
	req.URL.Scheme, req.URL.Host, req.RequestURI = "http", srv.Listener.Addr().String(), ""
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err == nil {
		resp.Body.Close()
	}
	srv.Close()
	if log.Len() == 0 {
		return nil, resp, ""
	}
	var got record
	if err := json.Unmarshal(log.Bytes(), &got); err != nil {
		t.Fatalf("log %q: %v", &log, err)
	}
	return &got, resp, log.String()
}

func TestRecord(t *testing.T) {
	got, _, text := run(t, httptest.NewRequest("GET", "/p/1?token=hunter2", nil), func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusTeapot)
		_, _ = io.WriteString(w, "short and stout")
	})
	if got == nil {
		t.Fatal("nothing was logged")
	}
	want := record{Level: "INFO", Msg: "request", Method: "GET", Pattern: "GET /p/{x}", Path: "/p/1", Remote: "127.0.0.1",
		User: "anna", RequestID: got.RequestID, Status: 418, Bytes: 15, Duration: got.Duration}
	if *got != want || got.Duration <= 0 {
		t.Errorf("logged %+v, want %+v", *got, want)
	}
	if strings.Contains(text, "hunter2") {
		t.Errorf("the query was logged: %s", text)
	}
}

func TestRequestID(t *testing.T) {
	for _, test := range []struct {
		name, sent string
		kept       bool
	}{
		{"none", "", false},
		{"well-formed", "01HZX-abc_9.z", true},
		{"as long as allowed", strings.Repeat("a", 64), true},
		{"too long", strings.Repeat("a", 65), false},
		{"with a space", "a b", false},
		{"with quotes", `a"level":"x"`, false},
		{"not ASCII", "é", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			req := httptest.NewRequest("GET", "/", nil)
			if test.sent != "" {
				req.Header.Set("X-Request-Id", test.sent)
			}
			var inside string
			got, resp, _ := run(t, req, func(_ http.ResponseWriter, r *http.Request) { inside = r.Header.Get("X-Request-Id") })
			back := resp.Header.Get("X-Request-Id")
			if inside != back || got.RequestID != back || len(back) < 1 || (back == test.sent) != test.kept {
				t.Errorf("sent %q: handler saw %q, client %q, log %q; kept should be %v", test.sent, inside, back, got.RequestID, test.kept)
			}
			if !test.kept && len(back) < 20 {
				t.Errorf("the new id %q is too short to be unique", back)
			}
		})
	}
}

func TestSkipAndLevel(t *testing.T) {
	status := func(code int) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
	}
	for _, test := range []struct {
		name, path string
		handler    http.HandlerFunc
		level      string // "": not logged
		status     int64
	}{
		{"skipped", "/healthz", status(200), "", 0},
		{"skipped, but failing", "/healthz", status(503), "ERROR", 503},
		{"not skipped", "/healthz/more", status(200), "INFO", 200},
		{"client's fault", "/x", status(404), "INFO", 404},
		{"server's fault", "/x", status(500), "ERROR", 500},
		{"nothing written", "/x", func(http.ResponseWriter, *http.Request) {}, "INFO", 200},
		{"panic", "/x", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, "ERROR", 500},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, _, text := run(t, httptest.NewRequest("GET", test.path, nil), test.handler)
			switch {
			case test.level == "" && got != nil:
				t.Errorf("logged %s", text)
			case test.level != "" && (got == nil || got.Level != test.level || got.Status != test.status):
				t.Errorf("logged %q, want level %s and status %d", text, test.level, test.status)
			}
		})
	}
}

func TestLongPathIsCut(t *testing.T) {
	got, _, _ := run(t, httptest.NewRequest("GET", "/"+strings.Repeat("x", 5000), nil), func(http.ResponseWriter, *http.Request) {})
	if got == nil || len(got.Path) > 600 || !strings.HasSuffix(got.Path, "…") {
		t.Errorf("logged %+v", got)
	}
}

func TestStreaming(t *testing.T) {
	m, err := logging.New(logging.Config{}, testkit.Host(t))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	srv := httptest.NewServer(m.Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, "first")
		if err := http.NewResponseController(w).Flush(); err != nil {
			t.Error(err)
		}
		<-ctx.Done()
	})))
	defer srv.Close()
	resp, err := http.Get(srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	part := make([]byte, 5)
	if _, err := io.ReadFull(resp.Body, part); err != nil || string(part) != "first" {
		t.Errorf("read %q, %v before the handler returned", part, err)
	}
	cancel()
}
