package main

import (
	"os/signal"
	"syscall"
	"testing"
	"time"
)

// TestInterruptible sends this process each signal that asks dvz to end; one
// that were not caught would end the test.
func TestInterruptible(t *testing.T) {
	for _, s := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGPIPE} {
		if signal.Ignored(s) {
			t.Logf("%s is ignored, as under nohup", s)
			continue
		}
		ctx, stop := interruptible()
		for range 2 { // a second Ctrl-C must not end dvz before it has cleaned up
			if err := syscall.Kill(syscall.Getpid(), s); err != nil {
				t.Fatal(err)
			}
			select {
			case <-ctx.Done():
			case <-time.After(patience):
				t.Fatalf("%s does not end the context", s)
			}
			time.Sleep(20 * time.Millisecond) // until the second one has arrived
		}
		stop()
	}
}
