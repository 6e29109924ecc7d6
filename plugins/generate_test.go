package plugins_test

import (
	"bytes"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// TestConfigTypesAreFresh generates the Go types of every plugin's #Config
// again and compares them with the committed config_gen.go.
func TestConfigTypesAreFresh(t *testing.T) {
	var checked int
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.Name() != "config_gen.go" {
			return err
		}
		checked++
		dir := filepath.Dir(path)
		t.Run(filepath.ToSlash(dir), func(t *testing.T) {
			committed, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			cmd := exec.Command("go", "tool", "cue", "exp", "gengotypes", "--outfile", "-", ".")
			cmd.Dir = dir
			var stderr bytes.Buffer
			cmd.Stderr = &stderr
			fresh, err := cmd.Output()
			if err != nil {
				t.Fatalf("%v: %s", err, &stderr)
			}
			if !bytes.Equal(fresh, committed) {
				t.Errorf("config_gen.go does not follow from plugin.cue; run: go generate ./plugins/%s", filepath.ToSlash(dir))
			}
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if checked == 0 {
		t.Fatal("found no config_gen.go")
	}
}
