package otelzap

import (
	"context"
	"fmt"
	"sync"
	"time"

	"go.opentelemetry.io/otel/sdk/instrumentation"
	sdk "go.opentelemetry.io/otel/sdk/log"
	"go.opentelemetry.io/otel/sdk/resource"
)

const (
	queueSize  = 2048        // records that wait for the receiver
	batchSize  = 512         // records in one request
	batchDelay = time.Second // how long a record waits for others
	// stopTimeout is how long a stop waits for a receiver that is slow to answer.
	stopTimeout = 5 * time.Second
)

// entry is a record that waits, encoded.
type entry struct {
	scope  instrumentation.Scope
	record []byte
}

// queue is an sdk.Processor that holds records until they are sent. Records are
// encoded when they come, so that the queue is as small as its content. What is
// logged before the start waits, too: constructors start no goroutine.
type queue struct {
	resource *resource.Resource
	sender   *sender
	metrics  *telemetry
	complain *complaints

	mu      sync.Mutex
	waiting []entry // the oldest first
	started bool

	filled chan struct{} // cap 1: there is a record
	full   chan struct{} // cap 1: there is a whole batch
	ending chan struct{} // closed by Shutdown
	ended  chan struct{} // closed when the worker has ended
	once   sync.Once     // Shutdown
	life   context.Context
	kill   context.CancelFunc
}

func newQueue(res *resource.Resource, out *sender, metrics *telemetry, complain *complaints) *queue {
	q := &queue{
		resource: res, sender: out, metrics: metrics, complain: complain,
		filled: make(chan struct{}, 1),
		full:   make(chan struct{}, 1),
		ending: make(chan struct{}),
		ended:  make(chan struct{}),
	}
	q.life, q.kill = context.WithCancel(context.Background())
	return q
}

func (q *queue) start() {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !q.started {
		q.started = true
		go q.run()
	}
}

// Enabled implements sdk.Processor.
func (q *queue) Enabled(context.Context, sdk.EnabledParameters) bool { return true }

// OnEmit implements sdk.Processor. It never waits.
func (q *queue) OnEmit(_ context.Context, r *sdk.Record) error {
	e := entry{r.InstrumentationScope(), encodeRecord(r)}
	q.mu.Lock()
	dropped := len(q.waiting) == queueSize
	if dropped {
		q.waiting[0] = entry{} // let its bytes go
		q.waiting = q.waiting[1:]
	}
	q.waiting = append(q.waiting, e)
	n := len(q.waiting)
	q.mu.Unlock()

	wake(q.filled)
	if n >= batchSize {
		wake(q.full)
	}
	if dropped {
		q.metrics.overflow.Inc()
		q.complain.say("the queue of log records for the OTLP receiver is full; the oldest are dropped", fmt.Errorf("%d records wait", n))
	}
	return nil
}

// take removes the next batch from the queue.
func (q *queue) take() []entry {
	q.mu.Lock()
	defer q.mu.Unlock()
	batch := q.waiting[:min(batchSize, len(q.waiting))]
	if q.waiting = q.waiting[len(batch):]; len(q.waiting) == 0 {
		q.waiting = nil
	}
	return batch
}

// run sends batches until Shutdown, and then what is left.
func (q *queue) run() {
	defer close(q.ended)
	for last := false; !last; {
		select {
		case <-q.filled:
		case <-q.ending:
		}
		select {
		case <-q.full:
		case <-time.After(batchDelay):
		case <-q.ending:
			last = true
		}
		for batch := q.take(); len(batch) > 0; batch = q.take() {
			q.send(batch)
		}
	}
}

// send sends one batch, or gives it up.
func (q *queue) send(batch []entry) {
	refused, err := 0, q.life.Err()
	if err == nil {
		refused, err = q.sender.send(q.life, q.ending, encodeRequest(q.resource, batch))
	}
	if err != nil {
		refused = len(batch)
		q.metrics.failures.Inc()
		if q.life.Err() == nil { // else Shutdown says so
			q.complain.say("cannot send log records to the OTLP receiver", fmt.Errorf("%d records are lost: %w", refused, err))
		}
	} else if refused > 0 {
		refused = min(refused, len(batch))
		q.complain.say("the OTLP receiver refused some log records", fmt.Errorf("%d records are lost", refused))
	}
	q.metrics.unsent.Add(float64(refused))
	q.metrics.exported.Add(float64(len(batch) - refused))
}

// Shutdown implements sdk.Processor: it sends what waits. When that takes longer
// than stopTimeout, or ctx ends first, the rest is given up.
func (q *queue) Shutdown(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, stopTimeout)
	defer cancel()
	q.once.Do(func() { close(q.ending) })
	q.mu.Lock()
	started := q.started
	q.mu.Unlock()
	if !started {
		return nil
	}
	defer q.kill()
	select {
	case <-q.ended:
		return nil
	case <-ctx.Done():
	}
	q.kill()
	<-q.ended // soon: every request ends with life
	return context.Cause(ctx)
}

// ForceFlush implements sdk.Processor; nobody calls it.
func (q *queue) ForceFlush(context.Context) error { return nil }

// wake leaves a token for the worker, unless there is one already.
func wake(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
