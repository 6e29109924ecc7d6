package source_test

import (
	"strings"
	"testing"
)

// jsonFaults are texts that are no JSON, or more than a composition may be.
var jsonFaults = []struct{ name, text, want string }{
	{"empty", "", `0:0+0 DVZ006 the file is empty`},
	{"null", " null\n", `0:0+0 DVZ006 the file is empty`},
	{"bom", "\ufeff{\"é\": 1, \"b\": x}", `1:19+1 DVZ015 a text needs double quotes`},
	{"duplicate key", "{\n\t\"a\": 1,\n\t\"a\": 1}", `3:2+3 DVZ008 the key "a" is written twice`},
	{"last comma in a map", `{"a": 1,}`, `1:8+1 DVZ015 a comma stands before the closing "}"`},
	{"last comma in a list", `[1 , ]`, `1:4+1 DVZ015 a comma stands before the closing "]"`},
	{"no value", `[,1]`, `1:2+1 DVZ015 a value is expected here, not ","`},
	{"no value behind a key", `{"a":}`, `1:6+1 DVZ015 a value is expected here, not "}"`},
	{"no key", `{,}`, `1:2+1 DVZ015 a key is expected here, not ","`},
	{"bare key", `{abc: 1}`, `1:2+3 DVZ015 a key needs double quotes`},
	{"bare value", `{"a": yes}`, `1:7+3 DVZ015 a text needs double quotes`},
	{"single quotes", `{"a": 'x'}`, `1:7+1 DVZ015 a text needs double quotes`},
	{"no colon", `{"a" 1}`, `1:2+3 DVZ015 a colon and a value are missing after the key "a"`},
	{"no comma", `{"a": 1 "b": 2}`, `1:9+1 DVZ015 a comma is missing before this`},
	{"unclosed map", "{\"a\": [1,\n{\"b\": 1", `2:1+1 DVZ015 this "{" is not closed`},
	{"unclosed list", "{\"a\": [1", `1:7+1 DVZ015 this "[" is not closed`},
	{"ends behind a colon", `{"a":`, `1:6+0 DVZ015 the file ends where a value is expected`},
	{"unclosed quote", `{"a": "x`, `1:7+2 DVZ015 a quote is opened and not closed`},
	{"line break in a text", "{\"a\":\n\"xy\r\n\"}", `2:1+3 DVZ015 a quote is opened and not closed`},
	{"tab in a text", "{\"a\": \"x\ty\"}", `1:9+1 DVZ015 a tab stands in a text`},
	{"unknown escape", `{"a": "\q"}`, `1:8+2 DVZ015 unknown escape in a text`},
	{"broken escape", `{"a": "\u12g4"}`, `1:8+2 DVZ015 unknown escape in a text`},
	{"comment above", "// c\n{}", `1:1+4 DVZ015 JSON has no comments`},
	{"comment inside", "{\"a\": 1, # c\n \"b\": 2}", `1:10+3 DVZ015 JSON has no comments`},
	{"comment below", "{} /* c */", `1:4+7 DVZ015 JSON has no comments`},
	{"two values", `{} {}`, `1:4+1 DVZ015 something follows the end of the value`},
	{"one bracket more", `{}}`, `1:3+1 DVZ015 something follows the end of the value`},
	{"octal", `{"a": 0644}`, `1:7+4 DVZ015 0644 is not a number as JSON writes it`},
	{"plus", `{"a": +1}`, `1:7+2 DVZ015 +1 is not a number as JSON writes it`},
	{"infinite", `{"a": 1e400}`, `1:7+5 DVZ012 1e400 is not a usable number`},
	{"latin-1", "{\"a\": \"caf\xe9\"}", `1:11+0 DVZ003 the file is not UTF-8 text: the byte 0xe9 is not a character`},
	{"too deep", strings.Repeat("[", 1000), `1:102+0 DVZ010 the file is nested more than 100 levels deep`},
	{"too many", "[" + strings.Repeat("1,", 1_000_000) + "1]", `1:2000000+0 DVZ002 the file holds more than 1000000 values`},
}

func TestJSONFaults(t *testing.T) {
	for _, tt := range jsonFaults {
		t.Run(tt.name, func(t *testing.T) {
			_, l := readFile("composition.json", tt.text)
			compare(t, strings.Join(lines(l), "\n"), tt.want)
		})
	}
}

func TestJSONPositions(t *testing.T) {
	c, l := readFile("composition.json", "\ufeff{\r\n\t\"a\": \"\\ud83d\\ude00\\/\\\"\", \"<<\": {\"b\": -1.5e3},\r\n  \"é\": [0, \"\"]\r\n}\r\n")
	if l != nil {
		t.Fatal(full(l))
	}
	compare(t, tree(c.Root), strings.Join([]string{
		"{1:4+0",
		`a 2:2+3 4 😀/" 2:7+18`,
		"<< 2:27+4 {2:33+0",
		"  b 2:34+3 3 -1.5e3 2:39+6",
		"é 3:3+4 [3:9+0",
		"  - 2 0 3:10+1",
		"  - 4  3:13+2",
		"",
	}, "\n"))
}

// TestJSONForms expects that the seed's forms are understood in JSON, too.
func TestJSONForms(t *testing.T) {
	c, l := readFile("composition.json", `{"composition": {"name": "a", "plugins": ["core/server/http"]}}`)
	if l != nil || c.Name.Value != "a" || len(c.Plugins) != 1 {
		t.Errorf("got %+v, %s", c, full(l))
	}
}
