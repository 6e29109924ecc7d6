package alloy

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"cuelang.org/go/cue"
)

// Component is a component or config block of Alloy, as schema/alloy.cue
// describes it.
type Component struct {
	// Exports maps what other components may refer to, to the kind of it.
	Exports map[string]string `json:"exports"`
	// Wants maps the attributes that take references, by their path in the block
	// ("forward_to", "output.logs"), to the kind that they take.
	Wants map[string]string `json:"wants"`
	// Single says that the block has no label and stands once in a file.
	Single bool `json:"single"`
}

// DecodeComponents reads the schema's #AlloyComponents.
func DecodeComponents(v cue.Value) (map[string]Component, error) {
	var out map[string]Component
	if err := v.Decode(&out); err != nil {
		return nil, fmt.Errorf("reading the table of Alloy components: %w", err)
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("reading the table of Alloy components: it is empty")
	}
	return out, nil
}

// fits reports whether an export of one kind serves where another is wanted.
// OpenTelemetry components take every signal through one export, which has the
// kind "otelcol".
func fits(kind, wanted string) bool {
	return kind == wanted || kind == "otelcol" && strings.HasPrefix(wanted, "otelcol.")
}

// split takes a reference apart: component, label and export. The component is
// the longest one that Alloy has; found is false when it has none.
func (c *config) split(ref string) (component, label, export string, found bool) {
	parts := strings.Split(ref, ".")
	for n := len(parts) - 2; n > 0; n-- {
		name := strings.Join(parts[:n], ".")
		if _, ok := c.components[name]; ok {
			return name, parts[n], strings.Join(parts[n+1:], "."), true
		}
	}
	return "", "", "", false
}

// candidates lists the references that would serve where a kind is wanted; an
// empty kind means all that the components export.
func (c *config) candidates(kind string) []string {
	var out []string
	for _, b := range c.blocks {
		exports := c.components[b.Name].Exports
		for _, export := range slices.Sorted(maps.Keys(exports)) {
			if kind == "" || fits(exports[export], kind) {
				out = append(out, b.id()+"."+export)
			}
		}
	}
	return out
}
