package jwt

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"slices"
	"sync"
	"time"
)

// maxSessions is how many logins one user can have at once; a further one ends
// the oldest. With the users known from the config, it bounds the memory.
const maxSessions = 32

// session is one login and the family of refresh tokens that follow from it.
// A token is the family's id and a secret; only the hash of the last token's
// secret is kept. Whoever shows the id with another secret shows a token that
// was used before: the id is as unguessable as the secret.
type session struct {
	id      sessionID
	user    string
	latest  [sha256.Size]byte
	expires time.Time
}

type (
	sessionID     [16]byte
	refreshSecret [32]byte
)

// refreshSize is the size of a token before its encoding.
const refreshSize = len(sessionID{}) + len(refreshSecret{})

// sessions holds the logins, in memory only.
type sessions struct {
	ttl time.Duration

	mu     sync.Mutex
	byID   map[sessionID]*session
	byUser map[string][]*session // the oldest first
}

func newSessions(ttl time.Duration) *sessions {
	return &sessions{ttl: ttl, byID: make(map[sessionID]*session), byUser: make(map[string][]*session)}
}

// open begins a session and returns its first refresh token.
func (s *sessions) open(user string, now time.Time) string {
	one := &session{user: user, expires: now.Add(s.ttl)}
	rand.Read(one.id[:])
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, old := range slices.Clone(s.byUser[user]) {
		if len(s.byUser[user]) >= maxSessions || !now.Before(old.expires) {
			s.end(old)
		}
	}
	s.byID[one.id] = one
	s.byUser[user] = append(s.byUser[user], one)
	return one.next()
}

// outcome says what became of a refresh token.
type outcome uint8

const (
	refused outcome = iota // unknown, damaged or expired
	reused                 // used before; the session was ended
	rotated
)

// rotate exchanges a refresh token for the next one of its session. User is
// known unless the token is refused.
func (s *sessions) rotate(token string, now time.Time) (next, user string, result outcome) {
	data, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil || len(data) != refreshSize {
		return "", "", refused
	}
	id := sessionID(data[:len(sessionID{})])
	digest := sha256.Sum256(data[len(sessionID{}):])
	s.mu.Lock()
	defer s.mu.Unlock()
	one := s.byID[id]
	if one == nil {
		return "", "", refused
	}
	if !now.Before(one.expires) {
		s.end(one)
		return "", "", refused
	}
	if subtle.ConstantTimeCompare(digest[:], one.latest[:]) != 1 {
		s.end(one)
		return "", one.user, reused
	}
	return one.next(), one.user, rotated
}

// next makes the session's next refresh token, which ends the validity of the
// one before.
func (one *session) next() string {
	var secret refreshSecret
	rand.Read(secret[:])
	one.latest = sha256.Sum256(secret[:])
	return base64.RawURLEncoding.EncodeToString(append(one.id[:], secret[:]...))
}

// end forgets a session. The caller holds the lock.
func (s *sessions) end(one *session) {
	delete(s.byID, one.id)
	s.byUser[one.user] = slices.DeleteFunc(s.byUser[one.user], func(other *session) bool { return other == one })
}
