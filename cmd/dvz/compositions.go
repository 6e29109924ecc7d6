package main

import (
	"errors"
	"io/fs"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/detectviz/detectviz/compiler"
	"github.com/detectviz/detectviz/compiler/diag"
	"github.com/detectviz/detectviz/compiler/emit"
	"github.com/detectviz/detectviz/compiler/plan"
)

// compositionFile makes a folder a composition.
const compositionFile = "composition.yaml"

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
		if _, err := os.Stat(compositionFile); err == nil {
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
	p, found := w.Compile(dir)
	return p, c.report(found, start)
}

// emit plans a composition and generates its files, without writing them.
func (c *cli) emit(w *compiler.Workspace, dir string) (*plan.Plan, []emit.File, error) {
	start := time.Now()
	p, found := w.Compile(dir)
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

// printer prints diagnostics for people, in colour when the file is a terminal
// and NO_COLOR (no-color.org) is not set.
func printer(file *os.File) diag.Printer {
	return diag.Printer{
		Color: os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb" && term.IsTerminal(int(file.Fd())),
		Source: func(name string) []byte {
			content, err := os.ReadFile(name)
			if err != nil {
				return nil // the finding is about a file that is not there
			}
			return content
		},
	}
}
