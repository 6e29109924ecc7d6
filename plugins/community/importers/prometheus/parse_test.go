package prometheus

import (
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/detectviz/detectviz/platform/contracts"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/textparse"
)

// trickyText has what the text format allows and people get wrong.
const trickyText = `# HELP go_gc_duration_seconds A summary of \\ the GC.\nTwo lines.
# TYPE go_gc_duration_seconds summary
go_gc_duration_seconds{quantile="0"} 4.9351e-05
go_gc_duration_seconds{quantile="1",} 0.000131219
go_gc_duration_seconds_sum 0.01
go_gc_duration_seconds_count 17
# TYPE http_request_duration_seconds histogram
http_request_duration_seconds_bucket{le="0.05"} 24054
http_request_duration_seconds_bucket{le="1"} 30000
http_request_duration_seconds_bucket{le="+Inf"} 144320
http_request_duration_seconds_sum 53423
http_request_duration_seconds_count 144320

# a comment
msdos_file_access_time_seconds{path="C:\\DIR\\FILE.TXT",error="Cannot find file:\n\"FILE.TXT\""} 1.458255915e9
metric_without_timestamp_and_labels 12.47
something_weird{problem="division by zero"} +Inf 3982045
	indented_metric   NaN   
not_a_number{empty="",x="y"} -Inf 1395066363000
{"utf8.name", "label.ü"="ß"} 1
no_newline_at_end 5`

const trickyOM = `# TYPE wait_seconds gauge
# UNIT wait_seconds seconds
wait_seconds 0.5
# TYPE requests counter
# HELP requests Requests.
requests_total{code="200"} 5.0 1520879607.789 # {trace_id="abc"} 1.0
requests_created{code="200"} 1520430000.123
# TYPE build info
build_info{version="1.2"} 1
# TYPE state stateset
state{state="a"} 1
# TYPE temp gauge
temp{x="1"} 1e-3
# TYPE h gaugehistogram
h_bucket{le="+Inf"} 3
h_gcount 3
# EOF
`

type point struct {
	series string
	time   int64
	bits   uint64
}

// direct reads an exposition by textparse alone.
func direct(body []byte, f format, ms int64) (points []point, err error) {
	var tp textparse.Parser
	if f == formatOpenMetrics {
		tp = textparse.NewOpenMetricsParser(body, labels.NewSymbolTable())
	} else {
		tp = textparse.NewPromParser(body, labels.NewSymbolTable(), false)
	}
	for {
		entry, err := tp.Next()
		if errors.Is(err, io.EOF) {
			return points, nil
		}
		if err != nil {
			return nil, err
		}
		if entry != textparse.EntrySeries {
			continue
		}
		_, ts, v := tp.Series()
		var lset labels.Labels
		tp.Labels(&lset)
		b := labels.NewBuilder(lset).Set("instance", "i:1").Set("job", "j") // drops empty labels
		p := point{b.Labels().String(), ms, math.Float64bits(v)}
		if ts != nil {
			p.time = *ts
		}
		points = append(points, p)
	}
}

func asPoints(b batches) (points []point) {
	for _, m := range b {
		for _, s := range m.Samples {
			pairs := []string{"__name__", s.Series.Name}
			for _, l := range s.Series.Labels {
				pairs = append(pairs, l.Name, l.Value)
			}
			points = append(points, point{labels.FromStrings(pairs...).String(), s.Time, math.Float64bits(s.Value)})
		}
	}
	return points
}

func newTestParser(cfg Config) *parser {
	return &parser{
		cache:  newCache(cfg, targetLabels(cfg.Labels, "j", "i:1")),
		limit:  cfg.SampleLimit,
		stamps: cfg.HonorTimestamps,
	}
}

func TestParseAgreesWithTextparse(t *testing.T) {
	for name, c := range map[string]struct {
		body string
		f    format
	}{"text": {trickyText, formatText}, "openmetrics": {trickyOM, formatOpenMetrics}} {
		t.Run(name, func(t *testing.T) {
			want, err := direct([]byte(c.body), c.f, 42)
			if err != nil {
				t.Fatal(err)
			}
			p := newTestParser(Config{HonorTimestamps: true})
			for range 3 { // the second and third come from the cache
				var out batches
				o, err := p.parse([]byte(c.body), c.f, 42, &out)
				if err != nil {
					t.Fatal(err)
				}
				if got := asPoints(out); !slices.Equal(got, want) {
					t.Errorf("got\n%v\nwant\n%v", got, want)
				}
				if o.samples != len(want) || o.dropped != 0 {
					t.Errorf("outcome %+v, want %d samples, none dropped", o, len(want))
				}
				out.release()
			}
		})
	}
}

func TestParseErrorsNameTheLine(t *testing.T) {
	long := strings.Repeat("x", 500)
	for _, c := range []struct{ body, want string }{
		{"a 1\n\n# HELP b c\nb{ 2\n", `line 4: expected label name, got "2" ("INVALID"): "b{ 2"`},
		{"!", `line 1: expected a valid start token, got "!" ("INVALID"): "!"`},
		{"# HELP a \\\\ b\n# x\na 1\n\na nope\n", `line 5: unsupported character in float: "a nope"`},
		{"a{b=\"1\",b=\"2\"} 1\n", `line 1: series a has the label b twice: "a{b=\"1\",b=\"2\"} 1"`},
		{"a 1\n" + long + "\n", `line 2: expected value after metric, got "\n" ("INVALID"): "` + long[:120] + `"…`},
		{"a 1\r\n", `line 1: `},
	} {
		var out batches
		_, err := newTestParser(Config{}).parse([]byte(c.body), formatText, 0, &out)
		if err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%.40q:\ngot  %v\nwant %s", c.body, err, c.want)
		}
		out.release()
	}
}

