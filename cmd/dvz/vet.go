package main

import (
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/detectviz/detectviz/compiler/diag"
)

const vetDoc = `Vet checks compositions and everything that would be generated from them, and
writes nothing. Without a path it checks every composition of the workspace. A
path is a composition's folder, its composition.yaml or its name.

All findings are printed at once, sorted by their place in the file. A warning
alone does not make the exit code 1. With --format json, findings are an array
of objects with code, severity, pos, message and hint.`

const vetExample = `  dvz vet
  dvz vet compositions/dev-platform
  dvz vet dev-platform --format json`

func (c *cli) vet() *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:               "vet [path...]",
		Short:             "check compositions",
		Long:              vetDoc,
		Example:           vetExample,
		ValidArgsFunction: c.completeCompositions,
		RunE: func(cmd *cobra.Command, args []string) error {
			if format != "text" && format != "json" {
				return usagef(cmd, "--format must be text or json, got %q", format)
			}
			start := time.Now()
			w, err := c.open()
			if err != nil {
				return err
			}
			dirs, err := c.folders(cmd, w, args)
			if err != nil {
				return err
			}
			var found diag.List
			for _, dir := range dirs {
				_, some := w.Compile(dir)
				found = append(found, some...)
			}
			found = found.Sorted()
			if format == "json" {
				err = diag.WriteJSON(c.out, found)
			} else if err = printer(os.Stdout).Print(c.out, found); err == nil {
				_, err = fmt.Fprintln(c.out, diag.Summary(found, time.Since(start)))
			}
			if err == nil && found.HasErrors() {
				return errFindings
			}
			return err
		},
	}
	cmd.Flags().StringVar(&format, "format", "text", "text or json")
	completeFlag(cmd, "format", "text", "json")
	return cmd
}
