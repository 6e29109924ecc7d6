package jwt_test

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"math/big"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	gojwt "github.com/golang-jwt/jwt/v5"

	"github.com/detectviz/detectviz/platform/contracts"
	"github.com/detectviz/detectviz/platform/testkit"
)

// forge builds a token. Change edits its header and claims, which are valid
// before.
func forge(t *testing.T, method gojwt.SigningMethod, key any, kid string, change func(header, claims map[string]any)) string {
	t.Helper()
	now := time.Now()
	claims := gojwt.MapClaims{
		"iss": "test", "aud": "test", "sub": "anna", "roles": []string{"reader"},
		"iat": now.Unix(), "nbf": now.Unix(), "exp": now.Add(time.Minute).Unix(),
	}
	token := gojwt.NewWithClaims(method, claims)
	token.Header["kid"] = kid
	if change != nil {
		change(token.Header, claims)
	}
	signed, err := token.SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

// respell changes the bits of the last character that no byte is made of: a lax
// decoder reads the same bytes.
func respell(encoded string) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	last := len(encoded) - 1
	return encoded[:last] + string(alphabet[strings.IndexByte(alphabet, encoded[last])^1])
}

func TestForgedTokens(t *testing.T) {
	methods := map[string]gojwt.SigningMethod{"HS256": gojwt.SigningMethodHS256, "RS256": gojwt.SigningMethodRS256, "EdDSA": gojwt.SigningMethodEdDSA}
	keys := map[string]any{"HS256": []byte(secret), "RS256": rsaKey(), "EdDSA": edKey()}
	for _, alg := range []string{"HS256", "RS256", "EdDSA"} {
		a := build(t, algorithm(alg))
		kid := header(t, a.mustLogin(t).AccessToken).Kid
		good := func(change func(header, claims map[string]any)) string {
			return forge(t, methods[alg], keys[alg], kid, change)
		}
		claim := func(name string, value any) string {
			return good(func(_, claims map[string]any) {
				if claims[name] = value; value == nil {
					delete(claims, name)
				}
			})
		}
		head := func(name string, value any) string {
			return good(func(header, _ map[string]any) {
				if header[name] = value; value == nil {
					delete(header, name)
				}
			})
		}
		in := func(d time.Duration) int64 { return time.Now().Add(d).Unix() }
		parts := strings.Split(good(nil), ".")
		encode := func(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }
		none := forge(t, gojwt.SigningMethodNone, gojwt.UnsafeAllowNoneSignatureType, kid, nil)

		type forgery struct{ name, token, reason string }
		tests := []forgery{
			{"good, so that the others prove something", good(nil), ""},
			{"expired within the leeway", claim("exp", in(-5*time.Second)), ""},
			{"early within the leeway", claim("nbf", in(5*time.Second)), ""},
			{"one of several audiences", claim("aud", []string{"other", "test"}), ""},

			{"alg none", none, "signature"},
			{"alg none with a signature", none + parts[2], "signature"},
			{"alg None", encode(`{"alg":"None","kid":"`+kid+`"}`) + "." + parts[1] + ".", "malformed"},
			{"no alg", encode(`{"kid":"`+kid+`"}`) + "." + parts[1] + "." + parts[2], "malformed"},
			{"alg of another type", encode(`{"alg":["`+alg+`"],"kid":"`+kid+`"}`) + "." + parts[1] + "." + parts[2], "malformed"},
			{"HS256 with an empty secret", forge(t, gojwt.SigningMethodHS256, []byte{}, kid, nil), "signature"},
			{"HS512", forge(t, gojwt.SigningMethodHS512, []byte(secret), kid, nil), "signature"},
			{"another key with our id", forge(t, gojwt.SigningMethodHS256, []byte(strings.Repeat("x", 32)), kid, nil), "signature"},
			{"another Ed25519 key with our id", forge(t, gojwt.SigningMethodEdDSA, newEdKey(), kid, nil), "signature"},
			{"no signature", parts[0] + "." + parts[1] + ".", "signature"},
			{"other claims under our signature", parts[0] + "." + encode(`{"iss":"test","aud":"test","sub":"root","exp":9999999999}`) + "." + parts[2], "signature"},
			{"another spelling of our signature", parts[0] + "." + parts[1] + "." + respell(parts[2]), "malformed"},
			{"the signature cut short", parts[0] + "." + parts[1] + "." + parts[2][:len(parts[2])/4*4], "signature"},

			{"no kid", head("kid", nil), "key"},
			{"empty kid", head("kid", ""), "key"},
			{"kid as a path", head("kid", "../../../../dev/null"), "key"},
			{"kid as SQL", head("kid", "x' UNION SELECT 'secret"), "key"},
			{"kid as a command", head("kid", "|/bin/true"), "key"},
			{"kid of another type", head("kid", map[string]any{"a": 1}), "key"},
			{"critical header fields", head("crit", []string{"b64"}), "malformed"},
			{"a key of its own", forge(t, gojwt.SigningMethodEdDSA, newEdKey(), "mine", func(header, _ map[string]any) {
				header["jwk"] = map[string]string{"kty": "OKP", "crv": "Ed25519", "x": "AAAA"}
				header["jku"] = "http://127.0.0.1:1/jwks.json"
			}), map[string]string{"HS256": "signature", "RS256": "signature", "EdDSA": "key"}[alg]},

			{"expired", claim("exp", in(-time.Minute)), "expired"},
			{"expired long ago", claim("exp", 1), "expired"},
			{"without an end", claim("exp", nil), "claims"},
			{"with a text for its end", claim("exp", "never"), "malformed"},
			{"not yet valid", claim("nbf", in(time.Minute)), "claims"},
			{"issued in the future", claim("iat", in(time.Minute)), "claims"},
			{"another issuer", claim("iss", "elsewhere"), "claims"},
			{"no issuer", claim("iss", nil), "claims"},
			{"another audience", claim("aud", "elsewhere"), "claims"},
			{"no audience", claim("aud", nil), "claims"},
			{"no subject", claim("sub", nil), "claims"},
			{"an empty subject", claim("sub", ""), "claims"},
			{"roles of another type", claim("roles", map[string]bool{"admin": true}), "malformed"},

			{"empty", "", "malformed"},
			{"dots", "..", "malformed"},
			{"four parts", good(nil) + ".x", "malformed"},
			{"not base64", "!!!." + parts[1] + "." + parts[2], "malformed"},
			{"padded base64", parts[0] + "." + parts[1] + "." + parts[2] + "==", "malformed"},
			{"a header that is no object", encode(`"x"`) + "." + parts[1] + "." + parts[2], "malformed"},
			{"a null header", encode(`null`) + "." + parts[1] + "." + parts[2], "malformed"},
			{"two tokens", good(nil) + " " + good(nil), "malformed"},
			{"oversized", claim("padding", strings.Repeat("x", 16<<10)), "malformed"},
			{"a nested bomb", encode(strings.Repeat(`{"a":`, 2000)), "malformed"},
		}
		if alg == "RS256" {
			// The public key is public, so it must never count as an HMAC secret.
			public := publicPEM(rsaKey())
			block := bytes.TrimSpace([]byte(public))
			tests = append(tests,
				forgery{"the public key as an HS256 secret", forge(t, gojwt.SigningMethodHS256, []byte(public), kid, nil), "signature"},
				forgery{"the public key without its newline", forge(t, gojwt.SigningMethodHS256, block, kid, nil), "signature"},
				forgery{"the modulus as an HS256 secret", forge(t, gojwt.SigningMethodHS256, rsaKey().N.Bytes(), kid, nil), "signature"},
				forgery{"PS256 with the same key", forge(t, gojwt.SigningMethodPS256, rsaKey(), kid, nil), "signature"},
				forgery{"RS512 with the same key", forge(t, gojwt.SigningMethodRS512, rsaKey(), kid, nil), "signature"})
		}
		if alg == "EdDSA" {
			tests = append(tests, forgery{"the public key as an HS256 secret",
				forge(t, gojwt.SigningMethodHS256, []byte(edKey().Public().(ed25519.PublicKey)), kid, nil), "signature"})
		}
		for _, test := range tests {
			t.Run(alg+"/"+test.name, func(t *testing.T) {
				before := 0.0
				if test.reason != "" {
					before = a.count(t, "dvz_jwt_rejected_tokens_total", test.reason)
				}
				got := a.me(t, test.token)
				if want := map[bool]int{true: 200, false: 401}[test.reason == ""]; got.status != want {
					t.Fatalf("status %d, want %d", got.status, want)
				}
				if test.reason != "" && a.count(t, "dvz_jwt_rejected_tokens_total", test.reason) != before+1 {
					t.Errorf("not counted as %q", test.reason)
				}
			})
		}
	}
}

