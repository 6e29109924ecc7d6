package source_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"github.com/detectviz/detectviz/compiler/source"
)

// forms are compositions in the seed's own forms, the first five as the seed
// document prints them, and what Normalise makes of them. The expected text is
// yaml.v3's print of the tree; the tag marks what is only for the checks.
var forms = []struct{ name, before, after string }{
	{"core_plugins", `# composition.yaml
metadata:
  name: dev-platform
  description: DetectViz 預設開發平台組合
  version: 1.0.0

spec:
  core_plugins:
    - name: core-auth-jwt
      type: auth
      enabled: true
      config:
        secret: dev-secret
  
  health:
    plugins:
      include: all  # 包含所有插件的健康檢查
`, `# composition.yaml
metadata:
  name: dev-platform
  description: DetectViz 預設開發平台組合
  version: 1.0.0
spec:
  plugins:
    - core/auth/jwt:
        as: core-auth-jwt
        !dvz-type type: auth
        enabled: true
        config:
          secret: dev-secret
  health:
    plugins:
      include: all # 包含所有插件的健康檢查
`},
	{"health alone", `health:
  enabled: true
  interval: "30s"
  timeout: "5s"
  plugins:
    include: all  # 或指定特定插件列表
    # include: [core-auth-jwt, otelzap-logger]
`, `spec:
  health:
    enabled: true
    interval: "30s"
    timeout: "5s"
    plugins:
      include: all # 或指定特定插件列表
      # include: [core-auth-jwt, otelzap-logger]
`},
	{"composition", `composition:
  name: "enhanced-monitoring"
  plugins:
    # 基礎監控
    - community/exporters/prometheus
    - community/integrations/notification/slack
    
    # 可選的處理器(enabled 控制)
    - community/integrations/processors/alert-processor:
        enabled: true
        config:
          deduplication: true
          enrichment: true
    
    # 可選的視覺化(enabled 控制)
    - community/integrations/visualizers/trace-visualizer:
        enabled: false  # 可關閉以保持輕量
`, `metadata:
  name: "enhanced-monitoring"
  version: 0.1.0
spec:
  plugins:
    # 基礎監控
    - community/exporters/prometheus
    - community/integrations/notification/slack
    # 可選的處理器(enabled 控制)
    - community/integrations/processors/alert-processor:
        enabled: true
        config:
          deduplication: true
          enrichment: true
    # 可選的視覺化(enabled 控制)
    - community/integrations/visualizers/trace-visualizer:
        enabled: false # 可關閉以保持輕量
`},
	{"dependencies", `# compositions/monitoring-stack.yaml
composition:
  name: "monitoring-stack"
  dependencies:  # 明確聲明依賴關係
    - pkg/platform/contracts/exporters
    - pkg/shared/security
  plugins:
    - community/exporters/prometheus:
        depends_on: []  # 無依賴
    - community/integrations/notification/slack:
        depends_on: ["prometheus"]  # 依賴 prometheus 先啟動
`, `# compositions/monitoring-stack.yaml
metadata:
  name: "monitoring-stack"
  version: 0.1.0
spec:
  # 明確聲明依賴關係
  plugins:
    - community/exporters/prometheus:
        depends_on: [] # 無依賴
    - community/integrations/notification/slack:
        depends_on: ["prometheus"] # 依賴 prometheus 先啟動
`},
	{"scaling", `# compositions/distributed-monitoring.yaml
composition:
  name: "distributed-monitoring"
  scaling:
    strategy: "horizontal"
    nodes: 3
    distribution:
      - node: "node-1"
        plugins:
          - community/importers/prometheus:
              shard: "metrics-1"
              range: "0-33%"
      - node: "node-2"  
        plugins:
          - community/importers/prometheus:
              shard: "metrics-2"
              range: "34-66%"
      - node: "node-3"
        plugins:
          - community/importers/prometheus:
              shard: "metrics-3"
              range: "67-100%"
`, `# compositions/distributed-monitoring.yaml
metadata:
  name: "distributed-monitoring"
  version: 0.1.0
spec:
  plugins: []
  scaling:
    strategy: "horizontal"
    nodes: 3
    distribution:
      - node: "node-1"
        plugins:
          - community/importers/prometheus:
              shard: "metrics-1"
              range: "0-33%"
      - node: "node-2"
        plugins:
          - community/importers/prometheus:
              shard: "metrics-2"
              range: "34-66%"
      - node: "node-3"
        plugins:
          - community/importers/prometheus:
              shard: "metrics-3"
              range: "67-100%"
`},
	{
		"all at once",
		"health: {interval: 1s}\ncomposition:\n  limits: {cpu: 5%}\n  core_plugins:\n    - name: jwt\n      as: x\n    - name: loki\n    - wrong\n  version: 1.2.3\n  name: a\n  plugins: [b]\n",
		"metadata:\n  name: a\n  version: 1.2.3\nspec:\n  plugins:\n    - core/auth/jwt:\n        as: x\n    - loki\n    - b\n  health: {interval: 1s}\n  limits: {cpu: 5%}\n  core_plugins:\n    - wrong\n",
	},
	{"an overlay", "composition:\n  plugins: [a]\n", "spec:\n  plugins: [a]\n"},
	{
		"the short name needs no as", "spec:\n  core_plugins: [{name: jwt, type: auth}, {name: core-auth-jwt}]\n",
		"spec:\n  plugins:\n    - core/auth/jwt:\n        !dvz-type type: auth\n    - core/auth/jwt:\n        as: core-auth-jwt\n",
	},
}

