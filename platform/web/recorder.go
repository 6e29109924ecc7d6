package web

import (
	"io"
	"net/http"
)

// Recorder is a ResponseWriter that remembers the status and the size of the
// answer. It serves one request and is not safe for concurrent use, like the
// writer that it wraps. http.ResponseController finds the wrapped writer's
// abilities through Unwrap.
type Recorder struct {
	http.ResponseWriter
	status int
	bytes  int64
}

// NewRecorder wraps the writer of one request.
func NewRecorder(w http.ResponseWriter) *Recorder { return &Recorder{ResponseWriter: w} }

// Status is the status of the answer; 200 as long as none was written, because
// that is what the server sends when a handler writes nothing.
func (r *Recorder) Status() int {
	if r.status == 0 {
		return http.StatusOK
	}
	return r.status
}

// Bytes is the number of body bytes written so far.
func (r *Recorder) Bytes() int64 { return r.bytes }

// Started reports whether the answer's status can no longer be changed.
func (r *Recorder) Started() bool { return r.status != 0 }

// WriteHeader implements http.ResponseWriter. Informational answers (1xx) may
// come before the real one and are not remembered.
func (r *Recorder) WriteHeader(status int) {
	if r.status == 0 && (status >= 200 || status == http.StatusSwitchingProtocols) {
		r.status = status
	}
	r.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (r *Recorder) Write(p []byte) (int, error) {
	r.started()
	n, err := r.ResponseWriter.Write(p)
	r.bytes += int64(n)
	return n, err
}

// ReadFrom implements io.ReaderFrom, so that a file is still sent by the kernel
// where the wrapped writer can do that.
func (r *Recorder) ReadFrom(src io.Reader) (int64, error) {
	r.started()
	n, err := io.Copy(r.ResponseWriter, src)
	r.bytes += n
	return n, err
}

// Flush implements http.Flusher.
func (r *Recorder) Flush() { _ = r.FlushError() }

// FlushError is what http.ResponseController calls; it fails when the wrapped
// writer cannot flush.
func (r *Recorder) FlushError() error {
	r.started()
	return http.NewResponseController(r.ResponseWriter).Flush()
}

// Unwrap is for http.ResponseController.
func (r *Recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

func (r *Recorder) started() {
	if r.status == 0 {
		r.status = http.StatusOK
	}
}
