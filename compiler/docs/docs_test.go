package docs_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/detectviz/detectviz/compiler/catalog"
	"github.com/detectviz/detectviz/compiler/docs"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// TestGolden renders each plugin below testdata/plugins twice, from catalogs of
// their own, and compares with the files beside the manifest.
func TestGolden(t *testing.T) {
	first, second := load(t), load(t)
	for i, p := range first {
		for name, render := range map[string]func(*catalog.Plugin) ([]byte, error){
			"README.md.golden": docs.Markdown,
			"page.txt.golden":  docs.Text,
		} {
			t.Run(p.Path+"/"+name, func(t *testing.T) {
				got, err := render(p)
				if err != nil {
					t.Fatal(err)
				}
				if again, err := render(second[i]); err != nil || !bytes.Equal(got, again) {
					t.Errorf("the second run differs (%v):\n%s", err, again)
				}
				golden := filepath.Join("testdata", "plugins", filepath.FromSlash(p.Path), name)
				if *update {
					if err := os.WriteFile(golden, got, 0o644); err != nil {
						t.Fatal(err)
					}
				}
				want, err := os.ReadFile(golden)
				if err != nil {
					t.Fatal(err)
				}
				if !bytes.Equal(got, want) {
					t.Errorf("%s differs; go test ./compiler/docs -update rewrites it. Got:\n%s", golden, got)
				}
			})
		}
	}
}

func load(t *testing.T) []*catalog.Plugin {
	t.Helper()
	c, err := catalog.Load(os.DirFS(filepath.Join("testdata", "plugins")))
	if err != nil {
		t.Fatal(err)
	}
	all, err := c.All()
	if err != nil {
		t.Fatal(err)
	}
	if len(all) != 2 {
		t.Fatalf("loaded %d plugins, want 2", len(all))
	}
	return all
}

func TestMatches(t *testing.T) {
	sample := load(t)[0]
	for _, test := range []struct {
		words []string
		want  bool
	}{
		{[]string{"endpoints"}, true},
		{[]string{"SAMPLE", "Importer"}, true},
		{[]string{"counted and left"}, true}, // the documentation counts
		{[]string{"sample", "kafka"}, false},
		{nil, true},
	} {
		if got := docs.Matches(sample, test.words); got != test.want {
			t.Errorf("Matches(%s, %q) = %t, want %t", sample.Path, test.words, got, test.want)
		}
	}
}