func TestAuthorizationHeader(t *testing.T) {
	a := build(t, config())
	token := a.mustLogin(t).AccessToken
	for _, test := range []struct {
		name   string
		header []string
		ok     bool
	}{
		{"bearer", []string{"Authorization", "Bearer " + token}, true},
		{"any case", []string{"Authorization", "bEARER " + token}, true},
		{"none", nil, false},
		{"another scheme", []string{"Authorization", "Basic " + token}, false},
		{"no scheme", []string{"Authorization", token}, false},
		{"two headers", []string{"Authorization", "Bearer " + token, "Authorization", "Bearer " + token}, false},
		{"two spaces", []string{"Authorization", "Bearer  " + token}, false},
		{"a cookie", []string{"Cookie", "access_token=" + token}, false},
	} {
		got := a.do(t, "GET", "/api/v1/auth/me", "", test.header...)
		if (got.status == 200) != test.ok {
			t.Errorf("%s: status %d", test.name, got.status)
		}
		if !test.ok && got.header.Get("WWW-Authenticate") != `Bearer realm="test"` {
			t.Errorf("%s: WWW-Authenticate %q", test.name, got.header.Get("WWW-Authenticate"))
		}
	}
	_, err := a.Authenticate(httptest.NewRequest("GET", "/?access_token="+token, nil))
	if !errors.Is(err, contracts.ErrUnauthenticated) {
		t.Errorf("a token in the query: %v", err)
	}
	if strings.Contains(err.Error(), token) {
		t.Error("the error quotes the token")
	}
}

