package check

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestPlatformMetrics compares the list with the sources of the platform, which
// this package may not import.
func TestPlatformMetrics(t *testing.T) {
	full := regexp.MustCompile(`"(dvz_[a-z_]+)"`)
	delivery := regexp.MustCompile(`desc\("([a-z_]+)"`) // see platform/delivery/telemetry.go
	var names []string
	files, err := filepath.Glob("../../platform/*/*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") || strings.Contains(file, "testkit") {
			continue
		}
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range full.FindAllSubmatch(text, -1) {
			if name := string(m[1]); !strings.HasSuffix(name, "_") {
				names = append(names, name)
			}
		}
		if strings.Contains(file, "platform/delivery/") {
			for _, m := range delivery.FindAllSubmatch(text, -1) {
				names = append(names, "dvz_delivery_"+string(m[1]))
			}
		}
	}
	slices.Sort(names)
	if names = slices.Compact(names); !slices.Equal(names, platformMetrics) {
		t.Errorf("the platform has\n%v\nand the list\n%v", names, platformMetrics)
	}
}
