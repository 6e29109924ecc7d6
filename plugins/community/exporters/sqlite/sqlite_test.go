package sqlite_test

import (
	"context"
	"database/sql"
	"fmt"
	"math"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/detectviz/detectviz/platform/contracts"
	"github.com/detectviz/detectviz/platform/testkit"
	"github.com/detectviz/detectviz/plugins/community/exporters/sqlite"
)

func ms(offset time.Duration) int64 { return time.Now().Add(offset).UnixMilli() }

func newSeries(name string, labels ...string) *contracts.Series {
	s := &contracts.Series{Name: name}
	for i := 0; i < len(labels); i += 2 {
		s.Labels = append(s.Labels, contracts.Label{Name: labels[i], Value: labels[i+1]})
	}
	return s
}

func batch(samples ...contracts.Sample) *contracts.Metrics {
	m := contracts.NewMetrics()
	m.Samples = append(m.Samples, samples...)
	return m
}

// started returns a running exporter that is stopped at the end of the test.
func started(t testing.TB, cfg sqlite.Config) *sqlite.Exporter {
	t.Helper()
	e, err := sqlite.New(cfg, testkit.Host(t))
	if err != nil {
		t.Fatal(err)
	}
	if err := e.OnStart(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.OnStop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return e
}

// rows returns what a statement finds in a database file, with a connection
// of its own, a row a line.
func rows(t testing.TB, path, query string, args ...any) []string {
	t.Helper()
	db, err := sql.Open("sqlite", (&url.URL{Scheme: "file", Path: path, RawQuery: "_pragma=busy_timeout(5000)"}).String())
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	found, err := db.Query(query, args...)
	if err != nil {
		t.Fatal(err)
	}
	defer found.Close()
	columns, _ := found.Columns()
	var lines []string
	for found.Next() {
		cells := make([]any, len(columns))
		for i := range cells {
			cells[i] = new(any)
		}
		if err := found.Scan(cells...); err != nil {
			t.Fatal(err)
		}
		words := make([]string, len(cells))
		for i, c := range cells {
			words[i] = fmt.Sprint(*c.(*any))
		}
		lines = append(lines, strings.Join(words, " "))
	}
	if err := found.Err(); err != nil {
		t.Fatal(err)
	}
	return lines
}

const all = `SELECT name, labels, time, value FROM samples JOIN series ON id = series_id ORDER BY name, labels, time`

func TestBatchesAreStoredOnceAndSurviveARestart(t *testing.T) {
	path := filepath.Join(t.TempDir(), "odd name?%#.db")
	up := newSeries("up", "instance", `a"b\c`, "job", "node <1>")
	load := newSeries("load")
	now := ms(0)
	first := []contracts.Sample{{Series: up, Time: now, Value: 1}, {Series: load, Time: now, Value: math.Inf(1)}}

	e, err := sqlite.New(sqlite.Config{Path: path}, testkit.Host(t))
	if err != nil {
		t.Fatal(err)
	}
	if err := e.ExportMetrics(t.Context(), batch(first...)); err == nil {
		t.Error("a batch was accepted before OnStart")
	}
	for range 2 { // start, and start again
		if err := e.OnStart(t.Context()); err != nil {
			t.Fatal(err)
		}
		for range 2 { // send, and retry
			if err := e.ExportMetrics(t.Context(), batch(first...)); err != nil {
				t.Fatal(err)
			}
		}
		if err := e.OnStop(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	// Another process: other pointers, equal series; a retry brings a new value.
	e2 := started(t, sqlite.Config{Path: path})
	again := newSeries("up", "instance", `a"b\c`, "job", "node <1>")
	err = e2.ExportMetrics(t.Context(), batch(
		contracts.Sample{Series: again, Time: now, Value: 0.5},
		contracts.Sample{Series: again, Time: now + 1, Value: contracts.StaleMarker()},
		contracts.Sample{Series: load, Time: now + 1, Value: math.NaN()},
		contracts.Sample{Series: load, Time: now + 2, Value: math.Inf(-1)},
	))
	if err != nil {
		t.Fatal(err)
	}
	got := strings.Join(rows(t, path, all), "\n")
	want := strings.NewReplacer("T0", fmt.Sprint(now), "T1", fmt.Sprint(now+1), "T2", fmt.Sprint(now+2)).Replace(
		`load {} T0 +Inf
load {} T1 <nil>
load {} T2 -Inf
up {"instance":"a\"b\\c","job":"node <1>"} T0 0.5
up {"instance":"a\"b\\c","job":"node <1>"} T1 <nil>`)
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	for pragma, want := range map[string]string{"journal_mode": "wal", "auto_vacuum": "2", "user_version": "1", "integrity_check": "ok"} {
		if got := rows(t, path, "PRAGMA "+pragma); len(got) != 1 || got[0] != want {
			t.Errorf("%s: got %v, want %s", pragma, got, want)
		}
	}
	if info, _ := os.Stat(path); info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, want 0600", info.Mode())
	}
}

func TestBatchesOfAnySize(t *testing.T) {
	path := filepath.Join(t.TempDir(), "m.db")
	e := started(t, sqlite.Config{Path: path})
	total := 0
	for i, size := range []int{0, 1, 99, 100, 101, 250, 1000} {
		m := contracts.NewMetrics()
		for k := range size {
			m.Append(newSeries("m", "i", fmt.Sprint(i), "k", fmt.Sprint(k)), int64(k), float64(k))
		}
		if err := e.ExportMetrics(t.Context(), m); err != nil {
			t.Fatal(err)
		}
		total += size
	}
	got := rows(t, path, `SELECT count(*), sum(value = time AND json_extract(labels, '$.k') = value) FROM samples JOIN series ON id = series_id`)
	if want := fmt.Sprintf("%d %d", total, total); len(got) != 1 || got[0] != want {
		t.Errorf("got %v, want %q", got, want)
	}
}

func TestFailedBatchLeavesNothingBehind(t *testing.T) {
	path := filepath.Join(t.TempDir(), "m.db")
	e := started(t, sqlite.Config{Path: path})
	a, b := newSeries("a"), newSeries("b")
	if err := e.ExportMetrics(t.Context(), batch(contracts.Sample{Series: a, Time: 1, Value: 1})); err != nil {
		t.Fatal(err)
	}
	// Make the second insert of the batch fail in mid-transaction.
	rows(t, path, `CREATE TRIGGER refuse BEFORE INSERT ON samples WHEN NEW.value = 13 BEGIN SELECT RAISE(ABORT, 'refused'); END`)
	bad := []contracts.Sample{{Series: b, Time: 2, Value: 1}, {Series: a, Time: 2, Value: 13}}
	if err := e.ExportMetrics(t.Context(), batch(bad...)); err == nil || !strings.Contains(err.Error(), "refused") {
		t.Fatalf("got %v, want an error", err)
	}
	if err := e.Health(t.Context()); err == nil || !strings.Contains(err.Error(), "refused") {
		t.Errorf("health after a failed batch: %v", err)
	}
	if got := rows(t, path, `SELECT count(*) FROM series`); got[0] != "1" {
		t.Errorf("%s series after the rollback, want 1", got[0])
	}
	rows(t, path, `DROP TRIGGER refuse`)
	if err := e.ExportMetrics(t.Context(), batch(bad...)); err != nil {
		t.Fatal(err)
	}
	if err := e.Health(t.Context()); err != nil {
		t.Errorf("health after recovery: %v", err)
	}
	if got := strings.Join(rows(t, path, all), "; "); got != "a {} 1 1; a {} 2 13; b {} 2 1" {
		t.Errorf("got %s", got)
	}
}

func TestCancelledBatchIsNotStored(t *testing.T) {
	path := filepath.Join(t.TempDir(), "m.db")
	e := started(t, sqlite.Config{Path: path})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := e.ExportMetrics(ctx, batch(contracts.Sample{Series: newSeries("a"), Time: 1, Value: 1})); err == nil {
		t.Error("a cancelled batch was acknowledged")
	}
	if err := e.ExportMetrics(t.Context(), batch(contracts.Sample{Series: newSeries("b"), Time: 1, Value: 1})); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(rows(t, path, all), "; "); got != "b {} 1 1" {
		t.Errorf("got %s", got)
	}
}

func TestSteadyStateAllocatesOnlyWhatTheDriverDemands(t *testing.T) {
	e := started(t, sqlite.Config{Path: filepath.Join(t.TempDir(), "m.db")})
	const n = 2000
	m := contracts.NewMetrics()
	for i := range n {
		m.Append(newSeries("m", "i", fmt.Sprint(i)), 1, float64(i)+0.5)
	}
	export := func() {
		for i := range m.Samples {
			m.Samples[i].Time += 1000
		}
		if err := e.ExportMetrics(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
	export()
	// One small allocation a sample is the boxed value: a driver takes
	// arguments as interfaces.
	if got := testing.AllocsPerRun(20, export); got > n+300 {
		t.Errorf("%.0f allocations for a batch of %d samples", got, n)
	}
}

func TestReadersDoNotWaitForTheWriter(t *testing.T) {
	path := filepath.Join(t.TempDir(), "m.db")
	e := started(t, sqlite.Config{Path: path, Retention: time.Hour, API: true})
	all := make([]*contracts.Series, 200)
	for i := range all {
		all[i] = newSeries("m", "i", fmt.Sprint(i))
	}
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				got, status := get(t, e, "/api/v1/metrics?name=m&latest=true")
				if status != 200 {
					t.Errorf("%d %s", status, got)
					return
				}
				// A batch is visible as a whole or not at all.
				if n := strings.Count(got, `"samples"`); n%len(all) != 0 {
					t.Errorf("%d series in the answer", n)
					return
				}
			}
		})
	}
	for i := range 50 {
		m := contracts.NewMetrics()
		for _, s := range all {
			m.Append(s, ms(-time.Minute)+int64(i), float64(i))
		}
		if err := e.ExportMetrics(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
	close(stop)
	wg.Wait()
}

func TestRetention(t *testing.T) {
	path := filepath.Join(t.TempDir(), "m.db")
	host := testkit.Host(t)
	e, err := sqlite.New(sqlite.Config{Path: path, Retention: 2 * time.Hour}, host)
	if err != nil {
		t.Fatal(err)
	}
	if err := e.OnStart(t.Context()); err != nil {
		t.Fatal(err)
	}
	old, kept := newSeries("old"), newSeries("kept")
	m := contracts.NewMetrics()
	const n = 100_000
	for i := range n {
		m.Append(old, ms(-10*time.Hour)+int64(i), 1)
	}
	m.Append(kept, ms(-3*time.Hour), 1)
	m.Append(kept, ms(0), 2)
	if err := e.ExportMetrics(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	before := rows(t, path, "PRAGMA page_count")[0]
	// It sweeps when it starts.
	if err := e.OnStop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := e.OnStart(t.Context()); err != nil {
		t.Fatal(err)
	}
	deadline := time.Now().Add(20 * time.Second)
	for {
		left := strings.Join(rows(t, path, `SELECT name, value FROM samples JOIN series ON id = series_id`), "; ")
		names := strings.Join(rows(t, path, `SELECT name FROM series`), "; ")
		free := rows(t, path, "PRAGMA freelist_count")[0]
		pages := rows(t, path, "PRAGMA page_count")[0]
		if left == "kept 2" && names == "kept" && len(free) < 4 && len(pages) < len(before) {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("samples %s, series %s, free pages %s of %s, before %s", left, names, free, pages, before)
		}
		time.Sleep(20 * time.Millisecond)
	}
	want := fmt.Sprintf("# HELP dvz_sqlite_expired_samples_total Samples deleted because they were older than the retention.\n# TYPE dvz_sqlite_expired_samples_total counter\ndvz_sqlite_expired_samples_total{instance=\"test\"} %d\n", n+1)
	if err := testutil.GatherAndCompare(host.Gatherer, strings.NewReader(want), "dvz_sqlite_expired_samples_total"); err != nil {
		t.Error(err)
	}
	// A series that comes back gets a row again, although its pointer was known.
	if err := e.ExportMetrics(t.Context(), batch(contracts.Sample{Series: old, Time: ms(0), Value: 3})); err != nil {
		t.Fatal(err)
	}
	if err := e.OnStop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(rows(t, path, `SELECT name, value FROM samples JOIN series ON id = series_id ORDER BY name`), "; "); got != "kept 2; old 3" {
		t.Errorf("got %s", got)
	}
}

func TestSeriesThatExpiredWhileCachedComesBack(t *testing.T) {
	path := filepath.Join(t.TempDir(), "m.db")
	e := started(t, sqlite.Config{Path: path, Retention: time.Second})
	s := newSeries("m")
	if err := e.ExportMetrics(t.Context(), batch(contracts.Sample{Series: s, Time: ms(-5 * time.Hour), Value: 1})); err != nil {
		t.Fatal(err)
	}
	deadline := time.Now().Add(10 * time.Second)
	for rows(t, path, `SELECT count(*) FROM series`)[0] != "0" {
		if time.Now().After(deadline) {
			t.Fatal("the series was not deleted")
		}
		time.Sleep(20 * time.Millisecond)
	}
	if err := e.ExportMetrics(t.Context(), batch(contracts.Sample{Series: s, Time: ms(time.Hour), Value: 2})); err != nil {
		t.Fatal(err)
	}
	if got := rows(t, path, `SELECT name, value FROM samples JOIN series ON id = series_id`); len(got) != 1 || got[0] != "m 2" {
		t.Errorf("got %v", got)
	}
}
