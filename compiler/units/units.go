// Package units reads and prints the sizes of the composition language; every
// stage of the compiler reads a size through it, so that all agree on one.
package units

import (
	"fmt"
	"math"
	"regexp"
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

// decimal is what may stand before the unit: ParseFloat also reads NaN, 1e3 and
// 0x10.
var decimal = regexp.MustCompile(`^[0-9]+(\.[0-9]+)?$`)

// ParseSize reads a size such as 256MiB, 1.5GB or 100B and returns it in bytes.
func ParseSize(s string) (int64, error) {
	for _, suffix := range suffixes {
		number, ok := strings.CutSuffix(s, suffix.text)
		if !ok {
			continue
		}
		v, err := strconv.ParseFloat(number, 64)
		if err != nil || !decimal.MatchString(number) || v*suffix.bytes > math.MaxInt64/2 {
			break
		}
		return int64(v * suffix.bytes), nil
	}
	return 0, fmt.Errorf("%q is not a size: expected a number and a unit, such as 512KiB, 256MiB or 1GB", s)
}

// FormatSize prints bytes in the largest binary unit that keeps one decimal
// meaningful, for example "21.4 MiB".
func FormatSize(bytes int64) string {
	if bytes < 1<<10 {
		return fmt.Sprintf("%d B", bytes)
	}
	v, unit := float64(bytes)/(1<<10), "KiB"
	for _, larger := range []string{"MiB", "GiB"} {
		if v >= 1023.95 { // would print as 1024.0
			v, unit = v/(1<<10), larger
		}
	}
	return fmt.Sprintf("%.1f %s", v, unit)
}
