package diag

import (
	"encoding/json"
	"io"
)

// WriteJSON writes the diagnostics as one JSON array with an object for each,
// in the given order; an empty array when there are none. The form is stable,
// fields may be added:
//
//	code      "DVZ102"
//	severity  "error" or "warning"
//	pos       {file, line, column}: line and column count from 1, the column in
//	          bytes; both are left out when the finding is about the whole file
//	width     bytes from pos that the finding is about; left out when unknown
//	message   what is wrong
//	hint      what to do; may be left out
//	related   [{pos, width, message}]: other places that the finding speaks of
func WriteJSON(w io.Writer, l List) error {
	if l == nil {
		l = List{}
	}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(l)
}
