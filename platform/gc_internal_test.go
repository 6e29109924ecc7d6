package platform

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"testing"
	"time"
)

// TestGCFollowsTheHeap: a small heap is kept tight, a large one has room.
func TestGCFollowsTheHeap(t *testing.T) {
	if gogc, set := os.LookupEnv("GOGC"); set {
		t.Cleanup(func() { _ = os.Setenv("GOGC", gogc) })
		_ = os.Unsetenv("GOGC")
	}
	before := debug.SetGCPercent(100)
	t.Cleanup(func() { debug.SetGCPercent(before) })
	paceGC()
	expectPercent(t, smallHeapPercent)
	ballast := make([]byte, largeHeap+1<<20)
	expectPercent(t, largeHeapPercent)
	runtime.KeepAlive(ballast)
	expectPercent(t, smallHeapPercent)
}

func TestGOGCIsObeyed(t *testing.T) {
	t.Setenv("GOGC", "77")
	before := debug.SetGCPercent(77)
	t.Cleanup(func() { debug.SetGCPercent(before) })
	paceGC()
	if got := percent(); got != 77 {
		t.Errorf("the percentage is %d, want the 77 of GOGC", got)
	}
}

func expectPercent(t *testing.T, want uint64) {
	t.Helper()
	for deadline := time.Now().Add(5 * time.Second); percent() != want; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("the percentage is %d, want %d", percent(), want)
		}
		runtime.GC()
	}
}

func percent() uint64 {
	s := []metrics.Sample{{Name: "/gc/gogc:percent"}}
	metrics.Read(s)
	return s[0].Value.Uint64()
}
