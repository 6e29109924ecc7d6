package docs

import (
	"strings"

	"github.com/detectviz/detectviz/compiler/catalog"
)

// Matches reports whether a plugin's path, type, description and documentation
// together hold all of the words; case does not matter.
func Matches(p *catalog.Plugin, words []string) bool {
	text := strings.ToLower(strings.Join([]string{p.Path, p.Type, p.Description, p.Doc()}, "\n"))
	for _, word := range words {
		if !strings.Contains(text, strings.ToLower(word)) {
			return false
		}
	}
	return true
}
