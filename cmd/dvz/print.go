package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"golang.org/x/term"

	"github.com/detectviz/detectviz/compiler"
	"github.com/detectviz/detectviz/compiler/diag"
)

// printFindings writes findings to standard output. The workspace is nil when it
// cannot be opened.
func (c *cli) printFindings(format string, w *compiler.Workspace, found diag.List, took time.Duration) error {
	switch format {
	case "json":
		return diag.WriteJSON(c.out, found)
	case "sarif":
		root, err := repository(w)
		if err != nil {
			return err
		}
		return diag.SARIF{
			Version: compiler.Version,
			Source:  readSource,
			Relative: func(file string) string {
				if abs, err := filepath.Abs(file); err == nil {
					file = abs
				}
				if rel, err := filepath.Rel(root, file); err == nil {
					file = rel
				}
				return filepath.ToSlash(file)
			},
		}.Write(c.out, found)
	}
	if err := printer(os.Stdout).Print(c.out, found); err != nil {
		return err
	}
	_, err := fmt.Fprintln(c.out, diag.Summary(found, took))
	return err
}

// repository returns the root of the repository that a workspace is in: the
// nearest folder with a .git, else the workspace itself.
func repository(w *compiler.Workspace) (string, error) {
	root, err := os.Getwd()
	if err != nil {
		return "", err
	}
	if w != nil {
		root = w.Root
	}
	for dir := root; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, ".git")); err == nil {
			return dir, nil
		}
		if dir == filepath.Dir(dir) {
			return root, nil
		}
	}
}

// printer prints diagnostics for people, in colour when the file is a terminal
// and NO_COLOR (no-color.org) is not set.
func printer(file *os.File) diag.Printer {
	return diag.Printer{
		Color:  os.Getenv("NO_COLOR") == "" && terminal(file),
		Source: readSource,
	}
}

// terminal reports whether a file is a terminal that understands more than text.
func terminal(file *os.File) bool {
	return os.Getenv("TERM") != "dumb" && term.IsTerminal(int(file.Fd()))
}

// readSource returns the content of a file that a finding is about, if it is
// there.
func readSource(name string) []byte {
	content, err := os.ReadFile(name)
	if err != nil {
		return nil
	}
	return content
}

// printJSON writes a value to standard output, indented.
func (c *cli) printJSON(v any) error {
	enc := json.NewEncoder(c.out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}

// table writes aligned columns to standard output.
type table struct{ w *tabwriter.Writer }

func (c *cli) table() table {
	return table{tabwriter.NewWriter(c.out, 0, 0, 2, ' ', 0)}
}

// row adds a row; empty cells at its end are left out, so that no line ends in
// blanks.
func (t table) row(cells ...string) {
	fmt.Fprintln(t.w, strings.TrimRight(strings.Join(cells, "\t"), "\t"))
}

func (t table) flush() error { return t.w.Flush() }
