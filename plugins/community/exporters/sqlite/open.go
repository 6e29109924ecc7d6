package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"

	driver "modernc.org/sqlite" // registers the database/sql driver "sqlite"
	codes "modernc.org/sqlite/lib"
)

// applicationID marks a database file as ours ("dvz1"); see
// https://www.sqlite.org/pragma.html#pragma_application_id.
const applicationID = 0x64767a31

// migrations bring a database from the schema version of their index to the
// next. Published ones never change.
//
// The key of samples begins with the time, so that a batch is appended to the
// end of the table and old samples are cut off its front. With the series
// first, each batch would touch one page a series: 17 times the disk writes and
// 6 times the CPU, measured at 100 000 series.
//
// series.until is a time that no sample of the series is later than, so that
// an ended series can be found without a look at samples.
var migrations = []string{`
CREATE TABLE series (
	id     INTEGER PRIMARY KEY,
	name   TEXT NOT NULL,
	labels TEXT NOT NULL,
	until  INTEGER NOT NULL,
	UNIQUE (name, labels)
);
CREATE TABLE samples (
	time      INTEGER NOT NULL,
	series_id INTEGER NOT NULL,
	value     REAL,
	PRIMARY KEY (time, series_id)
) WITHOUT ROWID;
`}

// createFile makes an empty database file that only its owner may read, unless
// there is one, and says clearly why it cannot. It returns whether the file is
// empty. SQLite gives its other files the same mode.
func createFile(path string) (empty bool, err error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return false, fmt.Errorf("folder %s does not exist; create it or change path", filepath.Dir(path))
	case errors.Is(err, fs.ErrPermission):
		return false, fmt.Errorf("%s cannot be written by this user; change its owner or the config's path", path)
	case err != nil:
		return false, fmt.Errorf("open database: %w", err)
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s is not a regular file; change path", path)
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return false, err
	}
	return info.Size() == 0, nil
}

// What all connections share. In WAL mode, synchronous NORMAL keeps the file
// sound in every case; only a power failure may lose the last transactions. A
// page cache of a quarter of a megabyte a connection, an eighth of SQLite's
// default, is what an idle composition can afford, and the operating system's
// own cache is behind it: measured with 100 000 series, writing and querying
// known ones is as fast, and only writing new ones, in random order, takes a
// fifth longer.
const pragmas = "_pragma=busy_timeout(5000)&_pragma=journal_mode(wal)&_pragma=synchronous(normal)" +
	"&_pragma=journal_size_limit(67108864)&_pragma=cache_size(-256)"

// openPool opens a database; the driver sets the pragmas on each connection, in
// alphabetical order.
func openPool(path, pragmas string) (*sql.DB, error) {
	file := url.URL{Scheme: "file", Path: path, RawQuery: pragmas}
	return sql.Open("sqlite", file.String())
}

// format gives an empty file what must be decided before its first page is
// written. There is nothing yet that a journal on the disk could bring back, so
// it stays in memory: a first start then waits for the disk 4 times, not 10.
func format(ctx context.Context, path string) error {
	db, err := openPool(path, "")
	if err != nil {
		return err
	}
	_, err = db.ExecContext(ctx, `PRAGMA journal_mode = memory; PRAGMA auto_vacuum = incremental; PRAGMA journal_mode = wal`)
	return errors.Join(err, db.Close())
}

// migrate brings the database to the newest schema.
func migrate(ctx context.Context, conn *sql.Conn) error {
	var version, id, tables int
	for _, q := range []struct {
		query string
		into  *int
	}{
		{"PRAGMA user_version", &version},
		{"PRAGMA application_id", &id},
		{"SELECT count(*) FROM sqlite_schema", &tables},
	} {
		if err := conn.QueryRowContext(ctx, q.query).Scan(q.into); err != nil {
			return err
		}
	}
	switch {
	case id != applicationID && tables > 0:
		return errors.New("it is the database of another application; change path")
	case version > len(migrations):
		return fmt.Errorf("it has schema version %d, written by a newer release; this one knows up to version %d: upgrade, or change path", version, len(migrations))
	case version == len(migrations):
		return nil
	}
	tx, err := conn.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	for _, m := range migrations[version:] {
		if _, err := tx.ExecContext(ctx, m); err != nil {
			return err
		}
	}
	// Pragmas take no bound parameters; both values are our own numbers.
	marks := fmt.Sprintf("PRAGMA application_id = %d; PRAGMA user_version = %d", applicationID, len(migrations))
	if _, err := tx.ExecContext(ctx, marks); err != nil {
		return err
	}
	return tx.Commit()
}

// explain adds to an SQLite error what can be done about it.
func explain(err error) error {
	failure, ok := errors.AsType[*driver.Error](err)
	if !ok {
		return err
	}
	var advice string
	switch failure.Code() & 0xff { // the primary code; the rest are details
	case codes.SQLITE_NOTADB:
		advice = "the file is not an SQLite database; change path, or move the file away"
	case codes.SQLITE_CORRUPT:
		advice = "the database is damaged; move it away to begin a new one, and try sqlite3's .recover on it"
	case codes.SQLITE_FULL:
		advice = "the disk is full; free some space or shorten the retention"
	case codes.SQLITE_READONLY, codes.SQLITE_CANTOPEN, codes.SQLITE_PERM:
		advice = "SQLite must be able to write the file and its folder, where it keeps its write-ahead log"
	case codes.SQLITE_BUSY, codes.SQLITE_LOCKED:
		advice = "another process has locked the database"
	default:
		return err
	}
	return fmt.Errorf("%s: %w", advice, err)
}
