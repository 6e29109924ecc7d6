package csv_test

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/detectviz/detectviz/platform/contracts"
	"github.com/detectviz/detectviz/platform/testkit"
	"github.com/detectviz/detectviz/plugins/community/importers/csv"
	"github.com/prometheus/client_golang/prometheus/testutil"
)

// defaults is a config as the compiler writes it, for files with the columns
// time (Unix seconds), value and room.
func defaults(files ...string) csv.Config {
	return csv.Config{
		Files:     files,
		Delimiter: ",",
		Header:    true,
		Timestamp: csv.Timestamp{Column: "time", Format: "unix", Timezone: "UTC"},
		Metrics:   []csv.Metric{{Column: "value", Type: "gauge"}},
		Labels:    []string{"room"},
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	data := []byte(text)
	if strings.HasSuffix(path, ".gz") {
		data = compress(text)
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

func appendTo(t *testing.T, path, text string) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteString(text); err != nil {
		t.Fatal(err)
	}
}

func compress(text string) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = w.Write([]byte(text))
	_ = w.Close()
	return b.Bytes()
}

func text(s contracts.Sample) string {
	var b strings.Builder
	b.WriteString(s.Series.Name)
	for i, l := range s.Series.Labels {
		fmt.Fprintf(&b, "%c%s=%q", "{,"[min(i, 1)], l.Name, l.Value)
	}
	if len(s.Series.Labels) > 0 {
		b.WriteByte('}')
	}
	fmt.Fprintf(&b, " %v @%d", s.Value, s.Time)
	return b.String()
}

func equal(t *testing.T, what string, samples []contracts.Sample, want ...string) {
	t.Helper()
	var got []string
	for _, s := range samples {
		got = append(got, text(s))
	}
	if !slices.Equal(got, want) {
		t.Errorf("%s:\ngot\n  %s\nwant\n  %s", what, strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}

// once runs an importer with poll 0 over what is there now.
func once(t *testing.T, cfg csv.Config, host contracts.Host) (*csv.Importer, []contracts.Sample) {
	t.Helper()
	imp, err := csv.New(cfg, fresh(t, host))
	if err != nil {
		t.Fatal(err)
	}
	sink := testkit.NewSink()
	if err := imp.ImportMetrics(t.Context(), sink); err != nil {
		t.Fatal(err)
	}
	return imp, sink.WaitFor(t, 0)
}

// fresh is the host of a new process over the same state folder.
func fresh(t *testing.T, host contracts.Host) contracts.Host {
	h := testkit.Host(t)
	h.State, h.Log = host.State, host.Log
	return h
}

func TestRows(t *testing.T) {
	for _, c := range []struct {
		name string
		set  func(*csv.Config)
		text string
		want []string
	}{
		{"plain", nil, "time,value,room\n1,2.5,a\n2,-3e2,b\n", []string{`value{room="a"} 2.5 @1000`, `value{room="b"} -300 @2000`}},
		{"no newline at the end", nil, "time,value,room\n1,2,a", []string{`value{room="a"} 2 @1000`}},
		{"byte order mark, CRLF, blank lines", nil, "\ufefftime,value,room\r\n\r\n1,2,a\r\n\n2,3,b\r\n", []string{`value{room="a"} 2 @1000`, `value{room="b"} 3 @2000`}},
		{"quotes", nil, "\"time\",value,\"room\"\n\"1\",\"2\",\"a \"\"b\"\",\nc\"\n2,3,\"\"\n", []string{`value{room="a \"b\",\nc"} 2 @1000`, `value 3 @2000`}},
		{"other order, more columns, spaces", nil, "x, room ,value,time\n0,a, 2 , 1 \n", []string{`value{room="a"} 2 @1000`}},
		{"empty cells", nil, "time,value,room\n1,,a\n2,NaN,a\n3,+Inf,\n", []string{`value{room="a"} NaN @2000`, `value +Inf @3000`}},
		{"delimiter and comment", func(c *csv.Config) { c.Delimiter, c.Comment = ";", "#" }, "# \"x\ntime;value;room\n#1;2;a\n1;2;a,b\n", []string{`value{room="a,b"} 2 @1000`}},
		{"no header", func(c *csv.Config) { c.Header, c.Columns = false, []string{"time", "room", "value"} }, "1,a,2\n", []string{`value{room="a"} 2 @1000`}},
		{"several metrics, names", func(c *csv.Config) {
			c.Metrics = append(c.Metrics, csv.Metric{Column: "Température (°C)", Type: "gauge"}, csv.Metric{Column: "value 2", Name: "two_total", Type: "counter"})
			c.NamePrefix, c.Labels, c.StaticLabels = "p_", []string{"1 room"}, map[string]string{"z": "s"}
		}, "time,value,1 room,Température (°C),value 2\n1,2,a,3,4\n2,,a,,5\n",
			[]string{`p_value{_1_room="a",z="s"} 2 @1000`, `p_Temp_rature___C_{_1_room="a",z="s"} 3 @1000`, `p_two_total{_1_room="a",z="s"} 4 @1000`, `p_two_total{_1_room="a",z="s"} 5 @2000`}},
		{"fractions of seconds", nil, "time,value,room\n1.25,2,a\n", []string{`value{room="a"} 2 @1250`}},
		{"milliseconds", func(c *csv.Config) { c.Timestamp.Format = "unix_ms" }, "time,value,room\n1700000000123,2,a\n", []string{`value{room="a"} 2 @1700000000123`}},
		{"nanoseconds", func(c *csv.Config) { c.Timestamp.Format = "unix_ns" }, "time,value,room\n1700000000123456789,2,a\n", []string{`value{room="a"} 2 @1700000000123`}},
		{"rfc3339", func(c *csv.Config) { c.Timestamp.Format = "rfc3339" }, "time,value,room\n2023-11-14T23:13:20.123+01:00,2,a\n", []string{`value{room="a"} 2 @1700000000123`}},
		{"layout and zone", func(c *csv.Config) {
			c.Timestamp.Format, c.Timestamp.Timezone = "02.01.2006 15:04:05", "Europe/Vienna"
		}, "time,value,room\n14.11.2023 23:13:20,2,a\n", []string{`value{room="a"} 2 @1700000000000`}},
		{"header only", nil, "time,value,room\n", nil},
		{"empty", nil, "", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "x.csv")
			write(t, path, c.text)
			cfg := defaults(path)
			if c.set != nil {
				c.set(&cfg)
			}
			imp, samples := once(t, cfg, testkit.Host(t))
			equal(t, "samples", samples, c.want...)
			if err := imp.Health(t.Context()); err != nil {
				t.Errorf("health: %v", err)
			}
		})
	}
}

func TestBadRowsAreKeptAside(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.csv")
	long := strings.Repeat("x", 300<<10)
	write(t, path, "time,value,room\n"+
		"1,1,a\n"+ // line 2
		"2,2\n"+
		"yesterday,3,a\n"+
		"4,four,a\n"+
		"5,5,\xff\n"+
		"6,6,a\"b\n"+
		"7,7,\"a\"b\n"+
		"8,8,\"a\nb\"\n"+ // 9 and 10
		"1700000000000,9,a\n"+ // milliseconds where seconds should be
		"10,10,"+long+"\n"+
		"11,11,\"open\n"+
		"12,12,a\n"+
		"13,13,"+long+"\""+long+"\n"+
		"14,14,a\n")
	host := testkit.Host(t)
	h := fresh(t, host)
	imp, err := csv.New(defaults(path), h)
	if err != nil {
		t.Fatal(err)
	}
	sink := testkit.NewSink()
	if err := imp.ImportMetrics(t.Context(), sink); err != nil {
		t.Fatal(err)
	}
	equal(t, "samples", sink.Samples(), `value{room="a"} 1 @1000`, "value{room=\"a\\nb\"} 8 @8000", `value{room="a"} 12 @12000`, `value{room="a"} 14 @14000`)

	data, err := os.ReadFile(filepath.Join(host.State, testkit.Instance, "rejected.csv"))
	if err != nil {
		t.Fatal(err)
	}
	rejected := string(data)
	for _, want := range []string{
		",3,the row has 2 fields; 3 were expected,\"2,2\"",
		",4,\"column \"\"time\"\": \"\"yesterday\"\" is not a time in the given format\",\"yesterday,3,a\"",
		",5,\"column \"\"value\"\": \"\"four\"\" is not a number\",",
		",6,\"column \"\"room\"\": \"\"\\xff\"\" is not valid UTF-8\",",
		",7,a quote stands inside a field that is not quoted,\"6,6,a\"\"b\"",
		",8,a quoted field is followed by text,",
		",11,\"column \"\"time\"\": \"\"1700000000000\"\" is not a time",
		",12,the row is longer than 262144 bytes,",
		",13,a quoted field does not end,\"11,11,\"\"open\"",
		",15,the row is longer than",
	} {
		if strings.Count(rejected, want) != 1 {
			t.Errorf("rejected.csv has %q %d times, want once", want, strings.Count(rejected, want))
		}
	}
	if n := strings.Count(rejected, path); n != 10 {
		t.Errorf("rejected.csv has %d rows, want 10:\n%.3000s", n, rejected)
	}
	if len(rejected) > 16<<10 {
		t.Errorf("rejected.csv has %d bytes: long rows are not cut", len(rejected))
	}
	const telemetry = `
# HELP dvz_csv_rows_rejected_total Rows that could not be understood, by reason: fields, quote, time, number, text or size.
# TYPE dvz_csv_rows_rejected_total counter
dvz_csv_rows_rejected_total{instance="test",reason="fields"} 1
dvz_csv_rows_rejected_total{instance="test",reason="number"} 1
dvz_csv_rows_rejected_total{instance="test",reason="quote"} 3
dvz_csv_rows_rejected_total{instance="test",reason="size"} 2
dvz_csv_rows_rejected_total{instance="test",reason="text"} 1
dvz_csv_rows_rejected_total{instance="test",reason="time"} 2
# HELP dvz_csv_rows_total Rows read, rejected ones included.
# TYPE dvz_csv_rows_total counter
dvz_csv_rows_total{instance="test"} 14
`
	if err := testutil.GatherAndCompare(h.Gatherer, strings.NewReader(telemetry), "dvz_csv_rows_rejected_total", "dvz_csv_rows_total"); err != nil {
		t.Error(err)
	}
	// What was rejected is not tried again.
	if _, again := once(t, defaults(path), host); len(again) > 0 {
		t.Errorf("a second run imported %v", again)
	}
}

func TestRejectedFileIsBounded(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.csv")
	var b strings.Builder
	b.WriteString("time,value,room\n")
	for range 15_000 {
		b.WriteString("bad,1," + strings.Repeat("x", 4000) + "\n")
	}
	write(t, path, b.String())
	host := testkit.Host(t)
	once(t, defaults(path), host)
	total := int64(0)
	files, _ := filepath.Glob(filepath.Join(host.State, testkit.Instance, "rejected.csv*"))
	for _, f := range files {
		info, err := os.Stat(f)
		if err != nil {
			t.Fatal(err)
		}
		total += info.Size()
	}
	if len(files) != 2 || total > 34<<20 || total < 16<<20 {
		t.Errorf("%d files with %d bytes in all", len(files), total)
	}
}

func TestResume(t *testing.T) {
	dir := t.TempDir()
	host := testkit.Host(t)
	cfg := defaults(filepath.Join(dir, "*.csv*"))
	path := func(name string) string { return filepath.Join(dir, name) }
	step := func(what string, want ...string) {
		t.Helper()
		_, samples := once(t, cfg, host)
		slices.SortStableFunc(samples, func(a, b contracts.Sample) int { return cmp.Compare(a.Time, b.Time) })
		equal(t, what, samples, want...)
	}
	const header = "time,value,room\n"
	filler := strings.Repeat("1,1,filler\n", 300) // longer than the fingerprint
	write(t, path("x.csv"), header+"1,1,a\n2,2,a\n")
	step("first run", `value{room="a"} 1 @1000`, `value{room="a"} 2 @2000`)
	step("nothing new")
	appendTo(t, path("x.csv"), "3,3,a\n")
	step("appended", `value{room="a"} 3 @3000`)

	if err := os.Rename(path("x.csv"), path("x.csv.1")); err != nil {
		t.Fatal(err)
	}
	appendTo(t, path("x.csv.1"), "4,4,a\n")
	write(t, path("x.csv"), header+"5,5,a\n")
	step("rotated by renaming", `value{room="a"} 4 @4000`, `value{room="a"} 5 @5000`)

	data, err := os.ReadFile(path("x.csv"))
	if err != nil {
		t.Fatal(err)
	}
	write(t, path("x.csv.2"), string(data))
	write(t, path("x.csv"), header+"6,6,a\n") // truncated in place
	step("rotated by copying", `value{room="a"} 6 @6000`)

	write(t, path("x.csv.1.gz"), header+"1,1,a\n2,2,a\n3,3,a\n4,4,a\n")
	if err := os.Remove(path("x.csv.1")); err != nil {
		t.Fatal(err)
	}
	step("compressed after rotation")

	write(t, path("new"), header+"6,6,a\n7,7,a\n")
	if err := os.Rename(path("new"), path("x.csv")); err != nil {
		t.Fatal(err)
	}
	step("replaced by a longer version", `value{room="a"} 7 @7000`)

	write(t, path("x.csv"), header+"8,8,a\n9,9,a\n10,10,a\n")
	step("rewritten, longer", `value{room="a"} 8 @8000`, `value{room="a"} 9 @9000`, `value{room="a"} 10 @10000`)

	if err := os.Symlink(path("x.csv"), path("link.csv")); err != nil {
		t.Fatal(err)
	}
	appendTo(t, path("x.csv"), "11,11,a\n")
	step("through a link and itself", `value{room="a"} 11 @11000`)

	write(t, path("big.csv"), header+filler)
	if _, samples := once(t, cfg, host); len(samples) != 300 {
		t.Errorf("%d samples of big.csv, want 300", len(samples))
	}
	appendTo(t, path("big.csv"), "12,12,a\n")
	step("a larger file", `value{room="a"} 12 @12000`)
}

func TestUnfinishedLineWaits(t *testing.T) {
	var log syncBuffer
	path := filepath.Join(t.TempDir(), "x.csv")
	write(t, path, "time,val")
	host := testkit.Host(t)
	host.Log = slog.New(slog.NewTextHandler(&log, nil))
	cfg := defaults(path)
	cfg.Poll = 10 * time.Millisecond
	imp, err := csv.New(cfg, host)
	if err != nil {
		t.Fatal(err)
	}
	sink := testkit.NewSink()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- imp.ImportMetrics(ctx, sink) }()
	time.Sleep(30 * time.Millisecond)
	appendTo(t, path, "ue,room\n1,1,a\n2,2")
	sink.WaitFor(t, 1)
	time.Sleep(60 * time.Millisecond)
	equal(t, "before the newline", sink.Samples(), `value{room="a"} 1 @1000`)
	appendTo(t, path, "2,a\n3,3,\"a")
	sink.WaitFor(t, 2)
	appendTo(t, path, "\nb\"\n")
	equal(t, "after the newline", sink.WaitFor(t, 3), `value{room="a"} 1 @1000`, `value{room="a"} 22 @2000`, "value{room=\"a\\nb\"} 3 @3000")
	cancel()
	if err := <-done; err != nil {
		t.Errorf("ImportMetrics: %v", err)
	}
	if n := strings.Count(log.String(), "has no newline"); n < 1 || n > 3 {
		t.Errorf("the unfinished line was logged %d times:\n%s", n, log.String())
	}
}

