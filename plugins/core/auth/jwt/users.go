package jwt

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"hash/maphash"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"golang.org/x/crypto/argon2"
	"golang.org/x/crypto/bcrypt"

	"github.com/detectviz/detectviz/platform/contracts"
)

const (
	// maxHashing is how many passwords are hashed at once: each argon2id hash
	// takes its memory for some tens of milliseconds.
	maxHashing = 2
	// hashingPatience is how long a login waits for its turn.
	hashingPatience = 5 * time.Second

	// quiet is how long after the last hash its memory is given back.
	quiet = time.Second

	maxArgonMemory = 256 << 10 // KiB
	maxArgonTime   = 64
	maxBcryptCost  = 16
)

// errBusy says that too many logins are being checked.
var errBusy = errors.New("too many logins at once")

// user is one who may log in.
type user struct {
	name  string
	roles []string
	check checker
}

// checker compares a password. An error means that it could not.
type checker func(password []byte) (bool, error)

// users checks passwords, and takes as long about users that do not exist.
type users struct {
	byName  map[string]*user
	all     []*user
	seed    maphash.Seed
	hashing chan struct{}
}

// newUsers reads who may log in. Without anybody, Routes has no login.
func newUsers(configured []User, read func(contracts.Secret) ([]byte, error)) (*users, error) {
	u := &users{byName: make(map[string]*user), seed: maphash.MakeSeed(), hashing: make(chan struct{}, maxHashing)}
	for _, c := range configured {
		check, err := newChecker(c, read)
		if err != nil {
			return nil, fmt.Errorf("user %s: %w", c.Name, err)
		}
		if u.byName[c.Name] != nil {
			return nil, fmt.Errorf("two users have the name %s; rename one", c.Name)
		}
		one := &user{name: c.Name, roles: c.Roles, check: check}
		u.byName[c.Name] = one
		u.all = append(u.all, one)
	}
	return u, nil
}

// verify returns the user if the password is right, and nil if it is wrong or
// there is no such user.
func (u *users) verify(ctx context.Context, name string, password []byte) (*user, error) {
	ctx, cancel := context.WithTimeout(ctx, hashingPatience)
	defer cancel()
	select {
	case u.hashing <- struct{}{}:
		defer func() { <-u.hashing }()
	case <-ctx.Done():
		return nil, errBusy
	}
	found := u.byName[name]
	checked := found
	if checked == nil {
		// An unknown name costs what one of the known users costs, and always
		// the same one, so that the time tells nothing.
		checked = u.all[maphash.String(u.seed, name)%uint64(len(u.all))]
	}
	right, err := checked.check(password)
	if err != nil {
		return nil, err
	}
	if !right {
		return nil, nil
	}
	return found, nil
}

func newChecker(c User, read func(contracts.Secret) ([]byte, error)) (checker, error) {
	switch hash := c.PasswordHash; {
	case hash == "" && c.Password.IsZero():
		return nil, errors.New("has neither password_hash nor password; give one")
	case hash != "" && !c.Password.IsZero():
		return nil, errors.New("has both password_hash and password; remove one")
	case hash == "":
		return secretChecker(c.Password, read)
	case strings.HasPrefix(hash, "$argon2id$"):
		return argon2Checker(hash)
	case strings.HasPrefix(hash, "$2"):
		return bcryptChecker(hash)
	}
	return nil, errors.New("password_hash must be a hash that begins with $argon2id$ or $2b$")
}

// secretChecker compares with a secret, which is read at each login so that it
// can be changed without a restart.
func secretChecker(secret contracts.Secret, read func(contracts.Secret) ([]byte, error)) (checker, error) {
	var salt [16]byte
	rand.Read(salt[:])
	digest := func(data []byte) [32]byte { return sha256.Sum256(append(salt[:], data...)) }
	get := func() ([]byte, error) {
		want, err := read(secret)
		if err == nil && len(want) == 0 {
			err = fmt.Errorf("the password in %s is empty", secret)
		}
		return want, err
	}
	if _, err := get(); err != nil {
		return nil, err
	}
	return func(password []byte) (bool, error) {
		want, err := get()
		if err != nil {
			return false, err
		}
		a, b := digest(password), digest(want) // of equal length, so that the time does not tell the password's
		return subtle.ConstantTimeCompare(a[:], b[:]) == 1, nil
	}, nil
}

func bcryptChecker(hash string) (checker, error) {
	cost, err := bcrypt.Cost([]byte(hash))
	if err != nil || len(hash) != 60 {
		return nil, errors.New("password_hash is a damaged bcrypt hash; expected 60 characters such as $2b$12$… (`htpasswd -nBC 12 name` prints one)")
	}
	if cost > maxBcryptCost {
		return nil, fmt.Errorf("password_hash has the bcrypt cost %d, which takes seconds to check; expected at most %d", cost, maxBcryptCost)
	}
	return func(password []byte) (bool, error) {
		return bcrypt.CompareHashAndPassword([]byte(hash), password) == nil, nil
	}, nil
}

// argon2Checker reads a hash in the PHC string format,
// $argon2id$v=19$m=19456,t=2,p=1$salt$hash with m in KiB.
func argon2Checker(text string) (checker, error) {
	damaged := errors.New("password_hash is a damaged argon2id hash; expected $argon2id$v=19$m=19456,t=2,p=1$salt$hash")
	parts := strings.Split(text, "$")
	if len(parts) != 6 || parts[2] != "v=19" {
		return nil, damaged
	}
	var numbers [3]uint32
	params := strings.Split(parts[3], ",")
	if len(params) != len(numbers) {
		return nil, damaged
	}
	for i, name := range []string{"m=", "t=", "p="} {
		digits, ok := strings.CutPrefix(params[i], name)
		n, err := strconv.ParseUint(digits, 10, 32)
		if !ok || err != nil || n == 0 {
			return nil, damaged
		}
		numbers[i] = uint32(n)
	}
	memory, passes, lanes := numbers[0], numbers[1], numbers[2]
	switch {
	case memory > maxArgonMemory:
		return nil, fmt.Errorf("password_hash takes %d MiB to check; expected m to be at most %d (%d MiB)", memory>>10, maxArgonMemory, maxArgonMemory>>10)
	case passes > maxArgonTime:
		return nil, fmt.Errorf("password_hash takes %d passes to check; expected t to be at most %d", passes, maxArgonTime)
	case lanes > 255 || memory < 8*lanes: // RFC 9106, section 3.1
		return nil, damaged
	}
	salt, err := base64.RawStdEncoding.DecodeString(parts[4])
	if err != nil || len(salt) < 8 {
		return nil, damaged
	}
	want, err := base64.RawStdEncoding.DecodeString(parts[5])
	if err != nil || len(want) < 16 || len(want) > 64 {
		return nil, damaged
	}
	// The memory of a hash would stay with the process for minutes.
	giveBack := time.AfterFunc(time.Hour, debug.FreeOSMemory)
	giveBack.Stop()
	return func(password []byte) (bool, error) {
		defer giveBack.Reset(quiet)
		got := argon2.IDKey(password, salt, passes, memory, uint8(lanes), uint32(len(want)))
		return subtle.ConstantTimeCompare(got, want) == 1, nil
	}, nil
}
