package csv

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/detectviz/detectviz/platform/contracts"
)

// errSink marks an error of the pipeline, which ends the import; all others
// concern one file.
var errSink = errors.New("the pipeline does not take samples")

// source is the uncompressed content of a file.
type source struct {
	file *os.File
	gzip *gzip.Reader // nil for a plain file
}

func compressed(path string) bool { return strings.HasSuffix(path, ".gz") }

func open(path string) (*source, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	s := &source{file: f}
	if compressed(path) {
		if s.gzip, err = gzip.NewReader(f); err != nil {
			_ = f.Close()
			if err == io.EOF {
				err = io.ErrUnexpectedEOF // an empty file: one that is about to be written
			}
			return nil, err
		}
	}
	return s, nil
}

func (s *source) close() { _ = s.file.Close() } // only read

// Read implements io.Reader.
func (s *source) Read(p []byte) (int, error) {
	if s.gzip != nil {
		return s.gzip.Read(p)
	}
	return s.file.Read(p)
}

// seek goes to an offset of the content.
func (s *source) seek(offset int64) error {
	if s.gzip == nil {
		_, err := s.file.Seek(offset, io.SeekStart)
		return err
	}
	if _, err := s.file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	if err := s.gzip.Reset(s.file); err != nil {
		return err
	}
	_, err := io.CopyN(io.Discard, s.gzip, offset)
	return err
}

// readAt reads up to n bytes of the content at an offset. Less is not an error.
func (s *source) readAt(offset int64, n int) ([]byte, error) {
	if err := s.seek(offset); err != nil {
		if err == io.EOF || err == io.ErrUnexpectedEOF {
			return nil, nil
		}
		return nil, err
	}
	buf := make([]byte, n)
	n, err := io.ReadFull(s, buf)
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		err = nil
	}
	return buf[:n], err
}

// recognise finds out where the reading of a file goes on, and whether there
// is anything to read.
func (imp *Importer) recognise(path string) (j job, changed bool, err error) {
	info, err := os.Stat(path)
	if err != nil {
		if os.IsNotExist(err) {
			return j, false, nil // it vanished just now
		}
		return j, false, err
	}
	if !info.Mode().IsRegular() {
		return j, false, nil
	}
	device, inode := identity(info)
	today := time.Now().Truncate(24 * time.Hour).Unix() // coarse, to change the state file seldom
	candidates := imp.state.candidates(path, device, inode)
	for _, p := range candidates {
		if p.Device == device && p.Inode == inode && p.Path == path && p.Size == info.Size() && p.ModTime == info.ModTime().UnixNano() {
			p.Seen = today
			imp.remind(p)
			return j, false, nil // as it was when it was read to its end
		}
	}
	src, err := open(path)
	if err != nil {
		return j, false, waiting(err)
	}
	defer src.close()
	j = job{path: path, info: info, at: position{Path: path, Device: device, Inode: inode, Size: -1, Seen: today}}
	head, err := src.readAt(0, window)
	if err != nil {
		return j, false, waiting(err)
	}
	for _, p := range candidates {
		if p.Offset == 0 || int64(len(head)) < min(window, p.Offset) || digest(head[:min(window, p.Offset)]) != p.Head {
			continue
		}
		n := min(window, p.Offset)
		tail, err := src.readAt(p.Offset-n, int(n))
		if err != nil {
			return j, false, waiting(err)
		}
		if int64(len(tail)) == n && digest(tail) == p.Tail {
			j.at.Offset, j.at.Line, j.at.Head, j.at.Tail = p.Offset, p.Line, p.Head, p.Tail
			break
		}
	}
	return j, true, nil
}

// remind logs, once for each size, that a file has stopped growing in the middle
// of a line.
func (imp *Importer) remind(p *position) {
	if imp.poll == 0 || compressed(p.Path) || p.Size <= p.Offset || imp.reminded[p.Path] == p.Size {
		return
	}
	imp.reminded[p.Path] = p.Size
	imp.log.Warn("the last line of the file has no newline; it is imported when its newline has been written", "file", p.Path, "line", p.Line+1)
}

