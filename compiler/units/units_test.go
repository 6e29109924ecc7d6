package units_test

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/detectviz/detectviz/compiler/units"
)

func TestParseSize(t *testing.T) {
	for text, want := range map[string]int64{
		"0B": 0, "1B": 1, "100B": 100, "1kB": 1000, "1KB": 1000, "1MB": 1e6, "1GB": 1e9, "1TB": 1e12,
		"1KiB": 1 << 10, "512KiB": 512 << 10, "256MiB": 256 << 20, "2GiB": 2 << 30, "1TiB": 1 << 40,
		"1.5GB": 1500000000, "0.5KiB": 512, "1.25MiB": 5 << 18, "007B": 7, "0.1B": 0, "4000TiB": 4000 << 40,
	} {
		if got, err := units.ParseSize(text); err != nil || got != want {
			t.Errorf("ParseSize(%q) is %d, %v; want %d", text, got, err, want)
		}
	}
}

// TestParseSizeRefuses what the schema's #Size refuses too.
func TestParseSizeRefuses(t *testing.T) {
	for _, text := range []string{
		"", "B", "MiB", "12", "1.5", "12 MiB", " 12MiB", "12MiB ", "12mib", "12M", "12K", "12Mi", "12PiB", "12PB", "12BB", "12MiBB",
		"-1MiB", "-0B", "+1MiB", "1e3B", "0x10B", "0x1p4B", "1_000B", ".5MiB", "5.MiB", "1.2.3B", "1,5GB",
		"NaNB", "nanMiB", "InfB", "infinityGB", "٣B", "99999999999TiB", strings.Repeat("9", 400) + "B",
	} {
		got, err := units.ParseSize(text)
		if err == nil {
			t.Errorf("ParseSize(%q) is %d", text, got)
		} else if !strings.Contains(err.Error(), fmt.Sprintf("%q is not a size: expected a number and a unit", text)) {
			t.Errorf("ParseSize(%q): %v", text, err)
		}
	}
}

func TestFormatSize(t *testing.T) {
	for bytes, want := range map[int64]string{
		0: "0 B", 1: "1 B", 1023: "1023 B", 1024: "1.0 KiB", 1536: "1.5 KiB", 1<<20 - 1: "1.0 MiB", 1 << 20: "1.0 MiB",
		22439527: "21.4 MiB", 1<<30 - 1: "1.0 GiB", 1 << 30: "1.0 GiB", 5 << 40: "5120.0 GiB", math.MaxInt64: "8589934592.0 GiB",
	} {
		if got := units.FormatSize(bytes); got != want {
			t.Errorf("FormatSize(%d) is %q, want %q", bytes, got, want)
		}
	}
}

func FuzzParseSize(f *testing.F) {
	for _, text := range []string{"256MiB", "1.5GB", "100B", "NaNB", "1e400TiB", "-1B", "0.0000001KiB", "9223372036854775807B"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		bytes, err := units.ParseSize(text)
		switch {
		case err != nil && bytes != 0:
			t.Errorf("%q is %d and an error", text, bytes)
		case err == nil && (bytes < 0 || bytes > math.MaxInt64/2):
			t.Errorf("%q is %d", text, bytes)
		case err == nil:
			// What is read can be said in bytes again; a float64 holds the first 2^53.
			if again, err := units.ParseSize(fmt.Sprintf("%dB", bytes)); err != nil || bytes < 1<<53 && again != bytes {
				t.Errorf("%q is %d, which reads as %d, %v", text, bytes, again, err)
			}
		}
	})
}

// FuzzFormatSize: what is printed lies within the rounding of one decimal.
func FuzzFormatSize(f *testing.F) {
	for _, bytes := range []int64{0, 1023, 1024, 1<<20 - 1, 1 << 20, 22439527, 1<<30 - 1, 1 << 52} {
		f.Add(bytes)
	}
	f.Fuzz(func(t *testing.T, bytes int64) {
		if bytes < 0 || bytes > 1<<52 {
			t.Skip("no size")
		}
		text := units.FormatSize(bytes)
		again, err := units.ParseSize(strings.ReplaceAll(text, " ", ""))
		if err != nil {
			t.Fatalf("%d prints as %q: %v", bytes, text, err)
		}
		unit := map[string]float64{"B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}[strings.Fields(text)[1]]
		if math.Abs(float64(again-bytes)) > unit*0.05+1 {
			t.Errorf("%d prints as %q, which is %d", bytes, text, again)
		}
	})
}
