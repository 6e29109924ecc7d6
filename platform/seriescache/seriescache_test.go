package seriescache_test

import (
	"testing"
	"time"

	"github.com/detectviz/detectviz/platform/contracts"
	"github.com/detectviz/detectviz/platform/seriescache"
)

func TestUnusedSeriesAreForgotten(t *testing.T) {
	var c seriescache.Cache[int]
	used, unused := &contracts.Series{Name: "used"}, &contracts.Series{Name: "unused"}
	c.Put(used, 1)
	c.Put(unused, 2)
	now := time.Now()
	for turn := 1; turn <= 3; turn++ {
		now = now.Add(10*time.Minute + time.Second)
		c.Age(now)
		if v, ok := c.Get(used); !ok || v != 1 {
			t.Fatalf("turn %d: the series in use has %v, %v", turn, v, ok)
		}
	}
	if _, ok := c.Get(unused); ok {
		t.Error("the series that was not used for three turns is still there")
	}
	if c.Len() != 1 {
		t.Errorf("length %d, want 1", c.Len())
	}
}

func TestAgeKeepsAGenerationForItsTime(t *testing.T) {
	var c seriescache.Cache[int]
	s := &contracts.Series{Name: "s"}
	c.Put(s, 1)
	for range 5 {
		c.Age(time.Now())
	}
	if _, ok := c.Get(s); !ok {
		t.Error("five batches in a row made the cache forget")
	}
}

func TestEqualSeriesAreTwo(t *testing.T) {
	var c seriescache.Cache[int]
	c.Put(&contracts.Series{Name: "s"}, 1)
	if _, ok := c.Get(&contracts.Series{Name: "s"}); ok {
		t.Error("a series of the same name at another address was found")
	}
}

func TestForgetAndClear(t *testing.T) {
	var c seriescache.Cache[int]
	for i := range 10 {
		c.Put(&contracts.Series{}, i)
		if i == 4 {
			c.Age(time.Now().Add(time.Hour)) // half of them in the old generation
		}
	}
	if c.Len() != 10 {
		t.Fatalf("length %d, want 10", c.Len())
	}
	c.Forget(func(v int) bool { return v%2 == 0 })
	if c.Len() != 5 {
		t.Errorf("length %d after half was forgotten, want 5", c.Len())
	}
	c.Clear()
	if c.Len() != 0 {
		t.Errorf("length %d after Clear", c.Len())
	}
}

func TestGetAllocatesNothing(t *testing.T) {
	var c seriescache.Cache[string]
	s := &contracts.Series{Name: "s"}
	c.Put(s, "known")
	if n := testing.AllocsPerRun(100, func() { c.Get(s) }); n != 0 {
		t.Errorf("%v allocations a look-up", n)
	}
}
