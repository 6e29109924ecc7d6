package prometheus

import (
	"fmt"
	"hash/maphash"
	"slices"
	"strings"

	"github.com/detectviz/detectviz/platform/contracts"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
)

// cache remembers, for one target, which series each spelling in the
// exposition stands for, so that a scrape that brings nothing new allocates
// nothing for its samples. It also knows which series have ended since the
// scrape before. Entries that a successful scrape does not expose are removed
// at its end.
type cache struct {
	target []contracts.Label // sorted
	honor  bool
	limits labelLimits

	scrape     uint64               // number of the current scrape
	spellings  map[string]*spelling // by the raw bytes of name and labels
	identities map[uint64]*tracked  // by hash of name and labels; chained
	all        []*tracked           // the values of identities
	families   map[string]*family   // by name
	current    *family              // of the last TYPE, HELP or UNIT line
	seed       maphash.Seed
	lset       labels.Labels // scratch

	added int // series of this scrape that were not there before
}

// spelling is one way to write a series; two may mean the same one.
type spelling struct {
	series *tracked
	scrape uint64 // the last one that had it
}

// tracked is a series and what is known of it.
type tracked struct {
	series *contracts.Series
	family *family
	scrape uint64 // the last one that exposed it
	time   int64  // of the sample then
	// fresh is the last scrape that exposed it without a timestamp; only such
	// series end with a staleness marker, because a target that gives
	// timestamps decides itself when its series go stale.
	fresh uint64
	live  bool // a marker is due when it vanishes
	hash  uint64
	next  *tracked
}

// family is what TYPE, HELP and UNIT lines say. It is immutable: a change makes
// a new one, by which the series that belong to it notice.
type family struct {
	name, help, unit string
	typ              contracts.MetricType
}

// labelLimits are the limits of the config; 0 is none.
type labelLimits struct{ count, name, value int }

func newCache(cfg Config, target []contracts.Label) *cache {
	c := &cache{
		target: target,
		honor:  cfg.HonorLabels,
		limits: labelLimits{cfg.LabelLimit, cfg.LabelNameLengthLimit, cfg.LabelValueLengthLimit},
		seed:   maphash.MakeSeed(),
	}
	c.reset()
	return c
}

// reset forgets everything, after a scrape that went wrong half-way.
func (c *cache) reset() {
	c.spellings = map[string]*spelling{}
	c.identities = map[uint64]*tracked{}
	c.families = map[string]*family{}
	c.all = nil
}

// begin starts a scrape.
func (c *cache) begin() {
	c.scrape++
	c.added = 0
	c.current = nil
}

// get returns the series of a raw spelling, or nil when it must be derived from
// its labels by add: when it is new, or its metadata changed.
func (c *cache) get(raw []byte) *tracked {
	sp, ok := c.spellings[string(raw)]
	if !ok {
		return nil
	}
	t := sp.series
	if t.family != c.current && t.family != c.owner(t.series.Name) {
		return nil
	}
	sp.scrape = c.scrape
	return t
}

// add makes the series of a raw spelling known. fill yields its labels as the
// target wrote them.
func (c *cache) add(raw []byte, fill func(*labels.Labels)) (*tracked, error) {
	fill(&c.lset)
	name, set, err := c.identity(c.lset)
	if err != nil {
		return nil, err
	}
	fam := c.owner(name)
	hash := c.hash(name, set)
	t := c.identities[hash]
	for t != nil && !(t.series.Name == name && slices.Equal(t.series.Labels, set)) {
		t = t.next
	}
	switch {
	case t == nil:
		t = &tracked{series: newSeries(name, set, fam), family: fam, hash: hash, next: c.identities[hash]}
		c.identities[hash] = t
		c.all = append(c.all, t)
		c.added++
	case t.family != fam:
		t.series, t.family = newSeries(name, t.series.Labels, fam), fam
	}
	if sp, ok := c.spellings[string(raw)]; ok {
		sp.series, sp.scrape = t, c.scrape
	} else {
		c.spellings[string(raw)] = &spelling{t, c.scrape}
	}
	return t, nil
}

// finish ends a successful scrape: it calls stale for each series that has
// ended, and forgets what the scrape did not expose.
func (c *cache) finish(stale func(*contracts.Series)) {
	gone := 0
	for _, t := range c.all {
		fresh := t.fresh == c.scrape
		if t.live && !fresh {
			stale(t.series)
		}
		t.live = fresh
		if t.scrape != c.scrape {
			gone++
		}
	}
	// Spellings are swept when a series is gone, and when some of them must be
	// old because there are far more of them than series.
	if gone == 0 && len(c.spellings) <= 2*len(c.all) {
		return
	}
	for raw, sp := range c.spellings {
		if sp.scrape != c.scrape {
			delete(c.spellings, raw)
		}
	}
	if gone == 0 {
		return
	}
	families := make(map[*family]struct{}, len(c.families))
	kept := c.all[:0]
	for _, t := range c.all {
		if t.scrape == c.scrape {
			kept = append(kept, t)
			families[t.family] = struct{}{}
		} else {
			c.forget(t)
		}
	}
	clear(c.all[len(kept):])
	c.all = kept
	for name, f := range c.families {
		if _, used := families[f]; !used {
			delete(c.families, name)
		}
	}
}

// fail ends a failed scrape: all series have ended.
func (c *cache) fail(stale func(*contracts.Series)) {
	for _, t := range c.all {
		if t.live {
			stale(t.series)
			t.live = false
		}
	}
}

func (c *cache) forget(t *tracked) {
	if c.identities[t.hash] == t {
		if t.next == nil {
			delete(c.identities, t.hash)
		} else {
			c.identities[t.hash] = t.next
		}
		return
	}
	for p := c.identities[t.hash]; p != nil; p = p.next {
		if p.next == t {
			p.next = t.next
			return
		}
	}
}

