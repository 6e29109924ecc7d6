// Package schema holds the CUE definitions of a composition, of a plugin
// manifest and of the generated files, embedded so that dvz needs no files of
// its own at run time. Package catalog loads them together with the manifests.
package schema

import "embed"

// Files holds the .cue files of this folder.
//
//go:embed *.cue
var Files embed.FS