type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

func TestCompressedFileInTheMaking(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.csv.gz")
	var b strings.Builder
	b.WriteString("time,value,room\n")
	for i := range 50_000 {
		fmt.Fprintf(&b, "%d,%d,a\n", i, i*7919%10007)
	}
	whole := compress(b.String())
	host := testkit.Host(t)
	got := 0
	for _, part := range []int{0, 5, 100, len(whole) / 3, len(whole) / 2, len(whole) - 4, len(whole)} {
		if err := os.WriteFile(path, whole[:part], 0o600); err != nil {
			t.Fatal(err)
		}
		imp, samples := once(t, defaults(path), host)
		for _, s := range samples {
			if s.Time != int64(got)*1000 {
				t.Fatalf("with %d bytes: sample %d has time %d", part, got, s.Time)
			}
			got++
		}
		if err := imp.Health(t.Context()); err != nil {
			t.Errorf("with %d bytes: %v", part, err)
		}
	}
	if got != 50_000 {
		t.Errorf("%d samples, want 50000", got)
	}
}

// failing is a sink that takes some batches, and then none for ever.
type failing struct {
	*testkit.Sink
	left int
}

func (f *failing) Push(ctx context.Context, m *contracts.Metrics) error {
	if f.left == 0 {
		m.Release()
		return fmt.Errorf("closed")
	}
	f.left--
	return f.Sink.Push(ctx, m)
}

