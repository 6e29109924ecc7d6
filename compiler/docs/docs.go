// Package docs describes plugins to people, from their manifests alone: the
// README.md of a plugin's folder and the page that `dvz plugins show` prints.
// It is a back end beside the pipeline of a composition: a catalog's plugin in,
// text out, pure and deterministic.
package docs

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"text/tabwriter"
	"text/template"

	"cuelang.org/go/cue"
	"cuelang.org/go/encoding/yaml"

	"github.com/detectviz/detectviz/compiler/catalog"
	"github.com/detectviz/detectviz/templates"
)

// Page is what the templates are given.
type Page struct {
	*catalog.Plugin
	// Manifest is computed from the first example, which is the smallest
	// useful config; permissions therefore show concrete scopes.
	Manifest *catalog.Manifest
	Sections []Section
	Examples []Example
	Metrics  []catalog.Metric
	Secrets  bool // some field is a secret
}

// Example is a config as it is written in a composition.
type Example struct {
	Title string
	YAML  string // the entry of spec.plugins
}

// Markdown returns the README.md of a plugin.
func Markdown(p *catalog.Plugin) ([]byte, error) { return render(p, "README.md.tmpl") }

// Text returns the page of a plugin for a terminal.
func Text(p *catalog.Plugin) ([]byte, error) {
	page, err := render(p, "page.txt.tmpl")
	if err != nil {
		return nil, err
	}
	// The template separates cells by tabs; the columns are aligned here.
	var out bytes.Buffer
	w := tabwriter.NewWriter(&out, 0, 0, 2, ' ', 0)
	if _, err := w.Write(page); err != nil {
		return nil, err
	}
	if err := w.Flush(); err != nil {
		return nil, err
	}
	return trailing.ReplaceAll(out.Bytes(), nil), nil
}

// trailing matches the blanks that tabwriter leaves at the ends of lines.
var trailing = regexp.MustCompile(`(?m) +$`)

var parsed = sync.OnceValues(func() (*template.Template, error) {
	return template.New("plugin").Funcs(template.FuncMap{
		"cell":     cell,
		"code":     code,
		"indent":   indent,
		"join":     strings.Join,
		"line":     line,
		"sentence": sentence,
	}).ParseFS(templates.Files, "plugin/*.tmpl")
})

func render(p *catalog.Plugin, name string) ([]byte, error) {
	page, err := describe(p)
	if err != nil {
		return nil, fmt.Errorf("describing plugin %s: %w", p.Path, err)
	}
	t, err := parsed()
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	if err := t.ExecuteTemplate(&out, name, page); err != nil {
		return nil, fmt.Errorf("describing plugin %s: %w", p.Path, err)
	}
	return out.Bytes(), nil
}

func describe(p *catalog.Plugin) (*Page, error) {
	page := &Page{Plugin: p}
	var err error
	if page.Sections, err = Config(p.Config); err != nil {
		return nil, err
	}
	if page.Metrics, err = p.Metrics(); err != nil {
		return nil, err
	}
	for _, section := range page.Sections {
		for _, field := range section.Fields {
			page.Secrets = page.Secrets || strings.Contains(field.Type, "secret")
		}
	}
	examples, err := p.Examples()
	if err != nil {
		return nil, err
	}
	smallest := p.Config
	if len(examples) > 0 {
		smallest = examples[0].Config
	}
	if page.Manifest, err = p.Instantiate(smallest, catalog.Self{Instance: p.Name, Composition: "example", State: "/var/lib/example"}); err != nil {
		return nil, err
	}
	for _, example := range examples {
		text, err := entry(p.Path, example.Config)
		if err != nil {
			return nil, fmt.Errorf("example %q: %w", example.Title, err)
		}
		page.Examples = append(page.Examples, Example{Title: example.Title, YAML: text})
	}
	return page, nil
}

// entry writes an entry of spec.plugins.
func entry(path string, config cue.Value) (string, error) {
	text, err := yaml.Encode(config)
	if err != nil {
		return "", err
	}
	if strings.TrimSpace(string(text)) == "{}" {
		return "- " + path, nil
	}
	return "- " + path + ":\n    config:\n" + indent(6, string(text)), nil
}

// cell makes text fit into a cell of a Markdown table.
func cell(text string) string {
	paragraphs := strings.Split(strings.TrimSpace(text), "\n\n")
	for i, p := range paragraphs {
		paragraphs[i] = line(p)
	}
	return strings.ReplaceAll(strings.Join(paragraphs, "<br><br>"), "|", `\|`)
}

// code sets text in code style, or leaves nothing alone.
func code(text string) string {
	if text == "" {
		return ""
	}
	return codeSpan(text)
}

// line puts text on one line.
func line(text string) string { return strings.Join(strings.Fields(text), " ") }

// indent indents every line that has text.
func indent(by int, text string) string {
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	for i, l := range lines {
		if l != "" {
			lines[i] = strings.Repeat(" ", by) + l
		}
	}
	return strings.Join(lines, "\n")
}

// sentence makes a sentence of a description.
func sentence(text string) string {
	if text == "" {
		return ""
	}
	return strings.ToUpper(text[:1]) + text[1:] + "."
}
