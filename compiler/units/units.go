// Package units reads and prints the sizes of the composition language; every
// stage of the compiler reads a size through it, so that all agree on one.
package units

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// suffixes by length, so that "MiB" is tried before "B".
var suffixes = []struct {
	text  string
	bytes float64
}{
	{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"TiB", 1 << 40},
	{"kB", 1e3}, {"KB", 1e3}, {"MB", 1e6}, {"GB", 1e9}, {"TB", 1e12},
	{"B", 1},
}

// ParseSize reads a size such as 256MiB, 1.5GB or 100B and returns it in bytes.
func ParseSize(s string) (int64, error) {
	for _, suffix := range suffixes {
		number, ok := strings.CutSuffix(s, suffix.text)
		if !ok {
			continue
		}
		v, err := strconv.ParseFloat(number, 64)
		if err != nil || v < 0 || v*suffix.bytes > math.MaxInt64/2 {
			break
		}
		return int64(v * suffix.bytes), nil
	}
	return 0, fmt.Errorf("%q is not a size: expected a number and a unit, such as 512KiB, 256MiB or 1GB", s)
}

// FormatSize prints bytes in the largest binary unit that keeps one decimal
// meaningful, for example "21.4 MiB".
func FormatSize(bytes int64) string {
	switch {
	case bytes >= 1<<30:
		return fmt.Sprintf("%.1f GiB", float64(bytes)/(1<<30))
	case bytes >= 1<<20:
		return fmt.Sprintf("%.1f MiB", float64(bytes)/(1<<20))
	case bytes >= 1<<10:
		return fmt.Sprintf("%.1f KiB", float64(bytes)/(1<<10))
	}
	return fmt.Sprintf("%d B", bytes)
}
