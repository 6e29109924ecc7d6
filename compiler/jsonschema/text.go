package jsonschema

import (
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// matching returns the schema of texts that match a pattern.
func matching(pattern string) schema {
	if !portable(pattern) {
		return schema{"type": "string"}
	}
	return schema{"type": "string", "pattern": pattern}
}

// goOnly finds what Go's patterns have and those of JavaScript, which are JSON
// Schema's, have not or understand in another way.
var goOnly = regexp.MustCompile(`\(\?[^:]|\[\^?\]|\[:\^?\w+:\]|\\(?:[^dDwWbBtnrfvx.*+?()\[\]{}|^$/\\-]|x\{)`)

// portable reports whether a pattern means the same to an editor as to CUE.
func portable(pattern string) bool {
	_, err := regexp.Compile(pattern)
	return err == nil && !goOnly.MatchString(pattern)
}

// The patterns of a text that holds references, which vet resolves, and of one
// that is a param as a whole.
const (
	anyReference = `\$\{`
	wholeParam   = `^\$\{params\.[a-z][a-z0-9_]*\}$`
)

var typeWords = map[string]string{"boolean": "true or false", "integer": "a whole number", "number": "a number"}

// textKeywords are the keywords that can refuse a text.
var textKeywords = []string{"enum", "pattern", "minLength", "maxLength", "not", "allOf"}

// referring returns the schema of a place in a plugin's config: a text may hold
// references such as ${state}, and a number or a truth value may be a param.
func referring(s schema) schema {
	all, isChoice := s["anyOf"].([]schema)
	if isChoice = isChoice && s.only("anyOf"); !isChoice {
		all = []schema{s}
	}
	further := ""
	for i, a := range all {
		types := a.types()
		text := slices.Contains(types, "string")
		switch {
		case a.only(), text && !slices.ContainsFunc(textKeywords, func(k string) bool { return a[k] != nil }):
			return s // takes any text
		case a["$ref"] != nil: // an object
		case text && patternsOnly(a):
			if !isChoice {
				return widened(a)
			}
			all = slices.Clone(all)
			all[i] = widened(a)
			return s.with("anyOf", all)
		case text, types == nil:
			further = anyReference
		case further == "" && len(common(types, []string{"number", "boolean"})) > 0:
			further = wholeParam
		}
	}
	switch {
	case further == "":
		return s
	case further == wholeParam && !isChoice && s["enum"] == nil: // a pattern is about texts only
		must, ok := s["errorMessage"].(string)
		if !ok {
			var words []string
			for _, t := range s.types() {
				words = append(words, typeWords[t])
			}
			must = "must be " + strings.Join(words, " or ")
		}
		return s.typed(append(slices.Clone(s.types()), "string")...).with("pattern", wholeParam).
			with("errorMessage", must+", or a param such as ${params.name}")
	}
	out := maps.Clone(s)
	if !isChoice { // what is said of the place stands above the choice
		out = schema{}
		bare := maps.Clone(s)
		for _, k := range annotations {
			if v, ok := s[k]; ok && k != "errorMessage" {
				out[k] = v
				delete(bare, k)
			}
		}
		all = []schema{bare}
	}
	out["anyOf"] = append(slices.Clone(all), schema{"type": "string", "pattern": further, "description": "a reference, such as ${params.name}"})
	return out
}

// patternsOnly reports whether nothing but patterns refuses a text.
func patternsOnly(s schema) bool {
	further, _ := s["allOf"].([]schema)
	for _, k := range textKeywords {
		if s[k] != nil && k != "pattern" && k != "allOf" {
			return false
		}
	}
	return !slices.ContainsFunc(further, func(f schema) bool { return !f.only("type", "pattern") })
}

// widened returns a schema whose patterns match references as well.
func widened(s schema) schema {
	out := maps.Clone(s)
	if pattern, ok := s["pattern"].(string); ok {
		out["pattern"] = pattern + "|" + anyReference
	}
	if further, ok := s["allOf"].([]schema); ok {
		all := make([]schema, len(further))
		for i := range further {
			all[i] = widened(further[i])
		}
		out["allOf"] = all
	}
	return out
}

// takes reports whether a schema takes a literal for certain.
func takes(s schema, v any) bool {
	if all, ok := s["anyOf"].([]schema); ok {
		return s.only("anyOf") && slices.ContainsFunc(all, func(a schema) bool { return takes(a, v) })
	}
	if s.only() {
		return true
	}
	if len(common([]string{typeOf(v)}, s.types())) == 0 {
		return false
	}
	switch v := v.(type) {
	case bool:
		return s.only("type")
	case string:
		further, _ := s["allOf"].([]schema)
		return s.only("type", "pattern", "allOf") && matches(s, v) && !slices.ContainsFunc(further, func(f schema) bool {
			return !f.only("type", "pattern") || !matches(f, v)
		})
	case json.Number:
		return s.only("type", "minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum") && within(s, v)
	}
	return false
}

func matches(s schema, v string) bool {
	pattern, _ := s["pattern"].(string)
	ok, err := regexp.MatchString(pattern, v)
	return ok && err == nil
}

// within reports whether a number is of the type and in the bounds of a schema.
func within(s schema, v json.Number) bool {
	number := func(n any) float64 {
		f, _ := n.(json.Number).Float64()
		return f
	}
	n := number(v)
	for keyword, limit := range s {
		switch keyword {
		case "type":
			if _, err := v.Int64(); err != nil && !slices.Contains(s.types(), "number") {
				return false
			}
		case "minimum":
			if n < number(limit) {
				return false
			}
		case "exclusiveMinimum":
			if n <= number(limit) {
				return false
			}
		case "maximum":
			if n > number(limit) {
				return false
			}
		case "exclusiveMaximum":
			if n >= number(limit) {
				return false
			}
		}
	}
	return true
}
