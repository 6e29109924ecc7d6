package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/detectviz/detectviz/compiler"
	"github.com/detectviz/detectviz/plugins"
)

const initDoc = `Init makes a workspace in a folder, the working directory by default: dvz.yaml,
a Go module with dvz as its tool, a first composition, a place for plugins of
your own, and a workflow for continuous integration. The folder must be empty,
but for .git, .gitignore, LICENSE and README.md, which stay as they are.

The workspace is for the version of this dvz. With --framework it is built from
a folder with the framework's sources instead. Init downloads the framework when
it is not in Go's module cache.

With --refresh nothing is made: in a workspace that was moved to another version,
the copies of the schema that go generate and editors use are written again.`

const initExample = `  dvz init shop
  dvz init --module github.com/acme/shop
  dvz init shop --framework ../detectviz`

func (c *cli) init() *cobra.Command {
	var o compiler.InitOptions
	var refresh bool
	cmd := &cobra.Command{
		Use:     "init [folder]",
		Short:   "make a workspace",
		Long:    initDoc,
		Example: initExample,
		Args:    arguments(0, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if refresh {
				if len(args) > 0 || cmd.Flags().Changed("module") || cmd.Flags().Changed("framework") {
					return usagef(cmd, "--refresh takes no argument and no other flag")
				}
				return c.refresh()
			}
			o.Dir, o.Plugins = ".", plugins.Files
			if len(args) > 0 {
				o.Dir = args[0]
			}
			ctx, stop := interruptible()
			defer stop()
			module, err := compiler.Init(ctx, o)
			if err != nil {
				return err
			}
			what, where := "this folder", ""
			if o.Dir != "." {
				what, where = o.Dir, "  cd "+o.Dir+"\n"
			}
			_, err = fmt.Fprintf(c.out, initDone, what, compiler.Version, module, where)
			return err
		},
	}
	cmd.Flags().StringVar(&o.Module, "module", "", "the Go module's `path`; default: from the git remote or the folder's name")
	cmd.Flags().StringVar(&o.Framework, "framework", "", "build from the framework's sources in this `folder`")
	cmd.Flags().BoolVar(&refresh, "refresh", false, "write the copies of the schema again")
	return cmd
}

const initDone = `%s is a workspace of dvz %s, and the Go module %s. What comes next:

%s  go tool dvz vet
  go tool dvz run hello
  go tool dvz plugins new importer acme/thing
`

func (c *cli) refresh() error {
	w, err := c.open()
	if err != nil {
		return err
	}
	changed, err := w.Refresh()
	for _, path := range changed {
		fmt.Fprintln(c.out, w.Shown(path))
	}
	return err
}
