package format_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/detectviz/detectviz/compiler/diag"
	"github.com/detectviz/detectviz/compiler/format"
)

var update = flag.Bool("update", false, "write what is printed into the txtar files")

// named knows the plugins of the seed document.
func named(name, pluginType string) string {
	switch {
	case name == "core-auth-jwt", name == "jwt" && pluginType == "auth":
		return "core/auth/jwt"
	case name == "otelzap-logger":
		return "core/logging/otelzap"
	}
	return name
}

// formatted is what Format returns, findings and errors as text.
func formatted(t *testing.T, file string, content []byte) string {
	t.Helper()
	out, found, err := format.Format(file, content, named)
	var text strings.Builder
	p := diag.Printer{Source: func(string) []byte { return content }}
	if printed := p.Print(&text, found); printed != nil {
		t.Fatal(printed)
	}
	if err != nil {
		text.WriteString("error: " + err.Error() + "\n")
	}
	return text.String() + string(out)
}

// TestFormat formats each testdata/*.txtar: a file before, and the same after,
// which must not change any more.
func TestFormat(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("no testdata", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var after []txtar.File
			for _, before := range archive.Files {
				name, isBefore := strings.CutPrefix(before.Name, "before/")
				if !isBefore {
					continue
				}
				out := formatted(t, name, before.Data)
				after = append(after, before, txtar.File{Name: "after/" + name, Data: []byte(out)})
				if strings.Contains(out, "error") {
					continue
				}
				if again := formatted(t, name, []byte(out)); again != out {
					t.Errorf("%s: formatted twice it is\n%s", name, again)
				}
			}
			want := &txtar.Archive{Comment: archive.Comment, Files: after}
			switch got := txtar.Format(want); {
			case *update:
				if err := os.WriteFile(file, got, 0o644); err != nil {
					t.Fatal(err)
				}
			case string(got) != string(txtar.Format(archive)):
				t.Errorf("got\n%s", got)
			}
		})
	}
}

// TestDevPlatform shows that the composition of this repository is as dvz fmt
// writes it, byte for byte.
func TestDevPlatform(t *testing.T) {
	for _, name := range []string{"composition.yaml", "meta.yaml"} {
		content, err := os.ReadFile(filepath.Join("../../compositions/dev-platform", name))
		if err != nil {
			t.Fatal(err)
		}
		if got := formatted(t, name, content); got != string(content) {
			t.Errorf("%s becomes\n%s", name, got)
		}
	}
}

// awkward are texts that yaml.v3 reads in unexpected ways; each must be
// formatted or refused, see FuzzFormat.
var awkward = []string{
	"\ufeffa: 'it''s'\r\nb: \"x\\\r\n  y\"\r\n# c\r\n",
	"a: 1\rb: 2\r",
	"a: \"x\u2028y\"",
	"a: &a [*a]\n",
	"health: {x: &x 1}\nspec: {plugins: [*x]}\n",
	"spec:\n  plugins: &p [a]\n  core_plugins: [{name: jwt, type: auth}]\n",
	"composition: {name: a, dependencies: [b] # c\n}\n",
	"a: 1\n\n\n...",
	"  #\n\n#\n\n0",
	">+\n \n",
}

// TestEmpty shows that a file with nothing but comments stays as it is.
func TestEmpty(t *testing.T) {
	for _, content := range []string{"", "# nothing\n", "---\n"} {
		if got := formatted(t, "meta.yaml", []byte(content)); got != content {
			t.Errorf("%q becomes %q", content, got)
		}
	}
}

// TestForgedType shows that a key which only looks like one of Normalise's is
// not dropped.
func TestForgedType(t *testing.T) {
	text := "spec:\n  core_plugins: []\n  x:\n    - a:\n        !dvz-type type: b\n"
	out, found, err := format.Format("composition.yaml", []byte(text), named)
	if !found.HasErrors() && err == nil && !strings.Contains(string(out), "type: b") {
		t.Errorf("the key is lost:\n%s", out)
	}
}

// TestUnreadable shows that a file with an error is not formatted, whatever its
// language.
func TestUnreadable(t *testing.T) {
	for _, tt := range []struct{ file, content, code string }{
		{"composition.yaml", "a: [1\nb: 2\n", "DVZ004"},
		{"composition.yaml", "%YAML 1.2\n---\na: 1\n", "DVZ004"},
		{"composition.yaml", "a: 1\n---\nb: 1\n", "DVZ007"},
		{"composition.yaml", "a: 1\na: 1\n", "DVZ008"},
		{"composition.yaml", "a: &a [*a]\n", "DVZ009"},
		{"composition.yaml", strings.Repeat("[", 200) + strings.Repeat("]", 200), "DVZ010"},
		{"composition.yaml", "a: !vault x\n", "DVZ011"},
		{"composition.yaml", strings.Repeat("#", 11<<20), "DVZ002"},
		{"composition.json", `{"a" 1}`, "DVZ015"},
		{"composition.cue", "a: {", "DVZ016"},
	} {
		out, found, err := format.Format(tt.file, []byte(tt.content), named)
		if out != nil || err != nil || len(found) == 0 || found[0].Code != tt.code {
			t.Errorf("%.20q: got %q, %v, %v, want %s", tt.content, out, found, err, tt.code)
		}
	}
}

// TestCommentsAnywhere puts a comment at each place of each file of testdata:
// wherever YAML takes it, it is kept, and the file means what it meant.
func TestCommentsAnywhere(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	tried, read := 0, 0
	for _, file := range files {
		archive, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range archive.Files {
			if !strings.HasPrefix(f.Name, "before/") || filepath.Ext(f.Name) != ".yaml" {
				continue
			}
			if _, _, err := format.Format("composition.yaml", f.Data, named); err != nil {
				continue // is refused with no comment either
			}
			lines := strings.SplitAfter(string(f.Data), "\n")
			for i, line := range lines {
				end := strings.TrimRight(line, "\n")
				indent := end[:len(end)-len(strings.TrimLeft(end, " "))]
				for _, changed := range []string{
					"# anywhere\n" + line,
					indent + "# anywhere\n" + line,
					indent + "    # anywhere\n\n" + line,
					end + " # anywhere\n",
				} {
					before := strings.Join(lines[:i], "") + changed + strings.Join(lines[i+1:], "")
					tried++
					if checkAnywhere(t, before) {
						read++
					}
				}
			}
		}
	}
	if read < tried*9/10 {
		t.Errorf("only %d of %d places were tried", read, tried)
	}
}

// checkAnywhere reports whether the text is YAML at all.
func checkAnywhere(t *testing.T, before string) bool {
	t.Helper()
	after, found, err := format.Format("composition.yaml", []byte(before), named)
	if found.HasErrors() {
		return false
	}
	if err != nil {
		t.Errorf("%s\n%v", before, err)
		return true
	}
	if got, want := strings.Count(string(after), "# anywhere"), strings.Count(before, "# anywhere"); got != want {
		t.Errorf("%s\nhas the comment %d times:\n%s", before, got, after)
	}
	if again, found, err := format.Format("composition.yaml", after, named); err != nil || found.HasErrors() || string(again) != string(after) {
		t.Errorf("%s\nbecomes\n%s\nthen\n%s%v%v", before, after, again, found, err)
	}
	return true
}