// FuzzParse checks that whatever a target answers, the importer neither panics
// nor disagrees with textparse, and that a second scrape, out of the cache,
// gives what the first one gave.
func FuzzParse(f *testing.F) {
	for _, s := range []string{trickyText, trickyOM, "", "\n", "# EOF", "a 1 1\na 1 2\n", "a{job=\"x\",exported_job=\"y\"} 1\n", "a 1\na 2\n"} {
		f.Add([]byte(s), false)
		f.Add([]byte(s), true)
	}
	f.Fuzz(func(t *testing.T, body []byte, om bool) {
		fm := formatText
		if om {
			fm = formatOpenMetrics
		}
		want, wantErr := direct(slices.Clone(body), fm, 7)
		p := newTestParser(Config{HonorTimestamps: true})
		var out batches
		o, err := p.parse(slices.Clone(body), fm, 7, &out)
		if err != nil {
			out.release()
			return // stricter than textparse: labels given twice and the like
		}
		if wantErr != nil && len(body) > 0 {
			t.Fatalf("accepted what textparse refuses: %v", wantErr)
		}
		first := asPoints(out)
		if len(first) != o.samples-o.dropped || o.samples != len(want) {
			t.Fatalf("%d samples, outcome %+v, textparse has %d", len(first), o, len(want))
		}
		out.release()
		if _, err := p.parse(slices.Clone(body), fm, 7, &out); err != nil {
			t.Fatalf("second scrape: %v", err)
		}
		if second := asPoints(out); !slices.Equal(first, second) {
			t.Fatalf("second scrape differs:\n%v\n%v", first, second)
		}
		out.release()
	})
}

// exposition returns n series with 11 labels each, a hundred to a family.
func exposition(n int) []byte {
	var b strings.Builder
	for i := range n {
		if i%100 == 0 {
			fmt.Fprintf(&b, "# HELP metric_%d The metric number %d of many.\n# TYPE metric_%d gauge\n", i/100, i/100, i/100)
		}
		fmt.Fprintf(&b, "metric_%d{a=\"1\",cluster=\"production-eu-west\",code=\"200\",host=\"host-%d\",method=\"GET\",namespace=\"default\",path=\"/api/v1/things\",pod=\"thing-%d-abcdef\",region=\"eu-west-1\",service=\"things\",zone=\"b\"} %d.5\n", i/100, i%100, i, i)
	}
	return []byte(b.String())
}

func BenchmarkParse(b *testing.B) {
	const series = 10_000
	body := exposition(series)
	p := newTestParser(Config{HonorTimestamps: true})
	var out batches
	run := func() {
		if _, err := p.parse(body, formatText, 1, &out); err != nil {
			b.Fatal(err)
		}
		out.release()
	}
	run()
	b.ReportAllocs()
	b.SetBytes(int64(len(body)))
	for b.Loop() {
		run()
	}
	b.ReportMetric(float64(b.Elapsed().Milliseconds())/float64(b.N)*1e6/series, "ms/Msamples")
}

func TestSteadyStateDoesNotAllocatePerSample(t *testing.T) {
	for _, n := range []int{100, 10_000} {
		body := exposition(n)
		p := newTestParser(Config{HonorTimestamps: true})
		var out batches
		got := testing.AllocsPerRun(20, func() {
			if _, err := p.parse(body, formatText, 1, &out); err != nil {
				t.Fatal(err)
			}
			out.release()
		})
		if got > 30 { // the parser itself and a few closures, whatever the size
			t.Errorf("%d series: %v allocations a scrape", n, got)
		}
	}
}

func TestCacheForgets(t *testing.T) {
	p := newTestParser(Config{})
	var out batches
	for i := range 50 {
		body := fmt.Sprintf("# TYPE f%d gauge\nf%d{x=\"%d\"} 1\nstays 1\nstays{} 1\n", i, i, i)
		if _, err := p.parse([]byte(body), formatText, int64(i), &out); err != nil {
			t.Fatal(err)
		}
		out.release()
	}
	c := p.cache
	if len(c.all) != 2 || len(c.identities) != 2 || len(c.spellings) > 4 || len(c.families) != 1 {
		t.Errorf("after 50 scrapes with changing series the cache holds %d series, %d identities, %d spellings, %d families", len(c.all), len(c.identities), len(c.spellings), len(c.families))
	}
}

func TestMetadataChangesMakeANewSeries(t *testing.T) {
	p := newTestParser(Config{})
	scrape := func(body string) *contracts.Series {
		var out batches
		if _, err := p.parse([]byte(body), formatText, 1, &out); err != nil {
			t.Fatal(err)
		}
		defer out.release()
		if out[0].Len() != 1 {
			t.Fatalf("got %d samples, want 1 (no staleness marker)", out[0].Len())
		}
		return out[0].Samples[0].Series
	}
	first := scrape("# HELP a_total One.\n# TYPE a_total counter\na_total 1\n")
	same := scrape("# HELP a_total One.\n# TYPE a_total counter\na_total 2\n")
	other := scrape("# HELP a_total Two.\n# TYPE a_total counter\na_total 3\n")
	if first != same {
		t.Error("an unchanged series got a new identity")
	}
	if other == first || !other.Equal(first) || other.Help != "Two." || first.Help != "One." || other.Type != contracts.Counter {
		t.Errorf("after a change of help: %+v, before: %+v", other, first)
	}
}
