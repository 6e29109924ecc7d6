package plan

import (
	"go/token"
	"strconv"
	"strings"
	"unicode"
)

// names hands out Go identifiers for the generated function, each once.
type names map[string]bool

// newNames reserves what the generated main.go uses itself.
func newNames() names {
	n := names{}
	for _, word := range []string{
		"p", "err", "params", "plan", "main", "secrets", "assemble", "platform", "contracts", "delivery", "time",
		"nil", "true", "false", "string", "int", "int64", "float64", "bool", "byte", "error", "any", "len", "cap", "new", "make",
	} {
		n[word] = true
	}
	return n
}

// local returns an unused lower-case identifier for a name such as
// "core-auth-jwt" (coreAuthJwt); when that is taken, suffix and then a number
// are added.
func (n names) local(name, suffix string) string {
	base := camel(name, false)
	for i := 1; ; i++ {
		id := base
		switch {
		case i == 2:
			id += suffix
		case i > 2:
			id += suffix + strconv.Itoa(i-1)
		}
		if !n[id] && !token.IsKeyword(id) {
			n[id] = true
			return id
		}
	}
}

// exported returns the exported Go identifier of a key such as "read_timeout"
// (ReadTimeout).
func exported(key string) string { return camel(key, true) }

func camel(name string, upper bool) string {
	var b strings.Builder
	for _, r := range name {
		switch {
		case !unicode.IsLetter(r) && !unicode.IsDigit(r):
			upper = b.Len() > 0 || upper
		case upper:
			b.WriteRune(unicode.ToUpper(r))
			upper = false
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}
