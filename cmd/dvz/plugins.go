package main

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/detectviz/detectviz/compiler/catalog"
	"github.com/detectviz/detectviz/compiler/check"
	"github.com/detectviz/detectviz/compiler/docs"
)

const pluginsDoc = `Plugins shows the plugins that a composition may name. All that is shown comes
from their manifests.`

const pluginsExample = `  dvz plugins list
  dvz plugins show community/importers/prometheus
  dvz plugins search http metrics
  dvz plugins new importer acme/thing`

const pluginsListDoc = `List prints every plugin's path, type, version and description. With --json it
prints an array of objects with path, type, version, description and trust.`

const pluginsShowDoc = `Show prints all of a plugin's manifest: what it takes, yields, requires and
provides, every field of its config with type and default, its permissions,
routes and telemetry, and examples that can be pasted into a composition.`

const pluginsSearchDoc = `Search prints the plugins whose path, type, description or documentation holds
all of the words; case does not matter.`

func (c *cli) plugins() *cobra.Command {
	cmd := group(&cobra.Command{
		Use:     "plugins",
		Aliases: []string{"plugin"},
		Short:   "list, show, search and make plugins, and write their documentation",
		Long:    pluginsDoc,
		Example: pluginsExample,
	})
	cmd.AddCommand(c.pluginsList(), c.pluginsShow(), c.pluginsSearch(), c.pluginsDocs(), c.pluginsNew())
	return cmd
}

func (c *cli) pluginsList() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "list",
		Short: "list all plugins",
		Long:  pluginsListDoc,
		Args:  arguments(0, 0),
		RunE: func(*cobra.Command, []string) error {
			all, err := c.allPlugins()
			if err != nil {
				return err
			}
			return c.printPlugins(all, asJSON)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func (c *cli) pluginsShow() *cobra.Command {
	return &cobra.Command{
		Use:     "show path",
		Short:   "show all of a plugin's manifest",
		Long:    pluginsShowDoc,
		Example: "  dvz plugins show core/auth/jwt",
		Args:    arguments(1, 1),
		ValidArgsFunction: first(func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			w, err := c.completing()
			if err != nil {
				return nil, cobra.ShellCompDirectiveError
			}
			return w.Catalog().Paths(), cobra.ShellCompDirectiveNoFileComp
		}),
		RunE: func(cmd *cobra.Command, args []string) error {
			w, err := c.open()
			if err != nil {
				return err
			}
			p, err := w.Catalog().Plugin(args[0])
			if err != nil {
				return err
			}
			if p == nil {
				if near := check.SuggestPlugins(args[0], w.Catalog().Paths()); near != nil {
					return usagef(cmd, "there is no plugin %s; did you mean %s?", args[0], strings.Join(near, " or "))
				}
				return usagef(cmd, "there is no plugin %s; dvz plugins list shows all of them", args[0])
			}
			text, err := docs.Text(p)
			if err != nil {
				return err
			}
			_, err = c.out.Write(text)
			return err
		},
	}
}

func (c *cli) pluginsSearch() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:     "search word...",
		Short:   "search plugins",
		Long:    pluginsSearchDoc,
		Example: "  dvz plugins search scrape metrics",
		Args:    arguments(1, -1),
		RunE: func(_ *cobra.Command, words []string) error {
			all, err := c.allPlugins()
			if err != nil {
				return err
			}
			var found []*catalog.Plugin
			for _, p := range all {
				if docs.Matches(p, words) {
					found = append(found, p)
				}
			}
			return c.printPlugins(found, asJSON)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func (c *cli) allPlugins() ([]*catalog.Plugin, error) {
	w, err := c.open()
	if err != nil {
		return nil, err
	}
	return w.Catalog().All()
}

// pluginSummary is how a listing names a plugin.
type pluginSummary struct {
	Path        string `json:"path"`
	Type        string `json:"type"`
	Version     string `json:"version"`
	Description string `json:"description"`
	Trust       string `json:"trust"`
}

func (c *cli) printPlugins(all []*catalog.Plugin, asJSON bool) error {
	if asJSON {
		summaries := []pluginSummary{}
		for _, p := range all {
			summaries = append(summaries, pluginSummary{p.Path, p.Type, p.Version, p.Description, p.Trust})
		}
		return c.printJSON(summaries)
	}
	t := c.table()
	for _, p := range all {
		t.row(p.Path, p.Type, p.Version, p.Description)
	}
	return t.flush()
}
