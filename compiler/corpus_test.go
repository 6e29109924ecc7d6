package compiler_test

import (
	"bytes"
	"flag"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/detectviz/detectviz/compiler"
	"github.com/detectviz/detectviz/compiler/diag"
	"github.com/detectviz/detectviz/compiler/plan"
)

// updating reports whether the flag -update, which package emittest declares, is set.
func updating() bool {
	f := flag.Lookup("update")
	return f != nil && f.Value.String() == "true"
}

// faulty is a case of testdata/corpus: a composition with the mistakes of a user,
// and what vet prints about them.
//
// The comment of the archive says what the user did. composition.yaml, .cue and
// .json, meta.yaml and overlays/ stand in the composition's folder, all other
// files in the workspace's. In a file whose name ends in .escaped each line may
// hold Go's escapes (\r, \x00, \u00a0), so that a reviewer sees what is in it.
// args holds the arguments of vet.
type faulty struct {
	file    string
	archive *txtar.Archive
	args    []string
	want    int // index of diagnostics in archive.Files
}

// compositionFolder is where a case's composition is.
const compositionFolder = "compositions/c"

func corpus(t testing.TB) []faulty {
	t.Helper()
	files, err := filepath.Glob("testdata/corpus/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	var all []faulty
	for _, file := range files {
		archive, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		c := faulty{file: file, archive: archive, want: -1}
		for i, f := range archive.Files {
			switch f.Name {
			case "args":
				c.args = strings.Fields(string(f.Data))
			case "diagnostics":
				c.want = i
			}
		}
		if c.want < 0 {
			c.want = len(archive.Files)
			archive.Files = append(archive.Files, txtar.File{Name: "diagnostics"})
		}
		all = append(all, c)
	}
	return all
}

// files returns the files of a case by their paths in the workspace.
func (c faulty) files(t testing.TB) map[string]string {
	t.Helper()
	files := map[string]string{}
	for _, f := range c.archive.Files {
		name, content := f.Name, string(f.Data)
		if name == "args" || name == "diagnostics" {
			continue
		}
		if escaped, ok := strings.CutSuffix(name, ".escaped"); ok {
			name, content = escaped, unescape(t, content)
		}
		first, _, _ := strings.Cut(name, "/")
		if strings.HasPrefix(first, "composition.") || first == "meta.yaml" || first == "overlays" {
			name = compositionFolder + "/" + name
		}
		files[name] = content
	}
	if files["dvz.yaml"] == "" && files["go.mod"] == "" {
		files["go.mod"] = "module github.com/detectviz/detectviz\n"
	}
	return files
}

// unescape replaces Go's escapes in each line; \ at its end joins the next one.
func unescape(t testing.TB, text string) string {
	t.Helper()
	text = strings.ReplaceAll(text, "\\\n", "")
	var out strings.Builder
	for line := range strings.Lines(text) {
		plain, err := strconv.Unquote(`"` + strings.ReplaceAll(strings.TrimSuffix(line, "\n"), `"`, `\"`) + `"`)
		if err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		out.WriteString(plain)
		if strings.HasSuffix(line, "\n") {
			out.WriteByte('\n')
		}
	}
	return out.String()
}

// overlays are the names in the arguments, which know nothing else.
func (c faulty) overlays(t testing.TB) []string {
	t.Helper()
	var names []string
	for i := 0; i < len(c.args); i += 2 {
		if c.args[i] != "--overlay" || i+1 == len(c.args) {
			t.Fatalf("%s: args are --overlay and a name, not %q", c.file, c.args)
		}
		names = append(names, c.args[i+1])
	}
	return names
}

// vetted is what vet finds in a workspace.
type vetted struct {
	root  string
	plan  *plan.Plan
	found diag.List
}

// vetCase writes a case to the disk and vets it.
func vetCase(t testing.TB, c faulty) vetted {
	t.Helper()
	v := vetted{root: t.TempDir()}
	for path, content := range c.files(t) {
		write(t, v.root, path, content)
	}
	w, err := compiler.Open(v.root, plugins)
	if err != nil {
		broken, ok := err.(*compiler.WorkspaceError)
		if !ok {
			t.Fatal(err)
		}
		v.found = broken.Findings
		return v
	}
	v.plan, v.found = w.Compile(compositionFolder, c.overlays(t)...)
	return v
}

func (v vetted) source(file string) []byte {
	content, err := os.ReadFile(filepath.Join(v.root, filepath.FromSlash(file)))
	if err != nil {
		return nil
	}
	return content
}

// printed is what vet prints of the findings that count.
func (v vetted) printed(t testing.TB) string {
	t.Helper()
	var out strings.Builder
	if err := (diag.Printer{Source: v.source}).Print(&out, v.found.Standing()); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// internals are words of CUE's, Go's and YAML's that no user may see. The finding
// about a broken plugin (DVZ207) is for its author.
var internals = []string{
	"disjunction", "conflicting values", "_|_", "incomplete value", "#Config", "#Composition", "not allowed:", "mismatched types",
	"out of bound", "non-concrete", " yaml: ", " json: ", "cannot unmarshal", "goroutine", "runtime error", "%!", "<nil>",
}

// TestCorpus vets each faulty composition of testdata/corpus. Run it with
// -update to write what is printed.
func TestCorpus(t *testing.T) {
	all := corpus(t)
	if len(all) < 150 {
		t.Errorf("%d cases", len(all))
	}
	for _, c := range all {
		t.Run(strings.TrimSuffix(filepath.Base(c.file), ".txtar"), func(t *testing.T) {
			t.Parallel()
			if comment := strings.TrimSpace(string(c.archive.Comment)); comment == "" || strings.Contains(comment, "\n") {
				t.Error("the archive must begin with one line that says what the user did wrong")
			}
			v := vetCase(t, c)
			sane(t, v)
			wellWritten(t, v.found)
			got := v.printed(t)
			readable(t, v.root, got)
			if updating() {
				c.archive.Files[c.want].Data = []byte(got)
				if err := os.WriteFile(c.file, txtar.Format(c.archive), 0o644); err != nil {
					t.Fatal(err)
				}
			} else if want := string(c.archive.Files[c.want].Data); got != want {
				t.Errorf("got:\n%s\nwant:\n%s", got, want)
			}
		})
	}
}

// sane checks what holds for the findings of any composition.
func sane(t testing.TB, v vetted) {
	t.Helper()
	if (v.plan == nil) != v.found.HasErrors() {
		t.Errorf("a plan: %v, with errors: %v", v.plan != nil, v.found.HasErrors())
	}
	if sorted := v.found.Sorted(); !slices.EqualFunc(v.found, sorted, func(a, b diag.Diagnostic) bool {
		return a.Pos == b.Pos && a.Code == b.Code && a.Message == b.Message
	}) {
		t.Errorf("the findings are not sorted, or not unique: %+v", v.found)
	}
	for _, d := range v.found {
		page, known := diag.Explain(d.Code)
		if !known || page.Kind.Severity() != d.Severity {
			t.Errorf("%s (%s) has no page of its weight", d.Code, d.Severity)
		}
		if strings.ContainsAny(d.Message, "\n\r\x00\x1b") || !utf8.ValidString(d.Message+d.Hint) {
			t.Errorf("%s: not plain text: %q", d.Code, d.Message)
		}
		inFile(t, v, d.Code, d.Pos, d.Width)
		for _, r := range d.Related {
			inFile(t, v, d.Code, r.Pos, r.Width)
		}
	}
}

// wellWritten checks the form of messages. One that ends in what the user wrote
// may end in anything, so that this holds for the corpus only.
func wellWritten(t testing.TB, found diag.List) {
	t.Helper()
	for _, d := range found {
		if r, _ := utf8.DecodeRuneInString(d.Message); d.Message == "" || strings.HasSuffix(d.Message, ".") || unicode.IsUpper(r) && !acronym.MatchString(d.Message) {
			t.Errorf("%s: a message begins in lower case and has no full stop: %s", d.Code, d.Message)
		}
	}
}

// acronym is a word that is written in capitals wherever it stands.
var acronym = regexp.MustCompile(`^[A-Z][A-Z0-9]+\b`)

// inFile checks that a place is one: what is underlined is in the file.
func inFile(t testing.TB, v vetted, code string, pos diag.Pos, width int) {
	t.Helper()
	if filepath.IsAbs(pos.File) || strings.HasPrefix(pos.File, "..") || pos.File == "" {
		t.Errorf("%s: the place %q is not in the workspace", code, pos.File)
	}
	if pos.Line == 0 {
		return // the file as a whole, which may be missing
	}
	lines := bytes.Split(v.source(pos.File), []byte("\n"))
	if pos.Line > len(lines) {
		t.Errorf("%s: %s is behind the end of the file", code, pos)
		return
	}
	if length := len(lines[pos.Line-1]); pos.Column < 1 || pos.Column-1+width > length && pos.Column-1+width > max(length, pos.Column) {
		t.Errorf("%s: %s with width %d is behind the end of the line (%d)", code, pos, width, length)
	}
}

// readable checks what holds for all that is printed.
func readable(t testing.TB, root, printed string) {
	t.Helper()
	for _, word := range internals {
		if strings.Contains(printed, word) && !strings.Contains(printed, "DVZ207") {
			t.Errorf("%q reaches the user:\n%s", word, printed)
		}
	}
	if strings.Contains(printed, root) {
		t.Errorf("an absolute path reaches the user:\n%s", printed)
	}
	for line := range strings.Lines(printed) {
		_, message, found := strings.Cut(line, "]: ")
		if !found {
			message = line
		}
		if n := utf8.RuneCountInString(strings.TrimSpace(message)); n > 220 {
			t.Errorf("a line of %d columns: %s", n, line)
		}
	}
}

// notOfACorpus are the codes that no case can cause, and why.
var notOfACorpus = map[string]string{
	"DVZ002": "a file of more than 10 MB is made by TestHostile",
	"DVZ020": "an evaluation that is given up goes on in this process; TestHostile has one of its own",
	"DVZ403": "an Alloy config that does not parse is a fault of dvz's own",
	"DVZ501": "vet runs no Go toolchain",
	"DVZ502": "vet builds nothing",
	"DVZ503": "vet writes nothing",
	"DVZ515": "vet downloads nothing",
}

// TestCorpusHasEveryCode: vet can report nothing that no case reports.
func TestCorpusHasEveryCode(t *testing.T) {
	seen := map[string]bool{}
	code := regexp.MustCompile(`(?m)^\S+: (?:error|warning)\[(DVZ\d{3})\]: `)
	for _, c := range corpus(t) {
		for _, m := range code.FindAllSubmatch(c.archive.Files[c.want].Data, -1) {
			seen[string(m[1])] = true
		}
	}
	for _, code := range diag.Codes() {
		_, excepted := notOfACorpus[code]
		switch {
		case seen[code] && excepted:
			t.Errorf("%s is reported, and need not be excepted", code)
		case !seen[code] && !excepted:
			t.Errorf("no case reports %s", code)
		}
	}
	for code := range maps.Keys(notOfACorpus) {
		if _, known := diag.Explain(code); !known {
			t.Errorf("%s, which is excepted, is no code", code)
		}
	}
}
