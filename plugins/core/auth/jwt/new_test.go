package jwt_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"strings"
	"testing"
	"time"

	"github.com/detectviz/detectviz/platform/contracts"
	"github.com/detectviz/detectviz/platform/testkit"
	"github.com/detectviz/detectviz/plugins/core/auth/jwt"
)

func TestNewRefuses(t *testing.T) {
	t.Setenv("GODEBUG", "rsa1024min=0") // so that a weak key can be made
	weak, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	curve, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	hash := func(text string) func(*jwt.Config) {
		return func(c *jwt.Config) { c.Users[0].PasswordHash = text }
	}
	const salt, sum = "YSBzYWx0IG9mIGxlbmd0aA", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
	for _, test := range []struct {
		name   string
		alg    string
		change func(*jwt.Config)
		want   []string
	}{
		{"no secret", "HS256", func(c *jwt.Config) { c.Secret = contracts.Secret{} }, []string{"HS256 needs secret"}},
		{"a secret of 31 bytes", "HS256", func(c *jwt.Config) { c.Secret = clear(secret[:31]) }, []string{"31 bytes", "at least 32"}},
		{"a missing file", "HS256", func(c *jwt.Config) { c.Secret = contracts.Secret{File: "/nowhere/jwt.key"} }, []string{"/nowhere/jwt.key"}},
		{"a PEM key as a secret", "HS256", func(c *jwt.Config) { c.Secret = clear(publicPEM(rsaKey())) }, []string{"PEM", "set algorithm"}},
		{"a key that is not used", "HS256", func(c *jwt.Config) { c.PrivateKey = clear("x") }, []string{"private_key is not used"}},
		{"a short previous secret", "HS256", func(c *jwt.Config) { c.PreviousKeys = []contracts.Secret{clear("short")} }, []string{"5 bytes"}},

		{"no private key", "RS256", func(c *jwt.Config) { c.PrivateKey = contracts.Secret{} }, []string{"RS256 needs private_key"}},
		{"a secret that is not used", "RS256", func(c *jwt.Config) { c.Secret = clear(secret) }, []string{"secret is not used"}},
		{"no PEM", "RS256", func(c *jwt.Config) { c.PrivateKey = clear(secret) }, []string{"not in PEM"}},
		{"a public key", "RS256", func(c *jwt.Config) { c.PrivateKey = clear(publicPEM(rsaKey())) }, []string{"cannot sign"}},
		{"an Ed25519 key for RS256", "RS256", func(c *jwt.Config) { c.PrivateKey = clear(privatePEM(edKey())) }, []string{"no RSA key", "EdDSA"}},
		{"an RSA key for EdDSA", "EdDSA", func(c *jwt.Config) { c.PrivateKey = clear(privatePEM(rsaKey())) }, []string{"no Ed25519 key", "RS256"}},
		{"an ECDSA key", "EdDSA", func(c *jwt.Config) { c.PrivateKey = clear(privatePEM(curve)) }, []string{"no Ed25519 key"}},
		{"a weak RSA key", "RS256", func(c *jwt.Config) { c.PrivateKey = clear(privatePEM(weak)) }, []string{"1024 bits", "2048"}},
		{"another PEM type", "RS256", func(c *jwt.Config) {
			c.PrivateKey = clear(strings.ReplaceAll(privatePEM(rsaKey()), "PRIVATE KEY", "RSA PRIVATE KEY"))
		}, []string{"RSA PRIVATE KEY", "openssl pkcs8"}},
		{"a damaged key", "EdDSA", func(c *jwt.Config) {
			c.PrivateKey = clear("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")
		}, []string{"damaged"}},

		{"one name twice", "HS256", func(c *jwt.Config) { c.Users = append(c.Users, c.Users[0]) }, []string{"two users", "anna"}},
		{"no password", "HS256", hash(""), []string{"anna", "neither"}},
		{"two passwords", "HS256", func(c *jwt.Config) { c.Users[0].Password = clear("x") }, []string{"anna", "both"}},
		{"an empty password", "HS256", func(c *jwt.Config) {
			c.Users[0] = jwt.User{Name: "anna", Password: contracts.Secret{File: "/dev/null"}}
		}, []string{"anna", "empty"}},
		{"a password in clear as its hash", "HS256", hash("hunter2"), []string{"$argon2id$"}},
		{"argon2i", "HS256", hash("$argon2i$v=19$m=64,t=1,p=1$" + salt + "$" + sum), []string{"$argon2id$"}},
		{"an old argon2", "HS256", hash("$argon2id$v=16$m=64,t=1,p=1$" + salt + "$" + sum), []string{"damaged"}},
		{"no parameters", "HS256", hash("$argon2id$v=19$" + salt + "$" + sum), []string{"damaged"}},
		{"no passes", "HS256", hash("$argon2id$v=19$m=64,t=0,p=1$" + salt + "$" + sum), []string{"damaged"}},
		{"no lanes", "HS256", hash("$argon2id$v=19$m=64,t=1,p=0$" + salt + "$" + sum), []string{"damaged"}},
		{"too many lanes", "HS256", hash("$argon2id$v=19$m=9999,t=1,p=256$" + salt + "$" + sum), []string{"damaged"}},
		{"a negative number", "HS256", hash("$argon2id$v=19$m=-64,t=1,p=1$" + salt + "$" + sum), []string{"damaged"}},
		{"too little memory for its lanes", "HS256", hash("$argon2id$v=19$m=7,t=1,p=1$" + salt + "$" + sum), []string{"damaged"}},
		{"a memory bomb", "HS256", hash("$argon2id$v=19$m=4194304,t=1,p=1$" + salt + "$" + sum), []string{"4096 MiB", "256 MiB"}},
		{"a time bomb", "HS256", hash("$argon2id$v=19$m=64,t=100000,p=1$" + salt + "$" + sum), []string{"100000 passes"}},
		{"an empty hash", "HS256", hash("$argon2id$v=19$m=64,t=1,p=1$" + salt + "$"), []string{"damaged"}},
		{"a bcrypt time bomb", "HS256", hash("$2b$31$" + strings.Repeat("a", 53)), []string{"cost 31"}},
		{"a short bcrypt hash", "HS256", hash("$2b$12$abc"), []string{"damaged bcrypt"}},

		{"no life", "HS256", func(c *jwt.Config) { c.TTL = 0 }, []string{"ttl is 0s"}},
		{"no refreshing", "HS256", func(c *jwt.Config) { c.RefreshTTL = 0 }, []string{"refresh_ttl is 0s"}},
		{"a long leeway", "HS256", func(c *jwt.Config) { c.Leeway = time.Hour }, []string{"leeway is 1h0m0s"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			cfg := algorithm(test.alg)
			test.change(&cfg)
			_, err := jwt.New(cfg, testkit.Host(t))
			if err == nil {
				t.Fatal("no error")
			}
			for _, part := range test.want {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("error %q does not say %q", err, part)
				}
			}
			for _, leak := range []string{secret[:20], "hunter2", sum} {
				if strings.Contains(err.Error(), leak) {
					t.Errorf("error %q tells a secret", err)
				}
			}
		})
	}
}