func TestNothingIsLostWhenThePipelineCloses(t *testing.T) {
	const rows = 200_000
	dir := t.TempDir()
	var b strings.Builder
	for file := range 4 {
		b.Reset()
		b.WriteString("time,value,room\n")
		for i := range rows / 4 {
			fmt.Fprintf(&b, "%d,%d,room %d\n", i, file, i%10)
		}
		write(t, filepath.Join(dir, fmt.Sprintf("%d.csv", file)), b.String())
	}
	host := testkit.Host(t)
	counts := make(map[[2]int64]int, rows)
	for run, closed := 0, true; closed; run++ {
		if run > 20 {
			t.Fatal("no progress")
		}
		imp, err := csv.New(defaults(filepath.Join(dir, "*.csv")), fresh(t, host))
		if err != nil {
			t.Fatal(err)
		}
		sink := &failing{testkit.NewSink(), 7}
		err = imp.ImportMetrics(t.Context(), sink)
		if closed = err != nil; closed && !strings.Contains(err.Error(), "closed") {
			t.Fatal(err)
		}
		for _, s := range sink.Samples() {
			counts[[2]int64{int64(s.Value), s.Time}]++
		}
	}
	if len(counts) != rows {
		t.Errorf("%d different rows arrived, want %d", len(counts), rows)
	}
	for row, n := range counts {
		if n != 1 { // an orderly stop repeats nothing
			t.Fatalf("row %v arrived %d times", row, n)
		}
	}
}

