package jwt_test

import (
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/detectviz/detectviz/platform/contracts"
	"github.com/detectviz/detectviz/platform/testkit"
	"github.com/detectviz/detectviz/plugins/core/auth/jwt"
)

// TestOverTheNetwork goes the whole way once for each algorithm and each way to
// keep a password.
func TestOverTheNetwork(t *testing.T) {
	for _, alg := range []string{"HS256", "RS256", "EdDSA"} {
		t.Run(alg, func(t *testing.T) {
			cfg := algorithm(alg)
			cfg.Users = append(cfg.Users,
				jwt.User{Name: "bert", PasswordHash: bcryptHash(t, "bert's"), Roles: []string{"admin", "reader"}},
				jwt.User{Name: "cleo", Password: clear("cleo's")},
			)
			a := build(t, cfg)
			srv := httptest.NewServer(a.handler)
			defer srv.Close()
			post := func(path, body string) reply {
				resp, err := http.Post(srv.URL+path, "application/json; charset=utf-8", strings.NewReader(body))
				if err != nil {
					t.Fatal(err)
				}
				return understand(t, resp)
			}
			for _, user := range []struct {
				name, password string
				roles          []string
			}{{"anna", password, []string{"reader"}}, {"bert", "bert's", []string{"admin", "reader"}}, {"cleo", "cleo's", []string{}}} {
				got := post("/api/v1/auth/login", fmt.Sprintf(`{"username":%q,"password":%q}`, user.name, user.password))
				if got.status != 200 || got.TokenType != "Bearer" || got.ExpiresIn != 900 || got.header.Get("Cache-Control") != "no-store" {
					t.Fatalf("login of %s: %d %v %s", user.name, got.status, got.header, got.body)
				}
				if h := header(t, got.AccessToken); h.Alg != alg || h.Kid == "" || h.Typ != "JWT" {
					t.Errorf("token header %+v", h)
				}
				next := post("/api/v1/auth/refresh", fmt.Sprintf(`{"refresh_token":%q}`, got.RefreshToken))
				if next.status != 200 || next.AccessToken == got.AccessToken || next.RefreshToken == got.RefreshToken || next.RefreshToken == "" {
					t.Fatalf("refresh: %d %s", next.status, next.body)
				}
				for _, token := range []string{got.AccessToken, next.AccessToken} {
					req, _ := http.NewRequest("GET", srv.URL+"/api/v1/auth/me", nil)
					req.Header.Set("Authorization", "bearer "+token)
					resp, err := http.DefaultClient.Do(req)
					if err != nil {
						t.Fatal(err)
					}
					me := understand(t, resp)
					if me.status != 200 || me.Subject != user.name || !slices.Equal(me.Roles, user.roles) || math.Abs(time.Until(me.Expires).Minutes()-15) > 1 {
						t.Errorf("me: %d %s", me.status, me.body)
					}
				}
			}
			jwks := a.do(t, "GET", "/.well-known/jwks.json", "")
			if want := map[bool]int{true: 404, false: 200}[alg == "HS256"]; jwks.status != want {
				t.Errorf("jwks.json: %d, want %d", jwks.status, want)
			}
		})
	}
}

func TestLoginRefuses(t *testing.T) {
	a := build(t, config())
	for _, test := range []struct {
		name, body, contentType string
		status                  int
	}{
		{"wrong password", `{"username":"anna","password":"wrong"}`, "application/json", 401},
		{"unknown user", `{"username":"nobody","password":"wrong"}`, "application/json", 401},
		{"case matters", `{"username":"Anna","password":"` + password + `"}`, "application/json", 401},
		{"a password and more", `{"username":"anna","password":"` + password + ` "}`, "application/json", 401},
		{"no password", `{"username":"anna"}`, "application/json", 400},
		{"empty user", `{"username":"","password":"x"}`, "application/json", 400},
		{"a long name", `{"username":"` + strings.Repeat("a", 129) + `","password":"x"}`, "application/json", 400},
		{"a long password", `{"username":"anna","password":"` + strings.Repeat("a", 1025) + `"}`, "application/json", 400},
		{"no object", `["anna"]`, "application/json", 400},
		{"not JSON", `username=anna`, "application/json", 400},
		{"empty", ``, "application/json", 400},
		{"two objects", `{"username":"anna","password":"` + password + `"}{}`, "application/json", 400},
		{"an unknown field", `{"username":"anna","password":"` + password + `","admin":true}`, "application/json", 400},
		{"another type of value", `{"username":"anna","password":{"$ne":null}}`, "application/json", 400},
		{"a large body", `{"username":"anna","password":"` + strings.Repeat(" ", 9000) + `"}`, "application/json", 413},
		{"a form", `username=anna&password=x`, "application/x-www-form-urlencoded", 415},
		{"text, which a foreign page may send", `{"username":"anna","password":"` + password + `"}`, "text/plain", 415},
		{"no type", `{"username":"anna","password":"` + password + `"}`, "", 415},
	} {
		t.Run(test.name, func(t *testing.T) {
			req := httptest.NewRequest("POST", "/api/v1/auth/login", strings.NewReader(test.body))
			req.Header.Set("Content-Type", test.contentType)
			rec := httptest.NewRecorder()
			a.handler.ServeHTTP(rec, req)
			got := understand(t, rec.Result())
			if got.status != test.status || got.Title != http.StatusText(test.status) {
				t.Errorf("got %d %s, want %d", got.status, got.body, test.status)
			}
			if challenge := got.header.Get("WWW-Authenticate"); (challenge != "") != (test.status == 401) {
				t.Errorf("WWW-Authenticate %q on a %d", challenge, test.status)
			}
			if strings.Contains(got.body, "anna") || strings.Contains(got.body, password) {
				t.Errorf("the answer quotes the request: %s", got.body)
			}
		})
	}
}

