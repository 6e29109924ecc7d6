package jwt

import (
	"net/http"
	"net/netip"
	"sync"
	"time"
)

const (
	// freeAttempts may fail before the next ones have to wait.
	freeAttempts = 5
	// maxWait is the longest wait between two attempts. It is short, because
	// whoever shares the user's address can make them wait.
	maxWait = time.Minute
	// attemptMemory is how long failures are remembered.
	attemptMemory = 15 * time.Minute
	// maxAttempts is how many pairs of user and address are remembered.
	maxAttempts = 4096
)

// attempts slows down the guessing of passwords: failures of one user from one
// address make the next attempt wait, each time twice as long.
type attempts struct {
	mu      sync.Mutex
	entries map[attemptKey]*attempt
}

type attemptKey struct {
	user   string
	remote netip.Prefix
}

type attempt struct {
	failures int
	last     time.Time
	until    time.Time // no attempt before
}

func newAttempts() *attempts { return &attempts{entries: make(map[attemptKey]*attempt)} }

// begin asks for leave to try. A granted attempt counts as failed until succeed
// or cancel is called, so that many at once gain nothing.
func (a *attempts) begin(key attemptKey, now time.Time) (wait time.Duration, granted bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	e := a.entries[key]
	if e == nil {
		a.makeRoom(now)
		e = new(attempt)
		a.entries[key] = e
	}
	if now.Before(e.until) {
		return e.until.Sub(now), false
	}
	if now.Sub(e.last) > attemptMemory {
		e.failures = 0
	}
	e.failures++
	e.last = now
	if over := e.failures - freeAttempts; over >= 0 {
		e.until = now.Add(min(time.Second<<min(over, 10), maxWait))
	}
	return 0, true
}

// succeed forgets the failures that came before a success.
func (a *attempts) succeed(key attemptKey) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.entries, key)
}

// cancel takes back an attempt that was not checked.
func (a *attempts) cancel(key attemptKey) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if e := a.entries[key]; e != nil {
		e.failures = max(0, e.failures-1)
		e.until = time.Time{}
	}
}

// makeRoom forgets what is old, or else the oldest.
func (a *attempts) makeRoom(now time.Time) {
	if len(a.entries) < maxAttempts {
		return
	}
	var oldest attemptKey
	first := now.Add(time.Hour)
	for key, e := range a.entries {
		if now.Sub(e.last) > attemptMemory {
			delete(a.entries, key)
		} else if e.last.Before(first) {
			oldest, first = key, e.last
		}
	}
	if len(a.entries) >= maxAttempts {
		delete(a.entries, oldest)
	}
}

// remote is the network of the client: its IPv4 address, or the /64 that an
// IPv6 client may choose its addresses from.
func remote(r *http.Request) netip.Prefix {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Prefix{} // a listener without addresses: one client for all
	}
	addr := peer.Addr().Unmap()
	bits := 32
	if addr.Is6() {
		bits = 64
	}
	prefix, _ := addr.Prefix(bits) // cannot fail: the address is valid and has the bits
	return prefix
}
