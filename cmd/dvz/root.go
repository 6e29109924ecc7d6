package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/detectviz/detectviz/compiler"
	"github.com/detectviz/detectviz/compiler/diag"
	"github.com/detectviz/detectviz/compiler/link"
	"github.com/detectviz/detectviz/plugins"
)

const rootDoc = `dvz compiles compositions. A composition is a folder with a composition.yaml
that names plugins, their configs and how data flows between them. dvz checks
all of it and writes a dedicated binary, and the Alloy, Grafana and systemd
files around it, all from that one source.`

const rootExample = `  dvz vet                                # check every composition of the workspace
  dvz build compositions/dev-platform    # write generated/dev-platform and bin/dev-platform
  dvz run dev-platform -- --help         # build it and start it
  dvz plugins search prometheus          # find plugins
  dvz explain DVZ203                     # what a finding means`

const exitCodesDoc = `dvz ends with one of these exit codes:

  0  all is well
  1  there are findings in a composition, generated files are stale, or
     something failed, such as a build or a write
  2  dvz was not used as it is meant: an unknown command, flag or argument

dvz run ends with the exit code of the binary that it starts.`

// The exit codes; `dvz help exit-codes` explains them.
const (
	exitOK       = 0
	exitFindings = 1
	exitUsage    = 2
)

// errFindings ends a command with exitFindings when everything was printed.
var errFindings = errors.New("findings")

// usageError is a mistake in the command line.
type usageError struct {
	command string // "dvz plan"
	message string
}

func (e *usageError) Error() string { return e.message }

// usagef returns a usageError of a command.
func usagef(cmd *cobra.Command, format string, args ...any) error {
	return &usageError{cmd.CommandPath(), fmt.Sprintf(format, args...)}
}

// cli is what the commands share.
type cli struct {
	dir      string   // -C
	overlays []string // --overlay
	out      io.Writer
	err      io.Writer
}

func run(args []string, stdout, stderr io.Writer) int {
	start := time.Now()
	c := &cli{out: stdout, err: stderr}
	root := c.root()
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.Execute()
	usage, misused := errors.AsType[*usageError](err)
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, errFindings):
		return exitFindings
	case misused:
		fmt.Fprintf(stderr, "%s: %s\nsee %s --help\n", usage.command, usage.message, usage.command)
		return exitUsage
	}
	if unusable, ok := errors.AsType[*compiler.WorkspaceError](err); ok {
		err = c.report(unusable.Findings, start)
		if errors.Is(err, errFindings) {
			return exitFindings
		}
	}
	c.complain(err)
	return exitFindings
}

// complain prints an error, and which page explains it.
func (c *cli) complain(err error) {
	fmt.Fprintf(c.err, "dvz: %s\n", err)
	if failure, ok := errors.AsType[*link.Error](err); ok {
		fmt.Fprintf(c.err, "see dvz explain %s\n", failure.Code)
	} else if _, ok := errors.AsType[*link.CompileError](err); ok {
		fmt.Fprintf(c.err, "see dvz explain %s\n", link.CodeCompile)
	}
}

func (c *cli) root() *cobra.Command {
	root := group(&cobra.Command{
		Use:           "dvz",
		Short:         "compile observability compositions into dedicated binaries",
		Long:          rootDoc,
		Example:       rootExample,
		Version:       compiler.Version,
		SilenceErrors: true,
		SilenceUsage:  true,
	})
	root.PersistentPreRunE = func(cmd *cobra.Command, _ []string) error {
		if c.dir == "" {
			return nil
		}
		if err := os.Chdir(c.dir); err != nil {
			return usagef(cmd, "-C: %s", err)
		}
		return nil
	}
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error { return usagef(cmd, "%s", err) })
	root.SetVersionTemplate("dvz {{.Version}}\n")
	root.PersistentFlags().StringVarP(&c.dir, "directory", "C", "", "change to this `folder` first")
	root.AddCommand(
		c.list(), c.vet(), c.plan(), c.generate(), c.build(), c.run(),
		c.plugins(), c.graph(), c.schema(), c.format(), c.explain(), c.version(), c.init(),
		&cobra.Command{Use: "exit-codes", Short: "what the exit codes mean", Long: exitCodesDoc},
		&cobra.Command{Use: "json-output", Short: "the JSON Schema of what vet --format json prints", Long: diag.JSONSchema},
	)
	// Cobra's own two commands, in the manner of the others.
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	for _, cmd := range root.Commands() {
		switch cmd.Name() {
		case "help":
			cmd.Short = "show the help of a command"
			cmd.Args = func(cmd *cobra.Command, args []string) error {
				if _, rest, err := root.Find(args); err != nil || len(rest) > 0 {
					return usagef(cmd, "there is no help on %q", strings.Join(args, " "))
				}
				return nil
			}
		case "completion":
			group(cmd).Short = "print the completion script of a shell"
			for _, shell := range cmd.Commands() {
				shell.Args = arguments(0, 0)
			}
		}
	}
	return root
}

// group makes a command of one that only has subcommands: alone it shows its
// help, and an unknown subcommand is a usage error with a suggestion.
func group(cmd *cobra.Command) *cobra.Command {
	cmd.SuggestionsMinimumDistance = 2
	cmd.Args = func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return nil
		}
		message := fmt.Sprintf("unknown command %q", args[0])
		if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
			message += "; did you mean " + strings.Join(near, " or ") + "?"
		}
		return usagef(cmd, "%s", message)
	}
	cmd.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
	return cmd
}

// arguments accepts between least and most arguments; most < 0 sets no limit.
func arguments(least, most int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		switch {
		case len(args) < least:
			return usagef(cmd, "an argument is missing: %s", form(cmd))
		case most == 0 && len(args) > 0:
			return usagef(cmd, "takes no arguments, got %q", args[0])
		case most > 0 && len(args) > most:
			return usagef(cmd, "too many arguments: %s", form(cmd))
		}
		return nil
	}
}

// form is how a command is written, without its flags.
func form(cmd *cobra.Command) string { return strings.TrimSuffix(cmd.UseLine(), " [flags]") }

// open opens the workspace that the working directory belongs to.
func (c *cli) open() (*compiler.Workspace, error) {
	return compiler.Open(".", plugins.Files)
}
