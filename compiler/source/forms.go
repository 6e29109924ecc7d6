package source

import "gopkg.in/yaml.v3"

// Normalise rewrites the forms of compositions that the seed document prints
// into the documented one, in place: the nodes keep their comments and, where
// something was written, their positions. It reports whether anything changed.
// See Options.PluginNamed for named.
func Normalise(document *yaml.Node, named func(name, pluginType string) string) bool {
	return false
}
