// Command dvz compiles compositions: it checks them, writes the files around
// them and builds one dedicated binary from each. This package is the command
// line only, one file a command; all that a command does is in the compiler.
package main

import (
	"os"
	"runtime/debug"
)

func main() { os.Exit(Main()) }

// Main runs dvz on the process's arguments and returns its exit code.
func Main() int {
	// A run lasts milliseconds and allocates some 30 MB in all: collecting
	// garbage as eagerly as a server would is a third of a vet's time. The
	// first collection comes at 64 MB; from 512 MB on they come as needed.
	if os.Getenv("GOGC") == "" && os.Getenv("GOMEMLIMIT") == "" {
		debug.SetGCPercent(1600)
		debug.SetMemoryLimit(512 << 20)
	}
	return run(os.Args[1:], os.Stdout, os.Stderr)
}
