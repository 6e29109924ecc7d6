package sqlite

import (
	"time"

	"github.com/detectviz/detectviz/platform/contracts"
)

const (
	// cacheLimit bounds each generation of the cache, in series.
	cacheLimit = 1 << 18
	// cacheTurn is how long a generation lasts: a series that was not written
	// for two turns is forgotten, so that the cache does not keep alive the
	// Series of importers that are gone.
	cacheTurn = 10 * time.Minute
)

// row is what is known of a series' row.
type row struct {
	id    any   // the int64 that is bound, boxed once
	until int64 // as in the database
}

// cache finds rows by the pointer of the series. It has two generations: what
// is used moves to the young one, and the old one is dropped as a whole.
type cache struct {
	young, old map[*contracts.Series]*row
	turned     time.Time
}

func (c *cache) get(s *contracts.Series) *row {
	if r := c.young[s]; r != nil {
		return r
	}
	r := c.old[s]
	if r != nil {
		c.put(s, r)
	}
	return r
}

func (c *cache) put(s *contracts.Series, r *row) {
	if c.young == nil || len(c.young) >= cacheLimit {
		c.turn(time.Now())
	}
	c.young[s] = r
}

// age begins a new generation when the present one has lasted long enough.
func (c *cache) age(now time.Time) {
	if now.Sub(c.turned) >= cacheTurn {
		c.turn(now)
	}
}

func (c *cache) turn(now time.Time) {
	c.old = c.young
	c.young = make(map[*contracts.Series]*row, len(c.old))
	c.turned = now
}

// forget drops the rows that end before a time.
func (c *cache) forget(before int64) {
	for _, generation := range []map[*contracts.Series]*row{c.young, c.old} {
		for s, r := range generation {
			if r.until < before {
				delete(generation, s)
			}
		}
	}
}

func (c *cache) clear() { c.young, c.old = nil, nil }

func (c *cache) len() int {
	n := len(c.young)
	for s := range c.old {
		if _, both := c.young[s]; !both {
			n++
		}
	}
	return n
}
