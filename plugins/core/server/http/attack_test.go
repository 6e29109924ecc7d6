package httpserver_test

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/detectviz/detectviz/platform/contracts"
	"github.com/detectviz/detectviz/platform/testkit"
	httpserver "github.com/detectviz/detectviz/plugins/core/server/http"
)

// reading answers with how much of the body it could read.
var reading = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	if _, err := io.ReadAll(r.Body); err != nil {
		if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
			w.WriteHeader(http.StatusRequestEntityTooLarge)
		}
		return
	}
	w.WriteHeader(http.StatusAccepted)
})

func TestOversizedBody(t *testing.T) {
	cfg := defaults()
	cfg.MaxBody = 1000
	base, _ := start(t, cfg, httpserver.Deps{Routes: []contracts.Routes{routes{
		{Method: "POST", Path: "/in", Access: "public", Handler: reading}, public("POST", "/unread"),
	}}})
	if got := do(t, base, "POST", "/unread", "", strings.NewReader(strings.Repeat("x", 1001))); got.StatusCode != 413 || got.problem(t).Status != 413 {
		t.Errorf("a handler that reads nothing was given the request: status %d", got.StatusCode)
	}
	for _, test := range []struct {
		name   string
		body   io.Reader
		status int
	}{
		{"as large as allowed", strings.NewReader(strings.Repeat("x", 1000)), 202},
		{"one byte more", strings.NewReader(strings.Repeat("x", 1001)), 413},
		{"of unknown length, as large as allowed", io.MultiReader(strings.NewReader(strings.Repeat("x", 1000))), 202},
		{"of unknown length, one byte more", io.MultiReader(strings.NewReader(strings.Repeat("x", 1001))), 413},
	} {
		if got := do(t, base, "POST", "/in", "", test.body); got.StatusCode != test.status {
			t.Errorf("%s: status %d, want %d", test.name, got.StatusCode, test.status)
		}
	}
}

func TestOversizedHeader(t *testing.T) {
	cfg := defaults()
	cfg.MaxHeader = 8 << 10
	base, _ := start(t, cfg, httpserver.Deps{Routes: []contracts.Routes{routes{public("GET", "/a")}}})
	if got := do(t, base, "GET", "/a", "Bearer "+strings.Repeat("x", 4<<10), nil); got.StatusCode != 200 {
		t.Errorf("a header within the limit: status %d", got.StatusCode)
	}
	if got := do(t, base, "GET", "/a", "Bearer "+strings.Repeat("x", 32<<10), nil); got.StatusCode != 431 {
		t.Errorf("a header beyond the limit: status %d, want 431", got.StatusCode)
	}
}

// send writes raw bytes and returns the status line and how long the server
// kept the connection.
func send(t *testing.T, base, raw string) (string, time.Duration) {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(base, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	began := time.Now()
	_ = conn.SetDeadline(began.Add(5 * time.Second))
	if _, err := io.WriteString(conn, raw); err != nil {
		t.Fatal(err)
	}
	in := bufio.NewReader(conn)
	line, _ := in.ReadString('\n')
	_, _ = io.Copy(io.Discard, in)
	return strings.TrimSpace(line), time.Since(began)
}

// TestSlowloris shortens one timeout at a time and sees that it alone ends what
// it is for.
func TestSlowloris(t *testing.T) {
	const short = 100 * time.Millisecond
	for _, test := range []struct {
		name    string
		shorten func(*httpserver.Config)
		raw     string
		status  string
	}{
		{"a header that does not end", func(c *httpserver.Config) { c.ReadHeaderTimeout = short }, "GET /a HTTP/1.1\r\nHost: x\r\nX-A: ", ""},
		{"a connection that says nothing", func(c *httpserver.Config) { c.ReadHeaderTimeout = short }, "", ""},
		{"a body that does not come", func(c *httpserver.Config) { c.ReadTimeout = short }, "POST /in HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n123", "HTTP/1.1 200 OK"},
		{"an idle connection", func(c *httpserver.Config) { c.IdleTimeout = short }, "GET /a HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 200 OK"},
		{"an answer that takes too long", func(c *httpserver.Config) { c.WriteTimeout = short }, "GET /late HTTP/1.1\r\nHost: x\r\n\r\n", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			cfg := defaults()
			test.shorten(&cfg)
			late := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { time.Sleep(3 * short) })
			base, _ := start(t, cfg, httpserver.Deps{Routes: []contracts.Routes{routes{
				public("GET", "/a"),
				{Method: "POST", Path: "/in", Access: "public", Handler: reading},
				{Method: "GET", Path: "/late", Access: "public", Handler: late},
			}}})
			status, kept := send(t, base, test.raw)
			if kept > 2*time.Second {
				t.Errorf("the connection was kept for %s", kept)
			}
			if status != test.status {
				t.Errorf("status line %q, want %q", status, test.status)
			}
		})
	}
}

