package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"encoding/json"
	"errors"
	"math"
	"strings"
	"time"

	"github.com/detectviz/detectviz/platform/contracts"
	"github.com/detectviz/detectviz/platform/seriescache"
)

const (
	// rowsPerInsert is the number of samples in one INSERT; more of them gain
	// nothing measurable.
	rowsPerInsert = 100
	// untilAhead is how far series.until is set ahead of the newest sample, in
	// milliseconds, so that a series' row is written once in that time.
	untilAhead = int64(time.Hour / time.Millisecond)
)

const (
	insertSample = `INSERT INTO samples (time, series_id, value) VALUES `
	upsertSample = ` ON CONFLICT DO UPDATE SET value = excluded.value`
	// insertSeries finds or makes the row of a series.
	insertSeries = `INSERT INTO series (name, labels, until) VALUES (?, ?, ?)
		ON CONFLICT DO UPDATE SET until = max(until, excluded.until) RETURNING id, until`
	extendSeries = `UPDATE series SET until = ? WHERE id = ?`
)

// writer owns the one connection that writes. It is not safe for concurrent use.
type writer struct {
	db   *sql.DB
	conn *sql.Conn

	insertSeries, extendSeries *sql.Stmt
	// The inserts bypass database/sql, which copies and converts each argument.
	insertMany, insertOne driver.StmtExecContext
	raw                   []driver.Stmt

	series seriescache.Cache[*row]
	ids    []any               // of the batch's samples, boxed
	args   []driver.NamedValue // of one INSERT
}

// row is what is known of a series' row.
type row struct {
	id    any   // the int64 that is bound, boxed once
	until int64 // as in the database
}

// openWriter opens and migrates the database.
func openWriter(ctx context.Context, path string) (_ *writer, err error) {
	w := &writer{args: make([]driver.NamedValue, 3*rowsPerInsert)}
	for i := range w.args {
		w.args[i].Ordinal = i + 1
	}
	if w.db, err = openPool(path, pragmas); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			w.close()
		}
	}()
	w.db.SetMaxOpenConns(1)
	if w.conn, err = w.db.Conn(ctx); err != nil {
		return nil, err
	}
	if err := migrate(ctx, w.conn); err != nil {
		return nil, err
	}
	if w.insertSeries, err = w.conn.PrepareContext(ctx, insertSeries); err != nil {
		return nil, err
	}
	if w.extendSeries, err = w.conn.PrepareContext(ctx, extendSeries); err != nil {
		return nil, err
	}
	if w.insertMany, err = w.prepare(insertSample + "(?,?,?)" + strings.Repeat(",(?,?,?)", rowsPerInsert-1) + upsertSample); err != nil {
		return nil, err
	}
	w.insertOne, err = w.prepare(insertSample + "(?,?,?)" + upsertSample)
	return w, err
}

// prepare compiles a statement of the driver itself.
func (w *writer) prepare(query string) (exec driver.StmtExecContext, err error) {
	err = w.conn.Raw(func(c any) error {
		s, err := c.(driver.Conn).Prepare(query)
		if err != nil {
			return err
		}
		w.raw = append(w.raw, s)
		exec = s.(driver.StmtExecContext)
		return nil
	})
	return exec, err
}

// close checkpoints the write-ahead log and closes the connection.
func (w *writer) close() error {
	var errs []error
	if w.conn != nil {
		errs = append(errs, w.conn.Raw(func(any) error {
			var errs []error
			for _, s := range w.raw {
				errs = append(errs, s.Close())
			}
			return errors.Join(errs...)
		}))
		_, err := w.conn.ExecContext(context.Background(), "PRAGMA wal_checkpoint(TRUNCATE)")
		errs = append(errs, err, w.conn.Close())
	}
	return errors.Join(append(errs, w.db.Close())...)
}

