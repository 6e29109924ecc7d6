package diag

import "bytes"

// lines reads the files that findings stand in, with every secret that a
// finding is about masked: also for findings beside it, and when a comment
// ignores the finding that knows of it.
type lines struct {
	source  func(file string) []byte // nil: no file can be read
	files   map[string][][]byte
	secrets map[Pos][]span // the Pos has no column
}

// span is a range of bytes in a line.
type span struct{ from, to int }

func newLines(source func(file string) []byte, l List) *lines {
	s := &lines{source: source, files: map[string][][]byte{}, secrets: map[Pos][]span{}}
	for _, d := range l {
		if d.Secret {
			line := Pos{File: d.Pos.File, Line: d.Pos.Line}
			s.secrets[line] = append(s.secrets[line], span{d.Pos.Column - 1, d.Pos.Column - 1 + d.Width})
		}
	}
	return s
}

// of returns the lines of a file; none when it cannot be read.
func (s *lines) of(file string) [][]byte {
	if s.source == nil {
		return nil
	}
	all, ok := s.files[file]
	if !ok {
		if content := s.source(file); content != nil {
			all = bytes.Split(content, []byte("\n"))
		}
		for i, line := range all {
			if spans := s.secrets[Pos{File: file, Line: i + 1}]; spans != nil {
				all[i] = masked(line, spans)
			}
		}
		s.files[file] = all
	}
	return all
}

// at returns the line of a position, without its end.
func (s *lines) at(pos Pos) (line []byte, ok bool) {
	if pos.Line == 0 {
		return nil, false
	}
	all := s.of(pos.File)
	if pos.Line > len(all) {
		return nil, false
	}
	return bytes.TrimSuffix(all[pos.Line-1], []byte("\r")), true
}

func masked(line []byte, spans []span) []byte {
	line = bytes.Clone(line)
	for _, s := range spans {
		for i := max(s.from, 0); i < min(s.to, len(line)); i++ {
			line[i] = '*'
		}
	}
	return line
}