func TestFilesThatCannotBeRead(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "a.csv"), "time,valeu,room\n1,1,a\n")
	write(t, filepath.Join(dir, "b.csv"), "time,value,room\n1,1,a\n")
	write(t, filepath.Join(dir, "c.csv"), "time,value,room,value\n1,1,a,2\n")
	if err := os.WriteFile(filepath.Join(dir, "d.csv.gz"), []byte("not gzip at all"), 0o600); err != nil {
		t.Fatal(err)
	}
	host := testkit.Host(t)
	imp, samples := once(t, defaults(filepath.Join(dir, "*")), host)
	equal(t, "the good file", samples, `value{room="a"} 1 @1000`)
	err := imp.Health(t.Context())
	if err == nil {
		t.Fatal("healthy")
	}
	for _, want := range []string{`a.csv: there is no column "value"; the file has "time", "valeu", "room"`, `c.csv: there are two columns "value"`, "d.csv.gz: gzip: invalid header"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("health %q lacks %q", err, want)
		}
	}
	// A file that was put right is read; the others stay as they are.
	write(t, filepath.Join(dir, "a.csv"), "time,value,room\n2,2,a\n")
	_, samples = once(t, defaults(filepath.Join(dir, "*")), host)
	equal(t, "the file that was put right", samples, `value{room="a"} 2 @2000`)
}

