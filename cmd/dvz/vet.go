package main

import (
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/detectviz/detectviz/compiler"
	"github.com/detectviz/detectviz/compiler/diag"
)

const vetDoc = `Vet checks compositions and everything that would be generated from them, and
writes nothing. Without a path it checks every composition of the workspace. A
path is a composition's folder, its composition.yaml or its name.

All findings are printed at once, sorted by their place in the file. A warning
does not make the exit code 1, unless --fail-on is warning. A finding that is
meant to be there is ignored by a comment on its line, with a reason:

    later: {type: string}    # dvz:ignore DVZ214 because the next release uses it

dvz explain says of each code whether it can be ignored, and a comment that is
not needed is a finding itself.

With --format json, findings are an array of objects; dvz help json-output prints
its JSON Schema. With --format sarif they are a SARIF 2.1.0 log, which GitHub
shows in pull requests; ignored findings are in it as suppressed ones.

With --watch, vet checks again whenever a file is saved, until it is interrupted.`

const vetExample = `  dvz vet
  dvz vet compositions/dev-platform --overlay production
  dvz vet dev-platform --format json --fail-on warning
  dvz vet --watch`

// vetFlags are how vet is asked for.
type vetFlags struct {
	format, failOn string
	watch          bool
}

func (c *cli) vet() *cobra.Command {
	var flags vetFlags
	cmd := &cobra.Command{
		Use:               "vet [path...]",
		Short:             "check compositions",
		Long:              vetDoc,
		Example:           vetExample,
		ValidArgsFunction: c.completeCompositions,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := flags.check(cmd); err != nil {
				return err
			}
			if flags.watch {
				return c.watch(cmd, args)
			}
			start := time.Now()
			w, dirs, err := c.toVet(cmd, args)
			found, err := c.findings(w, dirs, err)
			if err != nil {
				return err
			}
			if err := c.printFindings(flags.format, w, found, time.Since(start)); err != nil {
				return err
			}
			if found.HasErrors() || flags.failOn == "warning" && len(found.Standing()) > 0 {
				return errFindings
			}
			return nil
		},
	}
	choose := func(value *string, flag, usage string, values ...string) {
		cmd.Flags().StringVar(value, flag, values[0], usage)
		completeFlag(cmd, flag, values...)
	}
	choose(&flags.format, "format", "text, json or sarif", formats...)
	choose(&flags.failOn, "fail-on", "least `severity` that makes the exit code 1: error or warning", severities...)
	cmd.Flags().BoolVar(&flags.watch, "watch", false, "check again whenever a file is saved")
	c.overlayFlag(cmd)
	return cmd
}

// The values of vet's flags, the default first.
var (
	formats    = []string{"text", "json", "sarif"}
	severities = []string{"error", "warning"}
)

func (f vetFlags) check(cmd *cobra.Command) error {
	switch {
	case !slices.Contains(formats, f.format):
		return usagef(cmd, "--format must be text, json or sarif, got %q", f.format)
	case !slices.Contains(severities, f.failOn):
		return usagef(cmd, "--fail-on must be %s, got %q", strings.Join(severities, " or "), f.failOn)
	case f.watch && f.format != "text":
		return usagef(cmd, "--watch prints text, not %s", f.format)
	}
	return nil
}

// toVet opens the workspace and returns the composition folders that the
// arguments name.
func (c *cli) toVet(cmd *cobra.Command, args []string) (*compiler.Workspace, []string, error) {
	w, err := c.open()
	if err != nil {
		return nil, nil, err
	}
	dirs, err := c.folders(cmd, w, args)
	return w, dirs, err
}

// findings returns what there is to say of compositions, or of a workspace that
// could not be opened.
func (c *cli) findings(w *compiler.Workspace, dirs []string, err error) (diag.List, error) {
	if broken, ok := errors.AsType[*compiler.WorkspaceError](err); ok {
		return broken.Findings, nil
	}
	if err != nil {
		return nil, err
	}
	var found diag.List
	for _, dir := range dirs {
		_, some := w.Compile(dir, c.overlays...)
		found = append(found, some...)
	}
	return found.Sorted(), nil
}
