package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/detectviz/detectviz/compiler"
	"github.com/detectviz/detectviz/compiler/diag"
	"github.com/detectviz/detectviz/compiler/format"
	"github.com/detectviz/detectviz/compiler/link"
	"github.com/detectviz/detectviz/compiler/source"
)

const fmtDoc = `Fmt rewrites compositions, their overlays and meta.yaml in one form, and prints
the files that changed. Without a path it does so for every composition of the
workspace. A path is a composition's folder or name, or a file; - reads a
composition from standard input and writes it to standard output.

The older forms (core_plugins, a top-level composition or health) become the
documented one. Indentation is two spaces, and at most one blank line separates
two things. Comments, the order of keys, quotes, and what is written in brackets
stay as they are. A file with an error is reported and left as it is.

With --check nothing is written: the files that would change are printed, and
make the exit code 1.`

const fmtExample = `  dvz fmt
  dvz fmt compositions/dev-platform/composition.yaml
  dvz fmt --check                   # for continuous integration
  dvz fmt - < composition.yaml      # for editors`

func (c *cli) format() *cobra.Command {
	var check bool
	cmd := &cobra.Command{
		Use:               "fmt [path...]",
		Short:             "write compositions in one form, or check that they are",
		Long:              fmtDoc,
		Example:           fmtExample,
		ValidArgsFunction: c.completeCompositions,
		RunE: func(cmd *cobra.Command, args []string) error {
			if slices.Contains(args, "-") && (check || len(args) > 1) {
				return usagef(cmd, "- takes no --check and no other path")
			}
			w, err := c.open()
			if err != nil {
				return err
			}
			if slices.Contains(args, "-") {
				return c.formatInput(w, cmd.InOrStdin())
			}
			files, err := c.formattable(cmd, w, args)
			if err != nil {
				return err
			}
			return c.formatFiles(w, files, check)
		},
	}
	cmd.Flags().BoolVar(&check, "check", false, "write nothing, print what would change")
	return cmd
}

// formattable returns the files that the arguments name, or those of all
// compositions when there are none.
func (c *cli) formattable(cmd *cobra.Command, w *compiler.Workspace, args []string) ([]string, error) {
	var files, rest []string
	for _, arg := range args {
		switch info, err := os.Stat(arg); {
		case err != nil || info.IsDir():
			rest = append(rest, arg)
		case !format.Knows(arg):
			return nil, usagef(cmd, "%s is no composition: expected a file in YAML, CUE or JSON", arg)
		default:
			files = append(files, arg)
		}
	}
	if len(rest) > 0 || len(args) == 0 {
		dirs, err := c.folders(cmd, w, rest)
		if err != nil {
			return nil, err
		}
		for _, dir := range dirs {
			some, err := format.Files(dir)
			if err != nil {
				return nil, err
			}
			files = append(files, some...)
		}
	}
	for i, file := range files {
		abs, err := filepath.Abs(file)
		if err != nil {
			return nil, err
		}
		files[i] = w.Shown(abs)
	}
	slices.Sort(files)
	return slices.Compact(files), nil
}

// formatFiles formats files and prints those that change. One that cannot be
// formatted does not keep the others from it.
func (c *cli) formatFiles(w *compiler.Workspace, files []string, check bool) error {
	start := time.Now()
	var found diag.List
	var failed error
	stale := false
	for _, file := range files {
		some, isChanged, err := formatFile(w, file, check)
		if found = append(found, some...); err != nil {
			c.complain(err)
			failed = errFindings
		}
		if isChanged {
			fmt.Fprintln(c.out, file)
			stale = check
		}
	}
	if err := c.report(found, start); err != nil {
		failed = err
	}
	if stale {
		fmt.Fprintln(c.err, "dvz: the files above are not as dvz fmt writes them: run dvz fmt")
		failed = errFindings
	}
	return failed
}

// formatFile writes a file as it should be, unless it only checks, and reports
// whether it differs from that.
func formatFile(w *compiler.Workspace, file string, check bool) (found diag.List, changed bool, err error) {
	content, err := format.Read(file)
	if err != nil {
		return nil, false, err
	}
	out, found, err := format.Format(filepath.ToSlash(file), content, w.Catalog().Named)
	if err != nil || out == nil || bytes.Equal(out, content) {
		return found, false, err
	}
	if !check {
		if err := format.Write(file, out); err != nil {
			return found, false, link.CannotWrite(file, err)
		}
	}
	return found, true, nil
}

// formatInput writes what it reads as it should be to standard output.
func (c *cli) formatInput(w *compiler.Workspace, in io.Reader) error {
	content, err := io.ReadAll(io.LimitReader(in, source.MaxBytes+1))
	if err != nil {
		return err
	}
	out, found, err := format.Format("<standard input>", content, w.Catalog().Named)
	if err != nil {
		return err
	}
	if found.HasErrors() {
		p := printer(os.Stderr)
		p.Source = func(string) []byte { return content }
		return errors.Join(errFindings, p.Print(c.err, found.Sorted()))
	}
	_, err = c.out.Write(out)
	return err
}
