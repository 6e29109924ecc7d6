package diag

import (
	_ "embed" // the schema
	"encoding/json"
	"io"
)

// JSONSchema is the JSON Schema (draft 2020-12) of what WriteJSON writes.
//
// The output is an array and nothing around it, so that `jq '.[]'` is all a
// script needs, and so that findings of several runs can be joined. It needs no
// version beside the data: fields may be added, and a form in which one is gone
// or means something else would be another --format.
//
//go:embed output.schema.json
var JSONSchema string

// WriteJSON writes the findings that count as one JSON array with an object for
// each, in the given order; an empty array when there are none.
func WriteJSON(w io.Writer, l List) error {
	return writeJSON(w, append(List{}, l.Standing()...)) // never null
}

// writeJSON writes a value for programs that people look at, too.
func writeJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}
