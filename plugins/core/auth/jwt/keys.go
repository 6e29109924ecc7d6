package jwt

import (
	"bytes"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"log/slog"
	"math/big"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/detectviz/detectviz/platform/contracts"
)

const (
	// minSecret is the least size of an HS256 secret in bytes: that of the hash
	// (RFC 7518, section 3.2).
	minSecret = 32
	// minRSA is the least size of an RSA key in bits (RFC 7518, section 3.3).
	minRSA = 2048
	// keyAge is how long keys are used before their secrets are read again.
	keyAge = time.Minute
	// keyPause is the least time between two readings, however many tokens name
	// keys that are not known.
	keyPause = time.Second
)

// errKey marks a token that names no key of ours.
var errKey = errors.New("the token names no known key")

// key signs or verifies tokens with one algorithm, and no other.
type key struct {
	id      string
	method  jwt.SigningMethod
	private any // what signs; nil when only the public key is known
	public  any // what verifies
	jwk     *jwk
}

// jwk is a public key in the form of RFC 7517; Kty selects the other fields.
type jwk struct {
	Kty string `json:"kty"`
	Use string `json:"use"`
	Alg string `json:"alg"`
	Kid string `json:"kid"`
	N   string `json:"n,omitempty"`
	E   string `json:"e,omitempty"`
	Crv string `json:"crv,omitempty"`
	X   string `json:"x,omitempty"`
}

// keyring holds the keys that the secrets held when they were last read.
type keyring struct {
	algorithm string
	secrets   []contracts.Secret // the signing key's is the first
	read      func(contracts.Secret) ([]byte, error)
	log       *slog.Logger

	mu     sync.Mutex
	keys   []*key
	looked time.Time
	failed error
}

func newKeyring(cfg Config, host contracts.Host) (*keyring, error) {
	current, field, other, unused := cfg.Secret, "secret", "private_key", cfg.PrivateKey
	if cfg.Algorithm != jwt.SigningMethodHS256.Alg() {
		current, field, other, unused = cfg.PrivateKey, "private_key", "secret", cfg.Secret
	}
	if current.IsZero() {
		return nil, fmt.Errorf("algorithm %s needs %s; set it", cfg.Algorithm, field)
	}
	if !unused.IsZero() {
		return nil, fmt.Errorf("%s is not used with the algorithm %s; remove it", other, cfg.Algorithm)
	}
	r := &keyring{
		algorithm: cfg.Algorithm,
		secrets:   append([]contracts.Secret{current}, cfg.PreviousKeys...),
		read:      host.ReadSecret,
		log:       host.Log,
	}
	r.load()
	return r, r.failed
}

// load reads all secrets. When one cannot be used, the keys stay as they were.
func (r *keyring) load() {
	r.looked = time.Now()
	keys := make([]*key, len(r.secrets))
	for i, secret := range r.secrets {
		data, err := r.read(secret)
		if err == nil {
			if keys[i], err = parseKey(r.algorithm, data, i == 0); err != nil {
				err = fmt.Errorf("the key in %s %w", secret, err)
			}
		}
		if err != nil {
			if r.keys != nil {
				r.log.Warn("cannot read the keys again; using the old ones", "error", err)
			}
			r.failed = err
			return
		}
	}
	if r.keys != nil && r.keys[0].id != keys[0].id {
		r.log.Info("the signing key has changed", "old", r.keys[0].id, "new", keys[0].id)
	}
	r.keys, r.failed = keys, nil
}

// all returns the present keys, the signing one first.
func (r *keyring) all() []*key {
	r.mu.Lock()
	defer r.mu.Unlock()
	if time.Since(r.looked) >= keyAge {
		r.load()
	}
	return r.keys
}

func (r *keyring) signing() *key { return r.all()[0] }

// verifying implements jwt.Keyfunc. The parser has already refused algorithms
// other than the configured one; that the key has the same is checked again
// where it matters, because a key that verifies with two algorithms is how a
// public RSA key becomes somebody's HMAC secret.
func (r *keyring) verifying(token *jwt.Token) (any, error) {
	if _, critical := token.Header["crit"]; critical { // RFC 7515, section 4.1.11: not understood, so refused
		return nil, fmt.Errorf("%w: it has critical header fields", jwt.ErrTokenMalformed)
	}
	id, _ := token.Header["kid"].(string)
	k := find(r.all(), id)
	if k == nil {
		k = find(r.again(), id)
	}
	if k == nil || k.method.Alg() != token.Method.Alg() {
		return nil, errKey
	}
	return k.public, nil
}

// again reads the keys for a token that names an unknown one.
func (r *keyring) again() []*key {
	r.mu.Lock()
	defer r.mu.Unlock()
	if time.Since(r.looked) >= keyPause {
		r.load()
	}
	return r.keys
}

