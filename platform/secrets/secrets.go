// Package secrets reads the secrets that a composition refers to, from the
// environment, files and systemd credentials. It is the only place of the
// run-time library that sees their values: errors and warnings name the place
// that was looked at, never what was found there.
package secrets

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/detectviz/detectviz/platform/contracts"
)

// Use says which instance needs which secret, and by which field of its config.
type Use struct {
	Instance string
	Field    string // path in the instance's config, "users[0].password"
	Secret   contracts.Secret
}

// maxSize bounds a secret file, so that a wrong path (a device, a database)
// cannot fill the memory.
const maxSize = 1 << 20

// Read returns the present value of a secret. A file with Generate that does
// not exist is created first. An empty value is an error, as a missing one is.
func Read(s contracts.Secret) ([]byte, error) {
	if s.File != "" && s.Generate > 0 {
		if err := generate(s.File, s.Generate); err != nil {
			return nil, err
		}
	}
	switch {
	case s.Env != "":
		return fromEnv(s)
	case s.File != "":
		return fromFile(s.File, s)
	case s.Credential != "":
		path, err := credentialPath(s)
		if err != nil {
			return nil, err
		}
		return fromFile(path, s)
	case s.Clear != "":
		return []byte(s.Clear), nil
	}
	return nil, errors.New("the secret has no place: give env, file or credential")
}

// Check reports whether Read would succeed, without creating anything.
func Check(s contracts.Secret) error {
	if s.File != "" && s.Generate > 0 {
		_, err := os.Lstat(s.File)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
	}
	s.Generate = 0
	_, err := Read(s)
	return err
}

// CheckAll checks every use and returns one error that lists all that fail, one
// line each, or nil.
func CheckAll(uses []Use) error {
	var errs []error
	for _, u := range uses {
		if err := Check(u.Secret); err != nil {
			errs = append(errs, fmt.Errorf("%s: secret %s: %w", u.Instance, u.Field, err))
		}
	}
	return errors.Join(errs...)
}

// Warning returns a sentence when a secret's file may be read by other users of
// the machine, or "". systemd's credentials are protected by their folder.
func Warning(s contracts.Secret) string {
	if s.File == "" {
		return ""
	}
	info, err := os.Stat(s.File)
	if err != nil || info.Mode().Perm()&0o077 == 0 {
		return ""
	}
	return fmt.Sprintf("secret file %s has mode %04o, so other users may read it; run chmod 600 %s",
		s.File, info.Mode().Perm(), s.File)
}

func fromEnv(s contracts.Secret) ([]byte, error) {
	v, ok := os.LookupEnv(s.Env)
	switch {
	case !ok:
		return nil, fmt.Errorf("%s is not set", s)
	case v == "":
		return nil, fmt.Errorf("%s is empty", s)
	}
	return []byte(v), nil
}

// credentialPath follows the protocol of systemd.exec(5), "Credentials".
func credentialPath(s contracts.Secret) (string, error) {
	if s.Credential == "." || s.Credential == ".." || strings.ContainsRune(s.Credential, '/') {
		return "", fmt.Errorf("%s: not a credential's name", s)
	}
	dir := os.Getenv("CREDENTIALS_DIRECTORY")
	if dir == "" {
		return "", fmt.Errorf("%s was not passed: CREDENTIALS_DIRECTORY is not set; start the program by its systemd unit with LoadCredential=%s:PATH", s, s.Credential)
	}
	return filepath.Join(dir, s.Credential), nil
}

func fromFile(path string, s contracts.Secret) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, explain(s, path, err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxSize+1))
	switch {
	case err != nil:
		return nil, explain(s, path, err)
	case len(data) > maxSize:
		return nil, fmt.Errorf("%s is larger than %d bytes, which is no secret", s, maxSize)
	}
	data = trimNewline(data)
	if len(data) == 0 {
		return nil, fmt.Errorf("%s is empty", s)
	}
	return data, nil
}

func explain(s contracts.Secret, path string, err error) error {
	where := s.String()
	if s.Credential != "" {
		where += " (" + path + ")"
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%s does not exist", where)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%s may not be read by this user (uid %d)", where, os.Getuid())
	}
	if p, ok := errors.AsType[*fs.PathError](err); ok {
		err = p.Err // the path is in where already
	}
	return fmt.Errorf("%s: %w", where, err)
}

// trimNewline removes one line end: editors and echo add it, people do not
// mean it.
func trimNewline(b []byte) []byte {
	if n := len(b); n > 0 && b[n-1] == '\n' {
		b = b[:n-1]
		if n := len(b); n > 0 && b[n-1] == '\r' {
			b = b[:n-1]
		}
	}
	return b
}
