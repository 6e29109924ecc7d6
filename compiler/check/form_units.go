package check

import (
	"time"

	"github.com/detectviz/detectviz/compiler/units"
)

// durationFlaw finds durations that do not fit into Go's type.
func durationFlaw(text string) *flaw {
	if _, err := time.ParseDuration(text); err != nil {
		return flawed(0, 0, "is out of range: the longest duration is 2562047h")
	}
	return nil
}

// sizeFlaw finds sizes that do not fit into the type of a size.
func sizeFlaw(text string) *flaw {
	if _, err := units.ParseSize(text); err != nil {
		return flawed(0, 0, "is out of range: the largest size is 4194303TiB")
	}
	return nil
}
