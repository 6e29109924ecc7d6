package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// TestVetOutputFitsItsSchemas: what dvz prints, not what a test made up.
func TestVetOutputFitsItsSchemas(t *testing.T) {
	schemas := map[string]string{}
	for format, file := range map[string]string{"json": "output.schema.json", "sarif": "testdata/sarif-schema-2.1.0.json"} {
		path, err := filepath.Abs(filepath.Join("../../compiler/diag", file))
		if err != nil {
			t.Fatal(err)
		}
		schemas[format] = path
	}
	const password = "hunter2-hunter2-hunter2-hunter2-hunter2"
	root := t.TempDir()
	for path, content := range map[string]string{
		"go.mod": "module github.com/detectviz/detectviz\n",
		"compositions/many/composition.yaml": `metadata: {name: many, version: 1.0.0}
params:
  later: {type: string, default: "監視"} # dvz:ignore DVZ214 because it comes
spec:
  plugins:
    - community/importers/prometheus: {config: {targets: ["http://127.0.0.1:9100/metrics"], labels: {a: "監視 🙂"}, intervall: 15s}}
    - community/exporters/jsom: {as: a}
    - community/exporters/json: {as: a}
    - core/auth/jwt: {config: {secret: ` + password + `, users: [], bogus: 1}}
`,
		"compositions/tab/composition.yaml":   "metadata:\n\tname: tab\n",
		"compositions/empty/composition.yaml": "",
	} {
		full := filepath.Join(root, filepath.FromSlash(path))
		if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(full, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(root)
	for _, args := range [][]string{{}, {"compositions/many"}, {"compositions/empty"}, {"compositions"}} {
		for format, file := range schemas {
			var stdout, stderr bytes.Buffer
			if code := run(append([]string{"vet", "--format", format}, args...), &stdout, &stderr); code != exitFindings {
				t.Fatalf("vet %q: exit code %d, %s", args, code, &stderr)
			}
			for _, secret := range []string{password, root} {
				if strings.Contains(stdout.String(), secret) {
					t.Errorf("%s shows %s", format, secret)
				}
			}
			schema, err := jsonschema.NewCompiler().Compile(file)
			if err != nil {
				t.Fatal(err)
			}
			document, err := jsonschema.UnmarshalJSON(&stdout)
			if err != nil {
				t.Fatal(err)
			}
			if err := schema.Validate(document); err != nil {
				t.Errorf("vet %q --format %s: %v", args, format, err)
			}
		}
	}
}
