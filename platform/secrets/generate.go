package secrets

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// generate writes n random bytes, base64 encoded, to a file that does not exist
// yet. The file appears at once and whole: it is written under another name and
// then linked, which fails when someone else was faster; theirs is used then.
func generate(path string, n int) error {
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		return nil // it is there, or reading it gives the better error
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), ".secret-*") // mode 0600
	if err != nil {
		return fmt.Errorf("cannot generate the secret file %s: %w", path, err)
	}
	defer os.Remove(tmp.Name())

	random := make([]byte, n)
	rand.Read(random) // never fails; crypto/rand
	text := base64.StdEncoding.AppendEncode(nil, random)
	_, err = tmp.Write(append(text, '\n'))
	if err == nil {
		err = tmp.Sync()
	}
	if cerr := tmp.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = os.Link(tmp.Name(), path)
	}
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("cannot generate the secret file %s: %w", path, err)
	}
	return nil
}
