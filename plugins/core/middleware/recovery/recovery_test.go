package recovery_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/detectviz/detectviz/platform/testkit"
	"github.com/detectviz/detectviz/plugins/core/middleware/recovery"
)

func TestRecovery(t *testing.T) {
	for _, test := range []struct {
		name    string
		handler http.HandlerFunc
		status  int    // 0: the connection is cut
		panics  string // value of the counter
		logged  string
	}{
		{"no panic", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(201) }, 201, "0", ""},
		{"a string", func(http.ResponseWriter, *http.Request) { panic("boom") }, 500, "1", "boom"},
		{"an error", func(http.ResponseWriter, *http.Request) { panic(errors.New("bad thing")) }, 500, "1", "bad thing"},
		{"the runtime's", func(_ http.ResponseWriter, r *http.Request) { _ = []int{}[len(r.Method)] }, 500, "1", "index out of range"},
		{"after the answer began", func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, strings.Repeat("x", 10_000))
			panic("late")
		}, 0, "1", "late"},
		{"abort", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, 0, "0", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			host := testkit.Host(t)
			var log bytes.Buffer
			host.Log = slog.New(slog.NewJSONHandler(&log, nil))
			m, err := recovery.New(recovery.Config{}, host)
			if err != nil {
				t.Fatal(err)
			}
			srv := httptest.NewServer(m.Wrap(test.handler))
			resp, err := http.Get(srv.URL)
			var body []byte
			if err == nil {
				body, err = io.ReadAll(resp.Body)
				resp.Body.Close()
			}
			srv.Close()
			switch {
			case test.status == 0 && err == nil:
				t.Errorf("the client took %q for a whole answer", body)
			case test.status != 0 && err != nil:
				t.Fatal(err)
			case test.status != 0 && resp.StatusCode != test.status:
				t.Errorf("status %d, want %d", resp.StatusCode, test.status)
			}
			if test.status == 500 {
				if resp.Header.Get("Content-Type") != "application/problem+json" || strings.Contains(string(body), test.logged) {
					t.Errorf("answer %s %q must be a problem document that does not tell the cause", resp.Header.Get("Content-Type"), body)
				}
			}
			expected := "# HELP dvz_recovery_panics_total requests that ended in a panic\n# TYPE dvz_recovery_panics_total counter\ndvz_recovery_panics_total{instance=\"test\"} " + test.panics + "\n"
			if err := testutil.GatherAndCompare(host.Gatherer, strings.NewReader(expected), "dvz_recovery_panics_total"); err != nil {
				t.Error(err)
			}
			if test.logged == "" {
				if log.Len() > 0 {
					t.Errorf("logged %s", &log)
				}
				return
			}
			var record struct{ Panic, Stack, Method string }
			if err := json.Unmarshal(log.Bytes(), &record); err != nil {
				t.Fatalf("log %q: %v", &log, err)
			}
			if !strings.Contains(record.Panic, test.logged) || !strings.Contains(record.Stack, "recovery_test.go") || record.Method != "GET" {
				t.Errorf("logged %+v; want the cause %q and the handler's frame", record, test.logged)
			}
		})
	}
}
