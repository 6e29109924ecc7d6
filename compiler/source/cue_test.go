package source_test

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// cueFaults are texts that are no CUE, or no composition in it. Findings are in
// the form of full.
var cueFaults = []struct{ name, text, want string }{
	{"empty", "// nothing\n", "c/composition.cue+0 error[DVZ006] the file is empty (a composition has metadata (name, version) and spec.plugins)\n"},
	{"unclosed brace", "a: 1\nb: {\n\tc: [1]\n", "c/composition.cue:2:4+1 error[DVZ016] this is opened and not closed (the file ends without the \"}\" that belongs to it)\n"},
	{"unclosed in a text", "a: \"x\\(1 + [2)\"\nb: \"\\(1)\" + (", "c/composition.cue:1:14+1 error[DVZ016] a comma or a line break is missing before this (a text needs double quotes)\n"},
	{"no comma", "a: [1 23]", "c/composition.cue:1:7+2 error[DVZ016] a comma or a line break is missing before this (a text needs double quotes)\n"},
	{"no colon", "a 1", "c/composition.cue:1:3+1 error[DVZ016] a key and a colon are expected here\n"},
	{"no value", "a: }", "c/composition.cue:1:4+1 error[DVZ016] a value is expected here, not '}'\n"},
	{"unclosed quote", "a: \"x\nb: 2", "c/composition.cue:1:4+2 error[DVZ016] a quote is opened and not closed\n"},
	{"unknown escape", `a: "\q"`, "c/composition.cue:1:6+2 error[DVZ016] unknown escape in a text (write \"\\\\\" for a backslash)\n"},
	{"octal", "a: 0644", "c/composition.cue:1:4+4 error[DVZ016] this is not a number as CUE writes it (leave out leading zeros; a text needs double quotes)\n"},
	{"indentation", "a: \"\"\"\n  x\n y\n  \"\"\"", "c/composition.cue:1:4+3 error[DVZ016] a line of this text is indented less than its closing quotes\n"},
	{"latin-1", "a: \"\xe9\"", "c/composition.cue:1:5+0 error[DVZ003] the file is not UTF-8 text: the byte 0xe9 is not a character (save the file as UTF-8)\n"},

	{"two values", "a: b: \"x\"\na: b: \"y\"", "c/composition.cue:2:7+3 error[DVZ017] a.b has two values that do not agree\n  c/composition.cue:1:7+3 together with this\n"},
	{"two types", "a: {}\na: []", "c/composition.cue:2:4+2 error[DVZ017] a has two values that do not agree\n  c/composition.cue:1:4+2 together with this\n"},
	{"each field once", "_all: [string]: int\na: _all & {x: \"y\", z: \"w\"}", "c/composition.cue:2:15+3 error[DVZ017] a.x has two values that do not agree\n  c/composition.cue:1:17+3 together with this\n  c/composition.cue:2:4+23 together with this\nc/composition.cue:2:23+3 error[DVZ017] a.z has two values that do not agree\n  c/composition.cue:1:17+3 together with this\n  c/composition.cue:2:4+23 together with this\n"},
	{"rule", "a: >5\na: 3", "c/composition.cue:1:4+2 error[DVZ017] a has a value that does not keep the rule for it\n  c/composition.cue:2:4+1 together with this\n"},
	{"alternatives", "a: \"x\" | \"yy\"\na: \"z\"", "c/composition.cue:2:4+3 error[DVZ017] a fits none of its alternatives\n  c/composition.cue:1:4+10 together with this\n  c/composition.cue:1:10+4 together with this\n"},
	{"definition", "#A: b: int\na: #A & {b: 1, c: 2}", "c/composition.cue:2:16+1 error[DVZ017] a.c is not allowed: the definition that it must fit has no such field\n"},
	{"hidden fields count", "_a: {b: 5 & 6}\nc: _a", "c/composition.cue:1:13+1 error[DVZ017] _a.b has two values that do not agree\n  c/composition.cue:1:9+5 together with this\n"},
	{"in a list", "a: [1, \"x\" & \"y\"]", "c/composition.cue:1:14+3 error[DVZ017] a.1 has two values that do not agree\n  c/composition.cue:1:8+9 together with this\n"},
	{"unknown names", "metadata: {\n\tname: x\n\tv: strings.Foo\n}", "c/composition.cue:2:8+1 error[DVZ017] nothing is called x (a text needs double quotes; a package needs an import)\nc/composition.cue:3:5+11 error[DVZ017] nothing is called strings (a text needs double quotes; a package needs an import)\n"},
	{"unknown field", "_h: {}\na: _h.x", "c/composition.cue:2:7+1 error[DVZ017] there is no field x\n"},
	{"cycle", "x: {y: x}", "c/composition.cue:1:5+1 error[DVZ017] x.y contains itself\n"},
	{"division", "a: 1 / 0", "c/composition.cue:1:4+5 error[DVZ017] a cannot be computed: a division by zero, or a number out of all bounds\n"},
	{"types", "a: \"x\" + 5", "c/composition.cue:1:4+7 error[DVZ017] a cannot be computed from values of these types\n  c/composition.cue:1:10+1 together with this\n"},
	{"index", "a: [1, 2][5]", "c/composition.cue:1:11+1 error[DVZ017] a takes an item that the list does not have\n"},
	{"call", "import \"strings\"\na: strings.Repeat(\"x\", -1)", "c/composition.cue:2:4+23 error[DVZ017] a cannot be computed: strings.Repeat does not take these values\n"},
	{"own words", "a: error(\"use b\")", "c/composition.cue:1:4+14 error[DVZ017] a: use b\n"},
	{"explicit", "a: _|_", "c/composition.cue:1:4+1 error[DVZ017] this is marked as an error\n"},
	{"bytes", "a: 'x'", "c/composition.cue:1:4+3 error[DVZ017] a value in single quotes is a list of bytes (a text needs double quotes)\n"},
	{"unused let", "let x = 5\na: 1", "c/composition.cue:1:1+9 error[DVZ017] a name is declared here and never used (remove it)\n"},
	{"unused import", "import \"strings\"\na: 1", "c/composition.cue:1:8+9 error[DVZ017] the package is imported and never used (remove the import)\n"},
	{"infinite", "a: 1e400", "c/composition.cue:1:4+5 error[DVZ012] 1E+400 is not a usable number\n"},

	{"open", "a: b: string", "c/composition.cue:1:4+1 error[DVZ018] a.b has no value yet (a composition says everything; what is open belongs into a hidden field (_x) or a definition (#X))\n"},
	{"alternatives left open", "b: {\"a-b\": int | string}", "c/composition.cue:1:5+5 error[DVZ018] b.\"a-b\" has no value yet (a composition says everything; what is open belongs into a hidden field (_x) or a definition (#X))\n"},
	{"depends on what is open", "_b: string\na: \"\\(_b)\"", "c/composition.cue:2:4+7 error[DVZ018] a depends on something that has no value yet\n  c/composition.cue:1:5+6 together with this\n"},
	{"required", "#A: {a!: int}\nb: #A", "c/composition.cue:2:1+1 error[DVZ018] b.a is required and has no value\n  c/composition.cue:1:6+1 together with this\n"},

	{"module", "import \"example.com/x\"\na: x.Y", "c/composition.cue:1:8+15 error[DVZ019] a composition cannot import \"example.com/x\" (only the packages of CUE's standard library, such as strings, list and net)\n"},
	{"tool", "import \"tool/exec\"\na: exec.Run", "c/composition.cue:1:8+11 error[DVZ019] a composition cannot import \"tool/exec\" (only the packages of CUE's standard library, such as strings, list and net)\n"},
	{"no such package", "import \"nope\"\na: nope.X", "c/composition.cue:1:8+6 error[DVZ019] CUE's standard library has no such package\n"},
	{"embedding", "@extern(embed)\npackage a\na: _ @embed(file=\"composition.cue\")", "c/composition.cue:1:1+14 error[DVZ019] a composition cannot embed other files\n"},

	{"deep values", "a: " + strings.Repeat("[", 500) + strings.Repeat("]", 500), "c/composition.cue:1:104+0 error[DVZ010] the file is nested more than 100 levels deep\n"},
	{"deep brackets", "a: " + strings.Repeat("[", 500_000), "c/composition.cue:1:4002+0 error[DVZ010] the file is nested too deeply\n"},
	{"deep keys", strings.Repeat("a:", 500_000), "c/composition.cue:1:4001+0 error[DVZ010] the file is nested too deeply\n"},
	{"long expression", "a: " + strings.Repeat("1+", 500_000) + "1", "c/composition.cue:1:4002+0 error[DVZ010] the file is nested too deeply\n"},
	{"nested texts", "a: " + strings.Repeat(`"\(`, 300_000), "c/composition.cue:1:6001+0 error[DVZ010] the file is nested too deeply\n"},
	{"5 MB", strings.Repeat("a", 5<<20), "c/composition.cue+0 error[DVZ002] the file has more than 4 MB; a composition is a few kilobytes\n"},
}

