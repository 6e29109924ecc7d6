package check_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
)

// FuzzRun proves that no composition makes the check panic, that nothing is
// reported twice, and that no words of CUE's reach a user.
func FuzzRun(f *testing.F) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		archive, err := txtar.ParseFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(archive.Files[0].Data)
	}
	f.Fuzz(func(t *testing.T, composition []byte) {
		if len(composition) > 4096 {
			t.Skip("large inputs have a test of their own")
		}
		instances, l := run(load(t), composition)
		seen := map[string]bool{}
		for _, d := range l {
			key := d.Pos.String() + d.Code + d.Message
			if seen[key] {
				t.Errorf("%s: %s is reported twice", d.Pos, d.Message)
			}
			seen[key] = true
			for _, word := range internals {
				if d.Code != "DVZ207" && !strings.Contains(string(composition), word) && strings.Contains(d.Message+d.Hint, word) {
					t.Errorf("%q reaches the user: %s (%s)", word, d.Message, d.Hint)
				}
			}
		}
		if !l.HasErrors() {
			for _, in := range instances {
				if err := in.Config.Err(); err != nil || in.Manifest == nil {
					t.Errorf("%s is no sound instance: %v", in.Name, err)
				}
			}
		}
	})
}
