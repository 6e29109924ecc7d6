package main

import (
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/detectviz/detectviz/compiler"
	"github.com/detectviz/detectviz/compiler/diag"
	"github.com/detectviz/detectviz/compiler/emit"
	"github.com/detectviz/detectviz/compiler/plan"
	"github.com/detectviz/detectviz/compiler/source"
)

// folders returns the composition folders that the arguments name, or those of
// all compositions when there are none.
func (c *cli) folders(cmd *cobra.Command, w *compiler.Workspace, args []string) ([]string, error) {
	dirs, err := w.Resolve(args)
	if err != nil && len(args) > 0 && !errors.Is(err, fs.ErrPermission) {
		return nil, usagef(cmd, "%s", err)
	}
	return dirs, err
}

// folder returns the one composition folder that a command works on: that of
// the argument, else the working directory, else the workspace's only one.
func (c *cli) folder(cmd *cobra.Command, w *compiler.Workspace, args []string) (string, error) {
	if len(args) == 0 {
		if _, err := source.Find(os.DirFS(".")); !errors.Is(err, fs.ErrNotExist) {
			return ".", nil
		}
	}
	dirs, err := c.folders(cmd, w, args)
	if err != nil {
		return "", err
	}
	if len(dirs) > 1 {
		all, err := w.Compositions()
		if err != nil {
			return "", err
		}
		var names []string
		for _, s := range all {
			names = append(names, s.Name)
		}
		return "", usagef(cmd, "which composition? give one of %s", strings.Join(names, ", "))
	}
	return dirs[0], nil
}

// compile plans a composition and prints what there is to say. The error is
// errFindings when the composition has errors.
func (c *cli) compile(w *compiler.Workspace, dir string) (*plan.Plan, error) {
	start := time.Now()
	p, found := w.Compile(dir, c.overlays...)
	return p, c.report(found, start)
}

// emit plans a composition and generates its files, without writing them.
func (c *cli) emit(w *compiler.Workspace, dir string) (*plan.Plan, []emit.File, error) {
	start := time.Now()
	p, found := w.Compile(dir, c.overlays...)
	var files []emit.File
	if !found.HasErrors() {
		var more diag.List
		files, more = w.Emit(p)
		found = append(found, more...)
	}
	return p, files, c.report(found, start)
}

// report prints diagnostics to standard error, whose errors end the command.
func (c *cli) report(found diag.List, start time.Time) error {
	if len(found) == 0 {
		return nil
	}
	if err := printer(os.Stderr).Print(c.err, found.Sorted()); err != nil {
		return err
	}
	if !found.HasErrors() {
		return nil
	}
	if _, err := c.err.Write([]byte(diag.Summary(found, time.Since(start)) + "\n")); err != nil {
		return err
	}
	return errFindings
}

// overlayFlag gives a command the flag --overlay.
func (c *cli) overlayFlag(cmd *cobra.Command) {
	cmd.Flags().StringArrayVar(&c.overlays, "overlay", nil, "apply the overlay of this `name`, a file in overlays/; when repeated, the later wins")
	if err := cmd.RegisterFlagCompletionFunc("overlay", c.completeOverlays); err != nil {
		panic(err) // the flag was just added
	}
}

// completeOverlays completes the names of the overlays of the compositions that
// were given, or of all.
func (c *cli) completeOverlays(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	w, err := c.completing()
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	dirs, err := w.Resolve(args)
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	names := map[string]bool{}
	for _, dir := range dirs {
		if !filepath.IsAbs(dir) {
			dir = filepath.Join(c.dir, dir) // see completing
		}
		files, _ := filepath.Glob(filepath.Join(dir, "overlays", "*.*")) // the pattern is a good one
		for _, file := range files {
			name := filepath.Base(file)
			names[strings.TrimSuffix(name, filepath.Ext(name))] = true
		}
	}
	return slices.Sorted(maps.Keys(names)), cobra.ShellCompDirectiveNoFileComp
}