func TestCUEFaults(t *testing.T) {
	for _, tt := range cueFaults {
		t.Run(tt.name, func(t *testing.T) {
			c, l := readFile("composition.cue", tt.text)
			compare(t, full(l), tt.want)
			if c != nil {
				t.Error("there is a composition")
			}
		})
	}
}

// TestCUEThatExplodes expects an answer within seconds, whichever bound it meets
// first. An evaluation that was given up goes on, so this one is finite.
func TestCUEThatExplodes(t *testing.T) {
	laughs := "a0: [1, 1]\n"
	for i := range 40 {
		laughs += fmt.Sprintf("a%d: [a%d, a%d]\n", i+1, i, i)
	}
	begin := time.Now()
	_, l := readFile("composition.cue", laughs)
	if len(l) != 1 || l[0].Code != "DVZ020" && l[0].Code != "DVZ002" {
		t.Errorf("got %s", full(l))
	}
	if took := time.Since(begin); took > time.Minute {
		t.Errorf("it took %v", took)
	}
}

func TestCUEPositions(t *testing.T) {
	c, l := readFile("composition.cue", `package composition

import "strings"

_defaults: {interval: "15s", targets: ["x", "y"]}
#Plugin: {path: string, mode: *"fast" | "slow", note?: string}

metadata: name: "dév"
metadata: {
	version: strings.Join(["1", "0"], ".")
	n:       5
	n:       int
}
spec: {
	one: _defaults & {more: true}
	two: _defaults.interval
	"th-ree": #Plugin & {path: "${state}/x"}
	list: [for x in [1, 2] {k: x, "t-\(x)": "5m"}]
	if metadata.n > 3 {big: 1Ki}
	all: [string]: every: "1m"
	all: foo: {}
	text: """
		a
		b
		"""
}
`)
	if l != nil {
		t.Fatal(full(l))
	}
	compare(t, tree(c.Root), `{1:1+0
metadata 8:1+8 {8:11+0
  name 8:11+4 4 dév 8:17+6
  version 10:2+7 4 1.0 10:11+29
  n 11:2+1 2 5 11:11+1
spec 14:1+4 {14:7+0
  big 19:21+3 2 1024 19:26+3
  one 15:2+3 {15:7+0
    interval 5:13+8 4 15s 5:23+5
    more 15:20+4 1 true 15:26+4
    targets 5:30+7 [5:39+0
      - 4 x 5:40+3
      - 4 y 5:45+3
  two 16:2+3 4 15s 5:23+5
  th-ree 17:2+8 {17:12+0
    path 17:23+4 4 ${state}/x 17:29+12
    mode 6:25+4 4 fast 6:31+16
  list 18:2+4 [18:8+0
    - {18:25+0
      k 18:26+1 2 1 18:29+1
      t-1 18:32+8 4 5m 18:42+4
    - {18:25+0
      k 18:26+1 2 2 18:29+1
      t-2 18:32+8 4 5m 18:42+4
  all 20:2+3 {20:7+0
    foo 21:7+3 {21:12+0
      every 20:17+5 4 1m 20:24+4
  text 22:2+4 4 a
b 22:8+3
`)
}

func TestCUEPositionsWithOddLineBreaks(t *testing.T) {
	c, l := readFile("composition.cue", "\ufeffa: 1\r\nb: {\"é\": \"ü\", c: 2} // dvz:ignore DVZ203 because of it\r\n")
	if l != nil {
		t.Fatal(full(l))
	}
	compare(t, tree(c.Root)+ignored(c), `{1:4+0
a 1:4+1 2 1 1:7+1
b 2:1+1 {2:4+0
  é 2:5+4 4 ü 2:11+4
  c 2:17+1 2 2 2:20+1
composition.cue:2:23+34 → 2 DVZ203 of it
`)
}
