package jwt_test

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/argon2"
	"golang.org/x/crypto/bcrypt"

	"github.com/detectviz/detectviz/platform/contracts"
	"github.com/detectviz/detectviz/platform/testkit"
	"github.com/detectviz/detectviz/platform/web"
	"github.com/detectviz/detectviz/plugins/core/auth/jwt"
)

const (
	secret   = "0123456789abcdef0123456789abcdef"
	password = "correct horse battery staple"
)

// argonHash hashes a password with little memory, m in KiB.
func argonHash(password string, m uint32) string {
	salt := []byte("a salt of length")
	hash := argon2.IDKey([]byte(password), salt, 1, m, 1, 32)
	return fmt.Sprintf("$argon2id$v=19$m=%d,t=1,p=1$%s$%s", m, base64.RawStdEncoding.EncodeToString(salt), base64.RawStdEncoding.EncodeToString(hash))
}

func bcryptHash(t *testing.T, password string) string {
	t.Helper()
	hash, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	return string(hash)
}

func clear(text string) contracts.Secret { return contracts.Secret{Clear: text} }

// config is for HS256 and one user, anna, a reader.
func config() jwt.Config {
	return jwt.Config{
		Algorithm:  "HS256",
		Secret:     clear(secret),
		TTL:        15 * time.Minute,
		RefreshTTL: 24 * time.Hour,
		Leeway:     10 * time.Second,
		Users:      []jwt.User{{Name: "anna", PasswordHash: argonHash(password, 64), Roles: []string{"reader"}}},
	}
}

// Keys are slow to make, so they are made once.
var (
	rsaKey = sync.OnceValue(func() *rsa.PrivateKey {
		key, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			panic(err)
		}
		return key
	})
	edKey = sync.OnceValue(newEdKey)
)

func newEdKey() ed25519.PrivateKey {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		panic(err)
	}
	return key
}

func privatePEM(key crypto.Signer) string {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		panic(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

func publicPEM(key crypto.Signer) string {
	der, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		panic(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
}

// algorithm returns config for another algorithm.
func algorithm(name string) jwt.Config {
	cfg := config()
	if cfg.Algorithm = name; name == "HS256" {
		return cfg
	}
	cfg.Secret = contracts.Secret{}
	cfg.PrivateKey = clear(privatePEM(map[string]crypto.Signer{"RS256": rsaKey(), "EdDSA": edKey()}[name]))
	return cfg
}

// syncBuffer is a log that many goroutines write to.
type syncBuffer struct {
	mu sync.Mutex
	bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.Buffer.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.Buffer.String()
}

// app is the plugin behind a server that does what core/server/http does.
type app struct {
	*jwt.JWT
	host    contracts.Host
	log     *syncBuffer
	handler http.Handler
}

func build(t *testing.T, cfg jwt.Config) *app {
	t.Helper()
	return buildOn(t, cfg, testkit.Host(t))
}

func buildOn(t *testing.T, cfg jwt.Config, host contracts.Host) *app {
	t.Helper()
	a := &app{host: host, log: new(syncBuffer)}
	a.host.Log = slog.New(slog.NewTextHandler(a.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	var err error
	if a.JWT, err = jwt.New(cfg, a.host); err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	for _, route := range a.Routes() {
		mux.HandleFunc(route.Method+" "+route.Path, func(w http.ResponseWriter, r *http.Request) {
			if route.Access != contracts.AccessPublic {
				id, err := a.Authenticate(r)
				if err != nil {
					w.Header().Set("WWW-Authenticate", a.Challenge())
					web.WriteProblem(w, http.StatusUnauthorized, "")
					return
				}
				r = r.WithContext(contracts.WithIdentity(r.Context(), id))
			}
			route.Handler.ServeHTTP(w, r)
		})
	}
	a.handler = mux
	return a
}

// reply is an answer of the app with the fields of all its JSON bodies.
type reply struct {
	status int
	header http.Header
	body   string

	AccessToken  string    `json:"access_token"`
	TokenType    string    `json:"token_type"`
	ExpiresIn    int64     `json:"expires_in"`
	RefreshToken string    `json:"refresh_token"`
	Subject      string    `json:"subject"`
	Roles        []string  `json:"roles"`
	Expires      time.Time `json:"expires"`
	Title        string    `json:"title"`
	Detail       string    `json:"detail"`
	Keys         []jwk     `json:"keys"`
}

type jwk struct{ Kty, Use, Alg, Kid, N, E, Crv, X string }

func (a *app) do(t *testing.T, method, path, body string, header ...string) reply {
	t.Helper()
	req := httptest.NewRequest(method, path, strings.NewReader(body))
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(header); i += 2 {
		if header[i] == "remote" {
			req.RemoteAddr = header[i+1]
			continue
		}
		req.Header.Add(header[i], header[i+1])
	}
	rec := httptest.NewRecorder()
	a.handler.ServeHTTP(rec, req)
	return understand(t, rec.Result())
}

func understand(t *testing.T, resp *http.Response) reply {
	t.Helper()
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	got := reply{status: resp.StatusCode, header: resp.Header, body: string(data)}
	if err := json.Unmarshal(data, &got); err != nil && strings.Contains(resp.Header.Get("Content-Type"), "json") {
		t.Fatalf("body %q: %v", data, err)
	}
	return got
}

func (a *app) login(t *testing.T, user, password string, header ...string) reply {
	t.Helper()
	body, err := json.Marshal(map[string]string{"username": user, "password": password})
	if err != nil {
		t.Fatal(err)
	}
	return a.do(t, "POST", "/api/v1/auth/login", string(body), header...)
}

func (a *app) refresh(t *testing.T, token string) reply {
	t.Helper()
	return a.do(t, "POST", "/api/v1/auth/refresh", fmt.Sprintf(`{"refresh_token":%q}`, token))
}

func (a *app) me(t *testing.T, token string) reply {
	t.Helper()
	return a.do(t, "GET", "/api/v1/auth/me", "", "Authorization", "Bearer "+token)
}

// mustLogin logs anna in.
func (a *app) mustLogin(t *testing.T) reply {
	t.Helper()
	got := a.login(t, "anna", password)
	if got.status != 200 || got.AccessToken == "" || got.RefreshToken == "" {
		t.Fatalf("login: %d %s", got.status, got.body)
	}
	return got
}

// header decodes the header of a token.
func header(t *testing.T, token string) (h struct{ Alg, Kid, Typ string }) {
	t.Helper()
	part, _, _ := strings.Cut(token, ".")
	data, err := base64.RawURLEncoding.DecodeString(part)
	if err == nil {
		err = json.Unmarshal(data, &h)
	}
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// keyFile is a secret in a file that can be rewritten.
func keyFile(t *testing.T, name, content string) contracts.Secret {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	rewrite(t, path, content)
	return contracts.Secret{File: path}
}

func rewrite(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// count reads a counter of the plugin.
func (a *app) count(t *testing.T, name, label string) float64 {
	t.Helper()
	families, err := a.host.Gatherer.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		if family.GetName() != name {
			continue
		}
		for _, metric := range family.GetMetric() {
			for _, pair := range metric.GetLabel() {
				if pair.GetName() != "instance" && pair.GetValue() == label {
					return metric.GetCounter().GetValue()
				}
			}
		}
	}
	t.Fatal(errors.New("no counter " + name + " for " + label))
	return 0
}
