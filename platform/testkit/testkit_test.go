package testkit_test

import (
	"context"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/detectviz/detectviz/platform/contracts"
	"github.com/detectviz/detectviz/platform/testkit"
)

func TestHost(t *testing.T) {
	var late contracts.Host
	t.Run("test", func(t *testing.T) {
		host := testkit.Host(t)
		late = host
		if !filepath.IsAbs(host.State) || host.Instance != testkit.Instance || host.Composition == "" {
			t.Errorf("%+v", host)
		}
		c := prometheus.NewCounter(prometheus.CounterOpts{Name: "dvz_x_total", Help: "x"})
		host.Telemetry.MustRegister(c)
		want := "# HELP dvz_x_total x\n# TYPE dvz_x_total counter\ndvz_x_total{instance=\"test\"} 0\n"
		if err := testutil.GatherAndCompare(host.Gatherer, strings.NewReader(want)); err != nil {
			t.Error(err)
		}
		v, err := host.ReadSecret(contracts.Secret{Clear: "s"})
		if err != nil || string(v) != "s" {
			t.Errorf("%q, %v", v, err)
		}
		host.Log.Debug("a line in the test's output")
	})
	late.Log.Info("a goroutine that was left behind may log") // must not panic
}

func TestSink(t *testing.T) {
	s := testkit.NewSink()
	series := &contracts.Series{Name: "up", Labels: []contracts.Label{{Name: "a", Value: "1"}, {Name: "b", Value: "2"}}}
	push := func(v float64) error {
		m := contracts.NewMetrics()
		m.Append(series, 5, v)
		return s.Push(t.Context(), m)
	}
	go func() {
		time.Sleep(5 * time.Millisecond)
		push(1)
		push(2)
	}()
	want := []contracts.Sample{{Series: series, Time: 5, Value: 1}, {Series: series, Time: 5, Value: 2}}
	if got := s.WaitFor(t, 2); !slices.Equal(got, want) {
		t.Errorf("got %v", got)
	}
	if got := s.Samples(); !slices.Equal(got, want) {
		t.Errorf("got %v", got)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Push(ctx, contracts.NewMetrics()); err == nil {
		t.Error("a push with an ended context was taken")
	}
}

// fakeT records the failure of the test that a helper is given.
type fakeT struct {
	testing.TB
	failed string
}

func (f *fakeT) Helper() {}
func (f *fakeT) Fatal(args ...any) {
	f.failed = args[0].(error).Error()
	runtime.Goexit()
}

func TestSinkRefusesBrokenSeries(t *testing.T) {
	label := func(pairs ...string) (l []contracts.Label) {
		for i := 0; i < len(pairs); i += 2 {
			l = append(l, contracts.Label{Name: pairs[i], Value: pairs[i+1]})
		}
		return l
	}
	tests := []struct {
		series *contracts.Series
		want   string
	}{
		{nil, "no series"},
		{&contracts.Series{}, "no name"},
		{&contracts.Series{Name: "x", Labels: label("__name__", "x")}, `a label named "__name__"`},
		{&contracts.Series{Name: "x", Labels: label("a", "")}, "label a is empty"},
		{&contracts.Series{Name: "x", Labels: label("b", "1", "a", "1")}, "not sorted"},
		{&contracts.Series{Name: "x", Labels: label("a", "1", "a", "1")}, "not sorted"},
	}
	for _, tt := range tests {
		s := testkit.NewSink()
		m := contracts.NewMetrics()
		m.Append(tt.series, 0, 0)
		if err := s.Push(t.Context(), m); err != nil {
			t.Fatal(err)
		}
		f := &fakeT{TB: t}
		done := make(chan struct{})
		go func() {
			defer close(done)
			s.WaitFor(f, 1)
		}()
		<-done
		if !strings.Contains(f.failed, tt.want) {
			t.Errorf("got %q, want %q", f.failed, tt.want)
		}
	}
}
