package delivery

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/detectviz/detectviz/platform/internal/guard"
)

// ErrClosed is returned by Push when the delivery takes nothing more.
var ErrClosed = errors.New("the delivery is closed")

// errQueueFull is what health shows while a queue drops.
var errQueueFull = errors.New("the queue is full, data is dropped")

// logEvery is the shortest time between two log lines on lost data.
const logEvery = time.Minute

// Delivery is the queue and worker before one exporter, for one signal.
type Delivery[B Batch] struct {
	exporter string
	signal   string
	policy   Policy
	export   func(context.Context, B) error
	log      *slog.Logger
	report   func(error)
	metrics  collectors

	mu      sync.Mutex
	queue   fifo[B]
	waiting int // pushers that wait for room
	flight  int // items that the worker holds
	stats   Stats
	sealed  bool
	drained bool // Drain has returned: what the worker still does is not counted
	trouble trouble

	work  chan struct{} // cap 1: the worker has something to look at
	room  chan struct{} // cap 1: the queue has become shorter
	turn  chan struct{} // cap 1, one token: only its holder waits for room
	drain chan struct{} // closed by BeginDrain
	shut  chan struct{} // closed when sealed
	done  chan struct{} // closed when the worker has ended

	begin sync.Once       // BeginDrain
	life  context.Context // ends when the drain has taken too long
	kill  func()          // ends life
}

// trouble is what the worker and pushers know of the exporter's health.
type trouble struct {
	err      error // nil: healthy
	dropping bool  // the queue dropped since the last success
	lost     uint64
	logged   time.Time
}

// New returns a delivery; Start makes it work. Log has the exporter's name
// already. Report is told an error when the delivery gives up data, and nil
// once it works again.
func New[B Batch](exporter, signal string, export func(context.Context, B) error, policy Policy, log *slog.Logger, report func(error)) *Delivery[B] {
	d := &Delivery[B]{
		exporter: exporter, signal: signal, policy: policy, export: export, log: log, report: report,
		metrics: newCollectors(exporter, signal),
		work:    make(chan struct{}, 1),
		room:    make(chan struct{}, 1),
		turn:    make(chan struct{}, 1),
		drain:   make(chan struct{}),
		shut:    make(chan struct{}),
		done:    make(chan struct{}),
	}
	d.turn <- struct{}{}
	d.life, d.kill = context.WithCancel(context.Background())
	return d
}

// Exporter is the name of the instance that the batches go to.
func (d *Delivery[B]) Exporter() string { return d.exporter }

// Blocks reports whether Push may wait.
func (d *Delivery[B]) Blocks() bool { return d.policy.WhenFull == Block }

// Stats returns what became of the items so far.
func (d *Delivery[B]) Stats() Stats {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.stats
}

// Start starts the worker.
func (d *Delivery[B]) Start() { go d.run() }

// Push hands one reference to a batch over. With the policy Block it waits for
// room until ctx ends; it then returns ctx's error, and the batch counts as
// dropped. A batch that fits is taken even when ctx has ended, so that an
// importer can flush at the end. Once BeginDrain was called, Push waits on
// although ctx has ended, for as long as the drain lasts.
func (d *Delivery[B]) Push(ctx context.Context, b B) error {
	n := b.Len()
	if n == 0 {
		b.Release()
		return nil
	}
	d.mu.Lock()
	d.stats.Pushed += uint64(n)
	switch {
	case d.sealed:
		d.mu.Unlock()
		return d.refuse(b, n, ErrClosed)
	case d.policy.WhenFull == Block && (d.waiting > 0 || !d.fits(n)): // others were first
		d.waiting++
		d.mu.Unlock()
		return d.pushLater(ctx, b, n)
	case !d.fits(n) && d.policy.WhenFull == DropNewest:
		lost := d.lose(n, QueueFull, errQueueFull)
		d.mu.Unlock()
		b.Release()
		lost.tell(d.log, d.report)
		return nil
	}
	dropped := 0
	for !d.fits(n) { // DropOldest
		dropped += d.dequeue()
	}
	var lost news
	if dropped > 0 {
		lost = d.lose(dropped, QueueFull, errQueueFull)
	}
	d.enqueue(b, n)
	d.mu.Unlock()
	lost.tell(d.log, d.report)
	return nil
}

