package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"text/tabwriter"
)

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