// identity returns what the system identifies a file by.
func identity(info os.FileInfo) (device, inode uint64) {
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		return uint64(st.Dev), uint64(st.Ino)
	}
	return 0, 0
}

// waiting turns the error of a compressed file that is still being written into
// none.
func waiting(err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return nil
	}
	return err
}

// read imports a file from its position to its end.
func (imp *Importer) read(ctx context.Context, j job, out contracts.MetricsSink) error {
	src, err := open(j.path)
	if err != nil {
		return waiting(err)
	}
	defer src.close()
	s := imp.scanner
	complete := imp.poll == 0 || compressed(j.path)

	// The header stands at the beginning, wherever the reading goes on.
	names := imp.columns
	s.reset(src, complete, 0, 0, nil, nil)
	if imp.header {
		if err := s.next(); err != nil {
			var rej *rejection
			if errors.As(err, &rej) {
				return fmt.Errorf("the header in line %d cannot be understood: %w", s.at, err)
			}
			if err == io.EOF {
				return nil // no header yet
			}
			return waiting(err)
		}
		names = nil
		for _, f := range s.fields {
			names = append(names, strings.TrimSpace(string(f)))
		}
	}
	layout, err := imp.rows.locate(names)
	if err != nil {
		return err
	}
	if j.at.Offset > s.offset {
		n := min(window, j.at.Offset)
		head, err := src.readAt(0, int(n))
		if err != nil {
			return err
		}
		tail, err := src.readAt(j.at.Offset-n, int(n))
		if err != nil {
			return err
		}
		if digest(tail) != j.at.Tail {
			return errors.New("the file changed while it was opened")
		}
		s.reset(src, complete, j.at.Offset, j.at.Line, head, tail)
	}
	at := imp.state.put(j.at)
	return imp.stream(ctx, s, layout, at, j, out)
}

// stream imports what the scanner yields. at follows behind: it is moved each
// time the pipeline has taken a batch.
func (imp *Importer) stream(ctx context.Context, s *scanner, l *layout, at *position, j job, out contracts.MetricsSink) error {
	var rejected int
	var example string
	batch := contracts.NewMetrics()
	push := func() error {
		if err := ctx.Err(); err != nil {
			batch.Release()
			return fmt.Errorf("%w: %w", errSink, err)
		}
		full := batch
		batch = contracts.NewMetrics()
		if full.Len() == 0 {
			full.Release()
		} else if err := out.Push(ctx, full); err != nil {
			batch.Release()
			return fmt.Errorf("%w: %w", errSink, err)
		}
		at.Offset, at.Line = s.offset, s.line
		at.Head, at.Tail = digest(s.head), digest(s.tail())
		if time.Since(imp.saved) > saveEvery {
			imp.save()
		}
		return nil
	}

	var err error
	for n, read := 1, 0; ; n++ {
		if err = s.next(); err == nil {
			read++
			if rej := imp.rows.add(l, s.fields, batch); rej != nil {
				err = rej
			}
		} else if _, ok := err.(*rejection); ok {
			read++
		}
		if err != nil {
			rej, ok := err.(*rejection)
			if !ok {
				imp.metrics.rows.Add(float64(read))
				break
			}
			if rejected++; rejected == 1 {
				example = fmt.Sprintf("line %d: %s", s.at, rej.text)
			}
			imp.metrics.rejected.WithLabelValues(string(rej.reason)).Inc()
			imp.rejects.add(j.path, s.at, rej, s.raw)
		}
		if batch.Len() >= batchSize || n%batchSize == 0 {
			imp.metrics.rows.Add(float64(read))
			read = 0
			if err := push(); err != nil {
				return err
			}
		}
	}
	if rejected > 0 {
		imp.log.Warn("rows could not be understood; they are kept aside", "file", j.path, "rows", rejected, "first", example, "kept_in", imp.rejects.path)
	}
	if pushErr := push(); pushErr != nil {
		return pushErr
	}
	batch.Release()
	if err == io.EOF {
		// As it was before it was read: what was appended since is seen at the
		// next poll.
		at.Size, at.ModTime = j.info.Size(), j.info.ModTime().UnixNano()
		return nil
	}
	return waiting(err)
}