func named(name, _ string) string {
	if name == "core-auth-jwt" || name == "jwt" {
		return "core/auth/jwt"
	}
	return name
}

func TestNormalise(t *testing.T) {
	for _, tt := range forms {
		t.Run(tt.name, func(t *testing.T) {
			document := parseYAML(t, tt.before)
			if !source.Normalise(document, named) {
				t.Error("it says that nothing changed")
			}
			if got := printYAML(t, document); got != tt.after {
				t.Errorf("got\n%s", got)
			}
			if source.Normalise(document, named) {
				t.Errorf("it changes again to\n%s", printYAML(t, document))
			}
		})
	}
}

// TestNormaliseLeavesAlone shows that the documented form, and what has an
// unexpected shape, stay as they are.
func TestNormaliseLeavesAlone(t *testing.T) {
	for _, text := range []string{
		complete,
		"a\n", "- a\n", "{}\n",
		"composition:\n", "composition: a\n", "composition: [a]\n", "composition: {}\n", "composition: {dependencies: [a]}\n",
		"composition: {name: a}\nmetadata: {name: b}\n",
		"composition: {name: a}\nspec: {plugins: []}\n",
		"composition: {name: a}\ncomposition: {name: b}\n",
		"composition: &x {name: a}\nparams: *x\n",
		"x: &x {name: a}\ncomposition: *x\n",
		"x: &x {name: a}\ncomposition: {<<: *x}\n",
		"composition:\n  name: &n a\n  scaling: {nodes: *n}\n  version: &n b\n",
		"composition:\n  dependencies: [&d a]\n  name: *d\n",
		"spec: {core_plugins: {name: jwt}}\n",
		"spec: {core_plugins: [jwt, [a], {type: auth}, {name: 1}, {name: [a]}, {name: a, name: b}]}\n",
		"spec: {core_plugins: &x [{name: jwt}]}\n",
		"spec: {core_plugins: [{name: jwt}], plugins: {}}\n",
		"spec: {core_plugins: [{name: jwt}], core_plugins: [{name: jwt}]}\n",
		"x: &x [a]\nspec: {core_plugins: [{name: jwt}], plugins: *x}\n",
		"spec: {core_plugins: [{name: jwt, type: &t auth}], plugins: [*t]}\n",
		"health: {}\nspec: a\n",
		"health: {}\nspec: {health: {}}\n",
		"health: {}\nhealth: {}\nspec: {}\n",
		"health: {interval: &i 1s}\nspec: {plugins: [*i]}\n",
	} {
		document := parseYAML(t, text)
		before := printYAML(t, document)
		if source.Normalise(document, named) || printYAML(t, document) != before {
			t.Errorf("%s\nbecomes\n%s", text, printYAML(t, document))
		}
	}
	if source.Normalise(&yaml.Node{}, nil) || source.Normalise(&yaml.Node{Kind: yaml.DocumentNode}, nil) {
		t.Error("an empty tree changes")
	}
}

// TestNormalisePlaces shows where what Normalise adds is said to stand.
func TestNormalisePlaces(t *testing.T) {
	document := parseYAML(t, "composition:\n  core_plugins:\n    - name: core-auth-jwt\n      type: auth\n  name: x\n")
	source.Normalise(document, named)
	var places []string
	var visit func(n *yaml.Node)
	visit = func(n *yaml.Node) {
		if n.Kind == yaml.ScalarNode {
			places = append(places, fmt.Sprintf("%s %d:%d", n.Value, n.Line, n.Column))
		}
		for _, child := range n.Content {
			visit(child)
		}
	}
	visit(document)
	want := "metadata 1:1, name 5:3, x 5:9, version 5:3, 0.1.0 5:9, " +
		"spec 1:1, plugins 2:3, core/auth/jwt 3:13, as 3:7, core-auth-jwt 3:13, type 4:7, auth 4:13"
	if got := strings.Join(places, ", "); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func parseYAML(t *testing.T, text string) *yaml.Node {
	t.Helper()
	var document yaml.Node
	if err := yaml.Unmarshal([]byte(text), &document); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return &document
}

func printYAML(t *testing.T, document *yaml.Node) string {
	t.Helper()
	var out bytes.Buffer
	encoder := yaml.NewEncoder(&out)
	encoder.SetIndent(2)
	if err := encoder.Encode(document); err != nil {
		t.Fatal(err)
	}
	return out.String()
}
