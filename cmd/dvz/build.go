package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
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
every plugin, which is built for it, once for each system.`

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
			err = c.buildAll(ctx, w, dirs, platform)
			if unsupported, ok := errors.AsType[*link.UnsupportedTarget](err); ok {
				return usagef(cmd, "--target: %s", unsupported)
			}
			return err
		},
	}
	cmd.Flags().BoolVar(&all, "all", false, "every composition of the workspace")
	cmd.Flags().StringVar(&target, "target", "", "build for this `os/arch`, such as linux/arm64")
	c.overlayFlag(cmd)
	completeFlag(cmd, "target", "linux/amd64", "linux/arm64", "darwin/arm64")
	return cmd
}

func (c *cli) toBuild(cmd *cobra.Command, w *compiler.Workspace, args []string, all bool) ([]string, error) {
	if all || len(args) > 0 {
		return c.folders(cmd, w, args)
	}
	dir, err := c.folder(cmd, w, nil)
	return []string{dir}, err
}

// cleanup is how long a second signal is not obeyed: so long, stopping go and
// removing what is half-written may take.
const cleanup = 5 * time.Second

// interruptible returns a context that ends at the first signal that asks dvz to
// end, be it that the terminal was closed or that nobody reads the output. One
// that comes much later ends dvz at once.
func interruptible() (context.Context, context.CancelFunc) {
	signals := []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGPIPE}
	if !signal.Ignored(syscall.SIGHUP) { // as under nohup
		signals = append(signals, syscall.SIGHUP)
	}
	ctx, stop := signal.NotifyContext(context.Background(), signals...)
	context.AfterFunc(ctx, func() { time.AfterFunc(cleanup, stop) })
	return ctx, stop
}

// buildAll builds compositions and prints what was built. One that has findings
// or does not compile does not keep the others from being built.
func (c *cli) buildAll(ctx context.Context, w *compiler.Workspace, dirs []string, target link.Target) error {
	var failed error
	var built []link.Result
	fresh := false // something was built
	for _, dir := range dirs {
		result, err := c.buildOne(ctx, w, dir, target)
		_, unsupported := errors.AsType[*link.UnsupportedTarget](err)
		switch {
		case err == nil:
			built = append(built, result)
			fresh = fresh || !result.Skipped
		case ctx.Err() != nil, unsupported:
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
	everything := w.MeasuredEverything(target)
	if fresh || everything == 0 {
		var err error
		if everything, err = c.measureEverything(ctx, w, target); err != nil {
			failed = err
		}
	}
	for _, result := range built {
		if _, err := fmt.Fprintln(c.out, describe(w, result, target, everything)); err != nil {
			return err
		}
	}
	return failed
}

// measureEverything returns the size of a binary with every plugin. Without it,
// the size is 0 and a line says why; what was built is no worse for it, so that
// only an interrupt is an error.
func (c *cli) measureEverything(ctx context.Context, w *compiler.Workspace, target link.Target) (int64, error) {
	show := c.progress("every plugin, to compare")
	size, err := w.MeasureEverything(ctx, compiler.BuildOptions{Target: target, Progress: show.update})
	show.done()
	if err == nil {
		return size, nil
	}
	why := err.Error()
	if broken, ok := errors.AsType[*link.CompileError](err); ok {
		why = broken.Findings[0].String()
	}
	why, _, _ = strings.Cut(why, "\n")
	fmt.Fprintf(c.err, "dvz: there is no binary with every plugin to compare with: %s\n", why)
	if ctx.Err() != nil {
		return 0, errFindings
	}
	return 0, nil
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
// in 21.4 s; 8.3 MiB (31 %) smaller than with every plugin (26.6 MiB)".
func describe(w *compiler.Workspace, r link.Result, target link.Target, everything int64) string {
	how := fmt.Sprintf("%d packages in %.1f s", r.Packages, r.Duration.Seconds())
	if r.Skipped {
		how = "up to date"
	}
	text := fmt.Sprintf("%s: %s, %s, %s", w.Shown(r.Output), mebibytes(r.Size), target, how)
	saved := everything - r.Size
	switch {
	case everything == 0:
	case saved <= 0:
		text += fmt.Sprintf("; no smaller than with every plugin (%s)", mebibytes(everything))
	default:
		text += fmt.Sprintf("; %s (%.0f %%) smaller than with every plugin (%s)",
			mebibytes(saved), 100*float64(saved)/float64(everything), mebibytes(everything))
	}
	return text
}

// mebibytes prints a number of bytes; small ones in KiB, so that they are not 0.
func mebibytes(n int64) string {
	if n < 1<<20/10 {
		return fmt.Sprintf("%.1f KiB", float64(n)/(1<<10))
	}
	return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20))
}
