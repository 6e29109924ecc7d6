package link

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"

	"golang.org/x/mod/modfile"
)

// The codes of what can go wrong; `dvz explain` has a page for each.
const (
	CodeNoGo        = "DVZ501" // there is no go command, or it is too old
	CodeCompile     = "DVZ502" // the program does not compile
	CodeCannotWrite = "DVZ503" // a full disk, a read-only folder
)

// Error is a build that could not be done for a reason outside the program.
type Error struct {
	Code    string
	Message string // a sentence that says what to do
	Err     error
}

// Error implements error.
func (e *Error) Error() string { return e.Message }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// noGo explains why the go command could not be run.
func noGo(root string, err error) error {
	message := "cannot run the go command: " + err.Error()
	if errors.Is(err, exec.ErrNotFound) || errors.Is(err, fs.ErrNotExist) {
		message = "there is no go command in PATH"
	}
	return &Error{CodeNoGo, message + ": " + installGo(root), err}
}

// installGo names the version that the workspace asks for.
func installGo(root string) string {
	wanted := "Go"
	if data, err := os.ReadFile(filepath.Join(root, "go.mod")); err == nil {
		if mod, err := modfile.ParseLax("go.mod", data, nil); err == nil && mod.Go != nil {
			wanted = "Go " + mod.Go.Version + " or newer"
		}
	}
	return "install " + wanted + " from https://go.dev/dl/"
}

// modulePath returns the path of the workspace's module, "" when go.mod does not
// tell it.
func modulePath(root string) string {
	data, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		return ""
	}
	return modfile.ModulePath(data)
}

// UnsupportedTarget is a target that the Go toolchain does not know.
type UnsupportedTarget struct{ Target Target }

// Error implements error.
func (e *UnsupportedTarget) Error() string {
	return fmt.Sprintf("go does not build for %s; go tool dist list prints what it builds for", e.Target)
}

// CannotWrite explains why a file or folder could not be written.
func CannotWrite(what string, err error) error {
	if filepath.IsAbs(what) {
		if wd, e := os.Getwd(); e == nil {
			if rel, e := filepath.Rel(wd, what); e == nil && filepath.IsLocal(rel) {
				what = rel
			}
		}
	}
	cause := err
	if path, ok := errors.AsType[*fs.PathError](err); ok {
		cause = path.Err
	} else if link, ok := errors.AsType[*os.LinkError](err); ok {
		cause = link.Err
	}
	advice := "make its folder writable"
	switch {
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		advice = "free some space"
	case errors.Is(err, fs.ErrNotExist):
		advice = "create the folder"
	case errors.Is(err, syscall.ENOTDIR), errors.Is(err, syscall.EISDIR), errors.Is(err, fs.ErrExist):
		advice = "a file stands where a folder should be, or a folder where a file should be: move it away"
	}
	return &Error{CodeCannotWrite, fmt.Sprintf("cannot write %s: %v; %s", what, cause, advice), err}
}

var (
	// Go 1.21 and later say so themselves; older ones do not understand go.mod
	// or the flags.
	tooOld  = regexp.MustCompile(`requires go >= ([^ ]+) \(running go ([^;) ]+)`)
	veryOld = regexp.MustCompile(`invalid go version '|flag provided but not defined: -(json|buildvcs)`)
)

// outside recognises a failure of go that has nothing to do with the program.
func (b *build) outside(text string, err error) error {
	if strings.Contains(text, "unsupported GOOS/GOARCH pair") {
		return &UnsupportedTarget{b.Target}
	}
	if m := tooOld.FindStringSubmatch(text); m != nil {
		return &Error{CodeNoGo, fmt.Sprintf("Go %s in %s is too old: %s", m[2], b.tool.Path, installGo(b.Root)), err}
	}
	if veryOld.MatchString(text) {
		return &Error{CodeNoGo, fmt.Sprintf("the Go in %s is too old: %s", b.tool.Path, installGo(b.Root)), err}
	}
	if b.Module != "" && strings.Contains(text, "updates to go.mod needed") {
		return &Error{CodeCompile, fmt.Sprintf("the requirements of go.mod do not fit together: a module that %s is built from needs a newer one than is required; "+
			"run go mod tidy in the workspace, and build again", path.Base(b.Package)), err}
	}
	for sign, errno := range map[string]syscall.Errno{
		"no space left on device": syscall.ENOSPC,
		"disk quota exceeded":     syscall.EDQUOT,
		"read-only file system":   syscall.EROFS,
	} {
		if strings.Contains(text, sign) {
			return CannotWrite("what go builds", errno)
		}
	}
	return nil
}
