package web_test

import (
	"bufio"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/detectviz/detectviz/platform/web"
)

func TestWriteProblem(t *testing.T) {
	rec := httptest.NewRecorder()
	rec.Header().Set("Content-Length", "9999")
	rec.Header().Set("Allow", "GET")
	web.WriteProblem(rec, http.StatusMethodNotAllowed, `only "GET" </script>`)
	var p web.Problem
	if err := json.Unmarshal(rec.Body.Bytes(), &p); err != nil {
		t.Fatalf("body %q: %v", rec.Body, err)
	}
	if want := (web.Problem{Title: "Method Not Allowed", Status: 405, Detail: `only "GET" </script>`}); p != want {
		t.Errorf("problem = %+v, want %+v", p, want)
	}
	for name, want := range map[string]string{"Content-Type": "application/problem+json", "Content-Length": "", "Allow": "GET"} {
		if got := rec.Header().Get(name); got != want {
			t.Errorf("%s = %q, want %q", name, got, want)
		}
	}
}

// serve runs handler behind a Recorder in a real server, asks once, and returns
// the recorder and the body.
func serve(t *testing.T, handler func(http.ResponseWriter)) (*web.Recorder, string) {
	t.Helper()
	var rec *web.Recorder
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		rec = web.NewRecorder(w)
		handler(rec)
	}))
	resp, err := http.Get(srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	srv.Close() // waits for the handler: rec is ours now
	if err != nil {
		t.Fatal(err)
	}
	return rec, string(body)
}

func TestRecorder(t *testing.T) {
	for _, test := range []struct {
		name    string
		handler func(http.ResponseWriter)
		status  int
		started bool
		body    string
	}{
		{"nothing written", func(http.ResponseWriter) {}, 200, false, ""},
		{"body only", func(w http.ResponseWriter) { _, _ = io.WriteString(w, "abc") }, 200, true, "abc"},
		{"status", func(w http.ResponseWriter) { w.WriteHeader(404); _, _ = io.WriteString(w, "no") }, 404, true, "no"},
		{"early hints first", func(w http.ResponseWriter) { w.WriteHeader(103); w.WriteHeader(201) }, 201, true, ""},
		{"the first status counts", func(w http.ResponseWriter) { w.WriteHeader(202); w.WriteHeader(500) }, 202, true, ""},
		{"copied", func(w http.ResponseWriter) { _, _ = io.Copy(w, strings.NewReader("copied")) }, 200, true, "copied"},
		{"flushed", func(w http.ResponseWriter) { w.(http.Flusher).Flush() }, 200, true, ""},
		{"flushed by controller", func(w http.ResponseWriter) {
			if err := http.NewResponseController(w).Flush(); err != nil {
				panic(err)
			}
		}, 200, true, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			rec, body := serve(t, test.handler)
			if rec.Status() != test.status || rec.Started() != test.started || rec.Bytes() != int64(len(test.body)) || body != test.body {
				t.Errorf("got status %d, started %v, %d bytes, body %q; want %d, %v, body %q",
					rec.Status(), rec.Started(), rec.Bytes(), body, test.status, test.started, test.body)
			}
		})
	}
}

func TestRecorderReachesTheConnection(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		conn, rw, err := http.NewResponseController(web.NewRecorder(web.NewRecorder(w))).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close()
		_, _ = rw.WriteString("hijacked\n")
		_ = rw.Flush()
	}))
	defer srv.Close()
	conn, err := net.Dial("tcp", srv.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_, _ = io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	if line, err := bufio.NewReader(conn).ReadString('\n'); line != "hijacked\n" {
		t.Errorf("read %q, %v", line, err)
	}
}
