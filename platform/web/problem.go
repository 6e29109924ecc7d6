// Package web holds what every HTTP plugin needs and none should write again:
// error answers in one form, and a ResponseWriter that remembers what was sent.
// It stands beside contracts: plugins import it, and it imports nothing of ours.
package web

import (
	"encoding/json"
	"net/http"
)

// Problem is the body of an error answer (RFC 9457, "application/problem+json").
// Its type is always about:blank, so it is left out.
type Problem struct {
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail,omitempty"`
}

// WriteProblem answers a request with an error. Detail is a sentence for the
// caller; it must hold nothing that the caller may not know. Headers that were
// set before it stay, except those that described another body.
func WriteProblem(w http.ResponseWriter, status int, detail string) {
	body, err := json.Marshal(Problem{Title: http.StatusText(status), Status: status, Detail: detail})
	if err != nil { // strings and an int always marshal
		panic(err)
	}
	h := w.Header()
	h.Del("Content-Length")
	h.Del("Content-Encoding")
	h.Del("ETag")
	h.Del("Last-Modified")
	h.Set("Content-Type", "application/problem+json")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write(append(body, '\n'))
}
