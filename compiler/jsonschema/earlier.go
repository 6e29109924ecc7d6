package jsonschema

import "slices"

// earlier adds the forms of a composition that dvz fmt rewrites into the
// documented one (see source.Normalise). They are taken, but not suggested, and
// the configs in them are left to vet.
func (w *walker) earlier(root schema) schema {
	text := schema{"type": "string"}
	entry := schema{
		"type":                 "object",
		"properties":           append(members{{"name", text}, {"type", text}}, w.parts("Instance")...),
		"required":             []string{"name"},
		"additionalProperties": false,
	}
	w.defs.set("Spec", instead(w.defs.get("Spec"), "core_plugins", nullable(schema{"type": "array", "items": entry})))
	whole := schema{
		"type": "object",
		"properties": slices.Concat(
			members{{"dependencies", nullable(schema{"type": "array"})}}, w.parts("Metadata"), w.parts("Spec")),
		"additionalProperties": false,
	}
	root = instead(root, "composition", whole)
	health := w.defs.get("Health").with("doNotSuggest", true)
	return root.with("properties", append(root.members(), member{"health", health}))
}

// instead returns a schema of objects that have either what is required of them
// or the property of an earlier form.
func instead(s schema, name string, property schema) schema {
	out := s.with("properties", append(slices.Clip(s.members()), member{name, property.with("doNotSuggest", true)}))
	out["anyOf"] = []schema{{"required": s["required"]}, {"required": []string{name}}}
	delete(out, "required")
	return out
}

// parts refers to the properties of a definition.
func (w *walker) parts(definition string) members {
	var all members
	for _, m := range w.defs.get(definition).members() {
		all = append(all, member{m.name, schema{"$ref": defs + definition + "/properties/" + m.name}})
	}
	return all
}
