package alloy

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/grafana/alloy/syntax/scanner"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/hclwrite"

	"github.com/detectviz/detectviz/compiler/plan"
)

// writer turns the data of blocks into tokens of Alloy's syntax.
type writer struct {
	// sinks gives the references that $sinks stands for; nil: it stays as it is.
	sinks func(kind string) []string
}

func (w writer) block(body *hclwrite.Body, b plan.AlloyBlock) error {
	if b.Comment != "" {
		comment(body, b.Comment)
	}
	var labels []string
	if b.Label != "" {
		labels = []string{b.Label}
	}
	inner := body.AppendNewBlock(b.Name, labels).Body()
	for _, a := range b.Attributes {
		tokens, err := w.tokens(a.Value)
		if err != nil {
			return fmt.Errorf("%s: %s: %w", b.Name, a.Name, err)
		}
		inner.SetAttributeRaw(a.Name, tokens)
	}
	for i, nested := range b.Blocks {
		if i > 0 || len(b.Attributes) > 0 {
			inner.AppendNewline()
		}
		if err := w.block(inner, nested); err != nil {
			return err
		}
	}
	return nil
}

// comment writes a // comment, one line a line of text; # is no comment in
// Alloy.
func comment(body *hclwrite.Body, text string) {
	for line := range strings.SplitSeq(strings.TrimSpace(text), "\n") {
		line = strings.TrimRight("// "+strings.TrimSpace(line), " ") + "\n"
		body.AppendUnstructuredTokens(hclwrite.Tokens{{Type: hclsyntax.TokenComment, Bytes: []byte(line)}})
	}
}

// tokens writes one attribute value.
func (w writer) tokens(value any) (hclwrite.Tokens, error) {
	switch v := value.(type) {
	case bool:
		return ident(strconv.FormatBool(v)), nil
	case int:
		return number(strconv.Itoa(v)), nil
	case int64:
		return number(strconv.FormatInt(v, 10)), nil
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return nil, fmt.Errorf("%v is not a number that Alloy can read", v)
		}
		return number(strconv.FormatFloat(v, 'g', -1, 64)), nil
	case json.Number:
		if _, err := v.Float64(); err != nil {
			return nil, fmt.Errorf("%q is not a number", v.String())
		}
		return number(v.String()), nil
	case string:
		return quoted(v), nil
	case []any:
		return w.list(v)
	case map[string]any:
		return w.special(v)
	}
	return nil, fmt.Errorf("a value of type %T cannot be written", value)
}

// special writes what is not plain data; see schema/alloy.cue.
func (w writer) special(v map[string]any) (hclwrite.Tokens, error) {
	key, arg, err := marker(v)
	if err != nil {
		return nil, err
	}
	if key == "$object" {
		fields, ok := arg.(map[string]any)
		if !ok {
			return nil, fmt.Errorf("$object holds a %T, not fields", arg)
		}
		return w.object(fields)
	}
	name, ok := arg.(string)
	if !ok {
		return nil, fmt.Errorf("%s holds a %T, not a string", key, arg)
	}
	switch key {
	case "$ref":
		return ident(name), nil
	case "$env":
		return env(name), nil
	case "$credential":
		return append(env("CREDENTIALS_DIRECTORY"), append(punct(hclsyntax.TokenPlus, " + "), quoted("/"+name)...)...), nil
	}
	if w.sinks == nil {
		return ident("$sinks:" + name), nil
	}
	var refs []any
	for _, ref := range w.sinks(name) {
		refs = append(refs, map[string]any{"$ref": ref})
	}
	return w.list(refs)
}

// marker returns the one key of a map that stands for something else, and its
// argument.
func marker(v map[string]any) (key string, arg any, err error) {
	if len(v) == 1 {
		for key, arg := range v {
			switch key {
			case "$ref", "$sinks", "$env", "$credential", "$object":
				return key, arg, nil
			}
		}
	}
	keys := slices.Sorted(maps.Keys(v))
	return "", nil, fmt.Errorf("a map with the keys %v; expected exactly one of $ref, $sinks, $env, $credential, $object", keys)
}

func (w writer) list(items []any) (hclwrite.Tokens, error) {
	out := punct(hclsyntax.TokenOBrack, "[")
	for i, item := range items {
		if i > 0 {
			out = append(out, punct(hclsyntax.TokenComma, ", ")...)
		}
		tokens, err := w.tokens(item)
		if err != nil {
			return nil, err
		}
		out = append(out, tokens...)
	}
	return append(out, punct(hclsyntax.TokenCBrack, "]")...), nil
}

// object writes an object literal: sorted keys, a comma behind each field, and
// one line a field when there are several.
func (w writer) object(fields map[string]any) (hclwrite.Tokens, error) {
	open, sep := "{", ""
	if len(fields) > 1 {
		open, sep = "{\n", "\n"
	}
	out := punct(hclsyntax.TokenOBrace, open)
	for i, key := range slices.Sorted(maps.Keys(fields)) {
		tokens, err := w.tokens(fields[key])
		if err != nil {
			return nil, err
		}
		switch {
		case scanner.IsValidIdentifier(key):
			out = append(out, ident(key)...)
		case key != "" && strconv.Quote(key) == `"`+key+`"`:
			out = append(out, quoted(key)...)
		default:
			// Alloy's parser takes what stands between the quotes of a key as it
			// is, without escapes, and its printer escapes it once more.
			return nil, fmt.Errorf("the key %q cannot be written: Alloy has no escapes in keys", key)
		}
		out = append(out, punct(hclsyntax.TokenEqual, " = ")...)
		out = append(out, tokens...)
		if sep != "" || i < len(fields)-1 {
			out = append(out, punct(hclsyntax.TokenComma, ","+sep)...)
		}
	}
	return append(out, punct(hclsyntax.TokenCBrace, "}")...), nil
}

// env reads an environment variable when Alloy loads the file.
func env(name string) hclwrite.Tokens {
	out := ident("sys.env")
	out = append(out, punct(hclsyntax.TokenOParen, "(")...)
	out = append(out, quoted(name)...)
	return append(out, punct(hclsyntax.TokenCParen, ")")...)
}

// quoted is a string as one token: Alloy's strings are Go's, and hclwrite would
// double each ${ of a quoted string of its own.
func quoted(s string) hclwrite.Tokens {
	return hclwrite.Tokens{{Type: hclsyntax.TokenQuotedLit, Bytes: []byte(strconv.Quote(s))}}
}

func ident(s string) hclwrite.Tokens {
	return hclwrite.Tokens{{Type: hclsyntax.TokenIdent, Bytes: []byte(s)}}
}

func number(s string) hclwrite.Tokens {
	return hclwrite.Tokens{{Type: hclsyntax.TokenNumberLit, Bytes: []byte(s)}}
}

func punct(t hclsyntax.TokenType, s string) hclwrite.Tokens {
	return hclwrite.Tokens{{Type: t, Bytes: []byte(s)}}
}
