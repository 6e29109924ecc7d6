package main

import (
	"slices"

	"github.com/spf13/cobra"

	"github.com/detectviz/detectviz/compiler"
	"github.com/detectviz/detectviz/plugins"
)

// completion offers what may stand in the place of the next argument.
type completion = func(cmd *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective)

// completeCompositions completes the names of compositions that were not given
// yet; paths do as well.
func (c *cli) completeCompositions(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	w, err := c.completing()
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	all, err := w.Compositions()
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	var names []string
	for _, s := range all {
		if !slices.Contains(args, s.Name) {
			names = append(names, s.Name+"\t"+s.Description)
		}
	}
	return names, cobra.ShellCompDirectiveDefault
}

// completing opens the workspace for a completion, before which cobra runs
// nothing: -C has not changed the folder.
func (c *cli) completing() (*compiler.Workspace, error) {
	if c.dir == "" {
		return c.open()
	}
	return compiler.Open(c.dir, plugins.Files)
}

// first completes the first argument only.
func first(complete completion) completion {
	return func(cmd *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return complete(cmd, args, word)
	}
}

// completeFlag offers the values of a flag.
func completeFlag(cmd *cobra.Command, flag string, values ...string) {
	offer := cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp)
	if err := cmd.RegisterFlagCompletionFunc(flag, offer); err != nil {
		panic(err) // there is no such flag
	}
}
