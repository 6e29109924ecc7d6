package check_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/detectviz/detectviz/compiler/diag"
)

// paramTypes are the types of params, each with a default.
var paramTypes = []struct{ name, declaration string }{
	{"string", `{type: string, default: a}`},
	{"int", `{type: int, default: 5}`},
	{"bool", `{type: bool, default: true}`},
	{"duration", `{type: duration, default: 5s}`},
	{"size", `{type: size, default: 5MiB}`},
	{"address", `{type: address, default: "127.0.0.1:80"}`},
	{"url", `{type: url, default: "http://127.0.0.1"}`},
	{"enum", `{type: enum, values: [a, b], default: a}`},
	{"enum of addresses", `{type: enum, values: [":80", ":81"], default: ":80"}`},
	{"enum of URLs", `{type: enum, values: ["http://a", "http://b"], default: "http://a"}`},
}

// TestParamsByPlace puts a param of each type into each kind of place. What is
// not listed is of the wrong type there.
func TestParamsByPlace(t *testing.T) {
	const text = "string address url enum enum-of-addresses enum-of-URLs"
	places := []struct{ field, takes, fits, unsuitable string }{
		{"text", "text", text, ""},
		{"path", "text", text, ""},
		{"match", "text", text, ""},
		{"word", "text", "string enum", "address url enum-of-addresses enum-of-URLs"},
		{"schedule", "text", "", text},
		{"listen", "an address", "address enum-of-addresses", "enum enum-of-URLs"},
		{"url", "a URL", "url enum-of-URLs", "enum enum-of-addresses"},
		{"every", "a duration", "duration", ""},
		{"pause", "a duration", "duration", ""},
		{"large", "a size", "size", ""},
		{"count", "a whole number", "int", ""},
		{"few", "a whole number", "int", ""},
		{"ratio", "a number", "int", ""},
		{"on", "true or false", "bool", ""},
		{"files", "a list", "", ""},
		{"retry", "a map", "", ""},
	}
	for _, place := range places {
		for _, param := range paramTypes {
			name := strings.ReplaceAll(param.name, " ", "-")
			composition := fmt.Sprintf("metadata: {name: dev, version: 1.0.0}\nparams: {x: %s}\nspec:\n  plugins:\n    - community/integrations/forms: {config: {%s: \"${params.x}\"}}\n", param.declaration, place.field)
			_, l := run(load(t), []byte(composition))
			declared, _, _ := strings.Cut(param.name, " ")
			wrongType := fmt.Sprintf("%s takes %s, and the param \"x\" is of type %s", place.field, place.takes, declared)
			listed := func(in string) bool { return strings.Contains(" "+in+" ", " "+name+" ") }
			switch {
			case listed(place.fits):
				if l != nil {
					t.Errorf("%s in %s: %v", name, place.field, l)
				}
			case listed(place.unsuitable): // the right type, and a default that does not fit
				if len(l) != 1 || !strings.HasSuffix(l[0].Message, "(the default of this param)") {
					t.Errorf("%s in %s: %v", name, place.field, l)
				}
			case len(l) != 1 || l[0].Code != "DVZ211" || l[0].Message != wrongType:
				t.Errorf("%s in %s:\ngot  %v\nwant %s", name, place.field, l, wrongType)
			}
		}
	}
}

// TestDeclaredValuesMustFit looks at what a param may be set to, beside its
// default.
func TestDeclaredValuesMustFit(t *testing.T) {
	for _, test := range []struct{ declaration, field, want string }{
		{"{type: int, default: 5, min: 0, max: 10}", "few", ""},
		{"{type: int, default: 5, min: 0, max: 11}", "few", "few must be between 0 and 10, not 11 (the max of this param)"},
		{"{type: int, min: -1, max: 5}", "few", "few must be between 0 and 10, not -1 (the min of this param)"},
		{"{type: int}", "few", ""},
		{"{type: duration, default: 5s, min: 0s}", "every", `every must be a duration longer than 0s, such as 15s, 5m or 1h30m, not "0s" (the min of this param)`},
		{"{type: enum, values: [a, c], default: a}", "word", `word must be one of a, b, not "c" (a value of this param)`},
		{"{type: enum, values: [a, b]}", "word", ""},
		{"{type: string, default: \"(\"}", "match", "match is no regular expression: the ( is never closed (the default of this param)"},
		{"{type: string, default: \"x[\"}", "files: [\"${params.x}\"]", "files[0] is no pattern: the [ is never closed; a \\ before it takes it literally (the default of this param)"},
		{"{type: address, default: \":99999\"}", "listen", `the default of the param "x" has the port 99999; the highest is 65535`},
		{"{type: url, default: \"http://:1\"}", "url", `the default of the param "x" has no host`},
		{"{type: url, default: \"/x\"}", "url", `the default of the param "x" must be an absolute URL such as http://127.0.0.1:9100/metrics, not "/x"`},
	} {
		use := test.field
		if !strings.Contains(use, ":") {
			use += `: "${params.x}"`
		}
		composition := fmt.Sprintf("metadata: {name: dev, version: 1.0.0}\nparams: {x: %s}\nspec:\n  plugins:\n    - community/integrations/forms: {config: {%s}}\n", test.declaration, use)
		_, l := run(load(t), []byte(composition))
		if got := messages(l); got != test.want {
			t.Errorf("%s in %s:\ngot  %s\nwant %s", test.declaration, test.field, got, test.want)
		}
	}
}

func messages(l diag.List) string {
	var all []string
	for _, d := range l {
		all = append(all, d.Message)
	}
	return strings.Join(all, "\n")
}
