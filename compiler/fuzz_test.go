package compiler_test

import (
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"github.com/detectviz/detectviz/compiler"
)

// FuzzCompile proves of any bytes as composition.yaml that vet neither panics
// nor hangs, says the same when it is asked again, points into the file, gives
// either an error or a plan, and that what it accepts is emitted without a
// finding that it kept to itself.
func FuzzCompile(f *testing.F) {
	own, err := os.ReadFile("../compositions/dev-platform/composition.yaml")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(own)
	for _, c := range corpus(f) {
		if flag.Lookup("test.fuzz").Value.String() == "" {
			break // TestCorpus has them
		}
		if text, ok := c.files(f)[compositionFolder+"/composition.yaml"]; ok && len(c.args) == 0 {
			f.Add([]byte(text))
		}
	}
	root := f.TempDir()
	write(f, root, "go.mod", "module github.com/detectviz/detectviz\n")
	file := filepath.Join(root, compositionFolder, "composition.yaml")
	f.Fuzz(func(t *testing.T, text []byte) {
		stuck := time.AfterFunc(30*time.Second, func() { panic("vet hangs") })
		defer stuck.Stop()
		write(t, root, compositionFolder+"/composition.yaml", string(text))
		defer os.Remove(file)
		once, again := vetText(t, root), vetText(t, root)
		if !reflect.DeepEqual(once.found, again.found) || !reflect.DeepEqual(once.plan, again.plan) {
			t.Errorf("vet differs:\n%+v\n%+v", once.found, again.found)
		}
		sane(t, once)
		once.printed(t)
		if once.plan == nil {
			return
		}
		w, err := compiler.Open(root, plugins)
		if err != nil {
			t.Fatal(err)
		}
		if _, found := w.Emit(once.plan); found.HasErrors() {
			t.Errorf("vet found nothing, and emit finds %+v", found)
		}
	})
}

// vetText vets the composition of a workspace from a cold start.
func vetText(t *testing.T, root string) vetted {
	t.Helper()
	w, err := compiler.Open(root, plugins)
	if err != nil {
		t.Fatal(err)
	}
	v := vetted{root: root}
	v.plan, v.found = w.Compile(compositionFolder)
	return v
}
