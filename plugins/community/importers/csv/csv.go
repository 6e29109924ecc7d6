// Package csv is the importer that reads metrics from CSV files (RFC 4180):
// files that are there, files that appear, and files that grow. It stands at
// the head of a pipeline.
//
// A row counts as imported once the pipeline has taken its samples; only then
// does the remembered position move past it. So every row arrives at least
// once, whatever happens in between. The files, in the order of the data:
// state.go (where to go on), source.go (bytes), scanner.go (records), rows.go
// (samples), rejects.go (what could not be understood).
package csv

//go:generate go tool cue exp gengotypes --outfile config_gen.go .

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/detectviz/detectviz/platform/contracts"
	"github.com/prometheus/client_golang/prometheus"
)

// batchSize is the number of samples in a batch: large enough that exporters
// work in bulk, small enough for the queues to bound the memory.
const batchSize = 5000

// saveEvery is how often the positions are written while a file is read. A
// crash repeats the rows of this time.
const saveEvery = time.Second

// Importer reads the files of one instance.
type Importer struct {
	patterns []string
	poll     time.Duration
	header   bool
	columns  []string
	rows     *rows
	scanner  *scanner
	state    *state
	rejects  *rejects
	log      *slog.Logger
	metrics  *telemetry

	saved     time.Time         // when the positions were written
	reminded  map[string]int64  // size of files with an unfinished last line, by path
	unmatched map[string]bool   // patterns without a file
	failing   map[string]string // why a file could not be read, by path
	stateErr  string
	problems  atomic.Pointer[error]
}

// New prepares the reading of cfg's files. It reads the remembered positions,
// but none of the files.
func New(cfg Config, host contracts.Host) (*Importer, error) {
	if len(cfg.Files) == 0 {
		return nil, errors.New("files is empty; it must name at least one file or pattern")
	}
	if cfg.Poll < 0 {
		return nil, fmt.Errorf("poll is %s; it must not be negative", cfg.Poll)
	}
	if !cfg.Header && len(cfg.Columns) == 0 {
		return nil, errors.New("header is false, so columns must name the columns")
	}
	if cfg.Header && len(cfg.Columns) > 0 {
		return nil, errors.New("columns is only for files without a header; remove it, or set header to false")
	}
	imp := &Importer{
		poll:      cfg.Poll,
		header:    cfg.Header,
		columns:   cfg.Columns,
		log:       host.Log,
		failing:   map[string]string{},
		reminded:  map[string]int64{},
		unmatched: map[string]bool{},
	}
	for _, pattern := range cfg.Files {
		if _, err := filepath.Match(pattern, ""); err != nil {
			return nil, fmt.Errorf("files: %q is not a valid pattern", pattern)
		}
		abs, err := filepath.Abs(pattern)
		if err != nil {
			return nil, fmt.Errorf("files: %q: %w", pattern, err)
		}
		imp.patterns = append(imp.patterns, abs)
	}
	var err error
	if imp.scanner, err = newScanner(cfg.Delimiter, cfg.Comment); err != nil {
		return nil, err
	}
	if imp.rows, err = newRows(cfg); err != nil {
		return nil, err
	}
	dir := filepath.Join(host.State, host.Instance)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("cannot make the folder for the positions: %w", err)
	}
	if imp.state, err = loadState(filepath.Join(dir, "positions.json")); err != nil {
		return nil, err
	}
	imp.rejects = &rejects{path: filepath.Join(dir, "rejected.csv")}
	if imp.metrics, err = newTelemetry(host.Telemetry); err != nil {
		return nil, err
	}
	return imp, nil
}

// ImportMetrics implements contracts.MetricsImporter.
func (imp *Importer) ImportMetrics(ctx context.Context, out contracts.MetricsSink) error {
	defer imp.rejects.close()
	for {
		if err := imp.look(ctx, out); err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return err
		}
		if imp.poll == 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(imp.poll):
		}
	}
}

// Health reports the files that could not be read, and positions that could not
// be written.
func (imp *Importer) Health(context.Context) error {
	if err := imp.problems.Load(); err != nil {
		return *err
	}
	return nil
}

// job is one file to read, and where.
type job struct {
	path string
	info os.FileInfo
	at   position
}

// look finds what is new and reads it. The error is only ever that of the sink.
func (imp *Importer) look(ctx context.Context, out contracts.MetricsSink) error {
	defer imp.report()
	paths := imp.find()
	imp.metrics.files.Set(float64(len(paths)))

	// All files are recognised before any is read: a file that was rotated may
	// be recognised by the position of the one that took its place.
	var jobs []job
	taken := map[[2]uint64]bool{}
	for _, path := range paths {
		j, changed, err := imp.recognise(path)
		if err != nil || !changed {
			imp.fail(path, err)
			continue
		}
		if id := [2]uint64{j.at.Device, j.at.Inode}; !taken[id] { // else a link to a file that we have
			taken[id] = true
			jobs = append(jobs, j)
		}
	}
	for path := range imp.failing {
		if _, there := slices.BinarySearch(paths, path); !there {
			delete(imp.failing, path)
		}
	}
	slices.SortStableFunc(jobs, func(a, b job) int { return cmp.Compare(a.info.ModTime().UnixNano(), b.info.ModTime().UnixNano()) })
	for _, j := range jobs {
		err := imp.read(ctx, j, out)
		if errors.Is(err, errSink) {
			imp.save()
			return err
		}
		imp.fail(j.path, err)
	}
	imp.state.expire(time.Now())
	imp.save()
	return ctx.Err()
}

// find returns the paths that match the patterns, each once, sorted.
func (imp *Importer) find() []string {
	var paths []string
	for _, pattern := range imp.patterns {
		matches, _ := filepath.Glob(pattern) // New has checked the pattern
		if none := len(matches) == 0; none != imp.unmatched[pattern] {
			imp.unmatched[pattern] = none
			if none {
				imp.log.Warn("no file matches; it is looked for at each poll", "files", pattern)
			}
		}
		paths = append(paths, matches...)
	}
	slices.Sort(paths)
	return slices.Compact(paths)
}

// fail takes note of whether a file can be read, and logs when that changes.
func (imp *Importer) fail(path string, err error) {
	before, was := imp.failing[path]
	switch {
	case err == nil && was:
		delete(imp.failing, path)
		imp.log.Info("the file can be read again", "file", path)
	case err != nil:
		imp.failing[path] = err.Error()
		if before != err.Error() {
			imp.log.Error("the file cannot be read; it is tried again at each poll", "file", path, "error", err)
		}
	}
}

// report publishes the failures for Health.
func (imp *Importer) report() {
	imp.metrics.failed.Set(float64(len(imp.failing)))
	imp.metrics.series.Set(float64(imp.rows.series))
	var what []string
	for path, why := range imp.failing {
		what = append(what, path+": "+why)
	}
	slices.Sort(what)
	if n := len(what); n > 3 {
		what = append(what[:3], fmt.Sprintf("and %d more files", n-3))
	}
	if imp.stateErr != "" {
		what = append(what, imp.stateErr)
	}
	if len(what) == 0 {
		imp.problems.Store(nil)
		return
	}
	err := errors.New(strings.Join(what, "; "))
	imp.problems.Store(&err)
}

// save writes positions and rejected rows to disk. A failure is logged once and
// makes the importer unhealthy, but does not stop it: rows that are imported
// again after a restart are better than none.
func (imp *Importer) save() {
	imp.saved = time.Now()
	err := errors.Join(imp.rejects.flush(), imp.state.save())
	text := ""
	if err != nil {
		text = err.Error()
		if imp.stateErr == "" {
			imp.log.Error("cannot save the positions; rows will be imported again after a restart", "error", err)
		}
	}
	imp.stateErr = text
}

// telemetry is what the importer tells about itself.
type telemetry struct {
	rows                  prometheus.Counter
	rejected              *prometheus.CounterVec
	files, failed, series prometheus.Gauge
}

func newTelemetry(reg prometheus.Registerer) (*telemetry, error) {
	gauge := func(name, help string) prometheus.Gauge {
		return prometheus.NewGauge(prometheus.GaugeOpts{Name: name, Help: help})
	}
	t := &telemetry{
		rows: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "dvz_csv_rows_total",
			Help: "Rows read, rejected ones included.",
		}),
		rejected: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "dvz_csv_rows_rejected_total",
			Help: "Rows that could not be understood, by reason: fields, quote, time, number, text or size.",
		}, []string{"reason"}),
		files:  gauge("dvz_csv_files", "Files that matched at the last poll."),
		failed: gauge("dvz_csv_files_failed", "Files that could not be read at the last poll."),
		series: gauge("dvz_csv_series", "Series that are held in memory."),
	}
	for _, c := range []prometheus.Collector{t.rows, t.rejected, t.files, t.failed, t.series} {
		if err := reg.Register(c); err != nil {
			return nil, fmt.Errorf("cannot register telemetry: %w", err)
		}
	}
	for _, r := range reasons {
		t.rejected.WithLabelValues(string(r)) // a rate needs the 0
	}
	return t, nil
}

var _ contracts.MetricsImporter = (*Importer)(nil)
