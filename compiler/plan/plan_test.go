package plan_test

import (
	"bytes"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/detectviz/detectviz/compiler/catalog"
	"github.com/detectviz/detectviz/compiler/check"
	"github.com/detectviz/detectviz/compiler/plan"
	"github.com/detectviz/detectviz/compiler/source"
)

var update = flag.Bool("update", false, "rewrite the expected parts of the test files")

// TestPlans compiles the composition of each testdata/*.txtar as far as the
// plan and compares it, or what is found wrong, with the rest of the file.
func TestPlans(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no test files: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got := map[string][]byte{}
			p, found := compile(t, archive)
			if p != nil {
				if got["plan.json"], err = p.JSON(); err != nil {
					t.Fatal(err)
				}
			}
			if found != "" {
				got["findings"] = []byte(found)
			}
			kept := archive.Files[:0]
			for _, f := range archive.Files {
				if f.Name == "plan.json" || f.Name == "findings" {
					if !*update && !bytes.Equal(f.Data, got[f.Name]) {
						t.Errorf("%s differs:\n got:\n%s\nwant:\n%s", f.Name, got[f.Name], f.Data)
					}
					delete(got, f.Name)
					if *update {
						continue
					}
				}
				kept = append(kept, f)
			}
			if !*update {
				for name, content := range got {
					t.Errorf("unexpected %s:\n%s", name, content)
				}
				return
			}
			archive.Files = kept
			if p != nil {
				content, _ := p.JSON()
				archive.Files = append(archive.Files, txtar.File{Name: "plan.json", Data: content})
			}
			if found != "" {
				archive.Files = append(archive.Files, txtar.File{Name: "findings", Data: []byte(found)})
			}
			if err := os.WriteFile(file, txtar.Format(archive), 0o644); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// compile runs the stages up to the plan, twice, and demands the same result.
func compile(t *testing.T, archive *txtar.Archive) (*plan.Plan, string) {
	t.Helper()
	folder, err := txtar.FS(archive)
	if err != nil {
		t.Fatal(err)
	}
	first, findings := compileOnce(t, folder)
	second, again := compileOnce(t, folder)
	if findings != again {
		t.Errorf("two runs found different things:\n%s\n%s", findings, again)
	}
	if (first == nil) != (second == nil) {
		t.Error("only one of two runs gave a plan")
	} else if first != nil {
		a, _ := first.JSON()
		b, _ := second.JSON()
		if !bytes.Equal(a, b) {
			t.Error("two runs gave different plans")
		}
	}
	return first, findings
}

func compileOnce(t *testing.T, folder fs.FS) (*plan.Plan, string) {
	t.Helper()
	cat, err := catalog.Load(os.DirFS("testdata/plugins"))
	if err != nil {
		t.Fatal(err)
	}
	composition, diags := source.ReadFS(folder, "compositions/test", source.Options{})
	var p *plan.Plan
	if composition != nil {
		instances, found := check.Run(composition, cat)
		diags = append(diags, found...)
		if !diags.HasErrors() {
			p, found = plan.Build(composition, instances, cat, "dvz test")
			diags = append(diags, found...)
		}
	}
	var out strings.Builder
	for _, d := range diags.Standing().Sorted() {
		out.WriteString(d.Pos.String() + ": " + string(d.Severity) + "[" + d.Code + "]: " + d.Message + "\n")
		if d.Hint != "" {
			out.WriteString("\t" + d.Hint + "\n")
		}
		for _, r := range d.Related {
			out.WriteString("\t" + r.Pos.String() + ": " + r.Message + "\n")
		}
	}
	return p, out.String()
}

func TestEverything(t *testing.T) {
	cat, err := catalog.Load(os.DirFS("testdata/plugins"))
	if err != nil {
		t.Fatal(err)
	}
	// The processor has no example.
	if _, err := plan.Everything(cat, "dvz test"); err == nil || !strings.Contains(err.Error(), "community/proc has no example") {
		t.Errorf("got %v", err)
	}
}
