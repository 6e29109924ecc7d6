// Package jsonschema writes the JSON Schemas (draft 2020-12) that editors
// complete and check a composition with. It is a back end beside the pipeline of
// a composition: a catalog in, text out, pure and deterministic.
//
// A schema refuses only what vet refuses. What JSON Schema cannot say, such as
// conditions between fields and references between instances, is left to vet.
package jsonschema

import (
	"bytes"
	"encoding/json"

	"github.com/detectviz/detectviz/compiler/catalog"
)

// Composition returns the JSON Schema of composition.yaml.
func Composition(cat *catalog.Catalog) ([]byte, error) {
	return composition(cat, false)
}

// Overlay returns the JSON Schema of overlays/*.yaml: that of composition.yaml
// with nothing required.
func Overlay(cat *catalog.Catalog) ([]byte, error) {
	return composition(cat, true)
}

// Meta returns the JSON Schema of meta.yaml.
func Meta(cat *catalog.Catalog) ([]byte, error) {
	w := walker{catalog: cat, defs: &members{}}
	return w.document(w.take("Meta"))
}

func composition(cat *catalog.Catalog, partial bool) ([]byte, error) {
	if err := cat.Preload(cat.Paths()...); err != nil {
		return nil, err
	}
	w := walker{catalog: cat, partial: partial, defs: &members{}}
	w.pluginEntry()
	root := w.take("Composition").with("description", "A composition: the plugins of a platform, their configs, and how data flows between them.")
	health := w.defs.get("Health").members()
	listen := health.get("listen") // takes references, as no other place outside of configs does
	health.set("listen", referring(listen))
	if !partial {
		root = w.earlier(root)
	}
	return w.document(root)
}

// take returns a definition of package schema, to stand for itself.
func (w *walker) take(definition string) schema {
	w.schema("#" + definition)
	s := w.defs.get(definition)
	w.defs.remove(definition)
	return s
}

// document writes the schema of a file.
func (w *walker) document(root schema) ([]byte, error) {
	root = root.with("$schema", "https://json-schema.org/draft/2020-12/schema")
	if len(*w.defs) > 0 {
		root["$defs"] = *w.defs
	}
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	err := encoder.Encode(root)
	return out.Bytes(), err
}
