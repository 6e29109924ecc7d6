package source_test

import (
	"io/fs"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/detectviz/detectviz/compiler/diag"
	"github.com/detectviz/detectviz/compiler/source"
)

const base = `metadata: {name: a, version: 1.0.0, environment: development}
params:
  listen: {type: address, default: "127.0.0.1:1"}
spec:
  plugins:
    - core/auth/jwt:
        config: {secret: plain, ttl: 15m}
    - community/importers/prometheus:
        as: node
        config: {targets: [x, y], interval: 15s}
    - community/importers/prometheus:
        as: db
        enabled: false
    - core/server/http
  pipelines:
    p: {from: [node], to: [archive]}
`

// overlaid reads base with overlays, which are names and texts in turn.
func overlaid(files ...string) (*source.Composition, diag.List) {
	dir := folder("composition.yaml", base)
	var names []string
	for pair := range slices.Chunk(files, 2) {
		dir["overlays/"+pair[0]] = &fstest.MapFile{Data: []byte(pair[1])}
		name, _, _ := strings.Cut(pair[0], ".")
		names = append(names, name)
	}
	return source.ReadFS(dir, "c", source.Options{Overlays: names})
}

func TestOverlays(t *testing.T) {
	c, l := overlaid("prod.yaml", `metadata: {environment: production}
spec:
  plugins:
    - core/auth/jwt:
        config:
          secret: {env: JWT_SECRET}
    - community/importers/prometheus:
        as: node
        config: {targets: [z], timeout: 5s}
    - core/server/http:
        config: {listen: ":80"}
    - community/exporters/loki: {as: logs}
  limits: {memory: 1GiB}
`, "big.cue", `spec: {
	limits: memory: "2GiB"
	plugins: [
		{"community/importers/prometheus": {as: "db", enabled: true}},
		{"community/importers/prometheus": as: "third"},
		{"community/exporters/sqlite": as: "logs"},
	]
}
`, "last.json", `{"spec": {"pipelines": {"p": {"to": ["logs"]}}}, "params": {"n": {"type": "int"}}}`)
	if l != nil {
		t.Fatal(full(l))
	}
	compare(t, tree(c.Root), `{1:1+0
metadata 1:1+8 {1:11+0
  name 1:12+4 4 a 1:18+1
  version 1:21+7 4 1.0.0 1:30+5
  environment overlays/prod.yaml:1:12+11 4 production overlays/prod.yaml:1:25+10
params 2:1+6 {3:3+0
  listen 3:3+6 {3:11+0
    type 3:12+4 4 address 3:18+7
    default 3:27+7 4 127.0.0.1:1 3:36+13
  n overlays/last.json:1:61+3 {overlays/last.json:1:66+0
    type overlays/last.json:1:67+6 4 int overlays/last.json:1:75+5
spec 4:1+4 {5:3+0
  plugins 5:3+7 [6:5+0
    - {6:7+0
      core/auth/jwt 6:7+13 {7:9+0
        config 7:9+6 {7:17+0
          secret overlays/prod.yaml:6:11+6 {overlays/prod.yaml:6:19+0
            env overlays/prod.yaml:6:20+3 4 JWT_SECRET overlays/prod.yaml:6:25+10
          ttl 7:33+3 4 15m 7:38+3
    - {8:7+0
      community/importers/prometheus 8:7+30 {9:9+0
        as 9:9+2 4 node 9:13+4
        config 10:9+6 {10:17+0
          targets overlays/prod.yaml:9:18+7 [overlays/prod.yaml:9:27+0
            - 4 z overlays/prod.yaml:9:28+1
          interval 10:35+8 4 15s 10:45+3
          timeout overlays/prod.yaml:9:32+7 4 5s overlays/prod.yaml:9:41+2
    - {11:7+0
      community/importers/prometheus 11:7+30 {12:9+0
        as 12:9+2 4 db 12:13+2
        enabled overlays/big.cue:4:49+7 1 true overlays/big.cue:4:58+4
    - {14:7+0
      core/server/http 14:7+16 {overlays/prod.yaml:11:9+0
        config overlays/prod.yaml:11:9+6 {overlays/prod.yaml:11:17+0
          listen overlays/prod.yaml:11:18+6 4 :80 overlays/prod.yaml:11:26+5
    - {overlays/big.cue:6:3+0
      community/exporters/sqlite overlays/big.cue:6:4+28 {overlays/big.cue:6:34+0
        as overlays/big.cue:6:34+2 4 logs overlays/big.cue:6:38+6
    - {overlays/big.cue:5:3+0
      community/importers/prometheus overlays/big.cue:5:4+32 {overlays/big.cue:5:38+0
        as overlays/big.cue:5:38+2 4 third overlays/big.cue:5:42+7
  pipelines 15:3+9 {16:5+0
    p 16:5+1 {16:8+0
      from 16:9+4 [16:15+0
        - 4 node 16:16+4
      to overlays/last.json:1:31+4 [overlays/last.json:1:37+0
        - 4 logs overlays/last.json:1:38+6
  limits overlays/prod.yaml:13:3+6 {overlays/prod.yaml:13:11+0
    memory overlays/big.cue:2:10+6 4 2GiB overlays/big.cue:2:18+6
`)
	if got := strings.Join(c.Overlays, " ") + " " + c.Limits.Memory + " " + c.Plugins[1].As.Value; got != "prod big last 2GiB node" {
		t.Errorf("got %s", got)
	}
}

