// Package guard calls code of plugins: it turns a panic into an error that names
// the place, and gives up waiting for a call that does not return. A panic in a
// goroutine that a plugin has started itself cannot be caught by anyone and
// ends the process.
package guard

import (
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

// place finds the line that panicked: the first frame below runtime.gopanic
// that is not the runtime's own.
func place() string {
	pcs := make([]uintptr, 32)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(3, pcs)])
	below := false
	for {
		f, more := frames.Next()
		switch {
		case f.Function == "runtime.gopanic":
			below = true
		case below && !strings.HasPrefix(f.Function, "runtime."):
			return fmt.Sprintf("%s/%s:%d", filepath.Base(filepath.Dir(f.File)), filepath.Base(f.File), f.Line)
		}
		if !more {
			return "an unknown place"
		}
	}
}
