package prometheus

import (
	"bufio"
	"compress/gzip"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/detectviz/detectviz/platform/contracts"
	"github.com/detectviz/detectviz/platform/web"
)

// accept asks for OpenMetrics first, with UTF-8 names as the target has them
// (https://prometheus.io/docs/instrumenting/content_negotiation/).
const accept = "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6," +
	"application/openmetrics-text;version=0.0.1;q=0.5," +
	"text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4," +
	"text/plain;version=0.0.4;q=0.3,*/*;q=0.2"

// format is an exposition format.
type format uint8

const (
	formatText format = iota
	formatOpenMetrics
)

// client holds the connections and credentials that all targets share.
type client struct {
	own     *http.Transport // to a target itself
	foreign *http.Transport // to where a target redirects: without client certificate

	// authorization returns the header's value; nil when there are no credentials.
	authorization func() (string, error)
	broken        atomic.Pointer[error] // why the credentials could not be read
}

func newClient(cfg Config, readSecret func(contracts.Secret) ([]byte, error)) (*client, error) {
	own, foreign, err := tlsConfigs(cfg.TLS)
	if err != nil {
		return nil, err
	}
	c := &client{own: newTransport(own), foreign: newTransport(foreign)}

	basic := cfg.BasicAuth.Username != "" || !cfg.BasicAuth.Password.IsZero()
	switch {
	case basic && !cfg.BearerToken.IsZero():
		return nil, errors.New("basic_auth and bearer_token are both given; remove one of them")
	case basic:
		c.authorization = func() (string, error) {
			password, err := readSecret(cfg.BasicAuth.Password)
			if err != nil {
				return "", fmt.Errorf("cannot read basic_auth.password: %w", err)
			}
			pair := slices.Concat([]byte(cfg.BasicAuth.Username+":"), password)
			return "Basic " + base64.StdEncoding.EncodeToString(pair), nil
		}
	case !cfg.BearerToken.IsZero():
		c.authorization = func() (string, error) {
			token, err := readSecret(cfg.BearerToken)
			if err != nil {
				return "", fmt.Errorf("cannot read bearer_token: %w", err)
			}
			return "Bearer " + string(token), nil
		}
	}
	if c.authorization != nil {
		if _, err := c.authorization(); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// health returns why the credentials could not be read at the last try.
func (c *client) health() error {
	if err := c.broken.Load(); err != nil {
		return *err
	}
	return nil
}

func (c *client) close() {
	c.own.CloseIdleConnections()
	c.foreign.CloseIdleConnections()
}

// newTransport differs from http.DefaultTransport in that it leaves
// decompression to the fetcher, which reuses its buffers. A proxy from the
// environment is honoured, but never for loopback addresses.
func newTransport(conf *tls.Config) *http.Transport {
	return &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: 30 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
		TLSClientConfig:       conf,
		ForceAttemptHTTP2:     true,
		DisableCompression:    true,
		MaxIdleConnsPerHost:   1,
		IdleConnTimeout:       5 * time.Minute, // longer than most intervals
		TLSHandshakeTimeout:   10 * time.Second,
		ExpectContinueTimeout: time.Second,
	}
}

// tlsConfigs returns the TLS settings for the target itself and for hosts that
// it redirects to.
func tlsConfigs(cfg TLS) (own, foreign *tls.Config, err error) {
	base := &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: cfg.InsecureSkipVerify}
	if cfg.CAFile != "" {
		pem, err := os.ReadFile(cfg.CAFile)
		if err != nil {
			return nil, nil, fmt.Errorf("cannot read tls.ca_file: %w", err)
		}
		base.RootCAs = x509.NewCertPool()
		if !base.RootCAs.AppendCertsFromPEM(pem) {
			return nil, nil, fmt.Errorf("tls.ca_file %s holds no certificate in PEM form", cfg.CAFile)
		}
	}
	own, foreign = base.Clone(), base.Clone()
	own.ServerName = cfg.ServerName
	if (cfg.CertFile == "") != (cfg.KeyFile == "") {
		return nil, nil, errors.New("tls.cert_file and tls.key_file belong together; give both or none")
	}
	if cfg.CertFile != "" {
		load := func() (*tls.Certificate, error) {
			pair, err := tls.LoadX509KeyPair(cfg.CertFile, cfg.KeyFile)
			if err != nil {
				return nil, fmt.Errorf("cannot load tls.cert_file and tls.key_file: %w", err)
			}
			return &pair, nil
		}
		if _, err := load(); err != nil {
			return nil, nil, err
		}
		// Read at each handshake: client certificates are renewed under us.
		own.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return load() }
	}
	return own, foreign, nil
}

// guard gives the credentials to the target's own scheme, host and port only.
// net/http alone would also send them to other ports and to subdomains.
type guard struct {
	client *client
	origin *url.URL
}

