package platform

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// stateFolder decides where the state folder is, without touching it: the flag,
// else the one that systemd made (StateDirectory=), else the user's own (XDG
// Base Directory Specification).
func stateFolder(flag, name string) (string, error) {
	if flag != "" {
		return filepath.Abs(flag)
	}
	if first, _, _ := strings.Cut(os.Getenv("STATE_DIRECTORY"), ":"); first != "" {
		return filepath.Abs(first)
	}
	if dir := os.Getenv("XDG_STATE_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, name), nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("there is no place for the state folder: %w; give --state DIR", err)
	}
	return filepath.Join(home, ".local", "state", name), nil
}

// openState creates the state folder when it is missing, and locks it for this
// process. The lock is released by closing the file, or by the end of the process.
func openState(dir string) (*os.File, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("cannot create the state folder: %w; give another one with --state DIR", err)
	}
	f, err := os.OpenFile(filepath.Join(dir, ".lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("cannot write to the state folder: %w; give another one with --state DIR", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		defer f.Close()
		if !errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, fmt.Errorf("cannot lock the state folder %s: %w", dir, err)
		}
		return nil, fmt.Errorf("the state folder %s is in use by %s; stop that one, or give this one a folder of its own with --state DIR", dir, owner(f))
	}
	// For people only: the lock is what counts.
	if err := errors.Join(f.Truncate(0), writePID(f)); err != nil {
		f.Close()
		return nil, fmt.Errorf("cannot write to the state folder: %w", err)
	}
	return f, nil
}

func writePID(f *os.File) error {
	_, err := fmt.Fprintln(f, os.Getpid())
	return err
}

func owner(f *os.File) string {
	var pid int
	if _, err := fmt.Fscan(f, &pid); err != nil {
		return "another process"
	}
	return fmt.Sprintf("process %d", pid)
}