func TestIssuerAndAudience(t *testing.T) {
	cfg := config()
	cfg.Issuer, cfg.Audience = "https://id.example.org", "metrics"
	a := build(t, cfg)
	token := a.mustLogin(t).AccessToken
	if got := a.me(t, token); got.status != 200 {
		t.Errorf("own token: %d", got.status)
	}
	if got := build(t, config()).me(t, token); got.status != 401 {
		t.Errorf("the token of another composition with the same key: %d", got.status)
	}
	var claims gojwt.MapClaims
	if _, _, err := gojwt.NewParser().ParseUnverified(token, &claims); err != nil {
		t.Fatal(err)
	}
	if claims["iss"] != "https://id.example.org" || claims["sub"] != "anna" || claims["jti"] == "" {
		t.Errorf("claims %v", claims)
	}
}

func TestTokensExpire(t *testing.T) {
	host := testkit.Host(t)
	synctest.Test(t, func(t *testing.T) {
		a := buildOn(t, config(), host)
		token := a.mustLogin(t).AccessToken
		time.Sleep(15*time.Minute + 9*time.Second)
		if got := a.me(t, token); got.status != 200 {
			t.Errorf("before its end: %d", got.status)
		}
		time.Sleep(2 * time.Second)
		if got := a.me(t, token); got.status != 401 {
			t.Errorf("after its end: %d", got.status)
		}
	})
}

