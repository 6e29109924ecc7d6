package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/detectviz/detectviz/compiler/diag"
)

const explainDoc = `Explain prints what a diagnostic's code means: when it is reported, an example
and what to do. Without a code it lists all codes.`

const explainExample = `  dvz explain DVZ102
  dvz explain`

func (c *cli) explain() *cobra.Command {
	return &cobra.Command{
		Use:     "explain [code]",
		Short:   "explain the code of a finding",
		Long:    explainDoc,
		Example: explainExample,
		Args:    arguments(0, 1),
		ValidArgsFunction: first(func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			var codes []string
			for _, code := range diag.Codes() {
				page, _ := diag.Explain(code)
				codes = append(codes, code+"\t"+page.Title)
			}
			return codes, cobra.ShellCompDirectiveNoFileComp
		}),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				t := c.table()
				for _, code := range diag.Codes() {
					page, _ := diag.Explain(code)
					t.row(code, page.Title)
				}
				return t.flush()
			}
			page, ok := diag.Explain(args[0])
			if !ok {
				return usagef(cmd, "there is no code %q; dvz explain lists all of them", args[0])
			}
			_, err := fmt.Fprint(c.out, page)
			return err
		},
	}
}