// RoundTrip implements http.RoundTripper.
func (g guard) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.URL.Scheme != g.origin.Scheme || !strings.EqualFold(req.URL.Host, g.origin.Host) {
		return g.client.foreign.RoundTrip(req)
	}
	if g.client.authorization != nil {
		value, err := g.client.authorization()
		if err != nil {
			g.client.broken.Store(&err)
			return nil, err
		}
		g.client.broken.Store(nil)
		req = req.Clone(req.Context())
		req.Header.Set("Authorization", value)
	}
	return g.client.own.RoundTrip(req)
}

// fetcher gets the body of one target, into a buffer that it reuses.
type fetcher struct {
	http  *http.Client
	req   *http.Request
	limit int64

	body  []byte
	plain *bufio.Reader
	gzip  *gzip.Reader

	contentType string // the last one, and what it means
	format      format
}

func (c *client) fetcher(u *url.URL, timeout time.Duration, limit int64) *fetcher {
	req := &http.Request{Method: http.MethodGet, URL: u, Host: u.Host, Header: http.Header{
		"Accept":     {accept},
		"User-Agent": {"DetectViz"},
		// Exporters that do work at each scrape, such as blackbox_exporter, obey this.
		"X-Prometheus-Scrape-Timeout-Seconds": {strconv.FormatFloat(timeout.Seconds(), 'f', -1, 64)},
	}}
	if !web.Loopback(u.Hostname()) {
		req.Header.Set("Accept-Encoding", "gzip")
	}
	return &fetcher{
		http:  &http.Client{Transport: guard{c, u}},
		req:   req,
		limit: limit,
		plain: bufio.NewReaderSize(nil, 16<<10),
	}
}

// fetch returns the target's answer. The bytes are valid until the next call.
func (f *fetcher) fetch(ctx context.Context) ([]byte, format, error) {
	resp, err := f.http.Do(f.req.WithContext(ctx))
	if err != nil {
		var outer *url.Error
		if errors.As(err, &outer) {
			err = outer.Err // the URL may hold a token; the log names the target
		}
		return nil, 0, err
	}
	defer func() { _ = resp.Body.Close() }() // nothing is left to go wrong after reading
	if resp.StatusCode != http.StatusOK {
		return nil, 0, fmt.Errorf("the target answered %s", resp.Status)
	}
	if ct := resp.Header.Get("Content-Type"); ct != f.contentType || ct == "" {
		if f.format, err = formatOf(ct); err != nil {
			return nil, 0, err
		}
		f.contentType = ct
	}

	f.plain.Reset(resp.Body)
	var src io.Reader = f.plain
	switch enc := resp.Header.Get("Content-Encoding"); enc {
	case "", "identity":
	case "gzip":
		if f.gzip == nil {
			f.gzip = new(gzip.Reader)
		}
		if err := f.gzip.Reset(f.plain); err != nil {
			return nil, 0, fmt.Errorf("cannot decompress the answer: %w", err)
		}
		src = f.gzip
	default:
		return nil, 0, fmt.Errorf("the target answered with the content encoding %q; expected gzip or none", enc)
	}
	if err := f.read(src); err != nil {
		return nil, 0, err
	}
	return f.body, f.format, nil
}

// read fills f.body. The text format's parser wants a newline at the end, so
// one byte of capacity is always left for it.
func (f *fetcher) read(src io.Reader) error {
	f.body = f.body[:0]
	for {
		if cap(f.body)-len(f.body) < 512 {
			f.body = slices.Grow(f.body, max(4096, cap(f.body)))
		}
		n, err := src.Read(f.body[len(f.body) : cap(f.body)-1])
		f.body = f.body[:len(f.body)+n]
		switch {
		case f.limit > 0 && int64(len(f.body)) > f.limit:
			return fmt.Errorf("the answer is larger than body_size_limit (%d bytes)", f.limit)
		case err == io.EOF:
			return nil
		case err != nil:
			return fmt.Errorf("cannot read the answer: %w", err)
		}
	}
}

// formatOf tells the exposition format from a Content-Type. A missing one is
// taken for the text format, as Prometheus did until version 3.
func formatOf(contentType string) (format, error) {
	if contentType == "" {
		return formatText, nil
	}
	media, params, err := mime.ParseMediaType(contentType)
	if err != nil {
		return 0, fmt.Errorf("the target's content type %q cannot be understood: %w", contentType, err)
	}
	version := params["version"]
	switch {
	case media == "text/plain":
		return formatText, nil
	case media == "application/openmetrics-text" && !strings.HasPrefix(version, "2"):
		return formatOpenMetrics, nil
	}
	return 0, fmt.Errorf("the target answered with the content type %q; expected text/plain or application/openmetrics-text (is the path right?)", contentType)
}