// TestOverlayFindings applies one overlay and prints what is said about it.
func TestOverlayFindings(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"a scalar that is the same", "metadata: {environment: development}", `c/overlays/o.yaml:1:12+11 warning[DVZ023] "environment" of the overlay "o" changes nothing (remove it, or write the value that you mean)
  c/composition.yaml:1:37+11 the same without the overlay
`},
		{"a list that is the same", "spec: {pipelines: {p: {from: [node], to: [b]}}}", `c/overlays/o.yaml:1:24+4 warning[DVZ023] "from" of the overlay "o" changes nothing (remove it, or write the value that you mean)
  c/composition.yaml:16:9+4 the same without the overlay
`},
		{"an empty map", "params: {}\nspec: {pipelines: }", `c/overlays/o.yaml:1:1+6 warning[DVZ023] "params" of the overlay "o" changes nothing (remove it, or write the value that you mean)
  c/composition.yaml:2:1+6 the same without the overlay
c/overlays/o.yaml:2:8+9 warning[DVZ023] "pipelines" of the overlay "o" changes nothing (remove it, or write the value that you mean)
  c/composition.yaml:15:3+9 the same without the overlay
`},
		{"entries without a change", "spec:\n  plugins:\n    - core/auth/jwt\n    - community/importers/prometheus: {as: db}\n    - core/server/http: {}\n", `c/overlays/o.yaml:3:7+13 warning[DVZ023] "core/auth/jwt" of the overlay "o" changes nothing (remove it, or write the value that you mean)
  c/composition.yaml:6:7+13 the same without the overlay
c/overlays/o.yaml:4:7+30 warning[DVZ023] "community/importers/prometheus" of the overlay "o" changes nothing (remove it, or write the value that you mean)
  c/composition.yaml:11:7+30 the same without the overlay
c/overlays/o.yaml:5:7+16 warning[DVZ023] "core/server/http" of the overlay "o" changes nothing (remove it, or write the value that you mean)
  c/composition.yaml:14:7+16 the same without the overlay
`},
		{"nothing", "# to be written\n", "c/overlays/o.yaml+0 warning[DVZ023] the overlay \"o\" changes nothing: it is empty\n"},
		{"an empty map alone", "{}\n", "c/overlays/o.yaml+0 warning[DVZ023] the overlay \"o\" changes nothing: it is empty\n"},
		{"a map over a list", "spec: {plugins: {core/server/http: {enabled: false}}}", `c/overlays/o.yaml:1:8+7 error[DVZ024] "plugins" is a map here, and a list without the overlay "o"
  c/composition.yaml:5:3+7 the list
`},
		{"a list over a map", "params: [a]\nspec: {plugins: [core/auth/jwt: {config: [1]}]}", `c/overlays/o.yaml:1:1+6 error[DVZ024] "params" is a list here, and a map without the overlay "o"
  c/composition.yaml:2:1+6 the map
c/overlays/o.yaml:2:34+6 error[DVZ024] "config" is a list here, and a map without the overlay "o"
  c/composition.yaml:7:9+6 the map
`},
		{"a list alone", "[a]", `c/overlays/o.yaml:1:1+0 error[DVZ024] "composition" is a list here, and a map without the overlay "o"
  c/composition.yaml:1:1+0 the map
`},
		{"a scalar alone", "5", ""}, // reported as the whole composition, by package check
		{"syntax", "metadata: {a: 1, a: 2}", `c/overlays/o.yaml:1:18+1 error[DVZ008] the key "a" is written twice
  c/overlays/o.yaml:1:12+1 first written here
`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c, l := overlaid("o.yaml", tt.text)
			compare(t, full(l), tt.want)
			if c == nil {
				t.Error("there is no composition")
			}
		})
	}
}

