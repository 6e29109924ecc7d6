package scaffold

import (
	"errors"
	"os"
	"path/filepath"
	"strings"

	"github.com/detectviz/detectviz/compiler/emit"
	"github.com/detectviz/detectviz/compiler/link"
)

// Write writes files into a folder, which may exist but holds none of them: all
// or, after an error, none. A file that cannot be written is a *link.Error.
func Write(folder string, files []emit.File) (err error) {
	var made []string // what is to be removed after an error, innermost last
	defer func() {
		if err != nil {
			for i := len(made) - 1; i >= 0; i-- {
				os.RemoveAll(made[i])
			}
		}
	}()
	for dir := folder; ; dir = filepath.Dir(dir) {
		if _, err := os.Lstat(dir); err == nil || dir == filepath.Dir(dir) {
			break
		}
		made = append([]string{dir}, made...)
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return link.CannotWrite(folder, err)
	}
	temp, err := os.MkdirTemp(folder, ".dvz-*")
	if err != nil {
		return link.CannotWrite(folder, err)
	}
	defer os.RemoveAll(temp)
	tops := map[string]bool{}
	for _, f := range files {
		target := filepath.Join(temp, filepath.FromSlash(f.Path))
		err := errors.Join(os.MkdirAll(filepath.Dir(target), 0o755), os.WriteFile(target, f.Content, 0o644))
		if err != nil {
			return link.CannotWrite(filepath.Join(folder, f.Path), err)
		}
		top, _, _ := strings.Cut(f.Path, "/")
		tops[top] = true
	}
	for top := range tops {
		target := filepath.Join(folder, top)
		if err := rename(filepath.Join(temp, top), target); err != nil {
			return link.CannotWrite(target, err)
		}
		made = append(made, target)
	}
	return nil
}

// rename is os.Rename that replaces nothing.
func rename(from, to string) error {
	if _, err := os.Lstat(to); err == nil {
		return &os.PathError{Op: "rename", Path: to, Err: os.ErrExist}
	}
	return os.Rename(from, to)
}