func TestRefreshTokens(t *testing.T) {
	host := testkit.Host(t)
	synctest.Test(t, func(t *testing.T) {
		a := buildOn(t, config(), host)
		expect := func(what string, got reply, status int) {
			t.Helper()
			if got.status != status {
				t.Errorf("%s: %d %s, want %d", what, got.status, got.body, status)
			}
		}
		first, other := a.mustLogin(t), a.mustLogin(t)
		second := a.refresh(t, first.RefreshToken)
		third := a.refresh(t, second.RefreshToken)
		expect("the third of a chain", third, 200)
		expect("a token used before", a.refresh(t, first.RefreshToken), 401)
		expect("the latest of that chain, after the misuse", a.refresh(t, third.RefreshToken), 401)
		expect("the other login", a.refresh(t, other.RefreshToken), 200)
		if n := a.count(t, "dvz_jwt_refreshes_total", "reuse"); n != 1 {
			t.Errorf("%v counted as reuse, want 1", n)
		}

		for name, token := range map[string]string{
			"empty": "", "garbage": "xyz", "not base64": strings.Repeat("!", 64),
			"random": strings.Repeat("A", 64), "an access token": first.AccessToken, "long": strings.Repeat("A", 5000),
		} {
			expect(name, a.refresh(t, token), 401)
		}
		expect("a refresh token as an access token", a.me(t, a.mustLogin(t).RefreshToken), 401)

		// Renewing does not put off the end of the login.
		login := a.mustLogin(t)
		time.Sleep(23 * time.Hour)
		login = a.refresh(t, login.RefreshToken)
		expect("within a day", login, 200)
		time.Sleep(time.Hour)
		expect("after a day", a.refresh(t, login.RefreshToken), 401)

		// The number of logins of a user is bounded.
		oldest := a.mustLogin(t)
		newer := a.mustLogin(t)
		for range 31 {
			a.mustLogin(t)
		}
		expect("the oldest of 33 logins", a.refresh(t, oldest.RefreshToken), 401)
		expect("the second of 33 logins", a.refresh(t, newer.RefreshToken), 200)
	})
}

func TestKeyRotation(t *testing.T) {
	for _, test := range []struct {
		alg      string
		old, new string
	}{
		{"HS256", secret, strings.Repeat("new!", 8)},
		{"EdDSA", privatePEM(edKey()), privatePEM(newEdKey())},
	} {
		t.Run(test.alg, func(t *testing.T) {
			host := testkit.Host(t)
			current, previous := keyFile(t, "key", test.old), keyFile(t, "previous", test.old)
			synctest.Test(t, func(t *testing.T) {
				cfg := algorithm(test.alg)
				cfg.PreviousKeys = []contracts.Secret{previous}
				if test.alg == "HS256" {
					cfg.Secret = current
				} else {
					cfg.PrivateKey = current
				}
				a := buildOn(t, cfg, host)
				expect := func(what, token string, status int) {
					t.Helper()
					if got := a.me(t, token); got.status != status {
						t.Errorf("%s: %d, want %d", what, got.status, status)
					}
				}
				before := a.mustLogin(t).AccessToken
				rewrite(t, current.File, test.new)
				time.Sleep(time.Minute)
				after := a.mustLogin(t).AccessToken
				if header(t, before).Kid == header(t, after).Kid {
					t.Fatal("the new key is not used")
				}
				expect("a token of the old key", before, 200)
				expect("a token of the new key", after, 200)

				// A damaged file changes nothing but the health.
				rewrite(t, current.File, "short")
				time.Sleep(time.Minute)
				expect("with a damaged file", after, 200)
				if err := a.Health(t.Context()); err == nil || strings.Contains(err.Error(), "short") && test.alg == "EdDSA" {
					t.Errorf("health with a damaged file: %v", err)
				}
				rewrite(t, current.File, test.new)
				time.Sleep(time.Minute)
				expect("with a mended file", after, 200)
				if err := a.Health(t.Context()); err != nil {
					t.Error(err)
				}

				// What no secret holds any more is refused.
				rewrite(t, previous.File, test.new)
				time.Sleep(time.Minute)
				expect("a token of a key that is gone", before, 401)
			})
		})
	}
}

