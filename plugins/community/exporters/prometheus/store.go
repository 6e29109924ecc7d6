package promexporter

import (
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/detectviz/detectviz/platform/contracts"
)

// maxPointers is how many pointers to one series are remembered: several
// importers may hold equal series, and each restart of one brings new pointers.
const maxPointers = 4

// store keeps the newest sample of each delivered series.
type store struct {
	limit   int
	expire  time.Duration
	refused prometheus.Counter

	mu      sync.Mutex
	pointer map[*contracts.Series]*slot // for the steady state
	byHead  map[string]*slot            // the identity of a series is its text
	metrics map[string]*metric          // by name
	scratch []byte
	swept   time.Time
}

// metric is all series of one name.
type metric struct {
	meta
	slots  []*slot // some may be dead
	sorted bool
	dead   int
}

// slot is one series with its newest sample.
type slot struct {
	line
	metric   *metric
	seen     time.Time // when the sample was delivered
	pointers []*contracts.Series
	dead     bool
}

func newStore(limit int, expire time.Duration) *store {
	return &store{
		limit:  limit,
		expire: expire,
		refused: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "dvz_prometheus_refused_samples_total",
			Help: "Samples of series that were not exposed because there are max_series already.",
		}),
		pointer: map[*contracts.Series]*slot{},
		byHead:  map[string]*slot{},
		metrics: map[string]*metric{},
		swept:   time.Now(),
	}
}

func (s *store) len() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.byHead)
}

// update takes in samples that were delivered now.
func (s *store) update(samples []contracts.Sample, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if now.Sub(s.swept) > s.expire/2 { // so that memory is freed even if nobody scrapes
		s.sweep(now)
	}
	for i := range samples {
		sample := &samples[i]
		known := s.pointer[sample.Series]
		ended := contracts.IsStale(sample.Value)
		if known == nil {
			if known = s.find(sample.Series, !ended); known == nil {
				if !ended {
					s.refused.Inc()
				}
				continue
			}
		}
		if sample.Time < known.time {
			continue // a newer sample of the series came by another way
		}
		if ended {
			s.remove(known)
			continue
		}
		known.time, known.value, known.seen = sample.Time, sample.Value, now
	}
}

// find returns the slot of a series whose pointer is new; it makes one if asked
// to, unless there are too many.
func (s *store) find(series *contracts.Series, create bool) *slot {
	var split int
	m := metaOf(series)
	s.scratch, split = appendHead(s.scratch[:0], m, series.Labels)
	found := s.byHead[string(s.scratch)]
	if found == nil {
		if !create || len(s.byHead) >= s.limit {
			return nil
		}
		found = &slot{line: newLine(m, string(s.scratch), split)}
		s.add(found, m)
	}
	if len(found.pointers) == maxPointers {
		delete(s.pointer, found.pointers[0])
		found.pointers = slices.Delete(found.pointers, 0, 1)
	}
	found.pointers = append(found.pointers, series)
	s.pointer[series] = found
	return found
}

func (s *store) add(new *slot, m meta) {
	all := s.metrics[m.name]
	switch {
	case all == nil:
		all = &metric{meta: m}
		s.metrics[m.name] = all
	case all.kind != m.kind || all.family != m.family:
		// Two sources disagree; what both can agree on is a name and a value.
		all.kind, all.family, all.unit = contracts.Untyped, m.name, ""
	case all.help == "":
		all.help = m.help
	}
	all.slots, all.sorted = append(all.slots, new), false
	new.metric = all
	s.byHead[new.head[text]] = new
}

// remove forgets a slot. The metric's list is tidied up before it is next read.
func (s *store) remove(old *slot) {
	for _, p := range old.pointers {
		delete(s.pointer, p)
	}
	delete(s.byHead, old.head[text])
	old.dead = true
	old.metric.dead++
}

// sweep removes what has expired and frees the room of all that was removed.
func (s *store) sweep(now time.Time) {
	s.swept = now
	for name, m := range s.metrics {
		for _, one := range m.slots {
			if !one.dead && now.Sub(one.seen) > s.expire {
				s.remove(one)
			}
		}
		if m.dead > 0 {
			m.slots = slices.DeleteFunc(m.slots, func(one *slot) bool { return one.dead })
			m.dead = 0
		}
		if len(m.slots) == 0 {
			delete(s.metrics, name)
		}
	}
}

// read calls use with all metrics, sorted and without anything expired. They
// must not be kept.
func (s *store) read(now time.Time, use func(map[string]*metric)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sweep(now)
	for _, m := range s.metrics {
		if !m.sorted {
			slices.SortFunc(m.slots, func(a, b *slot) int { return compareLines(&a.line, &b.line) })
			m.sorted = true
		}
	}
	use(s.metrics)
}
