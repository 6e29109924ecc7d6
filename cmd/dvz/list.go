package main

import (
	"github.com/spf13/cobra"

	"github.com/detectviz/detectviz/compiler"
)

const listDoc = `List prints the compositions of the workspace: the folders below compositions/
that hold a composition.yaml. With --json it prints an array of objects with
name, version, dir and, where they are given, title, description, owner, tags.`

const listExample = `  dvz list
  dvz list --json | jq -r '.[].name'`

func (c *cli) list() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "list the compositions of the workspace",
		Long:    listDoc,
		Example: listExample,
		Args:    arguments(0, 0),
		RunE: func(*cobra.Command, []string) error {
			w, err := c.open()
			if err != nil {
				return err
			}
			all, err := w.Compositions()
			if err != nil {
				return err
			}
			if asJSON {
				if all == nil {
					all = []compiler.Summary{}
				}
				return c.printJSON(all)
			}
			t := c.table()
			for _, s := range all {
				t.row(s.Name, s.Version, s.Dir, s.Description)
			}
			return t.flush()
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}
