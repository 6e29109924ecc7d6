package check_test

import (
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/rogpeppe/go-internal/txtar"
)

// FuzzRun proves that no composition, meta.yaml or overlay makes the check
// panic, that nothing is reported twice, and that no words of CUE's reach a user.
func FuzzRun(f *testing.F) {
	for _, pattern := range []string{"testdata/*.txtar", "testdata/seed/*.txtar"} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			f.Fatal(pattern, err)
		}
		for _, file := range files {
			archive, err := txtar.ParseFile(file)
			if err != nil {
				f.Fatal(err)
			}
			var meta, overlay []byte
			for _, part := range archive.Files {
				switch {
				case part.Name == "meta.yaml":
					meta = part.Data
				case strings.HasPrefix(part.Name, "overlays/"):
					overlay = part.Data
				}
			}
			f.Add(archive.Files[0].Data, meta, overlay)
		}
	}
	f.Fuzz(func(t *testing.T, composition, meta, overlay []byte) {
		if len(composition)+len(meta)+len(overlay) > 4096 {
			t.Skip("large inputs have a test of their own")
		}
		folder := fstest.MapFS{"composition.yaml": {Data: composition}, "meta.yaml": {Data: meta}, "overlays/o.yaml": {Data: overlay}}
		var overlays []string
		if len(overlay) > 0 {
			overlays = []string{"o"}
		}
		instances, l := runFolder(load(t), folder, overlays...)
		seen := map[string]bool{}
		for _, d := range l {
			key := d.Pos.String() + d.Code + d.Message
			if seen[key] {
				t.Errorf("%s: %s is reported twice", d.Pos, d.Message)
			}
			seen[key] = true
			for _, word := range internals {
				if d.Code != "DVZ207" && !strings.Contains(string(composition)+string(meta)+string(overlay), word) && strings.Contains(d.Message+d.Hint, word) {
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