func TestNewRefuses(t *testing.T) {
	for _, c := range []struct {
		name string
		set  func(*csv.Config)
		want string
	}{
		{"no files", func(c *csv.Config) { c.Files = nil }, "files is empty"},
		{"pattern", func(c *csv.Config) { c.Files = []string{"[a"} }, "not a valid pattern"},
		{"delimiter", func(c *csv.Config) { c.Delimiter = "\n" }, "delimiter is"},
		{"comment", func(c *csv.Config) { c.Comment = "," }, "comment is"},
		{"no columns", func(c *csv.Config) { c.Header = false }, "columns must name"},
		{"needless columns", func(c *csv.Config) { c.Columns = []string{"a"} }, "only for files without a header"},
		{"layout", func(c *csv.Config) { c.Timestamp.Format = "ISO8601" }, "timestamp.format is"},
		{"zone", func(c *csv.Config) { c.Timestamp.Timezone = "Mars/North" }, "timestamp.timezone is"},
		{"same name", func(c *csv.Config) {
			c.Metrics = append(c.Metrics, csv.Metric{Column: "x", Name: "value", Type: "gauge"})
		}, "is taken"},
		{"same label", func(c *csv.Config) { c.StaticLabels = map[string]string{"room": "x"} }, "is taken"},
	} {
		t.Run(c.name, func(t *testing.T) {
			cfg := defaults("x.csv")
			c.set(&cfg)
			if _, err := csv.New(cfg, testkit.Host(t)); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want an error with %q", err, c.want)
			}
		})
	}
	host := testkit.Host(t)
	if err := os.MkdirAll(filepath.Join(host.State, testkit.Instance), 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(host.State, testkit.Instance, "positions.json"), "{")
	if _, err := csv.New(defaults("x.csv"), host); err == nil || !strings.Contains(err.Error(), "positions.json is damaged") {
		t.Errorf("damaged positions: %v", err)
	}
}

