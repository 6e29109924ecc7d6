package main

import (
	"fmt"
	"path"
	"strings"

	"github.com/spf13/cobra"

	"github.com/detectviz/detectviz/compiler"
)

const generateDoc = `Generate writes generated/<name> of compositions: main.go, the Alloy, Grafana and
systemd files, plan.json, and manifest.json, which lists them all. Without a path
it does so for every composition of the workspace.

Files are written only when all of the composition is right, all at once, and
only where they differ. A file that dvz no longer generates is removed if its own
manifest lists it. With --check nothing is written: every file that is not what
would be generated is printed, and makes the exit code 1; without a path, so does
a folder whose composition is gone.`

const generateExample = `  dvz generate
  dvz generate compositions/dev-platform
  dvz generate --check    # for continuous integration`

func (c *cli) generate() *cobra.Command {
	var check, all bool
	cmd := &cobra.Command{
		Use:               "generate [path...]",
		Short:             "write the files of compositions, or check that they are fresh",
		Long:              generateDoc,
		Example:           generateExample,
		ValidArgsFunction: c.completeCompositions,
		RunE: func(cmd *cobra.Command, args []string) error {
			if all && len(args) > 0 {
				return usagef(cmd, "--all takes no path, got %q", args[0])
			}
			w, err := c.open()
			if err != nil {
				return err
			}
			dirs, err := c.folders(cmd, w, args)
			if err != nil {
				return err
			}
			one := c.write
			if check {
				one = c.check
			}
			var failed error
			for _, dir := range dirs {
				switch err := one(w, dir); {
				case err == errFindings:
					failed = err // the other compositions still count
				case err != nil:
					return err
				}
			}
			if check && len(args) == 0 {
				if err := c.checkAbandoned(w); err != nil {
					return err
				}
			}
			return failed
		},
	}
	cmd.Flags().BoolVar(&check, "check", false, "write nothing, print what is stale")
	cmd.Flags().BoolVar(&all, "all", false, "every composition; the same as no path")
	c.overlayFlag(cmd)
	return cmd
}

// write writes the generated files of a composition.
func (c *cli) write(w *compiler.Workspace, dir string) error {
	p, files, err := c.emit(w, dir)
	if err != nil {
		return err
	}
	changes, err := w.Commit(p, files)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(c.out, "%s: %d written, %d removed, %d unchanged\n",
		path.Join("generated", p.Artifact()), len(changes.Written), len(changes.Removed), changes.Unchanged)
	return err
}

// check prints which generated files of a composition are stale.
func (c *cli) check(w *compiler.Workspace, dir string) error {
	p, files, err := c.emit(w, dir)
	if err != nil {
		return err
	}
	stale, err := w.Stale(p, files)
	if err != nil {
		return err
	}
	if len(stale) == 0 {
		return nil
	}
	for _, line := range stale {
		fmt.Fprintf(c.out, "%s\n", path.Join("generated", p.Artifact(), line))
	}
	command := strings.Join(append([]string{"dvz generate " + p.Name}, p.Overlays...), " --overlay ")
	fmt.Fprintf(c.out, "generated/%s is stale: run %s\n", p.Artifact(), command)
	return errFindings
}

// checkAbandoned prints which folders of generated files no composition has any
// more. dvz does not remove them: what else is in them is not known.
func (c *cli) checkAbandoned(w *compiler.Workspace) error {
	abandoned, err := w.Abandoned()
	if err != nil || len(abandoned) == 0 {
		return err
	}
	for _, dir := range abandoned {
		fmt.Fprintf(c.out, "%s is abandoned: its composition is gone; remove the folder\n", dir)
	}
	return errFindings
}
