package diag_test

import (
	"io/fs"
	"maps"
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
	return literals(t, `"(DVZ\d+)"`)
}

// literals returns the codes in the matches of a pattern, with a file each.
func literals(t *testing.T, pattern string) map[string]string {
	t.Helper()
	codes := map[string]string{}
	literal := regexp.MustCompile(pattern)
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

// TestKindsOfCodes: what is reported as a warning has a page that says so, and
// nothing else has.
func TestKindsOfCodes(t *testing.T) {
	warnings := literals(t, `Warnf\("(DVZ\d+)"`)
	errors := literals(t, `Errorf\("(DVZ\d+)"`)
	if len(warnings) == 0 || len(errors) == 0 {
		t.Fatal("found no findings in the sources")
	}
	for _, code := range diag.Codes() {
		p, _ := diag.Explain(code)
		if file, warned := warnings[code]; warned && p.Kind != diag.Advice {
			t.Errorf("%s reports %s as a warning: its page needs Kind: Advice", file, code)
		}
		if file, erred := errors[code]; erred && p.Kind == diag.Advice {
			t.Errorf("%s reports %s as an error, and its page says that it is a warning", file, code)
		}
	}
}

func TestPagesSayWhetherACodeMayBeIgnored(t *testing.T) {
	for code, want := range map[string]string{
		"DVZ102": "May it be ignored?\n\nNo: it is an error, and nothing can be generated while it stands.\n",
		"DVZ203": "May it be ignored?\n\nYes, for a reason: it is an error of policy, and what is generated is sound all\n" +
			"the same. Write this at the end of the line of the finding, or on a line of its\nown above it:\n\n    # dvz:ignore DVZ203 because …\n",
		"DVZ214": "May it be ignored?\n\nYes, for a reason: it is a warning. Write this at the end of the line of the\n" +
			"finding, or on a line of its own above it:\n\n    # dvz:ignore DVZ214 because …\n",
	} {
		p, _ := diag.Explain(code)
		if got := p.String(); !strings.HasSuffix(got, want) || p.Ignorable() != strings.Contains(want, "Yes") {
			t.Errorf("got:\n%s\nwant at its end:\n%s", got, want)
		}
	}
}

func TestHasFaults(t *testing.T) {
	for code, want := range map[string]bool{"DVZ102": true, "DVZ203": false, "DVZ999": true} {
		var l diag.List
		l.Warnf("DVZ214", diag.Pos{}, "m")
		l.Errorf(code, diag.Pos{}, "m")
		if l.HasFaults() != want || !l.HasErrors() {
			t.Errorf("%s: a fault: %t, want %t", code, l.HasFaults(), want)
		}
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

// same compares two lists whose order does not matter.
func same(t *testing.T, got, want []string) {
	t.Helper()
	got, want = slices.Sorted(slices.Values(got)), slices.Sorted(slices.Values(want))
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func keys[V any](m map[string]V) []string { return slices.Collect(maps.Keys(m)) }
