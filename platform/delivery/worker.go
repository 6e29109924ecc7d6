package delivery

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/detectviz/detectviz/platform/contracts"
	"github.com/detectviz/detectviz/platform/internal/guard"
)

const (
	// attemptTimeout is when the context of one call of the exporter ends. A
	// call that ignores it keeps the worker, since exporters are promised one
	// call at a time.
	attemptTimeout = time.Minute

	// Exponential back-off with full jitter: the pause before the next attempt
	// is a random part of a limit that doubles from the first to the last.
	firstPause = 500 * time.Millisecond
	lastPause  = 30 * time.Second
)

// run is the worker: one batch after the other until the queue is closed and
// empty.
func (d *Delivery[B]) run() {
	defer close(d.done)
	for {
		b, n, ok := d.next()
		if !ok {
			return
		}
		reason, err := d.deliver(b, n)
		b.Release()
		d.settle(n, reason, err)
	}
}

// next waits for a batch. It returns false when there will be none.
func (d *Delivery[B]) next() (b B, n int, ok bool) {
	for {
		d.mu.Lock()
		switch {
		case d.life.Err() != nil: // Drain counts the rest
			d.mu.Unlock()
			return b, 0, false
		case d.queue.n > 0:
			b = d.queue.pop()
			n = b.Len()
			d.stats.Waiting -= n
			d.flight = n
			d.mu.Unlock()
			wake(d.room)
			return b, n, true
		case d.sealed:
			d.mu.Unlock()
			return b, 0, false
		}
		d.mu.Unlock()
		<-d.work
	}
}

// deliver exports one batch, again and again if need be. The reason is
// meaningful only with an error.
func (d *Delivery[B]) deliver(b B, n int) (Reason, error) {
	start := time.Now()
	limit := firstPause
	drain := d.drain
	for {
		err := d.attempt(b)
		switch {
		case err == nil:
			return 0, nil
		case contracts.IsPermanent(err), guard.IsPanic(err):
			return Permanent, err
		case d.life.Err() != nil:
			return Shutdown, err
		}
		pause := rand.N(limit)
		limit = min(2*limit, lastPause)
		if time.Since(start)+pause > d.policy.MaxElapsed {
			return RetriesExhausted, err
		}
		d.retry(n, err)
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-drain: // try at once, but not in a loop
			drain, limit = nil, firstPause
		case <-d.life.Done():
			timer.Stop()
			return Shutdown, err
		}
		timer.Stop()
	}
}

func (d *Delivery[B]) attempt(b B) (err error) {
	ctx, cancel := context.WithTimeout(d.life, attemptTimeout)
	defer cancel()
	defer guard.Recover(&err)
	start := time.Now()
	defer func() { d.metrics.duration.Observe(time.Since(start).Seconds()) }()
	return d.export(ctx, b)
}

func (d *Delivery[B]) retry(n int, err error) {
	d.mu.Lock()
	d.stats.Retries++
	quiet := time.Since(d.trouble.logged) < logEvery
	if !quiet {
		d.trouble.logged = time.Now()
	}
	d.mu.Unlock()
	if !quiet {
		d.log.Warn("export failed, trying again", "signal", d.signal, "items", n, "err", err)
	}
}

// settle counts a batch that the worker is done with.
func (d *Delivery[B]) settle(n int, reason Reason, err error) {
	d.mu.Lock()
	if d.drained {
		d.mu.Unlock()
		return
	}
	d.flight = 0
	var told news
	if err != nil {
		told = d.lose(n, reason, err)
	} else {
		d.stats.Delivered += uint64(n)
		told = d.works()
	}
	d.mu.Unlock()
	told.tell(d.log, d.report)
}

// news is what has to be said once the lock is released.
type news struct {
	change bool  // the health has changed to err
	err    error // nil: works again
	line   bool  // write a log line
	lost   uint64
	signal string
	reason Reason
}

// lose counts lost items; it is called with the lock held.
func (d *Delivery[B]) lose(n int, reason Reason, err error) news {
	d.stats.Dropped[reason] += uint64(n)
	t := &d.trouble
	t.lost += uint64(n)
	t.dropping = t.dropping || reason == QueueFull
	told := news{change: t.err == nil || reason != QueueFull, err: err, lost: t.lost, signal: d.signal, reason: reason}
	if t.err == nil || time.Since(t.logged) >= logEvery {
		t.logged = time.Now()
		told.line = true
	}
	t.err = err
	return told
}

// works notes a success; it is called with the lock held. A queue that keeps on
// dropping between successes stays in trouble.
func (d *Delivery[B]) works() news {
	t := &d.trouble
	if t.err == nil {
		t.logged = time.Time{}
		return news{}
	}
	if t.dropping {
		t.dropping = false
		return news{}
	}
	told := news{change: true, line: true, lost: t.lost, signal: d.signal}
	d.trouble = trouble{}
	return told
}

func (n news) tell(log *slog.Logger, report func(error)) {
	if n.line && n.err != nil {
		log.Error("data lost", "signal", n.signal, "items", n.lost, "reason", n.reason.String(), "err", n.err)
	} else if n.line {
		log.Info("delivery works again", "signal", n.signal, "lost_items", n.lost)
	}
	if n.change {
		report(n.err)
	}
}
