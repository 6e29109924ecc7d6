package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/detectviz/detectviz/compiler/docs"
)

const pluginsDocsDoc = `Docs writes README.md of every plugin whose folder is in the workspace, from its
manifest. With --check nothing is written: every page that is not what would be
written is printed, and makes the exit code 1.

This is the one command that writes outside generated/ and bin/.`

func (c *cli) pluginsDocs() *cobra.Command {
	var check bool
	cmd := &cobra.Command{
		Use:   "docs",
		Short: "write the plugins' README.md, or check that they are fresh",
		Long:  pluginsDocsDoc,
		Args:  arguments(0, 0),
		RunE: func(*cobra.Command, []string) error {
			w, err := c.open()
			if err != nil {
				return err
			}
			all, err := w.Catalog().All()
			if err != nil {
				return err
			}
			stale := 0
			for _, p := range all {
				folder := filepath.Join(w.Root, "plugins", filepath.FromSlash(p.Path))
				if _, err := os.Stat(folder); errors.Is(err, fs.ErrNotExist) {
					continue // the plugin comes from another module
				}
				page, err := docs.Markdown(p)
				if err != nil {
					return err
				}
				file := filepath.Join(folder, "README.md")
				present, err := os.ReadFile(file)
				if err != nil && !errors.Is(err, fs.ErrNotExist) {
					return err
				}
				if bytes.Equal(present, page) {
					continue
				}
				stale++
				fmt.Fprintln(c.out, w.Shown(file))
				if check {
					continue
				}
				if err := os.WriteFile(file, page, 0o644); err != nil {
					return err
				}
			}
			if check && stale > 0 {
				fmt.Fprintln(c.out, "stale: run dvz plugins docs")
				return errFindings
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&check, "check", false, "write nothing, print what is stale")
	return cmd
}
