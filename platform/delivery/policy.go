// Package delivery brings batches to an exporter: one bounded queue and one
// worker an exporter, so that exporters do not wait for each other. It is
// generic over the kind of batch, since metrics, logs and traces are delivered
// alike.
//
// The queue is bounded in items (samples, log records), not batches. A batch
// that is larger than the whole queue is taken when the queue is empty. Beside
// the queue, the worker holds the one batch that it is exporting.
//
// Every item that is pushed is counted once: as delivered, or as dropped for one
// Reason.
package delivery

import "time"

// Policy says what happens when an exporter is slow or fails.
type Policy struct {
	// QueueSize is the number of items that may wait.
	QueueSize int
	// WhenFull says what gives way when the queue is full.
	WhenFull WhenFull
	// MaxElapsed is how long a batch is tried again before it is given up,
	// counted from the first attempt. 0: it is tried once.
	MaxElapsed time.Duration
}

// WhenFull is what happens to a batch that does not fit into the queue.
type WhenFull uint8

const (
	// Block makes Push wait for room: back-pressure. It reaches back to the
	// importers, so one exporter that blocks for long slows down every other
	// exporter that is fed by the same importers. Nothing is lost.
	Block WhenFull = iota
	// DropOldest gives up the batches that have waited longest. Push never waits.
	DropOldest
	// DropNewest gives up the new batch. Push never waits.
	DropNewest
)

// Reason says why items were dropped. Its text is the label reason of
// dvz_delivery_dropped_items_total.
type Reason uint8

const (
	// QueueFull: the queue had no room, or the importer did not wait for it.
	QueueFull Reason = iota
	// RetriesExhausted: the exporter failed for longer than Policy.MaxElapsed.
	RetriesExhausted
	// Permanent: the exporter said that trying again cannot help, or panicked.
	Permanent
	// Shutdown: the process stopped before the exporter took them.
	Shutdown

	reasons = 4
)

// String returns the label value.
func (r Reason) String() string {
	return [reasons]string{"queue_full", "retries_exhausted", "permanent", "shutdown"}[r]
}

// Batch is a counted reference to a number of items; *contracts.Metrics is one.
type Batch interface {
	comparable
	Len() int
	Retain(n int)
	Release()
}

// Stats is what became of all items so far.
// Pushed == Delivered + the sum of Dropped + what still waits.
type Stats struct {
	Pushed    uint64
	Delivered uint64
	Dropped   [reasons]uint64 // by Reason
	Retries   uint64          // attempts after the first one of a batch
	Waiting   int             // in the queue, without the batch that is being exported
}

// Lost is the number of items dropped for any reason.
func (s Stats) Lost() (n uint64) {
	for _, d := range s.Dropped {
		n += d
	}
	return n
}
