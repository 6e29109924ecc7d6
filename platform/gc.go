package platform

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
)

// By default the garbage collector lets a heap grow to twice of what is live,
// and to 4 MiB in any case. That is right for large heaps, where a collection is
// expensive. A composition at rest keeps 1 MiB alive: there a collection takes
// half a millisecond, and the room for garbage is most of the heap. So small
// heaps may grow by half only, which takes a megabyte and a half off dev-platform
// at rest (and less would gain nothing more), and large ones are left alone.
const (
	smallHeapPercent = 50
	largeHeapPercent = 100 // the runtime's default

	// A heap is small again below smallHeap, and large from largeHeap on; in
	// between it stays what it was. In bytes that are live.
	smallHeap = 8 << 20
	largeHeap = 16 << 20
)

// paceGC adapts the garbage collector to the size of the heap from now on, after
// each collection, unless GOGC is set.
func paceGC() {
	if os.Getenv("GOGC") != "" {
		return
	}
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	percent := smallHeapPercent
	debug.SetGCPercent(percent)
	afterGC(func() {
		metrics.Read(live)
		before := percent
		switch n := live[0].Value.Uint64(); {
		case n < smallHeap:
			percent = smallHeapPercent
		case n >= largeHeap:
			percent = largeHeapPercent
		}
		if percent != before { // this stops the world for a moment
			debug.SetGCPercent(percent)
		}
	})
}

// afterGC calls f some time after each garbage collection, one call at a time.
func afterGC(f func()) {
	// Each collection finds a new sentinel dead. It holds a pointer since
	// objects without may share memory with others and outlive them.
	sentinel := new(*byte)
	runtime.AddCleanup(sentinel, func(f func()) {
		f()
		afterGC(f)
	}, f)
}