// TestOverlayIsNotApplied expects no composition when an overlay is not there as
// it was asked for.
func TestOverlayIsNotApplied(t *testing.T) {
	const names = "an overlay is named by its file in overlays/ without the ending: prod for overlays/prod.yaml"
	tests := []struct {
		overlays []string
		want     string
	}{
		{[]string{"prdo"}, `c/overlays+0 error[DVZ021] there is no overlay "prdo" (did you mean "prod"? (overlays: broken, dev, prod, twice))` + "\n"},
		{[]string{"prod.yaml"}, `c/overlays+0 error[DVZ021] there is no overlay "prod.yaml" (did you mean "prod"? (overlays: broken, dev, prod, twice))` + "\n"},
		{[]string{"something"}, `c/overlays+0 error[DVZ021] there is no overlay "something" (overlays: broken, dev, prod, twice)` + "\n"},
		{[]string{"../prod"}, `c/overlays+0 error[DVZ022] "../prod" cannot be the name of an overlay (` + names + ")\n"},
		{[]string{`a\b`}, `c/overlays+0 error[DVZ022] "a\\b" cannot be the name of an overlay (` + names + ")\n"},
		{[]string{""}, `c/overlays+0 error[DVZ022] "" cannot be the name of an overlay (` + names + ")\n"},
		{[]string{"dev", "prod", "dev"}, `c/overlays+0 error[DVZ022] the overlay "dev" is given twice (name it once, at its place: the later of two overlays wins)` + "\n"},
		{[]string{"twice"}, "c/overlays/twice.yaml+0 error[DVZ014] the folder holds both overlays/twice.yaml and overlays/twice.json; one of them would be ignored (keep one of them)\n"},
		{[]string{"broken", "prdo"}, `c/overlays+0 error[DVZ021] there is no overlay "prdo" (did you mean "prod"? (overlays: broken, dev, prod, twice))` + "\n" +
			"c/overlays/broken.json:1:1+1 error[DVZ015] this \"{\" is not closed (the file ends without the \"}\" that belongs to it)\n"},
	}
	dir := folder("composition.yaml", base, "overlays/prod.yaml", "a: 1", "overlays/dev.cue", "b: 1", "overlays/broken.json", "{",
		"overlays/twice.yaml", "a: 1", "overlays/twice.json", "{}", "overlays/README.md", "")
	for _, tt := range tests {
		c, l := source.ReadFS(dir, "c", source.Options{Overlays: tt.overlays})
		compare(t, full(l), tt.want)
		if c != nil {
			t.Errorf("%v: there is a composition", tt.overlays)
		}
	}
	_, l := source.ReadFS(folder("composition.yaml", base), "c", source.Options{Overlays: []string{"prod"}})
	compare(t, full(l), `c/overlays+0 error[DVZ021] there is no overlay "prod" (the composition has no overlays; they are files such as overlays/prod.yaml)`+"\n")
}

// locked is a folder in which overlays may not be read.
type locked struct{ fstest.MapFS }

