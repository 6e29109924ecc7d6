// Package guard calls code of plugins: it turns a panic into an error that names
// the place, and gives up waiting for a call that does not return. A panic in a
// goroutine that a plugin has started itself cannot be caught by anyone and
// ends the process.
package guard

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

// Grace is how long a call may still run after its context has ended, so that
// it can say what it was waiting for.
const Grace = 250 * time.Millisecond

// PanicError is a panic that was caught.
type PanicError struct {
	Value any
	Place string // where it happened: "scrape.go:120"
}

// Error says what was thrown, and where.
func (e *PanicError) Error() string { return fmt.Sprintf("panicked at %s: %v", e.Place, e.Value) }

// IsPanic reports whether an error is a caught panic.
func IsPanic(err error) bool {
	_, ok := errors.AsType[*PanicError](err)
	return ok
}

// Recover is deferred directly; it stores a panic in err.
func Recover(err *error) {
	if v := recover(); v != nil {
		*err = &PanicError{Value: v, Place: place()}
	}
}

// Do calls f and returns its error, or its panic as an error.
func Do(f func() error) (err error) {
	defer Recover(&err)
	return f()
}

// Within calls f with a context that ends after d. When f has not returned a
// little later, Within returns without it and leaves it running.
func Within(ctx context.Context, d time.Duration, f func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- Do(func() error { return f(ctx) }) }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
	}
	grace := time.NewTimer(Grace)
	defer grace.Stop()
	select {
	case err := <-done:
		if errors.Is(err, context.DeadlineExceeded) {
			return fmt.Errorf("did not finish within %s: %w", d, err)
		}
		return err
	case <-grace.C:
	}
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return fmt.Errorf("did not return within %s", d)
	}
	return ctx.Err()
}

// place finds the line to look at: the first frame below runtime.gopanic that is
// not the standard library's, since a nil pointer may well be noticed in there.
func place() string {
	pcs := make([]uintptr, 32)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(3, pcs)])
	below, found := false, ""
	for {
		f, more := frames.Next()
		if below && !strings.HasPrefix(f.Function, "runtime.") {
			here := fmt.Sprintf("%s/%s:%d", filepath.Base(filepath.Dir(f.File)), filepath.Base(f.File), f.Line)
			if !standard(f.Function) {
				return here
			}
			found = cmp.Or(found, here)
		}
		below = below || f.Function == "runtime.gopanic"
		if !more {
			return cmp.Or(found, "an unknown place")
		}
	}
}

// standard reports whether a function is of the standard library, whose import
// paths have no dot in their first part.
func standard(function string) bool {
	first, _, deep := strings.Cut(function, "/")
	if !deep {
		return !strings.HasPrefix(function, "main.")
	}
	return !strings.Contains(first, ".")
}
