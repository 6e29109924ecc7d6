package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/fsnotify/fsnotify"
	"github.com/spf13/cobra"
)

// settle is how long after a first change vet waits for those that belong to it:
// editors save in several steps.
const settle = 20 * time.Millisecond

// watch vets, and vets again whenever a file that matters was saved, until it is
// interrupted. Each time it opens the workspace anew: manifests and dvz.yaml may
// have changed as well, and a CUE context that is used again only grows.
func (c *cli) watch(cmd *cobra.Command, args []string) error {
	files, err := fsnotify.NewWatcher()
	if err != nil {
		return fmt.Errorf("watching files: %w", err)
	}
	defer files.Close()
	ctx, stop := interruptible()
	defer stop()
	w := watcher{files: files, folders: map[string]bool{}}
	for first := true; ; first = false {
		start := time.Now()
		space, dirs, err := c.toVet(cmd, args)
		if space != nil {
			w.root = space.Root
		}
		// Before the files are read, so that what changes meanwhile is vetted next.
		if err := w.add(dirs); err != nil {
			return err
		}
		found, err := c.findings(space, dirs, err)
		if err != nil && first {
			return err
		}
		if terminal(os.Stdout) {
			fmt.Fprint(c.out, "\x1b[H\x1b[2J") // clear the screen
		}
		if err != nil {
			c.complain(err) // the composition is gone, for example
		} else if err := c.printFindings("text", space, found, time.Since(start)); err != nil {
			return err
		}
		if first || terminal(os.Stdout) {
			fmt.Fprintln(c.out, "watching for changes; Ctrl-C ends it")
		}
		debug.FreeOSMemory() // a vet leaves much, and the next may be hours away
		if !w.wait(ctx) {
			return nil
		}
	}
}

// watcher knows when a file that vet reads may have changed.
type watcher struct {
	files   *fsnotify.Watcher
	root    string          // of the workspace; "" when it never could be opened
	folders map[string]bool // all that were watched so far
}

// add watches the workspace and composition folders, those that are new since
// the last time among them.
func (w *watcher) add(dirs []string) error {
	root := w.root
	if root == "" {
		root = "."
	}
	err := w.folder(root, false)
	for _, dir := range []string{"compositions", filepath.Join("plugins", "custom")} {
		err = errors.Join(err, w.folder(filepath.Join(root, dir), true))
	}
	for _, dir := range dirs {
		err = errors.Join(err, w.folder(filepath.Dir(dir), false), w.folder(dir, true))
	}
	return err
}

// folder watches a folder and, when deep, those below it. One that is not there
// is no error: the folder above it tells when it comes.
func (w *watcher) folder(dir string, deep bool) error {
	dir, err := filepath.Abs(dir)
	if err == nil {
		err = w.files.Add(dir)
	}
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, fs.ErrPermission):
		return nil
	case err != nil:
		return fmt.Errorf("watching %s: %w", dir, err)
	}
	w.folders[dir] = true
	if !deep {
		return nil
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil // gone meanwhile
	}
	for _, e := range entries {
		if e.IsDir() && !strings.HasPrefix(e.Name(), ".") {
			if err := w.folder(filepath.Join(dir, e.Name()), true); err != nil {
				return err
			}
		}
	}
	return nil
}

// wait returns true shortly after a change, and false when the context ended.
func (w *watcher) wait(ctx context.Context) bool {
	var settled <-chan time.Time
	for {
		select {
		case <-ctx.Done():
			return false
		case <-settled:
			return true
		case event := <-w.files.Events:
			if settled == nil && w.matters(event) {
				settled = time.After(settle)
			}
		case <-w.files.Errors: // too many changes at once: some were lost
			if settled == nil {
				settled = time.After(settle)
			}
		}
	}
}

// sources are the files that vet reads, by the ends of their names.
var sources = []string{".yaml", ".yml", ".json", ".cue", "config_gen.go", "go.mod"}

// matters reports whether a change can make a difference to vet. Editors write
// much that does not: backups, locks, swap files.
func (w *watcher) matters(e fsnotify.Event) bool {
	name := filepath.Base(e.Name)
	switch {
	case e.Op == fsnotify.Chmod, strings.HasPrefix(name, "."):
		return false
	case w.folders[e.Name]: // removed or renamed
		return true
	case slices.ContainsFunc(sources, func(end string) bool { return strings.HasSuffix(name, end) }):
		return true
	}
	info, err := os.Stat(e.Name)
	return err == nil && info.IsDir()
}