// TestUnknownKeyIsLookedFor has two binaries share a key file: a token that one
// signs with the new key is accepted by the other at once.
func TestUnknownKeyIsLookedFor(t *testing.T) {
	host, otherHost := testkit.Host(t), testkit.Host(t)
	shared := keyFile(t, "key", secret)
	synctest.Test(t, func(t *testing.T) {
		cfg := config()
		cfg.Secret = shared
		reads := 0
		read := host.ReadSecret
		host.ReadSecret = func(s contracts.Secret) ([]byte, error) { reads++; return read(s) }
		a := buildOn(t, cfg, host)
		time.Sleep(2 * time.Second)
		rewrite(t, shared.File, strings.Repeat("new!", 8))
		token := buildOn(t, cfg, otherHost).mustLogin(t).AccessToken
		if got := a.me(t, token); got.status != 200 {
			t.Errorf("status %d", got.status)
		}
		reads = 0
		for range 1000 {
			a.me(t, forge(t, gojwt.SigningMethodHS256, []byte(secret), "unknown", nil))
		}
		if reads > 1 {
			t.Errorf("a thousand unknown keys in one second made %d reads", reads)
		}
	})
}

func TestPreviousPublicKey(t *testing.T) {
	old := build(t, algorithm("EdDSA"))
	token := old.mustLogin(t).AccessToken
	cfg := algorithm("EdDSA")
	cfg.PrivateKey = clear(privatePEM(newEdKey()))
	cfg.PreviousKeys = []contracts.Secret{clear(publicPEM(edKey()))}
	a := build(t, cfg)
	if got := a.me(t, token); got.status != 200 {
		t.Errorf("a token of the previous key: %d", got.status)
	}
	if got := a.mustLogin(t).AccessToken; header(t, got).Kid == header(t, token).Kid {
		t.Error("the previous key still signs")
	}
}

// TestJWKS verifies tokens as another service would: with nothing but the
// published keys.
func TestJWKS(t *testing.T) {
	for _, alg := range []string{"RS256", "EdDSA"} {
		cfg := algorithm(alg)
		cfg.PreviousKeys = []contracts.Secret{cfg.PrivateKey}
		if alg == "EdDSA" {
			cfg.PreviousKeys = []contracts.Secret{clear(publicPEM(newEdKey()))}
		}
		a := build(t, cfg)
		token := a.mustLogin(t).AccessToken
		set := a.do(t, "GET", "/.well-known/jwks.json", "")
		if len(set.Keys) != 2 || strings.Contains(set.body, `"d"`) {
			t.Fatalf("%s: %s", alg, set.body)
		}
		k := set.Keys[0]
		if k.Kid != header(t, token).Kid || k.Alg != alg || k.Use != "sig" {
			t.Errorf("%s: key %+v does not fit the token %+v", alg, k, header(t, token))
		}
		decode := func(text string) []byte {
			data, err := base64.RawURLEncoding.DecodeString(text)
			if err != nil {
				t.Fatal(err)
			}
			return data
		}
		var public crypto.PublicKey
		if alg == "RS256" {
			key := rsaKey().PublicKey
			key.N, key.E = new(big.Int).SetBytes(decode(k.N)), int(new(big.Int).SetBytes(decode(k.E)).Int64())
			public = &key
		} else {
			public = ed25519.PublicKey(decode(k.X))
		}
		if _, err := gojwt.Parse(token, func(*gojwt.Token) (any, error) { return public, nil }, gojwt.WithValidMethods([]string{alg})); err != nil {
			t.Errorf("%s: %v", alg, err)
		}
	}
}

// TestWithoutUsers verifies tokens of another service that has the same key.
func TestWithoutUsers(t *testing.T) {
	cfg := config()
	cfg.Issuer, cfg.Audience = "accounts", "metrics"
	token := build(t, cfg).mustLogin(t).AccessToken
	cfg.Users = nil
	a := build(t, cfg)
	if got := a.me(t, token); got.status != 200 || got.Subject != "anna" {
		t.Errorf("a token of the other service: %d %s", got.status, got.body)
	}
	if got := a.me(t, token+"x"); got.status != 401 {
		t.Errorf("a damaged token: %d", got.status)
	}
	if got := a.login(t, "anna", password); got.status != 404 {
		t.Errorf("login: %d %s", got.status, got.body)
	}
	if got := a.refresh(t, "x"); got.status != 404 {
		t.Errorf("refresh: %d %s", got.status, got.body)
	}
}
