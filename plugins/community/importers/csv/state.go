package csv

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"time"
)

// forgetAfter is how long the position of a file that is gone is kept, for the
// case that the file comes back: a network share that was away, a rotated file
// under a name that matches only later.
const forgetAfter = 7 * 24 * time.Hour

// position is how far a file has been read, and how to recognise it. Content
// identifies a file, not its name or inode: a copy or a compressed copy of what
// was read is not read again, and new content under an old name is.
type position struct {
	Path   string `json:"path"`
	Device uint64 `json:"device"`
	Inode  uint64 `json:"inode"`

	// Offset is where the next row begins, in the uncompressed content; Line
	// is the number of lines before it.
	Offset int64 `json:"offset"`
	Line   int   `json:"line"`
	// Head and Tail are digests of the first and of the last bytes before
	// Offset, up to window of them.
	Head string `json:"head"`
	Tail string `json:"tail"`

	// Size and ModTime (Unix nanoseconds) were the file's when it was read to
	// its end; -1 while it was not.
	Size    int64 `json:"size"`
	ModTime int64 `json:"mod_time"`
	// Seen is the day on which the file was last there (Unix seconds).
	Seen int64 `json:"seen"`
}

// state is the positions of all files, as kept in a JSON file.
type state struct {
	path      string
	Positions []*position `json:"positions"`
	written   []byte
}

func loadState(path string) (*state, error) {
	s := &state{path: path}
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return s, nil
	}
	if err != nil {
		return nil, fmt.Errorf("cannot read the positions: %w", err)
	}
	if err := json.Unmarshal(data, s); err != nil {
		return nil, fmt.Errorf("%s is damaged (%w); remove it to import all files from their beginning", path, err)
	}
	s.written = data
	return s, nil
}

// save writes the file if it would change: as a new file that takes the place of
// the old one, so that a crash leaves one of them whole.
func (s *state) save() error {
	data, err := json.MarshalIndent(s, "", "\t")
	if err != nil {
		return fmt.Errorf("cannot save the positions: %w", err)
	}
	if bytes.Equal(data, s.written) {
		return nil
	}
	temp := s.path + ".new"
	f, err := os.OpenFile(temp, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("cannot save the positions: %w", err)
	}
	_, err = f.Write(data)
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = os.Rename(temp, s.path)
	}
	if err != nil {
		return fmt.Errorf("cannot save the positions: %w", err)
	}
	s.written = data
	return nil
}

// candidates returns the positions that a file may have, the likely ones first.
func (s *state) candidates(path string, device, inode uint64) []*position {
	rank := func(p *position) int {
		switch {
		case p.Device == device && p.Inode == inode:
			return 0
		case p.Path == path:
			return 1
		}
		return 2
	}
	list := slices.Clone(s.Positions)
	slices.SortStableFunc(list, func(a, b *position) int { return rank(a) - rank(b) })
	return list
}

// put replaces the position of a file. Other positions with its inode are of
// files that no longer exist.
func (s *state) put(p position) *position {
	for _, old := range s.Positions {
		if old.Device == p.Device && old.Inode == p.Inode {
			*old = p
			return old
		}
	}
	s.Positions = append(s.Positions, &p)
	return &p
}

// expire forgets files that have been gone for long.
func (s *state) expire(now time.Time) {
	limit := now.Add(-forgetAfter).Unix()
	s.Positions = slices.DeleteFunc(s.Positions, func(p *position) bool { return p.Seen < limit })
}

// digest is what a position keeps of content.
func digest(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:16])
}
