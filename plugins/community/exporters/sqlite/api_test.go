package sqlite_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/detectviz/detectviz/platform/contracts"
	"github.com/detectviz/detectviz/platform/testkit"
	"github.com/detectviz/detectviz/plugins/community/exporters/sqlite"
)

// get calls the API and returns the body and the status.
func get(t testing.TB, e *sqlite.Exporter, target string) (string, int) {
	t.Helper()
	routes := e.Routes()
	if len(routes) != 1 || routes[0].Method != http.MethodGet || routes[0].Access != contracts.AccessAuthenticated {
		t.Fatalf("routes: %+v", routes)
	}
	w := httptest.NewRecorder()
	routes[0].Handler.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, target, nil))
	want := "application/json"
	if w.Code != http.StatusOK {
		want = "application/problem+json"
	}
	if got := w.Header().Get("Content-Type"); got != want {
		t.Errorf("%s: content type %s, want %s", target, got, want)
	}
	return strings.TrimSpace(w.Body.String()), w.Code
}

// filled returns an exporter with some series; base is the time of the first
// sample of each.
func filled(t *testing.T) (e *sqlite.Exporter, base time.Time) {
	e = started(t, sqlite.Config{Path: filepath.Join(t.TempDir(), "m.db"), API: true})
	base = time.Now().Add(-30 * time.Minute).Truncate(time.Second)
	m := contracts.NewMetrics()
	a, b := newSeries("up", "instance", "a", "job", "node"), newSeries("up", "instance", "b")
	for i := range 4 {
		at := base.Add(time.Duration(i) * time.Minute).UnixMilli()
		m.Append(a, at, float64(i))
		if i < 2 {
			m.Append(b, at, 0.5)
		}
	}
	m.Append(newSeries("odd"), base.UnixMilli(), math.Inf(1))
	m.Append(newSeries("odd"), base.UnixMilli()+1, math.Inf(-1))
	m.Append(newSeries("odd"), base.UnixMilli()+2, contracts.StaleMarker())
	m.Append(newSeries("old"), base.Add(-2*time.Hour).UnixMilli(), 1)
	m.Append(newSeries("strange", "a.b", `"; DROP TABLE samples; --`, "x'y", "%_\\"), base.UnixMilli(), 1)
	if err := e.ExportMetrics(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	return e, base
}

func TestQueries(t *testing.T) {
	e, base := filled(t)
	at := func(minute int) string {
		return fmt.Sprint(base.Add(time.Duration(minute) * time.Minute).UnixMilli())
	}
	upA := `{"name":"up","labels":{"instance":"a","job":"node"},"samples":[`
	upB := `{"name":"up","labels":{"instance":"b"},"samples":[`
	allA := upA + "[" + at(0) + ",0],[" + at(1) + ",1],[" + at(2) + ",2],[" + at(3) + ",3]]}"
	allB := upB + "[" + at(0) + ",0.5],[" + at(1) + ",0.5]]}"
	const none = `{"data":[],"truncated":false}`
	ok := func(s string) string { return `{"data":[` + s + `],"truncated":false}` }
	cut := func(s string) string { return `{"data":[` + s + `],"truncated":true}` }
	for _, test := range []struct{ name, query, want string }{
		{"names", "", ok(`{"name":"odd","series":1},{"name":"old","series":1},{"name":"strange","series":1},{"name":"up","series":2}`)},
		{"some names", "limit=2", cut(`{"name":"odd","series":1},{"name":"old","series":1}`)},
		{"all series of a name", "name=up", ok(allA + "," + allB)},
		{"no such name", "name=nothing", none},
		{"label", "name=up&match[]=instance%3Db", ok(allB)},
		{"two labels", "name=up&match[]=instance%3Da&match[]=job%3Dnode", ok(allA)},
		{"no series has both", "name=up&match[]=instance%3Db&match[]=job%3Dnode", none},
		{"label absent", "name=up&match[]=job%3D", ok(allB)},
		{"window, both ends included", "name=up&match[]=instance%3Da&start=" + base.Add(time.Minute).Format(time.RFC3339) + "&end=" + fmt.Sprint(base.Add(2*time.Minute).Unix()), ok(upA + "[" + at(1) + ",1],[" + at(2) + ",2]]}")},
		{"limit in mid-series", "name=up&limit=3", cut(upA + "[" + at(0) + ",0],[" + at(1) + ",1],[" + at(2) + ",2]]}")},
		{"limit at the end of a series", "name=up&limit=4", cut(allA)},
		{"limit exactly met", "name=up&limit=6", ok(allA + "," + allB)},
		{"latest", "name=up&latest=true", ok(upA + "[" + at(3) + ",3]]}," + upB + "[" + at(1) + ",0.5]]}")},
		{"latest, limited", "name=up&latest=true&limit=1", cut(upA + "[" + at(3) + ",3]]}")},
		{"latest before", "name=up&latest=true&end=" + fmt.Sprint(base.Unix()), ok(upA + "[" + at(0) + ",0]]}," + upB + "[" + at(0) + ",0.5]]}")},
		{"special values", "name=odd", ok(`{"name":"odd","labels":{},"samples":[[` + at(0) + `,"+Inf"],[` + fmt.Sprint(base.UnixMilli()+1) + `,"-Inf"],[` + fmt.Sprint(base.UnixMilli()+2) + `,null]]}`)},
		{"the default is the last hour", "name=old", none},
		{"further back", "name=old&start=0", ok(`{"name":"old","labels":{},"samples":[[` + fmt.Sprint(base.Add(-2*time.Hour).UnixMilli()) + `,1]]}`)},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, status := get(t, e, "/api/v1/metrics?"+test.query)
			if status != http.StatusOK || got != test.want {
				t.Errorf("%s\ngot  %d %s\nwant %s", test.query, status, got, test.want)
			}
		})
	}
}

