package jsonschema_test

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/detectviz/detectviz/compiler/jsonschema"
)

// editor returns a real language server for documents that name our schema.
func editor(t *testing.T) *client {
	t.Helper()
	folder := t.TempDir()
	text, err := jsonschema.Composition(load(t, ourPlugins))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "composition.schema.json"), text, 0o644); err != nil {
		t.Fatal(err)
	}
	return startServer(t, filepath.Join(folder, "compositions"))
}

// above stands above the plugins of a document.
const above = "metadata: {name: a, version: 1.0.0}\nspec:\n  plugins:\n"

// TestEditorCompletes asks for completions, takes one as an editor does, and
// compares what then stands in the document: "_" where the user types on.
func TestEditorCompletes(t *testing.T) {
	server := editor(t)
	for _, c := range []struct {
		document      string
		label         string
		documentation string
		want          string
	}{
		{"    - ¦\n", "core/server/http", "serves the HTTP endpoints of all plugins", "    - core/server/http\n"},
		{"    - ¦\n", "core/server/http", "`dvz plugins show core/server/http`", "    - core/server/http:\n        \n"},
		{"    - ¦\n", "community/importers/prometheus", "yields metrics",
			"    - community/importers/prometheus:\n        config:\n          targets:\n            - _\n"},
		{"    - ¦\n", "community/importers/csv", "**importer**",
			"    - community/importers/csv:\n        config:\n          files:\n            - _\n          timestamp:\n            column: _\n          metrics:\n            - column: _\n"},
		{"    - core/logging/otelzap\n    - community/imp¦\n    - core/server/http\n", "community/importers/prometheus", "**importer**",
			"    - core/logging/otelzap\n    - community/importers/prometheus:\n        config:\n          targets:\n            - _\n    - core/server/http\n"},

		{"    - core/server/http:\n        ¦\n", "depends_on", "start before this one", "    - core/server/http:\n        depends_on:\n          - _\n"},
		{"    - community/importers/prometheus:\n        as: node\n        ¦\n", "config", "The config of community/importers/prometheus",
			"    - community/importers/prometheus:\n        as: node\n        config:\n          targets:\n            - _\n"},
		{"    - community/importers/prometheus:\n        config:\n          targets: [a]\n          ¦\n", "interval", "interval is the time between two scrapes of a target.\n\nDefault: 15s",
			"    - community/importers/prometheus:\n        config:\n          targets: [a]\n          interval: 15s\n"},
		{"    - community/importers/prometheus:\n        config:\n          tls:\n            ca¦\n", "ca_file", "certificate authorities",
			"    - community/importers/prometheus:\n        config:\n          tls:\n            ca_file: \n"},
		{"    - community/exporters/sqlite:\n        config:\n          ¦\n", "path", "the database file",
			"    - community/exporters/sqlite:\n        config:\n          path: ${state}/metrics.db\n"},
		{"    - core/auth/jwt:\n        config:\n          secret:\n            ¦\n", "env", "", "    - core/auth/jwt:\n        config:\n          secret:\n            env: \n"},

		{"    - core/logging/otelzap:\n        config:\n          format: ¦\n", "console", "", "    - core/logging/otelzap:\n        config:\n          format: console\n"},
		{"    - core/server/http:\n        delivery:\n          queue:\n            when_full: ¦\n", "drop_oldest", "", "    - core/server/http:\n        delivery:\n          queue:\n            when_full: drop_oldest\n"},
		{"    - community/importers/prometheus:\n        config:\n          honor_labels: ¦\n", "true", "", "    - community/importers/prometheus:\n        config:\n          honor_labels: true\n"},

		// Wrong indentation: what stands beside config is offered there.
		{"    - core/server/http:\n        config:\n        listen: a\n        ¦\n", "enabled", "", "    - core/server/http:\n        config:\n        listen: a\n        enabled: true\n"},
		{"    - core/server/http:\n          config:\n             li¦\n", "listen", "the address that the server listens on",
			"    - core/server/http:\n          config:\n             listen: 127.0.0.1:8080\n"},
		// An unfinished key in the middle.
		{"    - community/importers/csv:\n        config:\n          del¦\n          files: [a]\n", "delimiter", "one ASCII character",
			"    - community/importers/csv:\n        config:\n          delimiter: ,\n          files: [a]\n"},
	} {
		offered := server.completions(above + c.document)
		var all []string
		i := slices.IndexFunc(offered, func(o completion) bool {
			all = append(all, o.Label)
			return o.Label == c.label && strings.Contains(o.documentation(), c.documentation)
		})
		if i < 0 {
			t.Errorf("in\n%s%s (%s) is not offered, but %s", c.document, c.label, c.documentation, all)
			continue
		}
		if got := strings.TrimPrefix(accept(above+c.document, offered[i]), above); got != c.want {
			t.Errorf("%s:\n%swant:\n%s", c.label, got, c.want)
		}
	}
}

// accept replaces what a completion says, as an editor does: further lines are
// indented as the first one is.
func accept(document string, c completion) string {
	before, after, _ := strings.Cut(document, cursor)
	snippet, length := c.InsertText, len(word.FindString(before))
	if edit := c.TextEdit; edit != nil {
		snippet, length = edit.NewText, edit.Range.End.Character-edit.Range.Start.Character
	}
	before = before[:len(before)-length]
	line := before[strings.LastIndexByte(before, '\n')+1:]
	indent := line[:len(line)-len(strings.TrimLeft(line, " "))]
	text := placeholder.ReplaceAllStringFunc(snippet, func(p string) string {
		return cmp.Or(placeholder.FindStringSubmatch(p)[1], "_")
	})
	text = strings.NewReplacer(`\$`, "$", `\}`, "}", "\n", "\n"+indent).Replace(text)
	return before + text + after
}

