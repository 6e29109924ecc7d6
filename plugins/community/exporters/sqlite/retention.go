package sqlite

import (
	"context"
	"math"
	"strconv"
	"time"
)

const (
	// sweepChunk is how many samples one transaction deletes: few enough that a
	// batch waits only milliseconds for it.
	sweepChunk = 5000
	// vacuumChunk is how many free pages are given back at a time.
	vacuumChunk = 250
	// Sweeps are a tenth of the retention apart, within these bounds.
	sweepMin, sweepMax = 100 * time.Millisecond, 10 * time.Minute
)

const (
	deleteSamples = `DELETE FROM samples WHERE (time, series_id) IN
		(SELECT time, series_id FROM samples WHERE time < ? ORDER BY time, series_id LIMIT ?)`
	deleteSeries = `DELETE FROM series WHERE until < ?`
)

// expire deletes what is older than the retention until ctx ends.
func (e *Exporter) expire(ctx context.Context) {
	ticker := time.NewTicker(min(max(e.cfg.Retention/10, sweepMin), sweepMax))
	defer ticker.Stop()
	for {
		if err := e.sweep(ctx, time.Now().Add(-e.cfg.Retention).UnixMilli()); err != nil && ctx.Err() == nil {
			e.log.Warn("old samples were not deleted; trying again later", "error", explain(err))
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// sweep deletes what is older than a time, in Unix milliseconds. Batches are
// written between the chunks.
func (e *Exporter) sweep(ctx context.Context, before int64) error {
	for {
		n, err := e.deleteChunk(ctx, before)
		if err != nil {
			return err
		}
		e.expired.Add(float64(n))
		if n < sweepChunk {
			break
		}
	}
	for previous := math.MaxInt; ; {
		free, err := e.shrink(ctx)
		if err != nil || free == 0 || free >= previous {
			return err
		}
		previous = free
	}
}

// deleteChunk deletes some old samples and, with the last of them, the series
// that have none left.
func (e *Exporter) deleteChunk(ctx context.Context, before int64) (int64, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.writer == nil {
		return 0, errStopped
	}
	result, err := e.writer.conn.ExecContext(ctx, deleteSamples, before, sweepChunk)
	if err != nil {
		return 0, err
	}
	n, err := result.RowsAffected()
	if err != nil || n == sweepChunk {
		return n, err
	}
	// An error leaves it open whether the rows are gone, so forget them first.
	e.writer.series.Forget(func(r *row) bool { return r.until < before })
	_, err = e.writer.conn.ExecContext(ctx, deleteSeries, before)
	return n, err
}

// shrink gives some free pages back to the file system when more than a quarter
// of the file is free, and returns how many it found; 0 when there is nothing to
// gain. The other free pages are kept, since the next batches need them.
func (e *Exporter) shrink(ctx context.Context) (free int, err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.writer == nil {
		return 0, errStopped
	}
	var pages int
	if err := e.writer.conn.QueryRowContext(ctx, "PRAGMA freelist_count").Scan(&free); err != nil {
		return 0, err
	}
	if err := e.writer.conn.QueryRowContext(ctx, "PRAGMA page_count").Scan(&pages); err != nil {
		return 0, err
	}
	if free*4 <= pages || free < vacuumChunk {
		return 0, nil
	}
	_, err = e.writer.conn.ExecContext(ctx, "PRAGMA incremental_vacuum("+strconv.Itoa(vacuumChunk)+")")
	return free, err
}
