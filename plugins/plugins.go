// Package plugins holds the embedded files of every plugin in this module and
// no code of its own: cmd/dvz hands them to the compiler, which reads the
// manifests and the config types as text and never links a plugin.
package plugins

import "embed"

// Files has one folder a plugin, each with its plugin.cue and config_gen.go,
// in core, community and custom. Whole folders are embedded, so that a new
// plugin, however deep, needs no line here.
//
//go:embed *
var Files embed.FS