func TestUsersCannotBeEnumerated(t *testing.T) {
	cfg := config()
	cfg.Users[0].PasswordHash = argonHash(password, 16<<10)
	a := build(t, cfg)
	// ask returns the answer and the shortest time of some.
	ask := func(user string) (reply, time.Duration) {
		best := time.Hour
		var got reply
		for i := range 4 {
			began := time.Now()
			got = a.login(t, user, "wrong", "remote", fmt.Sprintf("192.0.2.%d:1", i))
			best = min(best, time.Since(began))
		}
		return got, best
	}
	known, knownTime := ask("anna")
	unknown, unknownTime := ask("nobody")
	if known.status != 401 || unknown.status != 401 || known.body != unknown.body {
		t.Errorf("the answers differ: %d %s and %d %s", known.status, known.body, unknown.status, unknown.body)
	}
	if unknownTime < knownTime/3 || unknownTime > knownTime*3 {
		t.Errorf("a known user takes %s, an unknown one %s", knownTime, unknownTime)
	}
}

func TestNothingSecretIsLogged(t *testing.T) {
	a := build(t, config())
	got := a.mustLogin(t)
	a.login(t, "anna", "wrong-password")
	a.login(t, "typed-my-password-here", "x")
	a.refresh(t, got.RefreshToken)
	again := a.refresh(t, got.RefreshToken)
	a.me(t, got.AccessToken+"x")
	log := a.log.String()
	for _, part := range []string{"msg=login ", "login failed", "user=anna", "(unknown)", "used twice"} {
		if !strings.Contains(log, part) {
			t.Errorf("the log does not say %q:\n%s", part, log)
		}
	}
	for _, leak := range []string{password, "wrong-password", "typed-my", got.RefreshToken, got.AccessToken, secret, "$argon2id$"} {
		if strings.Contains(log, leak) || strings.Contains(again.body, leak) {
			t.Errorf("%q has leaked:\n%s%s", leak, log, again.body)
		}
	}
}

func TestGuessingSlowsDown(t *testing.T) {
	host := testkit.Host(t)
	synctest.Test(t, func(t *testing.T) {
		a := buildOn(t, config(), host)
		expect := func(step string, got reply, status int, retryAfter string) {
			t.Helper()
			if got.status != status || got.header.Get("Retry-After") != retryAfter {
				t.Errorf("%s: %d, Retry-After %q; want %d, %q", step, got.status, got.header.Get("Retry-After"), status, retryAfter)
			}
		}
		for i := range 5 {
			expect(fmt.Sprint("failure ", i), a.login(t, "anna", "wrong"), 401, "")
		}
		expect("the sixth, although right", a.login(t, "anna", password), 429, "1")
		expect("from another address", a.login(t, "anna", password, "remote", "198.51.100.7:1"), 200, "")
		expect("another user, who does not exist", a.login(t, "nobody", "x"), 401, "")
		for wait := time.Second; wait < time.Minute; wait *= 2 {
			time.Sleep(wait - time.Millisecond)
			expect("too early", a.login(t, "anna", "wrong"), 429, "1")
			time.Sleep(time.Millisecond)
			expect("in time", a.login(t, "anna", "wrong"), 401, "")
		}
		expect("never longer than a minute", a.login(t, "anna", "wrong"), 429, "60")
		time.Sleep(time.Minute)
		expect("the right password", a.login(t, "anna", password), 200, "")
		for range 5 {
			expect("a success forgives", a.login(t, "anna", "wrong"), 401, "")
		}
		time.Sleep(time.Hour)
		for range 5 {
			expect("so does time", a.login(t, "anna", "wrong"), 401, "")
		}
		expect("until then", a.login(t, "anna", "wrong"), 429, "1")

		// Names that do not exist are slowed down in the same way.
		for range 4 {
			a.login(t, "nobody", "x", "remote", "[2001:db8::1]:1")
		}
		expect("within one IPv6 network", a.login(t, "nobody", "x", "remote", "[2001:db8::2]:1"), 401, "")
		expect("within one IPv6 network", a.login(t, "nobody", "x", "remote", "[2001:db8::3]:1"), 429, "1")
	})
}