func TestMissingFileIsLoggedOnce(t *testing.T) {
	var log syncBuffer
	path := filepath.Join(t.TempDir(), "later.csv")
	host := testkit.Host(t)
	host.Log = slog.New(slog.NewTextHandler(&log, nil))
	cfg := defaults(path)
	cfg.Poll = 5 * time.Millisecond
	imp, err := csv.New(cfg, host)
	if err != nil {
		t.Fatal(err)
	}
	sink := testkit.NewSink()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- imp.ImportMetrics(ctx, sink) }()
	time.Sleep(50 * time.Millisecond)
	write(t, path, "time,value,room\n1,1,a\n")
	equal(t, "samples", sink.WaitFor(t, 1), `value{room="a"} 1 @1000`)
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
	if text := log.String(); strings.Count(text, "no file matches") != 1 || !strings.Contains(text, path) {
		t.Errorf("log:\n%s", text)
	}
}

// drop is a sink that counts.
type drop struct{ n int }

func (d *drop) Push(_ context.Context, m *contracts.Metrics) error {
	d.n += m.Len()
	m.Release()
	return nil
}

// BenchmarkImport reads a million rows of 65 bytes.
func BenchmarkImport(b *testing.B) {
	const rows = 1_000_000
	path := filepath.Join(b.TempDir(), "x.csv")
	f, err := os.Create(path)
	if err != nil {
		b.Fatal(err)
	}
	var text bytes.Buffer
	text.WriteString("time,host,room,value,other\n")
	at := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)
	for i := range rows {
		fmt.Fprintf(&text, "%s,host-%04d.example.org,room %02d,%d.25,x\n", at.Add(time.Duration(i)*time.Second).Format(time.RFC3339), i%1000, i%10, i)
	}
	if _, err := text.WriteTo(f); err != nil {
		b.Fatal(err)
	}
	info, _ := f.Stat()
	_ = f.Close()
	cfg := defaults(path)
	cfg.Timestamp.Format, cfg.Labels = "rfc3339", []string{"host", "room"}
	b.SetBytes(info.Size())
	b.ReportAllocs()
	for b.Loop() {
		imp, err := csv.New(cfg, testkit.Host(b))
		if err != nil {
			b.Fatal(err)
		}
		sink := &drop{}
		if err := imp.ImportMetrics(b.Context(), sink); err != nil || sink.n != rows {
			b.Fatalf("%d samples, %v", sink.n, err)
		}
	}
}
