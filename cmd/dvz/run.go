package main

import (
	"fmt"
	"os"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/detectviz/detectviz/compiler/link"
)

const runDoc = `Run builds a composition as dvz build does and starts its binary, which takes the
place of dvz: it gets all signals, and its exit code is that of the command. What
stands after -- is given to the binary.`

const runExample = `  dvz run dev-platform
  dvz run dev-platform -- --listen 127.0.0.1:9000
  dvz run -- --help`

func (c *cli) run() *cobra.Command {
	cmd := &cobra.Command{
		Use:               "run [path] [-- args...]",
		Short:             "build a composition and start it",
		Long:              runDoc,
		Example:           runExample,
		ValidArgsFunction: first(c.completeCompositions),
		RunE: func(cmd *cobra.Command, args []string) error {
			var rest []string
			if dash := cmd.ArgsLenAtDash(); dash >= 0 {
				args, rest = args[:dash], args[dash:]
			}
			if len(args) > 1 {
				return usagef(cmd, "too many arguments: %s; what the binary is to be given stands after --", form(cmd))
			}
			w, err := c.open()
			if err != nil {
				return err
			}
			dir, err := c.folder(cmd, w, args)
			if err != nil {
				return err
			}
			ctx, stop := interruptible()
			result, err := c.buildOne(ctx, w, dir, link.Host())
			stop()
			if err != nil {
				return err
			}
			// A child would get Ctrl-C twice, from the terminal and from us, and
			// take it for the second signal that ends it at once.
			if err := syscall.Exec(result.Output, append([]string{result.Output}, rest...), os.Environ()); err != nil {
				return fmt.Errorf("starting %s: %w", w.Shown(result.Output), err)
			}
			return nil
		},
	}
	c.overlayFlag(cmd)
	return cmd
}
