package sqlite_test

import (
	"bufio"
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/detectviz/detectviz/platform/contracts"
	"github.com/detectviz/detectviz/platform/testkit"
	"github.com/detectviz/detectviz/plugins/community/exporters/sqlite"
)

const crashPath = "DVZ_TEST_CRASH_PATH"

// TestMain is also the process that TestKilledProcess kills: it writes batches
// of 500 samples for ever and prints the number of each one that was
// acknowledged.
func TestMain(m *testing.M) {
	path := os.Getenv(crashPath)
	if path == "" {
		os.Exit(m.Run())
	}
	fmt.Fprintln(os.Stderr, writeForEver(path))
	os.Exit(1)
}

func writeForEver(path string) error {
	host := contracts.Host{Log: slog.New(slog.DiscardHandler), Telemetry: prometheus.NewRegistry()}
	e, err := sqlite.New(sqlite.Config{Path: path, Retention: time.Hour}, host)
	if err != nil {
		return err
	}
	if err := e.OnStart(context.Background()); err != nil {
		return err
	}
	series := make([]*contracts.Series, 500)
	for i := range series {
		series[i] = newSeries("m", "i", fmt.Sprint(i))
	}
	start := time.Now().UnixMilli()
	for n := int64(0); ; n++ {
		b := contracts.NewMetrics()
		for _, s := range series {
			b.Append(s, start+n, float64(n))
		}
		if err := e.ExportMetrics(context.Background(), b); err != nil {
			return err
		}
		b.Release()
		fmt.Println(n)
	}
}

func TestKilledProcessLosesNothingAcknowledged(t *testing.T) {
	path := filepath.Join(t.TempDir(), "m.db")
	for round := range 3 {
		command := exec.Command(os.Args[0])
		command.Env = append(os.Environ(), crashPath+"="+path)
		command.Stderr = os.Stderr
		out, err := command.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := command.Start(); err != nil {
			t.Fatal(err)
		}
		acknowledged := 0
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			if acknowledged++; acknowledged == 40+7*round {
				if err := command.Process.Kill(); err != nil {
					t.Fatal(err)
				}
			}
		}
		_ = command.Wait()
		if acknowledged < 40 {
			t.Fatalf("only %d batches were acknowledged", acknowledged)
		}
		// Opening it again repairs it; then every batch is there as a whole, and
		// none of the acknowledged ones is missing.
		e, err := sqlite.New(sqlite.Config{Path: path}, testkit.Host(t))
		if err != nil {
			t.Fatal(err)
		}
		if err := e.OnStart(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := rows(t, path, "PRAGMA integrity_check"); got[0] != "ok" {
			t.Errorf("integrity check: %v", got)
		}
		if got := rows(t, path, `SELECT time, count(*) FROM samples GROUP BY time HAVING count(*) <> 500`); len(got) > 0 {
			t.Errorf("incomplete batches: %v", got)
		}
		if got := rows(t, path, `SELECT count(DISTINCT time), count(DISTINCT series_id) FROM samples`); !enough(got[0], acknowledged) {
			t.Errorf("batches and series: %s, want at least %d batches of 500 series", got[0], acknowledged)
		}
		if err := e.ExportMetrics(t.Context(), batch(contracts.Sample{Series: newSeries("m", "i", "0"), Time: 1, Value: 1})); err != nil {
			t.Fatal(err)
		}
		if err := e.OnStop(t.Context()); err != nil {
			t.Fatal(err)
		}
		rows(t, path, `DELETE FROM samples`)
	}
}

func enough(got string, batches int) bool {
	var n, series int
	_, err := fmt.Sscan(got, &n, &series)
	return err == nil && n >= batches && series == 500
}
