// Package scaffold makes what a user begins with: a workspace, and a plugin in
// it. It stands beside the pipeline of a composition. The texts are those of
// package templates; what is made passes vet, build and test as it is.
package scaffold

import (
	"bytes"
	"fmt"
	"go/format"
	"io/fs"
	"path"
	"strings"
	"text/template"

	"github.com/detectviz/detectviz/compiler/emit"
	"github.com/detectviz/detectviz/templates"
)

// render renders the templates below a folder of templates/scaffold. A file has
// the path of its template there, without .tmpl. The delimiters are [[ and ]],
// because {{ is Go's, and that of GitHub's workflows.
func render(folder string, data any) ([]emit.File, error) {
	root := path.Join("scaffold", folder)
	var files []emit.File
	err := fs.WalkDir(templates.Files, root, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := fs.ReadFile(templates.Files, name)
		if err != nil {
			return err
		}
		t, err := template.New(name).Delims("[[", "]]").Option("missingkey=error").Parse(string(text))
		if err != nil {
			return err
		}
		var out bytes.Buffer
		if err := t.Execute(&out, data); err != nil {
			return err
		}
		file := emit.File{Path: strings.TrimSuffix(strings.TrimPrefix(name, root+"/"), ".tmpl"), Content: out.Bytes()}
		if path.Ext(file.Path) == ".go" {
			if file.Content, err = format.Source(file.Content); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		}
		files = append(files, file)
		return nil
	})
	return files, err
}
