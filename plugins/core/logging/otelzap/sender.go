package otelzap

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/detectviz/detectviz/platform/contracts"
	"github.com/detectviz/detectviz/platform/web"
	"google.golang.org/protobuf/encoding/protowire"
)

const (
	exportTimeout = 30 * time.Second // for a batch, with all tries
	firstPause    = time.Second      // between two tries; it doubles
	longestPause  = 10 * time.Second
	largestAnswer = 64 << 10 // bytes of it that are read
)

// sender sends requests to the receiver, as OTLP/HTTP demands
// (https://opentelemetry.io/docs/specs/otlp/#otlphttp).
type sender struct {
	url       string
	compress  bool
	timeout   time.Duration // of one try
	transport *http.Transport
	headers   func() (http.Header, error)
}

func newSender(cfg OTLP, readSecret func(contracts.Secret) ([]byte, error)) (*sender, error) {
	u, err := url.Parse(cfg.Endpoint)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.User != nil {
		return nil, errors.New("otlp.endpoint is not an absolute http or https URL without user name and password")
	}
	conf := &tls.Config{MinVersion: tls.VersionTLS12}
	if cfg.CAFile != "" {
		pem, err := os.ReadFile(cfg.CAFile)
		if err != nil {
			return nil, fmt.Errorf("cannot read otlp.ca_file: %w", err)
		}
		conf.RootCAs = x509.NewCertPool()
		if !conf.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("otlp.ca_file %s holds no certificate in PEM form", cfg.CAFile)
		}
	}
	s := &sender{
		url:      u.JoinPath("v1", "logs").String(),
		compress: !web.Loopback(u.Hostname()),
		timeout:  cfg.Timeout,
		transport: &http.Transport{
			Proxy:               http.ProxyFromEnvironment,
			DialContext:         (&net.Dialer{Timeout: 5 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
			TLSClientConfig:     conf,
			ForceAttemptHTTP2:   true,
			MaxIdleConnsPerHost: 1,
			IdleConnTimeout:     90 * time.Second,
			TLSHandshakeTimeout: 5 * time.Second,
		},
		headers: func() (http.Header, error) {
			h := http.Header{}
			for _, header := range cfg.Headers {
				value, err := readSecret(header.Value)
				if err != nil {
					return nil, fmt.Errorf("cannot read the value of the otlp header %s: %w", header.Name, err)
				}
				h.Set(header.Name, string(value))
			}
			return h, nil
		},
	}
	if _, err := s.headers(); err != nil {
		return nil, err
	}
	return s, nil
}

// failure is the error of one try.
type failure struct {
	error
	again       bool          // another try may help
	unreachable bool          // there was no answer at all
	pause       time.Duration // that the receiver asks for
}

// send sends one request, several times if need be, and returns how many of its
// records the receiver refused. Once ending is closed, it does not wait for a
// receiver that cannot be reached: a stop must not wait for what is not there.
func (s *sender) send(ctx context.Context, ending <-chan struct{}, request []byte) (refused int, err error) {
	ctx, cancel := context.WithTimeout(ctx, exportTimeout)
	defer cancel()
	body := request
	if s.compress {
		body = compressed(request)
	}
	for pause := firstPause; ; pause = min(2*pause, longestPause) {
		refused, fail := s.try(ctx, body)
		if fail == nil || !fail.again || ctx.Err() != nil {
			return refused, fail.cause()
		}
		hopeless := ending
		if !fail.unreachable {
			hopeless = nil
		}
		// Half of the pause is random, so that many senders do not come at once.
		timer := time.NewTimer(max(fail.pause, pause/2+rand.N(pause/2)))
		select {
		case <-timer.C:
		case <-hopeless:
			timer.Stop()
			return 0, fail.cause()
		case <-ctx.Done():
			timer.Stop()
			return 0, fail.cause()
		}
	}
}

// cause returns the error itself; nil for nil.
func (f *failure) cause() error {
	if f == nil {
		return nil
	}
	return f.error
}

// try sends one request once. Redirects are not followed: they would carry the
// headers elsewhere.
func (s *sender) try(ctx context.Context, body []byte) (refused int, fail *failure) {
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	headers, err := s.headers()
	if err != nil {
		return 0, &failure{error: err}
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url, bytes.NewReader(body))
	if err != nil {
		return 0, &failure{error: err}
	}
	headers.Set("Content-Type", "application/x-protobuf")
	headers.Set("User-Agent", "DetectViz")
	if s.compress {
		headers.Set("Content-Encoding", "gzip")
	}
	req.Header = headers
	resp, err := s.transport.RoundTrip(req)
	if err != nil {
		return 0, &failure{error: err, again: true, unreachable: true}
	}
	defer func() { _ = resp.Body.Close() }() // nothing is left to go wrong after reading
	answer, err := io.ReadAll(io.LimitReader(resp.Body, largestAnswer))
	switch {
	case err != nil:
		return 0, &failure{error: fmt.Errorf("cannot read the answer: %w", err), again: true}
	case resp.StatusCode/100 == 2:
		return refusedRecords(answer), nil
	}
	fail = &failure{error: fmt.Errorf("the receiver answered %s: %s", resp.Status, bytes.TrimSpace(answer))}
	switch resp.StatusCode {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		fail.again, fail.pause = true, retryAfter(resp.Header.Get("Retry-After"), time.Now())
	}
	return 0, fail
}

// retryAfter reads the header of that name (RFC 9110, section 10.2.3); 0 when it
// says nothing.
func retryAfter(text string, now time.Time) time.Duration {
	if seconds, err := strconv.Atoi(strings.TrimSpace(text)); err == nil {
		return time.Duration(min(seconds, int(exportTimeout/time.Second))) * time.Second
	}
	if at, err := http.ParseTime(text); err == nil {
		return at.Sub(now)
	}
	return 0
}

// refusedRecords reads ExportLogsServiceResponse.partial_success.rejected_log_records.
func refusedRecords(answer []byte) int {
	partial, _ := find(answer, 1, protowire.BytesType)
	_, n := find(partial, 1, protowire.VarintType)
	return int(max(0, min(n, batchSize)))
}

// find returns a field of a message, which is bytes or a number; zero values
// when it is not there, or when the message is malformed.
func find(message []byte, number protowire.Number, kind protowire.Type) (data []byte, value int64) {
	for len(message) > 0 {
		num, typ, n := protowire.ConsumeTag(message)
		if n < 0 {
			return nil, 0
		}
		message = message[n:]
		if num == number && typ == kind {
			if kind == protowire.BytesType {
				data, _ = protowire.ConsumeBytes(message)
				return data, 0
			}
			v, _ := protowire.ConsumeVarint(message)
			return nil, int64(v)
		}
		if n = protowire.ConsumeFieldValue(num, typ, message); n < 0 {
			return nil, 0
		}
		message = message[n:]
	}
	return nil, 0
}

// zippers are large, so they are shared, and freed when nothing is sent.
var zippers = sync.Pool{New: func() any { return gzip.NewWriter(nil) }}

func compressed(data []byte) []byte {
	var b bytes.Buffer
	z := zippers.Get().(*gzip.Writer)
	defer zippers.Put(z)
	z.Reset(&b)
	_, _ = z.Write(data) // a buffer takes everything
	_ = z.Close()
	return b.Bytes()
}
