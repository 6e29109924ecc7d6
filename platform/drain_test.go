package platform

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/detectviz/detectviz/platform/contracts"
	"github.com/detectviz/detectviz/platform/delivery"
)

// This test is inside the package, since only here the clock can be a fake one:
// an exporter that hangs and an importer that does not end cost DrainTimeout,
// not more, and one line says what was given up and what was kept.
func TestDrainHasADeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var logs bytes.Buffer
		p := newPlatform(App{Name: "test"}, t.TempDir(), slog.NewTextHandler(&logs, nil))
		policy := delivery.Policy{QueueSize: 100, MaxElapsed: time.Hour}
		stuck := p.DeliverMetrics("stuck", func(context.Context, *contracts.Metrics) error {
			time.Sleep(time.Hour)
			return nil
		}, policy)
		slow := p.DeliverMetrics("slow", func(context.Context, *contracts.Metrics) error {
			time.Sleep(time.Second)
			return nil
		}, policy)
		pipeline := p.MetricsPipeline("all", nil, stuck, slow)
		p.ImportMetrics("deaf", func(ctx context.Context, out contracts.MetricsSink) error {
			for range 5 {
				b := contracts.NewMetrics()
				b.Append(&contracts.Series{Name: "x"}, 0, 1)
				out.Push(ctx, b)
			}
			time.Sleep(time.Hour)
			return nil
		}, pipeline)
		p.startData()
		synctest.Wait()
		begin := time.Now()
		p.drain()
		if took := time.Since(begin); took < DrainTimeout || took > DrainTimeout+time.Second {
			t.Errorf("took %s", took)
		}
		for _, want := range []string{
			"level=ERROR msg=\"an importer does not end",
			"level=ERROR msg=\"queues are drained\" stuck.delivered=0 stuck.given_up=5 slow.delivered=",
			"slow.given_up=0",
		} {
			if !strings.Contains(logs.String(), want) {
				t.Errorf("the log lacks %q:\n%s", want, &logs)
			}
		}
		time.Sleep(2 * time.Hour) // let all that is left behind return
	})
}