func newSeries(name string, set []contracts.Label, f *family) *contracts.Series {
	s := &contracts.Series{Name: name, Labels: set}
	if f != nil {
		s.Type, s.Unit, s.Help = f.typ, f.unit, f.help
		if f.name != name {
			s.Family = f.name
		}
	}
	return s
}

// identity returns the name and the final labels of a series: those of the
// target's answer and those of the target, limits checked.
func (c *cache) identity(exposed labels.Labels) (string, []contracts.Label, error) {
	name := exposed.Get(model.MetricNameLabel)
	switch {
	case name == "":
		return "", nil, fmt.Errorf("a series has no name: %s", excerpt([]byte(exposed.String())))
	case !exposed.IsValid(model.UTF8Validation):
		return "", nil, fmt.Errorf("series %.50s has a name or label name that is not valid", name)
	}
	if dup, has := exposed.HasDuplicateLabelNames(); has {
		return "", nil, fmt.Errorf("series %.50s has the label %.50s twice", name, dup)
	}
	set := make([]contracts.Label, 0, exposed.Len()+len(c.target))
	exposed.Range(func(l labels.Label) {
		if l.Name != model.MetricNameLabel && l.Value != "" {
			set = append(set, contracts.Label{Name: l.Name, Value: l.Value})
		}
	})
	own := len(set)
	for _, l := range c.target {
		if c.honor && exposed.Has(l.Name) {
			continue // also when it is empty: that is how a target says "no such label"
		}
		set = append(set, l)
	}
	if !c.honor {
		c.export(set, own)
	}
	slices.SortFunc(set, func(a, b contracts.Label) int { return strings.Compare(a.Name, b.Name) })
	return name, set, c.limits.check(name, set)
}

// export renames those of the first own labels that have the name of a target's
// label: to exported_<name>, with more prefixes while that is taken.
func (c *cache) export(set []contracts.Label, own int) {
	taken := func(name string) bool {
		return slices.ContainsFunc(set, func(l contracts.Label) bool { return l.Name == name })
	}
	for i := range set[:own] {
		name := set[i].Name
		if !slices.ContainsFunc(c.target, func(l contracts.Label) bool { return l.Name == name }) {
			continue
		}
		for taken(name) {
			name = model.ExportedLabelPrefix + name
		}
		set[i].Name = name
	}
}

func (l labelLimits) check(name string, set []contracts.Label) error {
	if n := len(set) + 1; l.count > 0 && n > l.count { // the name is a label too, as Prometheus counts
		return fmt.Errorf("series %.50s has %d labels; label_limit is %d", name, n, l.count)
	}
	if l.name == 0 && l.value == 0 {
		return nil
	}
	if l.value > 0 && len(name) > l.value {
		return fmt.Errorf("the name of series %.50s has %d bytes; label_value_length_limit is %d", name, len(name), l.value)
	}
	for _, label := range set {
		if n := len(label.Name); l.name > 0 && n > l.name {
			return fmt.Errorf("label name %.50s of series %.50s has %d bytes; label_name_length_limit is %d", label.Name, name, n, l.name)
		}
		if n := len(label.Value); l.value > 0 && n > l.value {
			return fmt.Errorf("the value of label %.50s of series %.50s has %d bytes; label_value_length_limit is %d", label.Name, name, n, l.value)
		}
	}
	return nil
}

func (c *cache) hash(name string, set []contracts.Label) uint64 {
	var h maphash.Hash
	h.SetSeed(c.seed)
	_, _ = h.WriteString(name) // never fails
	for _, l := range set {
		_ = h.WriteByte(0)
		_, _ = h.WriteString(l.Name)
		_ = h.WriteByte(0)
		_, _ = h.WriteString(l.Value)
	}
	return h.Sum64()
}

// describe takes note of a TYPE, HELP or UNIT line: change alters a copy of the
// family when same says that the line is news.
func (c *cache) describe(name []byte, same func(*family) bool, change func(*family)) {
	f, ok := c.families[string(name)]
	if !ok {
		f = &family{name: string(name)}
		c.families[f.name] = f
	}
	if !same(f) {
		news := *f
		change(&news)
		f = &news
		c.families[f.name] = f
	}
	c.current = f
}

// owner returns the current family if a series of this name belongs to it. The
// formats allow series without metadata to follow a family.
func (c *cache) owner(name string) *family {
	if c.current != nil && c.current.owns(name) {
		return c.current
	}
	return nil
}

func (f *family) owns(name string) bool {
	suffix, ok := strings.CutPrefix(name, f.name)
	if !ok {
		return false
	}
	switch suffix {
	case "":
		return true
	case "_total":
		return f.typ == contracts.Counter
	case "_bucket":
		return f.typ == contracts.Histogram
	case "_sum", "_count":
		return f.typ == contracts.Histogram || f.typ == contracts.Summary
	case "_created":
		return f.typ == contracts.Counter || f.typ == contracts.Histogram || f.typ == contracts.Summary
	case "_info":
		return f.typ == contracts.Info
	}
	return false
}

// metricType translates. A gauge histogram has no equal among contracts' types.
func metricType(t model.MetricType) contracts.MetricType {
	switch t {
	case model.MetricTypeCounter:
		return contracts.Counter
	case model.MetricTypeGauge:
		return contracts.Gauge
	case model.MetricTypeHistogram:
		return contracts.Histogram
	case model.MetricTypeSummary:
		return contracts.Summary
	case model.MetricTypeInfo:
		return contracts.Info
	case model.MetricTypeStateset:
		return contracts.StateSet
	}
	return contracts.Untyped
}
