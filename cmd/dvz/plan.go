package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/detectviz/detectviz/compiler/plan"
)

const planDoc = `Plan prints what dvz decided for a composition: the instances in the order in
which they start, what each is given, the pipelines, the params. With --json it
prints all of the plan, as the back ends see it and as the built binary's
--print-plan prints it.

Without a path it plans the composition in the working directory, or the only
one of the workspace.`

const planExample = `  dvz plan dev-platform
  dvz plan dev-platform --json | jq '.instances[].name'`

func (c *cli) plan() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:               "plan [path]",
		Short:             "show what a composition compiles to",
		Long:              planDoc,
		Example:           planExample,
		Args:              arguments(0, 1),
		ValidArgsFunction: first(c.completeCompositions),
		RunE: func(cmd *cobra.Command, args []string) error {
			p, err := c.planned(cmd, args)
			if err != nil {
				return err
			}
			if asJSON {
				content, err := p.JSON()
				if err != nil {
					return err
				}
				_, err = c.out.Write(content)
				return err
			}
			return c.printPlan(p)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print all of the plan as JSON")
	c.overlayFlag(cmd)
	return cmd
}

// planned compiles the one composition that a command works on.
func (c *cli) planned(cmd *cobra.Command, args []string) (*plan.Plan, error) {
	w, err := c.open()
	if err != nil {
		return nil, err
	}
	dir, err := c.folder(cmd, w, args)
	if err != nil {
		return nil, err
	}
	return c.compile(w, dir)
}

func (c *cli) printPlan(p *plan.Plan) error {
	t := c.table()
	t.row(fmt.Sprintf("%s %s (%s)", p.Name, p.Version, p.Environment))
	t.row("\ninstances, in start order")
	for _, in := range p.Instances {
		t.row("  "+in.Name, in.Plugin, in.Version, wires(in))
	}
	if len(p.Pipelines) > 0 {
		t.row("\npipelines")
	}
	for _, line := range p.Pipelines {
		steps := []string{strings.Join(line.From, ", ")}
		steps = append(steps, line.Through...)
		steps = append(steps, strings.Join(line.To, ", "))
		t.row("  "+line.Name, line.Signal, strings.Join(steps, " → "))
	}
	if len(p.Deliveries) > 0 {
		t.row("\ndeliveries")
	}
	for _, d := range p.Deliveries {
		t.row("  "+d.Exporter, d.Signal, fmt.Sprintf("queue of %d items, %s when full, tried for %s", d.QueueSize, d.WhenFull, d.MaxElapsed))
	}
	if len(p.Params) > 0 {
		t.row("\nparams")
	}
	for _, param := range p.Params {
		value := "must be given"
		if param.Default != nil {
			value = *param.Default
		}
		t.row("  --"+strings.ReplaceAll(param.Name, "_", "-"), param.Env, value, param.Help)
	}
	return t.flush()
}

// wires says what an instance is given: "Auth from jwt, Routes from http".
func wires(in plan.Instance) string {
	var all []string
	for _, w := range in.Requires {
		if len(w.From) > 0 {
			all = append(all, w.Capability+" from "+strings.Join(w.From, ", "))
		}
	}
	return strings.Join(all, "; ")
}