// fits is called with the lock held.
func (d *Delivery[B]) fits(n int) bool {
	return d.queue.n == 0 || d.stats.Waiting+n <= d.policy.QueueSize
}

// enqueue is called with the lock held.
func (d *Delivery[B]) enqueue(b B, n int) {
	d.queue.push(b)
	d.stats.Waiting += n
	wake(d.work)
}

// dequeue throws the oldest batch away and returns the number of its items; it
// is called with the lock held.
func (d *Delivery[B]) dequeue() int {
	b := d.queue.pop()
	n := b.Len()
	d.stats.Waiting -= n
	b.Release()
	return n
}

// pushLater waits for room; those who came first go first.
func (d *Delivery[B]) pushLater(ctx context.Context, b B, n int) error {
	err := d.await(ctx, d.turn)
	if err == nil {
		err = d.awaitRoom(ctx, b, n)
		d.turn <- struct{}{}
	}
	d.mu.Lock()
	d.waiting--
	d.mu.Unlock()
	if err != nil {
		return d.refuse(b, n, err)
	}
	return nil
}

func (d *Delivery[B]) awaitRoom(ctx context.Context, b B, n int) error {
	for {
		d.mu.Lock()
		if d.sealed {
			d.mu.Unlock()
			return ErrClosed
		}
		if d.fits(n) {
			d.enqueue(b, n)
			d.mu.Unlock()
			return nil
		}
		d.mu.Unlock()
		if err := d.await(ctx, d.room); err != nil {
			return err
		}
	}
}

// await waits for a token. The end of ctx counts only as long as nobody drains:
// in a drain the queue is about to become shorter, and the batch may still get in.
func (d *Delivery[B]) await(ctx context.Context, token <-chan struct{}) error {
	select {
	case <-token:
		return nil
	case <-d.shut:
		return ErrClosed
	case <-ctx.Done():
	}
	select {
	case <-d.drain:
	default:
		return context.Cause(ctx)
	}
	select {
	case <-token:
		return nil
	case <-d.shut:
		return ErrClosed
	}
}

// refuse gives up a batch that never got into the queue.
func (d *Delivery[B]) refuse(b B, n int, err error) error {
	b.Release()
	reason, why := QueueFull, errQueueFull
	if errors.Is(err, ErrClosed) {
		reason, why = Shutdown, err
	}
	d.mu.Lock()
	lost := d.lose(n, reason, why)
	d.mu.Unlock()
	lost.tell(d.log, d.report)
	return err
}

// BeginDrain tells the delivery that the importers are about to be stopped: from
// now on a Push that waits for room does so even if its context ends, and a
// worker that pauses before its next attempt makes it at once.
func (d *Delivery[B]) BeginDrain() { d.begin.Do(func() { close(d.drain) }) }

// Drain closes the queue and waits until the worker has delivered what is in it.
// When ctx ends first, the export that is under way is interrupted and the rest
// is given up. It returns the number of items delivered and given up meanwhile.
// Start must have been called.
func (d *Delivery[B]) Drain(ctx context.Context) (delivered, lost uint64) {
	before := d.Stats()
	d.BeginDrain()
	d.mu.Lock()
	if !d.sealed {
		d.sealed = true
		close(d.shut)
		wake(d.work)
	}
	d.mu.Unlock()

	select {
	case <-d.done:
	case <-ctx.Done():
		d.kill()
		select {
		case <-d.done:
		case <-time.After(guard.Grace):
		}
	}
	d.kill()

	d.mu.Lock()
	d.drained = true
	rest := d.flight // of an exporter that ignores its context
	d.flight = 0
	for d.queue.n > 0 {
		rest += d.dequeue()
	}
	d.stats.Dropped[Shutdown] += uint64(rest)
	after := d.stats
	d.mu.Unlock()
	return after.Delivered - before.Delivered, after.Lost() - before.Lost()
}

// Register registers the delivery's telemetry.
func (d *Delivery[B]) Register(r prometheus.Registerer) error {
	return errors.Join(r.Register(d), r.Register(d.metrics.duration))
}

// wake leaves a token for the one who waits, unless one is there already.
func wake(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
