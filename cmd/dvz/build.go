package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/detectviz/detectviz/compiler"
	"github.com/detectviz/detectviz/compiler/link"
)

const buildDoc = `Build writes generated/<name> of compositions and compiles each into one static
binary, bin/<name>, that holds the chosen plugins and nothing else. Without a
path it builds the composition in the working directory, or the only one of the
workspace.

What is built already is not built again. For another system than this one, the
binary is bin/<name>-<os>-<arch>. An interrupted or failed build leaves the
binary that was there. At the end the size is compared with that of a binary with
every plugin, which is built once for it; not so for another system.`

const buildExample = `  dvz build compositions/dev-platform
  dvz build --all
  dvz build dev-platform --target linux/arm64`

func (c *cli) build() *cobra.Command {
	var all bool
	var target string
	cmd := &cobra.Command{
		Use:               "build [path...]",
		Short:             "build the binaries of compositions",
		Long:              buildDoc,
		Example:           buildExample,
		ValidArgsFunction: c.completeCompositions,
		RunE: func(cmd *cobra.Command, args []string) error {
			if all && len(args) > 0 {
				return usagef(cmd, "--all takes no path, got %q", args[0])
			}
			platform, err := link.ParseTarget(target)
			if err != nil {
				return usagef(cmd, "--target: %s", err)
			}
			w, err := c.open()
			if err != nil {
				return err
			}
			dirs, err := c.toBuild(cmd, w, args, all)
			if err != nil {
				return err
			}
			ctx, stop := interruptible()
			defer stop()
			return c.buildAll(ctx, w, dirs, platform)
		},
	}
	cmd.Flags().BoolVar(&all, "all", false, "every composition of the workspace")
	cmd.Flags().StringVar(&target, "target", "", "build for this `os/arch`, such as linux/arm64")
	return cmd
}

func (c *cli) toBuild(cmd *cobra.Command, w *compiler.Workspace, args []string, all bool) ([]string, error) {
	if all || len(args) > 0 {
		return c.folders(cmd, w, args)
	}
	dir, err := c.folder(cmd, w, nil)
	return []string{dir}, err
}

// interruptible returns a context that ends at the first SIGINT or SIGTERM; a
// second one ends dvz at once.
func interruptible() (context.Context, context.CancelFunc) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	return ctx, stop
}

// buildAll builds compositions and prints what was built. One that has findings
// or does not compile does not keep the others from being built.
func (c *cli) buildAll(ctx context.Context, w *compiler.Workspace, dirs []string, target link.Target) error {
	var failed error
	var built []link.Result
	for _, dir := range dirs {
		result, err := c.buildOne(ctx, w, dir, target)
		switch {
		case err == nil:
			built = append(built, result)
		case ctx.Err() != nil:
			return err
		case errors.Is(err, errFindings):
			failed = err
		default:
			c.complain(err)
			failed = errFindings
		}
	}
	if len(built) == 0 {
		return failed
	}
	everything, err := c.measureEverything(ctx, w, target)
	if err != nil {
		return err
	}
	for _, result := range built {
		fmt.Fprintln(c.out, describe(w, result, target, everything))
	}
	return failed
}

// measureEverything returns the size of a binary with every plugin, or 0 when
// there is nothing to compare with, as for another system than this one: it
// would take minutes to compile all of it for one number.
func (c *cli) measureEverything(ctx context.Context, w *compiler.Workspace, target link.Target) (int64, error) {
	if target != link.Host() {
		return 0, nil
	}
	show := c.progress("a binary with every plugin, to compare")
	size, err := w.MeasureEverything(ctx, compiler.BuildOptions{Target: target, Progress: show.update})
	show.done()
	switch {
	case ctx.Err() != nil:
		return 0, err
	case err != nil:
		fmt.Fprintf(c.err, "dvz: there is nothing to compare with: %s\n", err)
	}
	return size, nil
}

// buildOne builds a composition, with its progress on standard error.
func (c *cli) buildOne(ctx context.Context, w *compiler.Workspace, dir string, target link.Target) (link.Result, error) {
	p, err := c.compile(w, dir)
	if err != nil {
		return link.Result{}, err
	}
	start := time.Now()
	show := c.progress(p.Name)
	result, found, err := w.Build(ctx, p, compiler.BuildOptions{Target: target, Progress: show.update})
	show.done()
	if err := c.report(found, start); err != nil {
		return link.Result{}, err
	}
	return result, err
}

// describe says what was built: "bin/demo: 18.3 MiB, linux/amd64, 412 packages
// in 21.4 s, 31 % smaller than with every plugin (26.6 MiB)".
func describe(w *compiler.Workspace, r link.Result, target link.Target, everything int64) string {
	how := fmt.Sprintf("%d packages in %.1f s", r.Packages, r.Duration.Seconds())
	if r.Skipped {
		how = "up to date"
	}
	text := fmt.Sprintf("%s: %s, %s, %s", w.Shown(r.Output), mebibytes(r.Size), target, how)
	if saved := (everything - r.Size) * 100 / max(everything, 1); saved > 0 {
		text += fmt.Sprintf(", %d %% smaller than with every plugin (%s)", saved, mebibytes(everything))
	}
	return text
}

func mebibytes(n int64) string { return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20)) }
