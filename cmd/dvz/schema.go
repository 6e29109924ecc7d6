package main

import (
	"errors"

	"github.com/spf13/cobra"

	"github.com/detectviz/detectviz/compiler"
	"github.com/detectviz/detectviz/compiler/catalog"
	"github.com/detectviz/detectviz/compiler/jsonschema"
	"github.com/detectviz/detectviz/plugins"
)

const schemaDoc = `Schema prints the JSON Schema (draft 2020-12) of a file of a composition, with
which an editor completes it, shows its documentation and marks mistakes:

  composition  composition.yaml, with each plugin's own config (the default)
  overlay      a file in overlays/: the same, with nothing required
  meta         meta.yaml

The plugins are those of the workspace, or outside of one those that come with
dvz. An editor that uses yaml-language-server reads the schema that the first
line of a file names, relative to that file:

  # yaml-language-server: $schema=../../composition.schema.json

A schema says less than dvz vet: it knows nothing of params, capabilities,
pipelines, ports and conditions between fields.`

const schemaExample = `  dvz schema > composition.schema.json
  dvz schema overlay > overlay.schema.json`

// schemas are the files that have a schema.
var schemas = map[string]func(*catalog.Catalog) ([]byte, error){
	"composition": jsonschema.Composition,
	"overlay":     jsonschema.Overlay,
	"meta":        jsonschema.Meta,
}

func (c *cli) schema() *cobra.Command {
	return &cobra.Command{
		Use:     "schema [composition|overlay|meta]",
		Short:   "print the JSON Schema of a composition for editors",
		Long:    schemaDoc,
		Example: schemaExample,
		Args:    arguments(0, 1),
		ValidArgsFunction: first(func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return []string{"composition", "overlay", "meta"}, cobra.ShellCompDirectiveNoFileComp
		}),
		RunE: func(cmd *cobra.Command, args []string) error {
			file := append(args, "composition")[0]
			write := schemas[file]
			if write == nil {
				return usagef(cmd, "there is no schema of %q; there are composition, overlay and meta", file)
			}
			cat, err := c.knownPlugins()
			if err != nil {
				return err
			}
			text, err := write(cat)
			if err != nil {
				return err
			}
			_, err = c.out.Write(text)
			return err
		},
	}
}

// knownPlugins returns the plugins of the workspace, or outside of one those
// that come with dvz.
func (c *cli) knownPlugins() (*catalog.Catalog, error) {
	w, err := c.open()
	if _, broken := errors.AsType[*compiler.WorkspaceError](err); broken {
		return nil, err
	}
	if err != nil {
		return catalog.Load(plugins.Files)
	}
	return w.Catalog(), nil
}
