package format

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/detectviz/detectviz/compiler/source"
)

// kinds are the endings of the files that Format knows.
var kinds = []string{".yaml", ".yml", ".cue", ".json"}

// Knows reports whether Format can format a file of this name.
func Knows(file string) bool { return slices.Contains(kinds, filepath.Ext(file)) }

// Files returns the files of a composition folder that Format is for: the
// composition, its overlays and meta.yaml.
func Files(dir string) ([]string, error) {
	var files []string
	for _, stem := range []string{"composition", "meta"} {
		for _, kind := range kinds {
			name := stem + kind
			if stem == "meta" && kind != ".yaml" {
				continue
			}
			if _, err := os.Lstat(filepath.Join(dir, name)); err == nil {
				files = append(files, filepath.Join(dir, name))
			}
		}
	}
	overlays, err := os.ReadDir(filepath.Join(dir, "overlays"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	for _, entry := range overlays {
		if Knows(entry.Name()) && !entry.IsDir() {
			files = append(files, filepath.Join(dir, "overlays", entry.Name()))
		}
	}
	return files, nil
}

// Read returns the content of a file, and no more of a huge one than Format
// needs to refuse it.
func Read(file string) ([]byte, error) {
	// Opening a pipe would wait for someone to write into it.
	if info, err := os.Stat(file); err != nil {
		return nil, err
	} else if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not a regular file", file)
	}
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, source.MaxBytes+1))
}

// Write replaces the content of a file at once, so that a full disk or an
// interrupt leaves what was there. The file keeps its permissions; a symbolic
// link stays one.
func Write(file string, content []byte) error {
	target, err := filepath.EvalSymlinks(file)
	if err != nil {
		return err
	}
	info, err := os.Stat(target)
	if err != nil {
		return err
	}
	temp, err := os.CreateTemp(filepath.Dir(target), ".dvz-*")
	if err != nil {
		return err
	}
	defer os.Remove(temp.Name()) // unless it was renamed
	_, err = temp.Write(content)
	if err = errors.Join(err, temp.Chmod(info.Mode().Perm()), temp.Close()); err != nil {
		return err
	}
	return os.Rename(temp.Name(), target)
}
