package csv

import (
	"bufio"
	stdcsv "encoding/csv"
	"fmt"
	"os"
	"strconv"
)

const (
	// rejectsSize is when rejected.csv is moved to rejected.csv.1, whose
	// predecessor is lost.
	rejectsSize = 16 << 20
	// rejectsRow is how much of a row is kept, in bytes.
	rejectsRow = 4 << 10
)

// rejects keeps rows that could not be understood, in a CSV file with the
// columns file, line, reason and row.
type rejects struct {
	path string
	file *os.File
	size int64
	buf  *bufio.Writer
	csv  *stdcsv.Writer
	err  error // the first one since the last flush
}

// add keeps one row.
func (r *rejects) add(file string, line int, why *rejection, row []byte) {
	if r.file == nil {
		if r.err != nil {
			return // until the next flush has told it
		}
		if r.err = r.open(); r.err != nil {
			return
		}
	}
	if len(row) > rejectsRow {
		row = row[:rejectsRow]
	}
	_ = r.csv.Write([]string{file, strconv.Itoa(line), why.text, string(row)}) // flush sees the error
	r.size += int64(len(file) + len(why.text) + len(row) + 16)
	if r.size > rejectsSize {
		r.rotate()
	}
}

func (r *rejects) open() error {
	f, err := os.OpenFile(r.path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("cannot keep rejected rows: %w", err)
	}
	info, err := f.Stat()
	if err != nil {
		_ = f.Close()
		return fmt.Errorf("cannot keep rejected rows: %w", err)
	}
	r.file, r.size = f, info.Size()
	r.buf = bufio.NewWriter(f)
	r.csv = stdcsv.NewWriter(r.buf)
	if r.size == 0 {
		_ = r.csv.Write([]string{"file", "line", "reason", "row"}) // flush sees the error
	}
	return nil
}

func (r *rejects) rotate() {
	r.close()
	if err := os.Rename(r.path, r.path+".1"); err != nil && r.err == nil {
		r.err = fmt.Errorf("cannot keep rejected rows: %w", err)
	}
}

// flush writes what is buffered to the file.
func (r *rejects) flush() error {
	if r.file != nil {
		r.csv.Flush()
		if err := r.csv.Error(); err != nil && r.err == nil {
			r.err = fmt.Errorf("cannot keep rejected rows: %w", err)
		}
	}
	err := r.err
	r.err = nil
	if err != nil && r.file != nil {
		// A writer that has failed once stays failed: begin with a new one.
		_ = r.file.Close()
		r.file = nil
	}
	return err
}

func (r *rejects) close() {
	if r.file == nil {
		return
	}
	if err := r.flush(); err != nil {
		r.err = err // for the next flush to tell
		return
	}
	if err := r.file.Close(); err != nil {
		r.err = fmt.Errorf("cannot keep rejected rows: %w", err)
	}
	r.file = nil
}