func (l locked) Open(name string) (fs.File, error) {
	if strings.HasPrefix(name, "overlays") {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrPermission}
	}
	return l.MapFS.Open(name)
}

func (l locked) Stat(name string) (fs.FileInfo, error) {
	f, err := l.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return f.Stat()
}

func TestOverlaysWithoutPermission(t *testing.T) {
	_, l := source.ReadFS(locked{folder("composition.yaml", base)}, "c", source.Options{Overlays: []string{"prod"}})
	compare(t, full(l), "c/overlays/prod.yaml+0 error[DVZ001] you have no permission to read the file\n")
}

func TestOverlayMatches(t *testing.T) {
	tests := []struct{ name, entries, want string }{
		{"by its plugin", "[core/auth/jwt: {enabled: false}]", "core/auth/jwt community/importers/prometheus community/importers/prometheus core/server/http"},
		{"twice", "[core/auth/jwt: {enabled: false}, core/auth/jwt: {enabled: true}]", "core/auth/jwt community/importers/prometheus community/importers/prometheus core/server/http core/auth/jwt"},
		{"a new name", "[core/auth/jwt: {as: other}]", "core/auth/jwt community/importers/prometheus community/importers/prometheus core/server/http core/auth/jwt"},
		{"one of several", "[community/importers/prometheus: {enabled: false}]", "core/auth/jwt community/importers/prometheus community/importers/prometheus core/server/http community/importers/prometheus"},
		{"another plugin of the name", "[community/importers/jwt: {config: {a: 1}}]", "community/importers/jwt community/importers/prometheus community/importers/prometheus core/server/http"},
		{"no entries", "[5, [], {a: 1, b: 2}, ~]", "core/auth/jwt community/importers/prometheus community/importers/prometheus core/server/http   a "},
	}
	for _, tt := range tests {
		c, l := overlaid("o.yaml", "spec: {plugins: "+tt.entries+"}")
		var got []string
		for _, p := range c.Plugins {
			got = append(got, p.Path.Value)
		}
		if s := strings.Join(got, " "); l != nil || s != tt.want {
			t.Errorf("%s: got %s %s, want %s", tt.name, s, full(l), tt.want)
		}
	}
	c, _ := overlaid("o.yaml", "spec: {plugins: [community/importers/jwt: {config: {a: 1}}]}")
	if config := c.Plugins[0].Config; len(config.Fields) != 1 || config.Get("a") == nil {
		t.Errorf("the config of another plugin is %s", tree(config))
	}
}

// TestOverlaySecret expects that one form of a secret replaces another.
func TestOverlaySecret(t *testing.T) {
	dir := folder("composition.yaml", "spec: {plugins: [a/b: {config: {s: {file: x, generate: 32}, t: {env: A}, u: {file: a, mode: 1}}}]}",
		"overlays/o.yaml", "spec: {plugins: [a/b: {config: {s: {env: S}, t: {env: B}, u: {env: U}}}]}")
	c, l := source.ReadFS(dir, "c", source.Options{Overlays: []string{"o"}})
	var got []string
	for _, f := range c.Plugins[0].Config.Fields {
		for _, part := range f.Value.Fields {
			got = append(got, f.Key+"."+part.Key+"="+part.Value.Text)
		}
	}
	if s := strings.Join(got, " "); l != nil || s != "s.env=S t.env=B u.file=a u.mode=1 u.env=U" {
		t.Errorf("got %s %s", s, full(l))
	}
}

// TestOverlayDoesNotChangeAliases expects that an overlay of one place leaves the
// others that share an anchor.
func TestOverlayDoesNotChangeAliases(t *testing.T) {
	dir := folder("composition.yaml", "spec: {plugins: [a/b: {config: &c {x: 1}}, a/c: {config: *c}]}", "overlays/o.yaml", "spec: {plugins: [a/b: {config: {x: 2}}]}")
	c, l := source.ReadFS(dir, "c", source.Options{Overlays: []string{"o"}})
	if got := c.Plugins[0].Config.Get("x").Text + c.Plugins[1].Config.Get("x").Text; l != nil || got != "21" {
		t.Errorf("got %s %s", got, full(l))
	}
}
