package main

import (
	"fmt"
	"runtime"

	"github.com/spf13/cobra"

	"github.com/detectviz/detectviz/compiler"
)

func (c *cli) version() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "print the version of dvz",
		Long:  "Version prints the version of dvz, the Go that built it, and the system.",
		Args:  arguments(0, 0),
		RunE: func(*cobra.Command, []string) error {
			_, err := fmt.Fprintf(c.out, "dvz %s (%s %s/%s)\n", compiler.Version, runtime.Version(), runtime.GOOS, runtime.GOARCH)
			return err
		},
	}
}
