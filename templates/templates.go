// Package templates holds the texts that dvz writes for people, embedded so
// that dvz needs no files of its own at run time.
package templates

import "embed"

// Files has one folder a kind of thing: plugin holds a plugin's README.md and
// the page that `dvz plugins show` prints, scaffold what dvz init and dvz
// plugins new make.
//
//go:embed plugin/*.tmpl all:scaffold
var Files embed.FS
