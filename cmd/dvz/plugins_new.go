package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/detectviz/detectviz/compiler/scaffold"
)

const pluginsNewDoc = `New makes a plugin in plugins/custom of the workspace: its manifest, code, test
and documentation. It is a small plugin that works, and passes vet, build and
test as it is; change it into yours. Compositions name it by its path below
plugins/, such as custom/acme/thing.`

func (c *cli) pluginsNew() *cobra.Command {
	return &cobra.Command{
		Use:     "new type owner/name",
		Short:   "make a plugin of your own",
		Long:    pluginsNewDoc + "\n\nThe types are " + strings.Join(scaffold.PluginTypes(), ", ") + ".",
		Example: "  dvz plugins new importer acme/thing",
		Args:    arguments(2, 2),
		ValidArgsFunction: first(func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return scaffold.PluginTypes(), cobra.ShellCompDirectiveNoFileComp
		}),
		RunE: func(cmd *cobra.Command, args []string) error {
			w, err := c.open()
			if err != nil {
				return err
			}
			path, err := w.NewPlugin(args[0], args[1])
			if mistake, ok := errors.AsType[scaffold.Mistake](err); ok {
				return usagef(cmd, "%s", mistake)
			}
			if err != nil {
				return err
			}
			if w, err = c.open(); err != nil { // with the plugin
				return err
			}
			if _, err := w.Refresh(); err != nil {
				return err
			}
			_, err = fmt.Fprintf(c.out, "%s is a plugin; a composition uses it as %s, and its README.md shows how\n", w.Shown("plugins/"+path), path)
			return err
		},
	}
}