func TestManyGuessesAtOnce(t *testing.T) {
	a := build(t, config())
	var mu sync.Mutex
	got := map[int]int{}
	var wg sync.WaitGroup
	for range 30 {
		wg.Go(func() {
			status := a.login(t, "anna", "wrong").status
			mu.Lock()
			defer mu.Unlock()
			got[status]++
		})
	}
	wg.Wait()
	if got[401] != 5 || got[429] != 25 {
		t.Errorf("answers %v, want 5 × 401 and 25 × 429", got)
	}
	if n := a.count(t, "dvz_jwt_logins_total", "throttled"); n != 25 {
		t.Errorf("%v logins counted as throttled", n)
	}
}

// TestMemoryOfFailuresIsBounded fills the memory with other names until the
// first one is forgotten, which shows that there is an end to it.
func TestMemoryOfFailuresIsBounded(t *testing.T) {
	host := testkit.Host(t)
	cfg := config()
	cfg.Users[0] = jwt.User{Name: "anna", Password: clear(password)}
	a := buildOn(t, cfg, host)
	for range 5 {
		a.login(t, "anna", "wrong")
	}
	if got := a.login(t, "anna", "wrong"); got.status != 429 {
		t.Fatalf("status %d", got.status)
	}
	for i := range 4096 {
		a.login(t, fmt.Sprint("x", i), "wrong")
	}
	if got := a.login(t, "anna", password); got.status != 200 {
		t.Errorf("status %d: more than 4096 names are remembered", got.status)
	}
}

func TestHashingIsBounded(t *testing.T) {
	host := testkit.Host(t)
	read := host.ReadSecret
	synctest.Test(t, func(t *testing.T) {
		hold := make(chan struct{})
		close(hold)
		var mu sync.Mutex
		running, most := 0, 0
		host.ReadSecret = func(s contracts.Secret) ([]byte, error) {
			mu.Lock()
			running++
			most = max(most, running)
			wait := hold
			mu.Unlock()
			<-wait
			mu.Lock()
			running--
			mu.Unlock()
			return read(s)
		}
		cfg := config()
		cfg.Users[0] = jwt.User{Name: "anna", Password: clear(password)}
		a := buildOn(t, cfg, host)
		a.do(t, "GET", "/api/v1/auth/me", "") // the keys have been read and are not read again
		mu.Lock()
		hold = make(chan struct{})
		mu.Unlock()

		results := make(chan int, 4)
		for i := range 4 {
			go func() {
				results <- a.login(t, "anna", password, "remote", fmt.Sprintf("192.0.2.%d:1", i)).status
			}()
		}
		for range 2 { // these waited for 5 seconds of the fake clock
			if status := <-results; status != 503 {
				t.Errorf("status %d, want 503", status)
			}
		}
		close(hold)
		for range 2 {
			if status := <-results; status != 200 {
				t.Errorf("status %d, want 200", status)
			}
		}
		if most != 2 {
			t.Errorf("%d passwords were checked at once, want 2", most)
		}
	})
}

func TestMemoryIsGivenBack(t *testing.T) {
	held := func() uint64 {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapSys - m.HeapReleased
	}
	debug.FreeOSMemory()
	before := held()
	cfg := config()
	cfg.Users[0].PasswordHash = argonHash(password, 64<<10)
	a := build(t, cfg)
	a.mustLogin(t)
	if held() < before+48<<20 {
		t.Fatal("the hash took no memory, so that this test shows nothing")
	}
	for end := time.Now().Add(10 * time.Second); held() > before+16<<20; time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%d MiB more are held than before the login", (held()-before)>>20)
		}
	}
}

func TestPasswordFromFile(t *testing.T) {
	host := testkit.Host(t)
	path := filepath.Join(host.State, "admin.password")
	cfg := config()
	cfg.Users = []jwt.User{{Name: "admin", Password: contracts.Secret{File: path, Generate: 16}}}
	a := buildOn(t, cfg, host)
	generated, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got := a.login(t, "admin", strings.TrimSpace(string(generated))); got.status != 200 {
		t.Errorf("with the generated password: %d %s", got.status, got.body)
	}
	rewrite(t, path, "a new one\n")
	if got := a.login(t, "admin", "a new one"); got.status != 200 {
		t.Errorf("with the new password: %d %s", got.status, got.body)
	}
	if got := a.login(t, "admin", strings.TrimSpace(string(generated))); got.status != 401 {
		t.Errorf("with the old password: %d %s", got.status, got.body)
	}
	rewrite(t, path, "")
	if got := a.login(t, "admin", "x"); got.status != 500 || strings.Contains(got.body, path) {
		t.Errorf("with an empty file: %d %s", got.status, got.body)
	}
}