func TestNothingTheCallerSaysBecomesSQL(t *testing.T) {
	e, _ := filled(t)
	attacks := []string{
		`up' OR '1'='1`, `up"; DROP TABLE samples; --`, `up') UNION SELECT 1, sql FROM sqlite_schema --`, `%`, `_p`, "up\x00", `$`, `$."a"`, `a"=b`, "\xff",
	}
	for _, attack := range attacks {
		got, status := get(t, e, "/api/v1/metrics?name="+url.QueryEscape(attack))
		if status != http.StatusOK || got != `{"data":[],"truncated":false}` {
			t.Errorf("name %q: %d %s", attack, status, got)
		}
		for _, m := range []string{attack + "=x", "instance=" + attack} {
			got, status := get(t, e, "/api/v1/metrics?name=up&match[]="+url.QueryEscape(m))
			if status != http.StatusOK || got != `{"data":[],"truncated":false}` {
				t.Errorf("match %q: %d %s", m, status, got)
			}
		}
	}
	// Odd labels are found by their text, and everything is still there.
	query := url.Values{"name": {"strange"}, "match[]": {`a.b="; DROP TABLE samples; --`, "x'y=%_\\"}}
	if got, _ := get(t, e, "/api/v1/metrics?"+query.Encode()); strings.Count(got, `"samples"`) != 1 {
		t.Errorf("got %s", got)
	}
}

func TestWrongQueries(t *testing.T) {
	e, _ := filled(t)
	for _, test := range []struct{ query, want string }{
		{"name=up&limit=0", "from 1 to 10000"},
		{"name=up&limit=10001", "from 1 to 10000"},
		{"name=up&limit=x", "from 1 to 10000"},
		{"name=up&start=yesterday", "expected RFC 3339"},
		{"name=up&end=NaN", "expected RFC 3339"},
		{"name=up&end=1e300", "expected RFC 3339"},
		{"name=up&start=20&end=10", "start is later than end"},
		{"name=up&latest=perhaps", "expected true or false"},
		{"name=up&match[]=job", "expected label=value"},
		{"name=up&match[]=%3Dx", "expected label=value"},
		{"name=up&match=job%3Dx", "unknown parameter"},
		{"name=up&name=down", "more than once"},
		{"match[]=job%3Dx", "needs the parameter name"},
		{"name=%zz", "malformed"},
		{"name=up" + strings.Repeat("&match[]=a%3Db", 21), "at most 20"},
	} {
		body, status := get(t, e, "/api/v1/metrics?"+test.query)
		var p struct {
			Title, Detail string
			Status        int
		}
		if err := json.Unmarshal([]byte(body), &p); err != nil {
			t.Fatalf("%s: %v", body, err)
		}
		if status != http.StatusBadRequest || p.Status != status || p.Title != "Bad Request" || !strings.Contains(p.Detail, test.want) {
			t.Errorf("%s: got %d %s, want %q", test.query, status, body, test.want)
		}
	}
}

func TestAPIIsClosedUnlessAsked(t *testing.T) {
	e := started(t, sqlite.Config{Path: filepath.Join(t.TempDir(), "m.db")})
	if got := e.Routes(); got != nil {
		t.Errorf("routes: %v", got)
	}
}

func FuzzQuery(f *testing.F) {
	f.Add("name=up&match[]=a%3Db&start=0&end=2026-01-31T12:00:00Z&limit=5&latest=1")
	f.Add("limit=1")
	f.Add("name=%00&start=-1e13&match[]=%ff%3D%22")
	e, err := sqlite.New(sqlite.Config{Path: filepath.Join(f.TempDir(), "m.db"), API: true}, testkit.Host(f))
	if err != nil {
		f.Fatal(err)
	}
	if err := e.OnStart(context.Background()); err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { e.OnStop(context.Background()) })
	handler := e.Routes()[0].Handler
	f.Fuzz(func(t *testing.T, query string) {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/api/v1/metrics", nil)
		r.URL.RawQuery = query
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		if w.Code != http.StatusOK && w.Code != http.StatusBadRequest || !json.Valid(w.Body.Bytes()) {
			t.Errorf("%q: %d %s", query, w.Code, w.Body)
		}
	})
}
