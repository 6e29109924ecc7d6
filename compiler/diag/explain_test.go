package diag_test

import (
	"io/fs"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/detectviz/detectviz/compiler/diag"
)

// used returns the codes that stand as string literals in the compiler's own
// sources, tests and the explain pages themselves excepted, with a file each.
func used(t *testing.T) map[string]string {
	t.Helper()
	codes := map[string]string{}
	literal := regexp.MustCompile(`"(DVZ\d+)"`)
	compiler := os.DirFS("..")
	err := fs.WalkDir(compiler, ".", func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(p, ".go") || strings.HasSuffix(p, "_test.go") || strings.HasPrefix(p, "diag/pages_") {
			return err
		}
		text, err := fs.ReadFile(compiler, p)
		for _, m := range literal.FindAllSubmatch(text, -1) {
			codes[string(m[1])] = p
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return codes
}

func TestEachCodeHasAPageAndEachPageACode(t *testing.T) {
	codes := used(t)
	for code, file := range codes {
		if _, ok := diag.Explain(code); !ok {
			t.Errorf("%s reports %s, which has no page", file, code)
		}
	}
	for _, code := range diag.Codes() {
		if _, ok := codes[code]; !ok {
			t.Errorf("nothing reports %s, which has a page", code)
		}
	}
}

func TestPagesAreComplete(t *testing.T) {
	form := regexp.MustCompile(`^DVZ[0-5]\d\d$`)
	titles := map[string]string{}
	for _, code := range diag.Codes() {
		p, _ := diag.Explain(code)
		if !form.MatchString(code) || p.Code != code {
			t.Errorf("%s: not a code", code)
		}
		if p.Title == "" || p.Cause == "" || p.Example == "" || p.Remedy == "" {
			t.Errorf("%s: a part of the page is empty", code)
		}
		if strings.HasSuffix(p.Title, ".") || strings.Contains(p.Title, "\n") {
			t.Errorf("%s: the title is one line without a full stop", code)
		}
		if other, twice := titles[p.Title]; twice {
			t.Errorf("%s and %s have the same title", other, code)
		}
		titles[p.Title] = code
		for _, part := range []string{p.Code, p.Title, p.Cause, p.Remedy} {
			if !strings.Contains(unwrapped(p.String()), unwrapped(part)) {
				t.Errorf("%s: %q is not printed", code, part)
			}
		}
	}
	if !slices.IsSorted(diag.Codes()) {
		t.Error("the codes are not sorted")
	}
}

func TestExplain(t *testing.T) {
	if p, ok := diag.Explain("dvz203"); !ok || p.Code != "DVZ203" {
		t.Errorf("lower case is not understood: %v %v", p, ok)
	}
	if _, ok := diag.Explain("DVZ999"); ok {
		t.Error("an unknown code has a page")
	}
}

// unwrapped joins the lines of a text.
func unwrapped(text string) string { return strings.Join(strings.Fields(text), " ") }