func TestMalformedRequests(t *testing.T) {
	base, _ := start(t, defaults(), httpserver.Deps{Routes: []contracts.Routes{routes{
		public("GET", "/a"), {Method: "POST", Path: "/in", Access: "public", Handler: reading},
	}}})
	for _, test := range []struct{ name, raw, status string }{
		{"two lengths", "POST /in HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n12", "400"},
		{"an unknown transfer encoding", "POST /in HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", "501"},
		{"no host", "GET /a HTTP/1.1\r\n\r\n", "400"},
		{"two hosts", "GET /a HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", "400"},
		{"a broken escape", "GET /%zz HTTP/1.1\r\nHost: x\r\n\r\n", "400"},
		{"not HTTP", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", "400"},
		{"a tunnel", "CONNECT example.org:443 HTTP/1.1\r\nHost: example.org:443\r\nConnection: close\r\n\r\n", "400"},
		{"a proxy request", "GET http://elsewhere/a HTTP/1.1\r\nHost: elsewhere\r\nConnection: close\r\n\r\n", "200"},
	} {
		status, _ := send(t, base, test.raw)
		if !strings.HasPrefix(status, "HTTP/1.1 "+test.status) {
			t.Errorf("%s: status line %q, want %s", test.name, status, test.status)
		}
	}
}

// writeCertificate makes a self-signed certificate for 127.0.0.1.
func writeCertificate(t *testing.T, dir, name string) httpserver.TLS {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name},
		NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	files := httpserver.TLS{CertFile: filepath.Join(dir, "tls.crt"), KeyFile: filepath.Join(dir, "tls.key"), MinVersion: "1.3"}
	for file, block := range map[string]*pem.Block{files.CertFile: {Type: "CERTIFICATE", Bytes: cert}, files.KeyFile: {Type: "PRIVATE KEY", Bytes: der}} {
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return files
}

func TestTLS(t *testing.T) {
	dir := t.TempDir()
	files := writeCertificate(t, dir, "first")
	cfg := defaults()
	cfg.TLS = &files
	plain, s := start(t, cfg, httpserver.Deps{Routes: []contracts.Routes{routes{public("GET", "/a")}}})

	client := &http.Client{Transport: &http.Transport{ForceAttemptHTTP2: true, TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
	defer client.CloseIdleConnections()
	resp, err := client.Get("https://" + s.Addr().String() + "/a")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != 200 || resp.ProtoMajor != 2 {
		t.Errorf("got %s over %s, want 200 over HTTP/2", resp.Status, resp.Proto)
	}
	if name := resp.TLS.PeerCertificates[0].Subject.CommonName; name != "first" {
		t.Errorf("certificate of %q", name)
	}

	if conn, err := tls.Dial("tcp", s.Addr().String(), &tls.Config{InsecureSkipVerify: true, MaxVersion: tls.VersionTLS12}); err == nil {
		conn.Close()
		t.Error("TLS 1.2 was accepted although min_version is 1.3")
	}
	if got := do(t, plain, "GET", "/a", "", nil); got.StatusCode != 400 {
		t.Errorf("HTTP in clear on the TLS port: status %d, want 400", got.StatusCode)
	}

	// A key that does not belong to the certificate is refused.
	other := writeCertificate(t, t.TempDir(), "other")
	files.KeyFile = other.KeyFile
	cfg.TLS = &files
	if _, err := httpserver.New(cfg, httpserver.Deps{}, testkit.Host(t)); err == nil || !strings.Contains(err.Error(), other.KeyFile) {
		t.Errorf("error for a foreign key: %v", err)
	}
}
