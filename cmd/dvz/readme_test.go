package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestReadmeComposition vets the composition that the README shows, and the
// mistakes in it that the README shows.
func TestReadmeComposition(t *testing.T) {
	readme := readReadme(t)
	composition := between(t, readme, "```yaml\nmetadata:", "```")
	findings := between(t, readme, "```\ncompositions/host-metrics/", "```")

	t.Chdir(t.TempDir())
	file := filepath.Join("compositions", "host-metrics", "composition.yaml")
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	write := func(file, content string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("go.mod", "module github.com/detectviz/detectviz\n")
	write(file, composition)
	var stdout, stderr bytes.Buffer
	if code := run([]string{"vet"}, &stdout, &stderr); code != exitOK {
		t.Fatalf("the composition of the README has findings:\n%s%s", &stdout, &stderr)
	}

	stdout.Reset()
	write(file, strings.NewReplacer("interval: 15s", "intervall: 15s", "when_full: block", "when_full: blok").Replace(composition))
	if code := run([]string{"vet"}, &stdout, &stderr); code != exitFindings {
		t.Errorf("exit code %d, want %d", code, exitFindings)
	}
	time := regexp.MustCompile(`\(\d+ ms\)`)
	got, want := time.ReplaceAllString(stdout.String(), ""), time.ReplaceAllString(findings, "")
	if got != want {
		t.Errorf("the README shows other findings than dvz does:\n%s", stdout.String())
	}
}

// TestReadmeCommands compares the README's table with the commands that exist.
func TestReadmeCommands(t *testing.T) {
	readme := readReadme(t)
	c := &cli{}
	for _, cmd := range c.root().Commands() {
		if cmd.Name() != "help" && cmd.Runnable() && !strings.Contains(readme, "| `dvz "+cmd.Name()+"` |") {
			t.Errorf("the README's table has no row for dvz %s", cmd.Name())
		}
	}
	for _, row := range regexp.MustCompile("(?m)^\\| `dvz ([a-z]+)` \\|").FindAllStringSubmatch(readme, -1) {
		if cmd, _, err := c.root().Find([]string{row[1]}); err != nil || cmd.Name() != row[1] {
			t.Errorf("the README's table has dvz %s, which does not exist", row[1])
		}
	}
}

func readReadme(t *testing.T) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("..", "..", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// between returns the text from begin, without its first line, to end.
func between(t *testing.T, text, begin, end string) string {
	t.Helper()
	_, rest, ok := strings.Cut(text, begin)
	if !ok {
		t.Fatalf("the README has no %q", begin)
	}
	inner, _, ok := strings.Cut(rest, end)
	if !ok {
		t.Fatalf("the README has no %q after %q", end, begin)
	}
	_, firstLine, _ := strings.Cut(begin, "\n")
	return firstLine + inner
}