// write stores samples in one transaction.
func (w *writer) write(ctx context.Context, samples []contracts.Sample) error {
	if len(samples) == 0 {
		return nil
	}
	if _, err := w.conn.ExecContext(ctx, "BEGIN IMMEDIATE"); err != nil {
		return err
	}
	w.series.Age(time.Now())
	err := w.resolve(ctx, samples)
	if err == nil {
		err = w.conn.Raw(func(any) error { return w.insert(ctx, samples) })
	}
	// What was written so far is rolled back whatever became of ctx; an end of
	// ctx during COMMIT could not be told from a success.
	settled := context.WithoutCancel(ctx)
	if err == nil {
		_, err = w.conn.ExecContext(settled, "COMMIT")
	}
	if err != nil {
		w.series.Clear() // it may hold rows that are being rolled back
		// SQLite has already rolled back by itself after some errors; then this
		// fails, rightly.
		_, _ = w.conn.ExecContext(settled, "ROLLBACK")
	}
	return err
}

// resolve fills w.ids.
func (w *writer) resolve(ctx context.Context, samples []contracts.Sample) error {
	w.ids = w.ids[:0]
	for i := range samples {
		s := &samples[i]
		r, _ := w.series.Get(s.Series)
		switch {
		case r == nil:
			r = new(row)
			var id int64
			labels, err := encodeLabels(s.Series.Labels)
			if err != nil {
				return err
			}
			name := strings.ToValidUTF8(s.Series.Name, "\uFFFD")
			if err := w.insertSeries.QueryRowContext(ctx, name, labels, ahead(s.Time)).Scan(&id, &r.until); err != nil {
				return err
			}
			r.id = id
			w.series.Put(s.Series, r)
		case s.Time > r.until:
			until := ahead(s.Time)
			if _, err := w.extendSeries.ExecContext(ctx, until, r.id); err != nil {
				return err
			}
			r.until = until
		}
		w.ids = append(w.ids, r.id)
	}
	return nil
}

func ahead(ms int64) int64 {
	if ms > math.MaxInt64-untilAhead {
		return math.MaxInt64
	}
	return ms + untilAhead
}

// insert writes the samples whose series are in w.ids.
func (w *writer) insert(ctx context.Context, samples []contracts.Sample) error {
	var (
		last  int64
		boxed any // last, as the driver takes it: a batch has few distinct times
	)
	bind := func(args []driver.NamedValue, i int) {
		s := &samples[i]
		if boxed == nil || s.Time != last {
			last, boxed = s.Time, s.Time
		}
		args[0].Value, args[1].Value, args[2].Value = boxed, w.ids[i], nil
		if !math.IsNaN(s.Value) { // SQLite knows no NaN; NULL also stands for the marker that ends a series
			args[2].Value = s.Value
		}
	}
	// The statements get no ctx: for one that can end the driver starts a
	// goroutine each time.
	plain := context.WithoutCancel(ctx)
	i := 0
	for ; i+rowsPerInsert <= len(samples); i += rowsPerInsert {
		if err := ctx.Err(); err != nil {
			return err
		}
		for k := range rowsPerInsert {
			bind(w.args[3*k:], i+k)
		}
		if _, err := w.insertMany.ExecContext(plain, w.args); err != nil {
			return err
		}
	}
	for ; i < len(samples); i++ {
		bind(w.args, i)
		if _, err := w.insertOne.ExecContext(plain, w.args[:3]); err != nil {
			return err
		}
	}
	return nil
}

// encodeLabels returns labels, which are sorted, as a JSON object; equal labels
// give equal text. Invalid UTF-8 is replaced.
func encodeLabels(labels []contracts.Label) (string, error) {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	text := []byte{'{'}
	for i, l := range labels {
		if i > 0 {
			text = append(text, ',')
		}
		for k, part := range [...]string{l.Name, l.Value} {
			b.Reset()
			if err := enc.Encode(part); err != nil {
				return "", err
			}
			text = append(text, strings.TrimSuffix(b.String(), "\n")...)
			if k == 0 {
				text = append(text, ':')
			}
		}
	}
	return string(append(text, '}')), nil
}
