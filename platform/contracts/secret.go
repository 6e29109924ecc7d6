package contracts

import (
	"fmt"
	"log/slog"
)

// Secret says where a secret is found. It does not hold the secret, so it may
// be printed, except in a development composition that wrote the secret in
// clear; fmt, slog and the encoders redact that, unless the Secret stands in an
// unexported field, whose methods fmt does not call. Exactly one field of Env,
// File, Credential and Clear is set.
type Secret struct {
	Env        string // name of an environment variable
	File       string // path of a file; one trailing newline is not part of the secret
	Credential string // name of a systemd credential (LoadCredential=)
	Clear      string // the secret itself; development compositions only
	// Generate, with File, is the number of random bytes (base64 encoded) that
	// are written to the file, mode 0600, when it does not exist. 0: the file
	// must exist.
	Generate int
}

// String says where the secret is, for example "environment variable
// JWT_SECRET". It never contains the secret.
func (s Secret) String() string {
	switch {
	case s.Env != "":
		return "environment variable " + s.Env
	case s.File != "":
		return "file " + s.File
	case s.Credential != "":
		return "systemd credential " + s.Credential
	case s.Clear != "":
		return "clear text in the composition"
	}
	return "nothing"
}

// IsZero reports whether no place is given.
func (s Secret) IsZero() bool { return s == Secret{} }

// Format implements fmt.Formatter: String alone would leave %#v, and a verb that
// does not fit, to print the fields.
func (s Secret) Format(f fmt.State, verb rune) {
	if verb == 'v' && f.Flag('#') {
		fmt.Fprintf(f, "contracts.Secret{%s}", s.String())
		return
	}
	fmt.Fprintf(f, fmt.FormatString(f, verb), s.String())
}

// LogValue implements slog.LogValuer.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalText implements encoding.TextMarshaler, for JSON and the like.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }
