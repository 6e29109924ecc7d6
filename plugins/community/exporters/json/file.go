package jsonfile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
)

// file is an output that rotates.
type file struct {
	path      string
	maxSize   int64
	keep      int
	rotations prometheus.Counter
	log       *slog.Logger

	f     *os.File    // nil after an error; begin opens it again
	info  fs.FileInfo // of f
	batch int64       // where the present batch begins
}

// start opens the file and repairs its end.
func (o *file) start() error {
	if err := o.open(); err != nil {
		return err
	}
	if err := o.repair(); err != nil {
		return errors.Join(err, o.close())
	}
	return nil
}

func (o *file) open() error {
	// Reading is for repair only.
	f, err := os.OpenFile(o.path, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o640)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("folder %s does not exist; create it or change path", filepath.Dir(o.path))
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%s cannot be written by this user; change its owner or the config's path", o.path)
	case err != nil:
		return fmt.Errorf("open output: %w", err)
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s is not a regular file; change path, or use - for standard output", o.path)
	}
	if err != nil {
		return errors.Join(err, f.Close())
	}
	o.f, o.info = f, info
	return nil
}

// repair cuts off an unfinished last line of ours. A file that ends in anything
// else is somebody's, and is left alone.
func (o *file) repair() error {
	const most = 1 << 20 // a longer line is not one of ours
	size := o.info.Size()
	from := max(0, size-most)
	tail := make([]byte, size-from)
	if _, err := o.f.ReadAt(tail, from); err != nil && err != io.EOF {
		return fmt.Errorf("read the end of %s: %w", o.path, err)
	}
	line := tail[bytes.LastIndexByte(tail, '\n')+1:]
	if len(line) == 0 {
		return nil
	}
	if !bytes.HasPrefix(line, []byte(lineStart)) && !strings.HasPrefix(lineStart, string(line)) {
		return fmt.Errorf("%s exists and does not end in a line of metrics; change path, or move the file away", o.path)
	}
	o.log.Warn("cut off an unfinished last line", "path", o.path, "bytes", len(line))
	return o.f.Truncate(size - int64(len(line)))
}

// begin opens the file again when it was renamed or removed from outside, and
// rotates it when it is large enough.
func (o *file) begin() error {
	info, err := os.Stat(o.path)
	if o.f != nil && (err != nil || !os.SameFile(info, o.info)) {
		if err := o.close(); err != nil {
			return err
		}
	}
	if o.f != nil && info.Size() >= o.maxSize {
		if err := o.rotate(); err != nil {
			return fmt.Errorf("rotate %s: %w", o.path, err)
		}
	}
	if o.f == nil {
		if err := o.open(); err != nil {
			return err
		}
		info = o.info
	}
	o.batch = info.Size()
	return nil
}

func (o *file) rotate() error {
	for i := o.keep - 1; i >= 0; i-- {
		if err := os.Rename(o.numbered(i), o.numbered(i+1)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	if o.keep == 0 {
		if err := os.Remove(o.path); err != nil {
			return err
		}
	}
	o.rotations.Inc()
	return o.close()
}

// numbered is the name of the i-th newest renamed file; 0 is the present one.
func (o *file) numbered(i int) string {
	if i == 0 {
		return o.path
	}
	return o.path + "." + strconv.Itoa(i)
}

func (o *file) write(lines []byte) error {
	_, err := o.f.Write(lines)
	return err
}

func (o *file) abort() error {
	if o.f == nil {
		return nil
	}
	return o.f.Truncate(o.batch)
}

func (o *file) close() error {
	if o.f == nil {
		return nil
	}
	err := o.f.Close()
	o.f, o.info = nil, nil
	return err
}
