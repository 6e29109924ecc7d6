package format_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"testing/fstest"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/detectviz/detectviz/compiler/diag"
	"github.com/detectviz/detectviz/compiler/format"
	"github.com/detectviz/detectviz/compiler/source"
)

// FuzzFormat proves that no input makes Format panic, that what it returns does
// not change any more, and that it means what the input means.
func FuzzFormat(f *testing.F) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		archive, err := txtar.ParseFile(file)
		if err != nil {
			f.Fatal(err)
		}
		for _, file := range archive.Files {
			f.Add(file.Data)
		}
	}
	for _, text := range awkward {
		f.Add([]byte(text))
	}
	devPlatform, err := os.ReadFile("../../compositions/dev-platform/composition.yaml")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(devPlatform)
	f.Fuzz(func(t *testing.T, before []byte) {
		after, found, err := format.Format(source.FileName, before, named)
		if err != nil || found.HasErrors() {
			return
		}
		if again, found, err := format.Format(source.FileName, after, named); err != nil || len(found) > 0 && found.HasErrors() || string(again) != string(after) {
			t.Fatalf("%q becomes %q, then %q (%v %v)", before, after, again, found, err)
		}
		a, b := meaning(before), meaning(after)
		if a.Root == nil {
			b.Root = nil
		}
		if a, b := text(t, a), text(t, b); a != b {
			t.Fatalf("%q becomes %q, which means something else:\n%s\n%s", before, after, a, b)
		}
	})
}

// meaning is a composition as read, without its places and without what the
// documented form has no place for: the types of plugins, which the tree holds.
func meaning(content []byte) source.Composition {
	c, _ := source.ReadFS(fstest.MapFS{source.FileName: {Data: content}}, ".", source.Options{PluginNamed: named})
	if c == nil {
		return source.Composition{}
	}
	c.Bytes, c.Ignores = nil, nil
	for i := range c.Plugins {
		if c.Plugins[i].Type.Value != "" {
			c.Plugins[i].Type, c.Root = source.Text{}, nil
		}
	}
	withoutPlaces(reflect.ValueOf(c), map[any]bool{})
	return *c
}

func text(t *testing.T, c source.Composition) string {
	t.Helper()
	out, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// withoutPlaces zeroes positions and widths.
func withoutPlaces(v reflect.Value, seen map[any]bool) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() && !seen[v.Interface()] {
			seen[v.Interface()] = true
			withoutPlaces(v.Elem(), seen)
		}
	case reflect.Slice:
		for i := range v.Len() {
			withoutPlaces(v.Index(i), seen)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			field := v.Field(i)
			switch {
			case !field.CanSet():
			case field.Type() == reflect.TypeFor[diag.Pos]() || v.Type().Field(i).Name == "Width":
				field.SetZero()
			default:
				withoutPlaces(field, seen)
			}
		}
	}
}
