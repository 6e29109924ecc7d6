package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/detectviz/detectviz/compiler/emit/graph"
	"github.com/detectviz/detectviz/compiler/plan"
)

const graphDoc = `Graph draws a composition: its instances, what they give one another, and how
data flows. Mermaid suits Markdown pages, dot suits Graphviz, svg is a picture
and needs no other program.

Without a path it draws the composition in the working directory, or the only
one of the workspace.`

const graphExample = `  dvz graph dev-platform
  dvz graph dev-platform --format svg -o dev-platform.svg`

// graphs holds the formats.
var graphs = map[string]func(*plan.Plan) string{
	"mermaid": graph.Mermaid,
	"dot":     graph.Dot,
	"svg":     graph.SVG,
}

func (c *cli) graph() *cobra.Command {
	var format, output string
	cmd := &cobra.Command{
		Use:               "graph [path]",
		Short:             "draw a composition",
		Long:              graphDoc,
		Example:           graphExample,
		Args:              arguments(0, 1),
		ValidArgsFunction: first(c.completeCompositions),
		RunE: func(cmd *cobra.Command, args []string) error {
			draw := graphs[format]
			if draw == nil {
				return usagef(cmd, "--format must be mermaid, dot or svg, got %q", format)
			}
			p, err := c.planned(cmd, args)
			if err != nil {
				return err
			}
			if output != "" {
				return os.WriteFile(output, []byte(draw(p)), 0o644)
			}
			_, err = fmt.Fprint(c.out, draw(p))
			return err
		},
	}
	cmd.Flags().StringVar(&format, "format", "mermaid", "mermaid, dot or svg")
	completeFlag(cmd, "format", "mermaid", "dot", "svg")
	cmd.Flags().StringVarP(&output, "output", "o", "", "write to this `file` instead of standard output")
	c.overlayFlag(cmd)
	return cmd
}
