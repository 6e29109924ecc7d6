// Package emittest helps the tests of the emitters: it compares a back end's
// files with a golden tree and holds the plan that they share.
package emittest

import (
	"bytes"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/detectviz/detectviz/compiler/diag"
	"github.com/detectviz/detectviz/compiler/emit"
)

var update = flag.Bool("update", false, "write the golden files instead of comparing them")

// Golden runs an emitter twice, demands the same bytes, and compares its files
// with the tree testdata/<name>: missing, additional and differing files fail.
// It returns the diagnostics of the first run.
func Golden(t *testing.T, name string, run func() ([]emit.File, diag.List)) diag.List {
	t.Helper()
	files, findings := run()
	again, _ := run()
	if len(again) != len(files) {
		t.Fatalf("the first run gave %d files, the second %d", len(files), len(again))
	}
	dir := filepath.Join("testdata", name)
	if *update {
		if err := os.RemoveAll(dir); err != nil {
			t.Fatal(err)
		}
	}
	known := map[string]bool{}
	for i, f := range files {
		if again[i].Path != f.Path || !bytes.Equal(again[i].Content, f.Content) {
			t.Errorf("%s: two runs differ", f.Path)
		}
		path := filepath.Join(dir, filepath.FromSlash(f.Path))
		known[path] = true
		Compare(t, path, f.Content)
	}
	_ = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && !known[path] {
			t.Errorf("%s: no longer emitted; run the tests with -update", path)
		}
		return nil
	})
	return findings
}

// Compare compares content with a golden file, or writes it under -update.
func Compare(t *testing.T, path string, content []byte) {
	t.Helper()
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, content, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Errorf("%v; run the tests with -update", err)
		return
	}
	if !bytes.Equal(want, content) {
		t.Errorf("%s differs; run the tests with -update and read the diff; got:\n%s", path, content)
	}
}