var word = regexp.MustCompile(`[\w/]*$`)

// placeholder matches $1, ${1} and ${1:value} in a snippet.
var placeholder = regexp.MustCompile(`\$(?:\d+|\{\d+(?::((?:[^\\}]|\\.)*))?\})`)

// TestEditorOffers asks what is offered at a place, and what is not.
func TestEditorOffers(t *testing.T) {
	server := editor(t)
	for _, c := range []struct {
		document string
		want     []string
		not      []string
	}{
		{"¦", []string{"metadata", "params", "spec"}, []string{"composition", "health"}},
		{"metadata: {name: a, version: 1.0.0}\nspec:\n  ¦\n", []string{"plugins", "pipelines", "health", "limits", "scaling"}, []string{"core_plugins", "metadata"}},
		{above + "    - core/server/http:\n        ¦\n", []string{"as", "version", "enabled", "depends_on", "config", "delivery"}, []string{"listen"}},
		{above + "    - core/server/http:\n        as: a\n        config:\n          ¦\n", []string{"listen", "tls", "max_body"}, []string{"as", "targets"}},
	} {
		var all []string
		for _, o := range server.completions(c.document) {
			all = append(all, o.Label)
		}
		for _, want := range c.want {
			if !slices.Contains(all, want) {
				t.Errorf("in\n%s\n%s is not offered, but %s", c.document, want, all)
			}
		}
		for _, not := range c.not {
			if slices.Contains(all, not) {
				t.Errorf("in\n%s\n%s is offered", c.document, not)
			}
		}
	}
	// Every plugin is.
	offered := server.completions(above + "    - ¦\n")
	for _, path := range load(t, ourPlugins).Paths() {
		if !slices.ContainsFunc(offered, func(o completion) bool { return o.Label == path }) {
			t.Errorf("%s is not offered", path)
		}
	}
}

func TestEditorExplains(t *testing.T) {
	server := editor(t)
	for _, c := range []struct{ document, want string }{
		{"    - community/importers/prome¦theus:\n        as: node\n", "**importer** 0.1.0, scrapes metrics from Prometheus and OpenMetrics endpoints; yields metrics"},
		{"    - community/importers/prometheus:\n        config:\n          inter¦val: 5s\n", "interval is the time between two scrapes of a target.\n\nDefault: 15s"},
		{"    - core/logging/otelzap:\n        config:\n          lev¦el: warn\n", "level is the lowest level that is logged.\n\nDefault: info\n\nAllowed Values:"},
		{"    - core/logging/otelzap:\n        config:\n          samp¦ling: {first: 1}\n", "sampling drops part of the records"},
		{"    - core/server/http:\n        depends¦_on: [a]\n", "depends\\_on lists instances that start before this one."},
	} {
		if got := server.hover(above + c.document); !strings.Contains(got, c.want) {
			t.Errorf("in\n%sgot  %q\nwant %q", c.document, got, c.want)
		}
	}
}

// TestEditorMarks compares the marks of an editor: line:column-column of the
// document, and what is said.
func TestEditorMarks(t *testing.T) {
	server := editor(t)
	for _, c := range []struct {
		document string
		want     []string
	}{
		{"    - core/server/http\n    - core/middleware/cors: {config: {allow_origins: ['*']}}\n", nil},
		{"    - community/importers/prometheus:\n        config:\n          targets: ['http://a/']\n          intervall: 5s\n", []string{"7:11-20 Property intervall is not allowed."}},
		{"    - core/server/htp:\n        as: a\n", []string{"4:7-22 Property core/server/htp is not allowed."}},
		{"    - core/server/htp\n", []string{"4:7-22 must be the path of a plugin, with its config below it if the plugin needs one"}},
		{"    - core/server/http: {enabled: maybe}\n", []string{`4:35-40 Incorrect type. Expected "boolean".`}},
		{"    - core/server/http: {config: {listen: 8080, max_body: 1}}\n", []string{
			"4:43-47 must be an address such as 127.0.0.1:8080", "4:59-60 must be a size such as 512KiB, 256MiB or 1GB",
		}},
		{"    - core/logging/otelzap: {config: {level: warning}}\n", []string{`4:46-53 Value is not accepted. Valid values: "info", "debug", "warn", "error".`}},
		{"    - core/middleware/ratelimit: {config: {burst: many}}\n", []string{"4:51-55 must be a whole number, or a param such as ${params.name}"}},
		{"    - community/importers/csv: {config: {files: [a]}}\n", []string{`4:33-39 Missing property "timestamp".`, `4:33-39 Missing property "metrics".`}},
	} {
		var got []string
		for _, d := range server.found(above + c.document) {
			got = append(got, fmt.Sprintf("%d:%d-%d %s", d.Range.Start.Line, d.Range.Start.Character+1, d.Range.End.Character+1, d.Message))
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("in\n%sgot\n  %s\nwant\n  %s", c.document, strings.Join(got, "\n  "), strings.Join(c.want, "\n  "))
		}
	}
	for _, file := range files(t, "../../compositions/*/composition.yaml", 1) {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if marks := server.found(string(text)); len(marks) > 0 {
			t.Errorf("%s: %+v", file, marks)
		}
	}
}
