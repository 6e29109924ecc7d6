package compiler_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/detectviz/detectviz/compiler"
	"github.com/detectviz/detectviz/compiler/diag"
	"github.com/detectviz/detectviz/compiler/plan"
)

// said prints findings as "line code", ignored ones with their reason, those of
// overlays with the file's name.
func said(l diag.List) []string {
	var out []string
	for _, d := range l {
		line := fmt.Sprintf("%d %s", d.Pos.Line, d.Code)
		if _, name, ok := strings.Cut(d.Pos.File, "/overlays/"); ok {
			line = name + " " + line
		}
		if d.Ignored != "" {
			line += " ignored: " + d.Ignored
		}
		out = append(out, line)
	}
	return out
}

func TestIgnoring(t *testing.T) {
	const (
		head = "metadata: {name: c, version: 1.0.0}\n"
		body = `spec:
  plugins:
    - community/importers/prometheus: {as: node, config: {targets: ["http://127.0.0.1:9100/metrics"]}}
    - community/exporters/sqlite
`
		unused = "params:\n  a: {type: string, default: x}" // DVZ214 on line 3
		twice  = "params:\n  a: {type: address, env: L, default: \"127.0.0.1:1\"}\n  b: {type: address, env: L, default: \"127.0.0.1:2\"}"
		listen = "  health: {listen: \"${params.a}\"}\n"
	)
	tests := map[string]struct {
		composition string
		want        []string
		plan        bool
	}{
		"nothing to ignore": {head + body, nil, true},
		"a warning, at the end of its line": {head + unused + " # dvz:ignore DVZ214 because of reasons\n" + body,
			[]string{"3 DVZ214 ignored: of reasons"}, true},
		"a warning, on the line above it": {head + "params:\n  # dvz:ignore DVZ214 because it comes\n  a: {type: string, default: x}\n" + body,
			[]string{"4 DVZ214 ignored: it comes"}, true},
		"an error of policy stands": {head + strings.Replace(twice, "params:", "params: # x", 1) + "\n" + body + listen,
			[]string{"4 DVZ214", "4 DVZ217"}, false},
		"an error of policy is ignored, and hides no warning": {head + twice + " # dvz:ignore DVZ217 because both are meant\n" + body + listen,
			[]string{"4 DVZ214", "4 DVZ217 ignored: both are meant"}, true},
		"another code on the line stands": {head + unused + " # dvz:ignore DVZ212 because of reasons\n" + body,
			[]string{"3 DVZ214", "3 DVZ031"}, true},
		"another line stands": {head + "params: # dvz:ignore DVZ214 because of reasons\n  a: {type: string, default: x}\n" + body,
			[]string{"2 DVZ031", "3 DVZ214"}, true},
		"of two comments one is too many": {head + "params:\n  # dvz:ignore DVZ214 because of one\n  a: {type: string, default: x} # dvz:ignore DVZ214 because of two\n" + body,
			[]string{"4 DVZ214 ignored: of one", "4 DVZ031"}, true},
		"a fault stands": {head + strings.Replace(body, "as: node", "as: 7", 1) + "  healt: {} # dvz:ignore DVZ102 because it worked\n",
			[]string{"4 DVZ104", "6 DVZ102", "6 DVZ032"}, false},
		"a fault keeps comments from being judged": {head + body + "  healt: {}\n  limits: {memory: 64MiB} # dvz:ignore DVZ420 because of reasons\n",
			[]string{"6 DVZ102"}, false},
		"a fault cannot be ignored where it is not, either": {head + body + "  limits: {memory: 64MiB} # dvz:ignore DVZ102 because of reasons\n",
			[]string{"6 DVZ032"}, false},
		"an unknown code": {head + body + "  limits: {memory: 64MiB} # dvz:ignore DVZ999 because of reasons\n",
			[]string{"6 DVZ032"}, false},
		"an unneeded comment that is kept": {head + "# dvz:ignore DVZ031 because prod needs it\nparams: {} # dvz:ignore DVZ214 because of reasons\n" + body,
			[]string{"3 DVZ031 ignored: prod needs it"}, true},
		"a comment that keeps none": {head + "params: {} # dvz:ignore DVZ031 because of reasons\n" + body,
			[]string{"2 DVZ031"}, true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			root := workspace(t, map[string]string{"compositions/c/composition.yaml": test.composition})
			p, found := open(t, root).Compile("compositions/c")
			if got := said(found); !slices.Equal(got, test.want) || (p != nil) != test.plan {
				t.Errorf("got %q with a plan: %t; want %q\n%s", got, p != nil, test.want, test.composition)
			}
		})
	}
}

// logbook is an exporter that takes only logs.
const logbook = `package logbook

import "github.com/detectviz/detectviz/schema"

plugin: schema.#Plugin & {
	name: "logbook", type: "exporter", version: "0.1.0", trust: "custom", description: "keeps logs", license: "MIT"
	config: #Config
	signals: in: ["logs"]
}

#Config: {}
`

