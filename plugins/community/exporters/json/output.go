package jsonfile

import (
	"bytes"
	"io"
	"os"
)

// output is where lines go.
type output interface {
	// begin prepares for the lines of one batch.
	begin() error
	// write appends whole lines.
	write(lines []byte) error
	// abort takes back, as far as possible, what was written since a begin that
	// succeeded.
	abort() error
	close() error
}

// stream is an output that cannot take back what was written.
type stream struct {
	file *os.File
	// rest is the end of a line whose beginning was written before an error.
	rest []byte
}

func (s *stream) begin() error {
	if len(s.rest) == 0 {
		return nil
	}
	n, err := s.file.Write(s.rest)
	s.rest = s.rest[n:]
	return err
}

func (s *stream) write(lines []byte) error {
	n, err := s.file.Write(lines)
	if err == nil && n < len(lines) {
		err = io.ErrShortWrite
	}
	if err != nil && n > 0 && lines[n-1] != '\n' {
		end := n + bytes.IndexByte(lines[n:], '\n') + 1
		s.rest = bytes.Clone(lines[n:end])
	}
	return err
}

func (s *stream) abort() error { return nil }

func (s *stream) close() error { return nil } // standard output is not ours to close
