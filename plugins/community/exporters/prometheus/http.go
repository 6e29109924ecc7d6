package promexporter

import (
	"bytes"
	"compress/gzip"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/common/expfmt"

	"github.com/detectviz/detectviz/platform/web"
)

var (
	pages   = sync.Pool{New: func() any { return new(bytes.Buffer) }}
	gzipper = sync.Pool{New: func() any {
		w, err := gzip.NewWriterLevel(nil, gzip.BestSpeed)
		if err != nil { // the level is a constant
			panic(err)
		}
		return w
	}}
)

func (e *Exporter) serveAll(w http.ResponseWriter, r *http.Request) { e.serve(w, r, true) }

func (e *Exporter) serveSelf(w http.ResponseWriter, r *http.Request) { e.serve(w, r, false) }

func (e *Exporter) serve(w http.ResponseWriter, r *http.Request, delivered bool) {
	contentType := expfmt.NegotiateAccept(r.Header, expfmt.FmtText, expfmt.FmtOpenMetrics_1_0_0)
	f := text
	if contentType.FormatType() == expfmt.TypeOpenMetrics {
		f = openMetrics
	}
	// The telemetry is gathered before the store is locked: one of the
	// collectors asks the store for its size.
	families, err := e.own.Gather()
	if err != nil {
		e.log.Error("some of the own telemetry cannot be collected", "error", err)
		if len(families) == 0 {
			web.WriteProblem(w, http.StatusInternalServerError, "the telemetry cannot be collected; the log says why")
			return
		}
	}
	own := flatten(families)
	page := pages.Get().(*bytes.Buffer)
	defer pages.Put(page)
	page.Reset()
	if delivered {
		// A slow reader must not hold up the pipeline, so the page is complete
		// before it is sent.
		e.store.read(time.Now(), func(metrics map[string]*metric) { e.print(page, f, own, metrics) })
	} else {
		e.print(page, f, own, nil)
	}
	h := w.Header()
	// Names have classic characters only, whatever the reader would accept.
	media, _, _ := strings.Cut(string(contentType), "; escaping=")
	h.Set("Content-Type", media+"; escaping=underscores")
	h.Set("Cache-Control", "no-store")
	h.Add("Vary", "Accept, Accept-Encoding")
	// Errors mean that the reader went away.
	if fromLoopback(r) || !acceptsGzip(r.Header) {
		h.Set("Content-Length", strconv.Itoa(page.Len()))
		_, _ = w.Write(page.Bytes())
		return
	}
	h.Set("Content-Encoding", "gzip")
	z := gzipper.Get().(*gzip.Writer)
	defer gzipper.Put(z)
	z.Reset(w)
	_, _ = z.Write(page.Bytes())
	_ = z.Close()
}

func (e *Exporter) print(page *bytes.Buffer, f format, own map[string]*ownMetric, metrics map[string]*metric) {
	for _, fam := range assemble(f, own, metrics, e.leftOut) {
		fam.write(page, f, e.cfg.Timestamps)
	}
	if f == openMetrics {
		page.WriteString("# EOF\n")
	}
}

// leftOut says, once a name, that a delivered metric is not on the page.
func (e *Exporter) leftOut(name string) {
	if _, said := e.said.LoadOrStore(name, true); !said {
		e.log.Warn("a delivered metric is not exposed: its name belongs to a histogram or summary of the own telemetry", "metric", name)
	}
}

// fromLoopback reports whether the reader is on this host.
func fromLoopback(r *http.Request) bool {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	return err == nil && web.Loopback(host)
}

// acceptsGzip reports whether a gzipped answer is welcome (RFC 9110, section
// 12.5.3).
func acceptsGzip(h http.Header) bool {
	for _, value := range h.Values("Accept-Encoding") {
		for part := range strings.SplitSeq(value, ",") {
			coding, params, _ := strings.Cut(part, ";")
			if strings.EqualFold(strings.TrimSpace(coding), "gzip") {
				weight, found := strings.CutPrefix(strings.TrimSpace(params), "q=")
				q, err := strconv.ParseFloat(weight, 64)
				return !found || err == nil && q > 0
			}
		}
	}
	return false
}
