// Package sqlite is the exporter that stores metrics in an SQLite database and,
// when asked to, answers queries on them over HTTP.
//
// One connection writes, under one lock: batches (write.go) and the deletion of
// old samples (retention.go). A few others read (query.go, api.go); in WAL mode
// neither waits for the other.
//
//go:generate go tool cue exp gengotypes --outfile config_gen.go .
package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/detectviz/detectviz/platform/contracts"
)

// readers is how many queries run at a time; each holds a page cache of its
// own, so more of them cost memory.
const readers = 2

// errStopped is what is answered before OnStart and after OnStop.
var errStopped = errors.New("the database is not open")

// Exporter implements contracts.MetricsExporter and contracts.Routes.
type Exporter struct {
	cfg  Config
	path string // absolute
	log  *slog.Logger

	expired prometheus.Counter
	failed  prometheus.Counter

	mu     sync.Mutex // guards writer
	writer *writer    // nil while stopped

	read     atomic.Pointer[sql.DB]      // nil while stopped
	lastErr  atomic.Pointer[error]       // of the latest batch; nil: written
	file     atomic.Pointer[fs.FileInfo] // the file that is open
	stopping context.CancelFunc
	sweeping sync.WaitGroup
}

// New prepares an exporter; OnStart opens the database.
func New(cfg Config, host contracts.Host) (*Exporter, error) {
	if cfg.Retention < 0 {
		return nil, fmt.Errorf("retention is %s; give a positive duration, or 0s to keep samples for ever", cfg.Retention)
	}
	path, err := filepath.Abs(cfg.Path)
	if err != nil {
		return nil, fmt.Errorf("path %q: %w", cfg.Path, err)
	}
	e := &Exporter{
		cfg:  cfg,
		path: path,
		log:  host.Log,
		expired: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "dvz_sqlite_expired_samples_total",
			Help: "Samples deleted because they were older than the retention.",
		}),
		failed: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "dvz_sqlite_failed_batches_total",
			Help: "Batches that could not be written; each is tried again.",
		}),
	}
	for _, c := range []prometheus.Collector{
		e.expired,
		e.failed,
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "dvz_sqlite_database_bytes",
			Help: "Size of the database file and its write-ahead log.",
		}, e.size),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "dvz_sqlite_cached_series",
			Help: "Series whose row is known without a look-up.",
		}, e.cached),
	} {
		if err := host.Telemetry.Register(c); err != nil {
			return nil, fmt.Errorf("telemetry: %w", err)
		}
	}
	return e, nil
}

// OnStart opens the database, creating or migrating it as needed, and starts to
// delete what is older than the retention.
func (e *Exporter) OnStart(ctx context.Context) error {
	empty, err := createFile(e.path)
	if err != nil {
		return err
	}
	if empty {
		if err := format(ctx, e.path); err != nil {
			return fmt.Errorf("open %s: %w", e.path, explain(err))
		}
	}
	w, err := openWriter(ctx, e.path)
	if err != nil {
		return fmt.Errorf("open %s: %w", e.path, explain(err))
	}
	info, err := os.Stat(e.path)
	if err != nil {
		return errors.Join(err, w.close())
	}
	read, err := openPool(e.path, pragmas+"&_pragma=query_only(1)")
	if err != nil {
		return errors.Join(err, w.close())
	}
	read.SetMaxOpenConns(readers)
	read.SetConnMaxIdleTime(time.Minute)
	e.file.Store(&info)
	e.lastErr.Store(nil)
	e.read.Store(read)
	e.mu.Lock()
	e.writer = w
	e.mu.Unlock()

	if e.cfg.Retention > 0 {
		sweep, cancel := context.WithCancel(context.WithoutCancel(ctx))
		e.stopping = cancel
		e.sweeping.Go(func() { e.expire(sweep) })
	}
	return nil
}

// OnStop waits for what is being written, moves the write-ahead log into the
// database file and closes it.
func (e *Exporter) OnStop(context.Context) error {
	if e.stopping != nil {
		e.stopping()
		e.sweeping.Wait()
	}
	var errs []error
	if read := e.read.Swap(nil); read != nil {
		errs = append(errs, read.Close())
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.writer != nil {
		errs = append(errs, explain(e.writer.close()))
		e.writer = nil
	}
	return errors.Join(errs...)
}

// Health reports the error of the latest batch, and a database file that was
// removed or replaced while it was open: what is written then is lost.
func (e *Exporter) Health(context.Context) error {
	if e.read.Load() == nil {
		return errStopped
	}
	if err := e.lastErr.Load(); err != nil {
		return fmt.Errorf("the latest batch was not written: %w", *err)
	}
	now, err := os.Stat(e.path)
	if err != nil || !os.SameFile(now, *e.file.Load()) {
		return fmt.Errorf("%s was removed or replaced while it was open; restart to use the new file", e.path)
	}
	return nil
}

// ExportMetrics writes a batch in one transaction. Writing it again changes
// nothing.
func (e *Exporter) ExportMetrics(ctx context.Context, batch *contracts.Metrics) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.writer == nil {
		return errStopped
	}
	if err := e.writer.write(ctx, batch.Samples); err != nil {
		err = explain(err)
		e.failed.Inc()
		e.lastErr.Store(&err)
		return err
	}
	e.lastErr.Store(nil)
	return nil
}

func (e *Exporter) size() float64 {
	var n int64
	for _, suffix := range []string{"", "-wal"} {
		if info, err := os.Stat(e.path + suffix); err == nil {
			n += info.Size()
		}
	}
	return float64(n)
}

func (e *Exporter) cached() float64 {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.writer == nil {
		return 0
	}
	return float64(e.writer.series.Len())
}