// TestIgnoredPolicyGenerates: each error of policy that a comment ignores leaves
// a plan from which everything can be generated.
func TestIgnoredPolicyGenerates(t *testing.T) {
	const head = "metadata: {name: c, version: 1.0.0}\nspec:\n  plugins:\n"
	for name, test := range map[string]struct {
		code        string
		composition string
		line        int // whose findings of the code are ignored
	}{
		"a pipeline that carries nothing": {"DVZ203", head +
			"    - community/importers/prometheus: {config: {targets: [\"http://127.0.0.1:9100/metrics\"]}}\n" +
			"    - custom/exporters/logbook\n" +
			"  pipelines:\n" +
			"    a: {from: [prometheus], to: [logbook]}\n", 7},
		"an exporter that is passed by": {"DVZ203", head +
			"    - community/importers/prometheus: {config: {targets: [\"http://127.0.0.1:9100/metrics\"]}}\n" +
			"    - community/exporters/sqlite\n" +
			"    - custom/exporters/logbook\n" +
			"  pipelines:\n" +
			"    a: {from: [prometheus], to: [sqlite, logbook]}\n", 8},
		"a secret in clear text": {"DVZ301", head +
			"    - core/server/http\n" +
			"    - core/auth/jwt:\n" +
			"        config:\n" +
			"          users: [{name: admin, password: {env: P}}]\n" +
			"          secret: correct-horse-battery-staple-of-32-bytes\n", 8},
		"one variable for two params": {"DVZ217", "metadata: {name: c, version: 1.0.0}\nparams:\n" +
			"  a: {type: address, env: L, default: \"127.0.0.1:1\"}\n" +
			"  b: {type: address, env: L, default: \"127.0.0.1:2\"}\n" +
			"spec:\n  plugins:\n    - core/server/http: {config: {listen: \"${params.a}\"}}\n  health: {listen: \"${params.b}\"}\n", 4},
	} {
		t.Run(name, func(t *testing.T) {
			compile := func(composition string) (*compiler.Workspace, *plan.Plan, diag.List) {
				w := open(t, workspace(t, map[string]string{
					"compositions/c/composition.yaml":                composition,
					"plugins/custom/exporters/logbook/plugin.cue":    logbook,
					"plugins/custom/exporters/logbook/config_gen.go": "package logbook\n\ntype Config struct{}\n",
				}))
				p, found := w.Compile("compositions/c")
				return w, p, found
			}
			if _, p, found := compile(test.composition); p != nil || !slices.Contains(said(found), fmt.Sprintf("%d %s", test.line, test.code)) {
				t.Fatalf("without a comment: %q", said(found))
			}
			lines := strings.Split(test.composition, "\n")
			lines[test.line-1] += " # dvz:ignore " + test.code + " because of a test"
			w, p, found := compile(strings.Join(lines, "\n"))
			if p == nil {
				t.Fatalf("there is no plan: %+v", found)
			}
			if want := strings.Count(test.composition, "\n    - "); len(p.Instances) != want {
				t.Errorf("the plan has %d of %d instances", len(p.Instances), want)
			}
			if files, found := w.Emit(p); found.HasErrors() || len(files) == 0 {
				t.Errorf("nothing is generated: %+v", found)
			}
		})
	}
}

// TestIgnoringWithOverlays: a comment is judged with the file it stands in.
func TestIgnoringWithOverlays(t *testing.T) {
	root := workspace(t, map[string]string{
		"compositions/c/composition.yaml": `metadata: {name: c, version: 1.0.0}
params:
  a: {type: string, default: x} # dvz:ignore DVZ214 because an overlay uses it
spec:
  plugins:
    - community/importers/prometheus: {as: node, config: {targets: ["http://127.0.0.1:9100/metrics"]}}
    - community/exporters/sqlite
`,
		"compositions/c/overlays/prod.yaml": `spec:
  plugins:
    - community/importers/prometheus:
        as: node
        config: {labels: {a: "${params.a}"}} # dvz:ignore DVZ111 because of reasons
`,
	})
	w := open(t, root)
	if _, found := w.Compile("compositions/c"); !slices.Equal(said(found), []string{"3 DVZ214 ignored: an overlay uses it"}) {
		t.Errorf("without the overlay: %q", said(found))
	}
	if _, found := w.Compile("compositions/c", "prod"); !slices.Equal(said(found), []string{"prod.yaml 5 DVZ031"}) {
		t.Errorf("with the overlay: %q", said(found))
	}
}

// TestFindingsNameTheirPlugin: for summaries and for programs.
func TestFindingsNameTheirPlugin(t *testing.T) {
	root := workspace(t, map[string]string{"compositions/c/composition.yaml": `metadata: {name: c, versoin: 1.0.0}
params: {a: {type: string, default: x}}
spec:
  plugins:
    - community/importers/prometheus: {as: node, config: {targets: ["x"]}}
    - {community/exporters/sqlite: {config: {paht: x}}}
    - community/exporters/jsom
  pipelines: {a: {from: [nod], to: [sqlite]}}
  limitz: {}
`})
	_, found := open(t, root).Compile("compositions/c")
	var got []string
	for _, d := range found {
		got = append(got, fmt.Sprintf("%d %s", d.Pos.Line, d.Plugin))
	}
	got = slices.Compact(got)
	want := []string{"1 ", "2 ", "5 community/importers/prometheus", "6 community/exporters/sqlite", "7 community/exporters/jsom", "8 ", "9 "}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q: %+v", got, want, found)
	}
}
