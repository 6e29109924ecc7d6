package jsonschema

import (
	"bytes"
	"encoding/json"
	"maps"
	"reflect"
	"slices"
)

// schema is a JSON Schema, or a part of one, by keyword. The empty one takes
// anything.
type schema map[string]any

// members are schemas by name, in the order of their declaration.
type members []member

type member struct {
	name   string
	schema schema
}

// order is the order in which keywords are written. Some are not of the
// standard: errorMessage, enumDescriptions, markdownDescription and doNotSuggest
// are what editors know besides.
var order = []string{
	"$schema", "description", "markdownDescription", "doNotSuggest", "$ref", "type",
	"enum", "enumDescriptions", "minLength", "maxLength", "pattern", "errorMessage",
	"minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum",
	"prefixItems", "items", "minItems", "maxItems", "uniqueItems",
	"properties", "patternProperties", "propertyNames", "additionalProperties", "required", "minProperties", "maxProperties",
	"anyOf", "allOf", "not", "default", "examples", "$defs",
}

// MarshalJSON implements json.Marshaler.
func (s schema) MarshalJSON() ([]byte, error) {
	var all []pair
	for _, keyword := range order {
		if value, ok := s[keyword]; ok {
			all = append(all, pair{keyword, value})
		}
	}
	return pairs(all)
}

// MarshalJSON implements json.Marshaler.
func (m members) MarshalJSON() ([]byte, error) {
	all := make([]pair, len(m))
	for i, member := range m {
		all[i] = pair{member.name, member.schema}
	}
	return pairs(all)
}

type pair struct {
	key   string
	value any
}

// pairs writes a JSON object in the order of its pairs.
func pairs(all []pair) ([]byte, error) {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	out.WriteByte('{')
	for i, p := range all {
		if i > 0 {
			out.WriteByte(',')
		}
		if err := encoder.Encode(p.key); err != nil {
			return nil, err
		}
		out.WriteByte(':')
		if err := encoder.Encode(p.value); err != nil {
			return nil, err
		}
	}
	out.WriteByte('}')
	return out.Bytes(), nil
}

// with returns a schema with a keyword set.
func (s schema) with(keyword string, value any) schema {
	out := schema{}
	maps.Copy(out, s)
	out[keyword] = value
	return out
}

// types returns the types that a schema names, or nil for any.
func (s schema) types() []string {
	switch t := s["type"].(type) {
	case string:
		return []string{t}
	case []string:
		return t
	}
	return nil
}

// typed returns a schema with its types set.
func (s schema) typed(types ...string) schema {
	if len(types) == 1 {
		return s.with("type", types[0])
	}
	return s.with("type", types)
}

func (s schema) members() members {
	m, _ := s["properties"].(members)
	return m
}

func (m members) index(name string) int {
	return slices.IndexFunc(m, func(member member) bool { return member.name == name })
}

// get returns the schema of a name, or nil.
func (m members) get(name string) schema {
	if i := m.index(name); i >= 0 {
		return m[i].schema
	}
	return nil
}

// set changes the schema of a name that exists.
func (m members) set(name string, s schema) { m[m.index(name)].schema = s }

func (m *members) remove(name string) {
	*m = slices.DeleteFunc(*m, func(m member) bool { return m.name == name })
}

// annotations are the keywords that say nothing of what is allowed.
var annotations = []string{"description", "markdownDescription", "errorMessage", "default", "examples"}

// only reports whether a schema has no constraints but these.
func (s schema) only(keywords ...string) bool {
	for k := range s {
		if !slices.Contains(annotations, k) && !slices.Contains(keywords, k) {
			return false
		}
	}
	return true
}

// both returns the schema of what two schemas allow.
func both(a, b schema) schema {
	if len(a) == 0 {
		return b
	}
	out, clash := maps.Clone(a), schema{}
	for keyword, value := range b {
		switch have := a[keyword]; {
		case have == nil, reflect.DeepEqual(have, value), slices.Contains(annotations, keyword):
			out[keyword] = value
		case keyword == "type":
			if narrow := common(a.types(), b.types()); len(narrow) > 0 {
				out = out.typed(narrow...)
			}
		case keyword == "allOf":
			out["allOf"] = append(slices.Clone(have.([]schema)), value.([]schema)...)
		default:
			clash[keyword] = value
		}
	}
	if len(clash) > 0 {
		all, _ := out["allOf"].([]schema)
		out["allOf"] = append(slices.Clone(all), clash)
	}
	return out
}

// common returns the types that are among both.
func common(a, b []string) []string {
	var out []string
	for _, t := range a {
		switch {
		case slices.Contains(b, t), t == "integer" && slices.Contains(b, "number"):
			out = append(out, t)
		case t == "number" && slices.Contains(b, "integer"):
			out = append(out, "integer")
		}
	}
	return out
}

// isObject reports whether a schema is one of objects and nothing else.
func isObject(s schema) bool {
	return slices.Equal(s.types(), []string{"object"}) || slices.Equal(s.types(), []string{"object", "null"})
}

// merged returns the schema of objects that have the fields of two schemas.
func merged(a, b schema) schema {
	out := maps.Clone(a)
	for keyword, value := range b {
		have := a[keyword]
		switch keyword {
		case "properties", "patternProperties":
			all, _ := have.(members)
			all = slices.Clone(all)
			for _, m := range value.(members) {
				all = all.add(m.name, m.schema)
			}
			out[keyword] = all
		case "required":
			all, _ := have.([]string)
			more := slices.DeleteFunc(slices.Clone(value.([]string)), func(name string) bool { return slices.Contains(all, name) })
			out[keyword] = slices.Concat(all, more)
		case "additionalProperties":
			if have != nil && !reflect.DeepEqual(have, value) {
				out[keyword] = true
			} else {
				out[keyword] = value
			}
		default:
			out[keyword] = value
		}
	}
	out["type"] = "object"
	if !reflect.DeepEqual(a["propertyNames"], b["propertyNames"]) {
		delete(out, "propertyNames")
	}
	return out
}

// either returns the schema of what any of several allows. Where all are of
// different types it is one schema, because editors say little about what fits
// none of several.
func either(all []schema) schema {
	var flat []schema
	for _, s := range all {
		inner, ok := s["anyOf"].([]schema)
		if !ok || !s.only("anyOf") {
			inner = []schema{s}
		}
		for _, s := range inner {
			if !slices.ContainsFunc(flat, func(f schema) bool { return reflect.DeepEqual(f, s) }) {
				flat = append(flat, s)
			}
		}
	}
	if len(flat) == 0 || slices.ContainsFunc(flat, func(s schema) bool { return s.only() }) {
		return schema{}
	}
	one := schema{}
	var types []string
	for _, s := range flat {
		mine := s.types()
		if mine == nil || len(common(types, mine)) > 0 || s["enum"] != nil && len(flat) > 1 {
			return schema{"anyOf": flat}
		}
		types = append(types, mine...)
		for keyword, value := range s {
			if one[keyword] != nil && keyword != "type" && !slices.Contains(annotations, keyword) {
				return schema{"anyOf": flat}
			}
			one[keyword] = value
		}
	}
	return one.typed(types...)
}