// TestForeignHashes logs in with hashes that other programs made.
func TestForeignHashes(t *testing.T) {
	for _, test := range []struct{ name, hash, password string }{
		// The reference implementation's test vector (phc-winner-argon2, src/test.c).
		{"argon2", "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc", "password"},
		// Openwall's crypt_blowfish test vector.
		{"crypt_blowfish", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", "U*U"},
		{"htpasswd's variant", "$2y$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", "U*U"},
	} {
		cfg := config()
		cfg.Users[0].PasswordHash = test.hash
		a := build(t, cfg)
		if got := a.login(t, "anna", test.password); got.status != 200 {
			t.Errorf("%s: %d %s", test.name, got.status, got.body)
		}
		if got := a.login(t, "anna", test.password+"x"); got.status != 401 {
			t.Errorf("%s with a wrong password: %d", test.name, got.status)
		}
	}
}

func FuzzPasswordHash(f *testing.F) {
	f.Add("$argon2id$v=19$m=64,t=1,p=1$YSBzYWx0IG9mIGxlbmd0aA$AAAAAAAAAAAAAAAAAAAAAA")
	f.Add("$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW")
	host := testkit.Host(f)
	f.Fuzz(func(t *testing.T, hash string) {
		cfg := config()
		cfg.Users = []jwt.User{{Name: "anna", PasswordHash: hash}}
		fresh := testkit.Host(t)
		fresh.Log = host.Log
		_, err := jwt.New(cfg, fresh)
		if err == nil || len(hash) < 10 {
			return
		}
		said := strings.ReplaceAll(err.Error(), "$argon2id$v=19$m=19456,t=2,p=1$salt$hash", "") // the example that errors show
		if strings.Contains(said, hash) {
			t.Errorf("the error quotes the hash: %v", err)
		}
	})
}
