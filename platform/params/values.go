package params

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Value is where a param's value goes, and of which type it is. The functions
// of this package are the only ones to make one; each sets the variable to the
// default at once.
type Value interface {
	// Type is the word that the composition uses, "duration"; for an enum it is
	// the words that it takes, "debug|info".
	Type() string
	// String is the present value, written as the flag would be, except that the
	// password of a URL is left out.
	String() string

	set(text, min, max string) error
}

// value is the one implementation of Value. compare is nil for types that have
// no bounds.
type value[T any] struct {
	p       *T
	kind    string
	parse   func(string) (T, error)
	format  func(T) string
	compare func(a, b T) int
}

func (v *value[T]) Type() string   { return v.kind }
func (v *value[T]) String() string { return v.format(*v.p) }

func (v *value[T]) set(text, min, max string) error {
	x, err := v.parse(text)
	if err != nil {
		return err
	}
	if err := v.bound(x, min, -1, "at least"); err != nil {
		return err
	}
	if err := v.bound(x, max, +1, "at most"); err != nil {
		return err
	}
	*v.p = x
	return nil
}

// bound refuses an x that is on the wrong side of a limit.
func (v *value[T]) bound(x T, limit string, wrong int, words string) error {
	if limit == "" || v.compare == nil {
		return nil
	}
	l, err := v.parse(limit)
	if err != nil {
		return fmt.Errorf("the bound of the param is wrong: %w", err)
	}
	if v.compare(x, l) == wrong {
		return fmt.Errorf("%s is out of bounds: must be %s %s", v.format(x), words, v.format(l))
	}
	return nil
}

func identity(s string) string { return s }

func newValue[T any](p *T, def T, v value[T]) Value {
	*p, v.p = def, p
	return &v
}

// String takes any text.
func String(p *string, def string) Value {
	return newValue(p, def, value[string]{
		kind: "string", format: identity,
		parse: func(s string) (string, error) { return s, nil },
	})
}

// Int takes a decimal integer.
func Int(p *int64, def int64) Value {
	return newValue(p, def, value[int64]{
		kind: "int", compare: cmp.Compare[int64],
		format: func(i int64) string { return strconv.FormatInt(i, 10) },
		parse: func(s string) (int64, error) {
			i, err := strconv.ParseInt(s, 10, 64)
			if err != nil {
				return 0, fmt.Errorf("%q is not a whole number", s)
			}
			return i, nil
		},
	})
}

// Bool takes true or false.
func Bool(p *bool, def bool) Value {
	return newValue(p, def, value[bool]{
		kind: "bool", format: strconv.FormatBool,
		parse: func(s string) (bool, error) {
			b, err := strconv.ParseBool(s)
			if err != nil {
				return false, fmt.Errorf("%q is neither true nor false", s)
			}
			return b, nil
		},
	})
}

// Duration takes a duration as time.ParseDuration reads it.
func Duration(p *time.Duration, def time.Duration) Value {
	return newValue(p, def, value[time.Duration]{
		kind: "duration", compare: cmp.Compare[time.Duration], format: time.Duration.String,
		parse: func(s string) (time.Duration, error) {
			d, err := time.ParseDuration(s)
			if err != nil {
				return 0, fmt.Errorf("%q is not a duration such as 15s, 5m or 1h30m", s)
			}
			return d, nil
		},
	})
}

// Size takes a number of bytes with its unit.
func Size(p *int64, def int64) Value {
	return newValue(p, def, value[int64]{
		kind: "size", compare: cmp.Compare[int64], format: formatSize, parse: parseSize,
	})
}

// units are the suffixes of sizes; those that end alike, the longer first.
var units = []struct {
	suffix string
	bytes  int64
}{
	{"TiB", 1 << 40}, {"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10},
	{"TB", 1e12}, {"GB", 1e9}, {"MB", 1e6}, {"KB", 1e3}, {"kB", 1e3}, {"B", 1},
}

func parseSize(s string) (int64, error) {
	for _, u := range units {
		number, ok := strings.CutSuffix(s, u.suffix)
		if !ok {
			continue
		}
		if strings.Trim(number, "0123456789.") != "" {
			break // ParseFloat would take 1e3, 0x1 and inf
		}
		f, err := strconv.ParseFloat(number, 64)
		if bytes := f * float64(u.bytes); err == nil && bytes < math.MaxInt64 {
			return int64(bytes), nil
		}
		break
	}
	return 0, fmt.Errorf("%q is not a size such as 512KiB, 256MiB or 1GB", s)
}

// formatSize uses the largest binary unit that needs no fraction.
func formatSize(n int64) string {
	for _, u := range units[:4] {
		if n != 0 && n%u.bytes == 0 {
			return strconv.FormatInt(n/u.bytes, 10) + u.suffix
		}
	}
	return strconv.FormatInt(n, 10) + "B"
}

// Address takes host:port. The host may be empty, and port 0 lets the system
// choose.
func Address(p *string, def string) Value {
	return newValue(p, def, value[string]{
		kind: "address", format: identity,
		parse: func(s string) (string, error) {
			host, port, err := net.SplitHostPort(s)
			if err == nil && !strings.ContainsAny(host, " /") {
				_, err = strconv.ParseUint(port, 10, 16)
			} else if err == nil {
				err = errors.New("bad host")
			}
			if err != nil {
				return "", fmt.Errorf("%q is not an address such as 127.0.0.1:8080", s)
			}
			return s, nil
		},
	})
}

// URL takes an absolute http or https URL. It may hold a password, so a wrong
// one is not repeated in the error.
func URL(p *string, def string) Value {
	return newValue(p, def, value[string]{
		kind: "url", format: redact,
		parse: func(s string) (string, error) {
			u, err := url.Parse(s)
			if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
				return "", errors.New("not an absolute URL such as http://127.0.0.1:9100/metrics")
			}
			return s, nil
		},
	})
}

func redact(s string) string {
	if u, err := url.Parse(s); err == nil && u.User != nil {
		return u.Redacted()
	}
	return s
}

// Enum takes one of the words.
func Enum(p *string, def string, words ...string) Value {
	return newValue(p, def, value[string]{
		kind: strings.Join(words, "|"), format: identity,
		parse: func(s string) (string, error) {
			if !slices.Contains(words, s) {
				return "", fmt.Errorf("%q is not one of %s", s, strings.Join(words, ", "))
			}
			return s, nil
		},
	})
}
