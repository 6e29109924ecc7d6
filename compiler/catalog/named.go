package catalog

import (
	"path"
	"strings"
)

// Named returns the path of the plugin that the seed's form of a composition
// calls by a name: its path with "-" for "/" ("core-auth-jwt"), or its short
// name ("jwt"), where a type ("auth") decides between several of that name.
// When there is none, or more than one, it returns the name.
func (c *Catalog) Named(name, pluginType string) string {
	var short []string
	for _, p := range c.paths {
		if strings.ReplaceAll(p, "/", "-") == name {
			return p
		}
		if path.Base(p) == name {
			short = append(short, p)
		}
	}
	if len(short) > 1 && pluginType != "" {
		var typed []string
		for _, p := range short {
			if plugin, err := c.Plugin(p); err == nil && plugin.Type == pluginType {
				typed = append(typed, p)
			}
		}
		short = typed
	}
	if len(short) != 1 {
		return name
	}
	return short[0]
}
