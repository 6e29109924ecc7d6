package contracts

import "errors"

type permanentError struct{ error }

func (e permanentError) Unwrap() error { return e.error }

// Permanent marks an export error that a retry cannot mend, for example a
// batch that the receiver refused as malformed.
func Permanent(err error) error {
	if err == nil {
		return nil
	}
	return permanentError{err}
}

// IsPermanent reports whether an error was marked by Permanent.
func IsPermanent(err error) bool {
	_, ok := errors.AsType[permanentError](err)
	return ok
}
