// Package jsonfile is the exporter that appends metrics, as lines of JSON, to a
// file that it rotates, or to standard output.
//
// encode.go turns samples into lines, output.go and file.go say where lines go.
//
//go:generate go tool cue exp gengotypes --outfile config_gen.go .
package jsonfile

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/detectviz/detectviz/platform/contracts"
)

// flushSize is about how many bytes are written at a time.
const flushSize = 256 << 10

var errStopped = errors.New("the output is not open")

// Exporter implements contracts.MetricsExporter.
type Exporter struct {
	open    func() (output, error)
	written prometheus.Counter
	lastErr atomic.Pointer[error] // of the latest batch; nil: written

	mu      sync.Mutex // guards what follows
	out     output     // nil while stopped
	encoder encoder
	buffer  []byte
}

// New prepares an exporter; OnStart opens the output.
func New(cfg Config, host contracts.Host) (*Exporter, error) {
	if cfg.MaxSize <= 0 {
		return nil, fmt.Errorf("max_size is %d bytes; give a positive size such as 100MiB", cfg.MaxSize)
	}
	e := &Exporter{
		written: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "dvz_json_written_bytes_total",
			Help: "Bytes written to the file or to standard output.",
		}),
	}
	rotations := prometheus.NewCounter(prometheus.CounterOpts{
		Name: "dvz_json_rotations_total",
		Help: "Times that the file has reached its maximum size and was renamed.",
	})
	for _, c := range []prometheus.Collector{e.written, rotations} {
		if err := host.Telemetry.Register(c); err != nil {
			return nil, fmt.Errorf("telemetry: %w", err)
		}
	}
	if cfg.Path == "-" {
		e.open = func() (output, error) { return &stream{file: os.Stdout}, nil }
		return e, nil
	}
	path, err := filepath.Abs(cfg.Path)
	if err != nil {
		return nil, fmt.Errorf("path %q: %w", cfg.Path, err)
	}
	e.open = func() (output, error) {
		f := &file{path: path, maxSize: cfg.MaxSize, keep: cfg.Keep, rotations: rotations, log: host.Log}
		return f, f.start()
	}
	return e, nil
}

// OnStart opens the file. An unfinished last line, left by a power failure, is
// cut off.
func (e *Exporter) OnStart(context.Context) error {
	out, err := e.open()
	if err != nil {
		return err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.out = out
	e.lastErr.Store(nil)
	return nil
}

// OnStop closes the file; everything was written before.
func (e *Exporter) OnStop(context.Context) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.out == nil {
		return nil
	}
	err := e.out.close()
	e.out = nil
	return err
}

// Health reports the error of the latest batch.
func (e *Exporter) Health(context.Context) error {
	if err := e.lastErr.Load(); err != nil {
		return fmt.Errorf("the latest batch was not written: %w", *err)
	}
	return nil
}

// ExportMetrics appends a batch. After an error nothing of it is left in the
// file; on standard output some whole lines may have been seen.
func (e *Exporter) ExportMetrics(ctx context.Context, batch *contracts.Metrics) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.out == nil {
		return errStopped
	}
	if err := e.export(ctx, batch.Samples); err != nil {
		e.lastErr.Store(&err)
		return err
	}
	e.lastErr.Store(nil)
	return nil
}

func (e *Exporter) export(ctx context.Context, samples []contracts.Sample) error {
	if err := e.out.begin(); err != nil {
		return err
	}
	n, err := e.write(ctx, samples)
	if err != nil {
		return errors.Join(err, e.out.abort())
	}
	e.written.Add(float64(n))
	return nil
}

// write encodes samples and writes them in large pieces; it returns their size.
func (e *Exporter) write(ctx context.Context, samples []contracts.Sample) (written int, err error) {
	e.encoder.prefixes.Age(time.Now())
	e.buffer = e.buffer[:0]
	for i := range samples {
		e.buffer = e.encoder.appendLine(e.buffer, &samples[i])
		if len(e.buffer) < flushSize && i < len(samples)-1 {
			continue
		}
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		if err := e.out.write(e.buffer); err != nil {
			return 0, err
		}
		written += len(e.buffer)
		e.buffer = e.buffer[:0]
	}
	return written, nil
}
