package contracts_test

import (
	"errors"
	"fmt"
	"io"
	"math"
	"sync"
	"testing"

	"github.com/prometheus/prometheus/model/value"

	"github.com/detectviz/detectviz/platform/contracts"
)

func TestStaleMarkerIsPrometheus(t *testing.T) {
	if got := math.Float64bits(contracts.StaleMarker()); got != value.StaleNaN {
		t.Errorf("the marker is %#x, Prometheus' is %#x", got, value.StaleNaN)
	}
	if !value.IsStaleNaN(contracts.StaleMarker()) || !contracts.IsStale(math.Float64frombits(value.StaleNaN)) {
		t.Error("Prometheus and contracts do not take each other's marker")
	}
	for _, v := range []float64{0, 1, -1, math.NaN(), math.Float64frombits(value.NormalNaN), -contracts.StaleMarker(), math.Inf(1), math.Inf(-1)} {
		if contracts.IsStale(v) != value.IsStaleNaN(v) || contracts.IsStale(v) {
			t.Errorf("%v (%#x) counts as stale", v, math.Float64bits(v))
		}
	}
}

// panics reports whether f panics.
func panics(f func()) (yes bool) {
	defer func() { yes = recover() != nil }()
	f()
	return false
}

func TestEachOwnerReleasesOnce(t *testing.T) {
	for owners := 1; owners <= 4; owners++ {
		m := contracts.NewMetrics()
		m.Append(&contracts.Series{Name: "x"}, 1, 2)
		m.Retain(owners - 1)
		for i := 1; i < owners; i++ {
			m.Release()
			if m.Len() != 1 || m.Samples[0].Series == nil {
				t.Fatalf("%d owners: the batch was emptied after %d of them had released it", owners, i)
			}
		}
		samples := m.Samples
		m.Release()
		if samples[0].Series != nil {
			t.Errorf("%d owners: the pool keeps the series of a released batch alive", owners)
		}
		// Nobody else takes batches here, so that this one is still ours to abuse.
		if !panics(m.Release) {
			t.Errorf("%d owners: one release too many goes unnoticed", owners)
		}
	}
}

func TestNewMetricsIsEmpty(t *testing.T) {
	series := &contracts.Series{Name: "x"}
	for range 100 {
		m := contracts.NewMetrics()
		if m.Len() != 0 {
			t.Fatalf("a new batch has %d samples", m.Len())
		}
		for i := range 10 {
			m.Append(series, int64(i), float64(i))
		}
		if last := m.Samples[9]; m.Len() != 10 || last != (contracts.Sample{Series: series, Time: 9, Value: 9}) {
			t.Fatalf("got %d samples, the last %+v", m.Len(), last)
		}
		m.Release()
	}
}

// TestOwnersMayRelease at the same time; the race detector watches.
func TestOwnersMayRelease(t *testing.T) {
	series := &contracts.Series{Name: "x"}
	var group sync.WaitGroup
	for range 200 {
		m := contracts.NewMetrics()
		m.Append(series, 1, 1)
		m.Retain(3)
		for range 4 {
			group.Go(func() {
				if m.Len() != 1 || m.Samples[0].Series != series {
					t.Error("a batch changed while it was owned")
				}
				m.Release()
			})
		}
	}
	group.Wait()
}

func TestSeries(t *testing.T) {
	labels := func(pairs ...string) (out []contracts.Label) {
		for i := 0; i < len(pairs); i += 2 {
			out = append(out, contracts.Label{Name: pairs[i], Value: pairs[i+1]})
		}
		return out
	}
	base := &contracts.Series{Name: "http_requests_total", Labels: labels("code", "200", "method", "GET"), Family: "http_requests", Type: contracts.Counter}
	for name, test := range map[string]struct {
		other contracts.Series
		equal bool
	}{
		"same content":        {contracts.Series{Name: base.Name, Labels: labels("code", "200", "method", "GET")}, true},
		"other metadata":      {contracts.Series{Name: base.Name, Labels: base.Labels, Type: contracts.Gauge, Help: "x", Unit: "s"}, true},
		"other name":          {contracts.Series{Name: "http_requests", Labels: base.Labels}, false},
		"other value":         {contracts.Series{Name: base.Name, Labels: labels("code", "500", "method", "GET")}, false},
		"other label":         {contracts.Series{Name: base.Name, Labels: labels("code", "200", "verb", "GET")}, false},
		"fewer labels":        {contracts.Series{Name: base.Name, Labels: labels("code", "200")}, false},
		"more labels":         {contracts.Series{Name: base.Name, Labels: labels("code", "200", "method", "GET", "x", "y")}, false},
		"without labels":      {contracts.Series{Name: base.Name}, false},
		"text that runs over": {contracts.Series{Name: base.Name, Labels: labels("code", "200method", "", "GET")}, false},
	} {
		if base.Equal(&test.other) != test.equal || test.other.Equal(base) != test.equal {
			t.Errorf("%s: Equal is not %t both ways", name, test.equal)
		}
	}
	if !base.Equal(base) {
		t.Error("a series does not equal itself")
	}
	if base.Label("method") != "GET" || base.Label("code") != "200" || base.Label("none") != "" || (&contracts.Series{}).Label("x") != "" {
		t.Error("Label finds the wrong value")
	}
	if base.FamilyName() != "http_requests" || (&contracts.Series{Name: "up"}).FamilyName() != "up" {
		t.Error("FamilyName is wrong")
	}
}

// TestMetricTypes: exporters write the names into the exposition format.
func TestMetricTypes(t *testing.T) {
	for kind, want := range map[contracts.MetricType]string{
		contracts.Untyped: "untyped", contracts.Counter: "counter", contracts.Gauge: "gauge", contracts.Histogram: "histogram",
		contracts.Summary: "summary", contracts.Info: "info", contracts.StateSet: "stateset", contracts.MetricType(99): "untyped",
	} {
		if kind.String() != want {
			t.Errorf("type %d is %q, want %q", kind, kind, want)
		}
	}
	if zero := (contracts.Series{}); zero.Type != contracts.Untyped {
		t.Error("the zero type is not untyped")
	}
}

func TestPermanent(t *testing.T) {
	refused := fmt.Errorf("refused: %w", io.ErrUnexpectedEOF)
	marked := contracts.Permanent(refused)
	wrapped := fmt.Errorf("exporting: %w", marked)
	for name, err := range map[string]error{"marked": marked, "wrapped": wrapped, "joined": errors.Join(io.EOF, marked), "twice": contracts.Permanent(marked)} {
		if !contracts.IsPermanent(err) {
			t.Errorf("%s: not permanent", name)
		}
		if !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("%s: hides its cause", name)
		}
	}
	if marked.Error() != refused.Error() {
		t.Errorf("the mark changes the text to %q", marked)
	}
	if contracts.Permanent(nil) != nil || contracts.IsPermanent(nil) || contracts.IsPermanent(refused) {
		t.Error("what nobody marked is permanent")
	}
}
