// Package seriescache keeps what an exporter knows of each time series, found by
// the pointer of the series: an importer sends the same *contracts.Series with
// every sample, so that in the steady state nothing is looked up, encoded or
// allocated anew. Exporters import it; it imports nothing but contracts.
package seriescache

import (
	"time"

	"github.com/detectviz/detectviz/platform/contracts"
)

const (
	// limit bounds each of the two generations, in series.
	limit = 1 << 18
	// turn is how long a generation lasts: a series that was not used for two
	// turns is forgotten, so that the cache does not keep alive the Series of
	// importers that are gone.
	turn = 10 * time.Minute
)

// Cache maps series to values of V. It has two generations: what is used moves
// to the young one, and the old one is dropped as a whole. The zero value is
// empty and ready; it is for one goroutine at a time.
type Cache[V any] struct {
	young, old map[*contracts.Series]V
	turned     time.Time
}

// Get returns the value of a series.
func (c *Cache[V]) Get(s *contracts.Series) (v V, ok bool) {
	if v, ok = c.young[s]; ok {
		return v, true
	}
	if v, ok = c.old[s]; ok {
		c.Put(s, v)
	}
	return v, ok
}

// Put sets the value of a series.
func (c *Cache[V]) Put(s *contracts.Series, v V) {
	if c.young == nil || len(c.young) >= limit {
		c.turn(time.Now())
	}
	c.young[s] = v
}

// Age begins a new generation when the present one has lasted long enough. An
// exporter calls it once a batch.
func (c *Cache[V]) Age(now time.Time) {
	if now.Sub(c.turned) >= turn {
		c.turn(now)
	}
}

func (c *Cache[V]) turn(now time.Time) {
	c.old = c.young
	c.young = make(map[*contracts.Series]V, len(c.old))
	c.turned = now
}

// Forget drops the values for which gone is true.
func (c *Cache[V]) Forget(gone func(V) bool) {
	for _, generation := range []map[*contracts.Series]V{c.young, c.old} {
		for s, v := range generation {
			if gone(v) {
				delete(generation, s)
			}
		}
	}
}

// Clear empties the cache.
func (c *Cache[V]) Clear() { c.young, c.old = nil, nil }

// Len returns the number of series that are known.
func (c *Cache[V]) Len() int {
	n := len(c.young)
	for s := range c.old {
		if _, both := c.young[s]; !both {
			n++
		}
	}
	return n
}
