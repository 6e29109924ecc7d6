package compiler_test

import (
	"maps"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestFullDisk commits to a file system that has no room for all of the files.
func TestFullDisk(t *testing.T) {
	root := workspace(t, nil)
	w := open(t, root)
	disk := filepath.Join(root, "generated")
	if err := os.Mkdir(disk, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("tmpfs", disk, "tmpfs", 0, "size=64k"); err != nil {
		t.Skipf("only root may mount the small file system that this test fills: %v", err)
	}
	defer func() {
		if err := syscall.Unmount(disk, 0); err != nil {
			t.Error(err)
		}
	}()
	commit(t, w, generated(map[string]string{"main.go": "package main", "a/b": "b"}))
	before := tree(t, root)
	_, err := w.Commit(small, generated(map[string]string{"main.go": "package main // new", "a/b": strings.Repeat("b", 256<<10), "c": "c"}))
	if err == nil || !strings.Contains(err.Error(), "no space left on device") || !strings.Contains(err.Error(), "free some space") {
		t.Errorf("got %v", err)
	}
	if after := tree(t, root); !maps.Equal(before, after) {
		t.Error("the folder changed")
	}
	// With less to write, there is room again.
	commit(t, w, generated(map[string]string{"main.go": "package main // new", "a/b": "b", "c": "c"}))
}