func find(keys []*key, id string) *key {
	for _, k := range keys {
		if k.id == id {
			return k
		}
	}
	return nil
}

func (r *keyring) health() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.failed
}

// parseKey understands the content of a secret. Errors continue a sentence that
// begins with the key and where it was found.
func parseKey(algorithm string, data []byte, mustSign bool) (*key, error) {
	if algorithm == jwt.SigningMethodHS256.Alg() {
		return parseSecret(data)
	}
	block, _ := pem.Decode(data)
	if block == nil {
		return nil, errors.New("is not in PEM; expected a block that begins with -----BEGIN PRIVATE KEY-----")
	}
	var parsed any
	var err error
	switch {
	case block.Type == "PRIVATE KEY":
		parsed, err = x509.ParsePKCS8PrivateKey(block.Bytes)
	case block.Type == "PUBLIC KEY" && !mustSign:
		parsed, err = x509.ParsePKIXPublicKey(block.Bytes)
	case block.Type == "PUBLIC KEY":
		return nil, errors.New("is a public key, which cannot sign; expected a PRIVATE KEY")
	default:
		return nil, fmt.Errorf("is a PEM block of the type %s; expected PRIVATE KEY (`openssl pkcs8 -topk8 -nocrypt` converts it)", block.Type)
	}
	if err != nil { // the parser's words may quote the key
		return nil, fmt.Errorf("is a damaged %s; write the file again", block.Type)
	}
	if algorithm == jwt.SigningMethodRS256.Alg() {
		return rsaKey(parsed)
	}
	return edKey(parsed)
}

func parseSecret(data []byte) (*key, error) {
	if bytes.HasPrefix(bytes.TrimSpace(data), []byte("-----BEGIN ")) {
		return nil, errors.New("is in PEM, which is no secret for HS256; set algorithm to RS256 or EdDSA, or use random bytes")
	}
	if len(data) < minSecret {
		return nil, fmt.Errorf("has %d bytes; HS256 needs at least %d random ones (`openssl rand -base64 32` prints some)", len(data), minSecret)
	}
	// Not the plain hash of a thumbprint (RFC 7638, section 7): the id goes out
	// with every token, and must not be easier to guess the secret from than the
	// signature is.
	mac := hmac.New(sha256.New, data)
	mac.Write([]byte("detectviz key id"))
	return &key{
		id:      encode(mac.Sum(nil)[:12]),
		method:  jwt.SigningMethodHS256,
		private: data,
		public:  data,
	}, nil
}

func rsaKey(parsed any) (*key, error) {
	k := &key{method: jwt.SigningMethodRS256}
	var public *rsa.PublicKey
	switch parsed := parsed.(type) {
	case *rsa.PrivateKey:
		k.private, public = parsed, &parsed.PublicKey
	case *rsa.PublicKey:
		public = parsed
	default:
		return nil, errors.New("is no RSA key, which RS256 needs; set algorithm to EdDSA if it is an Ed25519 key")
	}
	if bits := public.N.BitLen(); bits < minRSA {
		return nil, fmt.Errorf("is an RSA key of %d bits; expected at least %d", bits, minRSA)
	}
	n, e := encode(public.N.Bytes()), encode(big.NewInt(int64(public.E)).Bytes())
	k.public = public
	k.id = thumbprint(fmt.Sprintf(`{"e":%q,"kty":"RSA","n":%q}`, e, n))
	k.jwk = &jwk{Kty: "RSA", Use: "sig", Alg: k.method.Alg(), Kid: k.id, N: n, E: e}
	return k, nil
}

func edKey(parsed any) (*key, error) {
	k := &key{method: jwt.SigningMethodEdDSA}
	var public ed25519.PublicKey
	switch parsed := parsed.(type) {
	case ed25519.PrivateKey:
		k.private, public = parsed, ed25519.PublicKey(parsed[ed25519.SeedSize:])
	case ed25519.PublicKey:
		public = parsed
	default:
		return nil, errors.New("is no Ed25519 key, which EdDSA needs; set algorithm to RS256 if it is an RSA key")
	}
	x := encode(public)
	k.public = public
	k.id = thumbprint(fmt.Sprintf(`{"crv":"Ed25519","kty":"OKP","x":%q}`, x))
	k.jwk = &jwk{Kty: "OKP", Use: "sig", Alg: k.method.Alg(), Kid: k.id, Crv: "Ed25519", X: x}
	return k, nil
}

// thumbprint is that of RFC 7638, given the key's canonical JSON.
func thumbprint(canonical string) string {
	sum := sha256.Sum256([]byte(canonical))
	return encode(sum[:])
}

func encode(data []byte) string { return base64.RawURLEncoding.EncodeToString(data) }
