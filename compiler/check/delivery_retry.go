package check

import (
	"fmt"
	"strings"
	"time"

	"cuelang.org/go/cue"

	"github.com/detectviz/detectviz/compiler/diag"
)

// retries reports a queue that drops data before the exporter has been tried for
// as long as retry.max_elapsed promises. How much an importer yields is not
// known, but one with an interval yields at least one item a target in each; a
// queue that does not even hold that is too short. With when_full: block nothing
// is dropped: the importers wait.
func (w *world) retries() {
	for _, d := range w.deeds {
		delivery := d.source.Delivery
		elapsed, err := time.ParseDuration(delivery.MaxElapsed)
		if err != nil || elapsed <= 0 || !strings.HasPrefix(delivery.WhenFull, "drop_") || delivery.QueueSize <= 0 {
			continue
		}
		for _, signal := range d.says.SignalsIn {
			var items float64
			var sources []diag.Related
			for _, feeder := range w.feeders[d.name][signal] {
				targets, interval := feeder.pace()
				if interval <= 0 {
					continue
				}
				items += float64(targets) * elapsed.Seconds() / interval.Seconds()
				sources = append(sources, diag.Related{
					Pos: feeder.source.Path.Pos, Width: feeder.source.Path.Width,
					Message: fmt.Sprintf("%q yields at least %s each %s", feeder.name, count(targets, "item"), interval),
				})
			}
			if items > float64(delivery.QueueSize) {
				w.shortQueue(d, int(min(items, 1e15)), sources)
			}
		}
	}
}

func (w *world) shortQueue(d *deed, items int, sources []diag.Related) {
	delivery, at := d.source.Delivery, d.deliveryField("retry", "max_elapsed")
	lost := strings.TrimPrefix(delivery.WhenFull, "drop_")
	f := w.l.Warnf("DVZ241", at.pos, "while a batch for %q is tried again for up to %s, at least %d items arrive, and the queue holds %d: the %s are lost",
		d.name, delivery.MaxElapsed, items, delivery.QueueSize, lost)
	f.Width, f.Hint, f.Related = at.width, "make queue.size larger or max_elapsed shorter, or set when_full: block", sources
}

// pace is how many targets an importer asks, and how often; 0 when its config
// does not say how often.
func (d *deed) pace() (targets int, every time.Duration) {
	for _, perm := range d.says.Permissions {
		if perm.Action == "network" {
			targets += len(perm.Scope)
		}
	}
	text, err := d.config.LookupPath(cue.MakePath(cue.Str("interval"))).String()
	if err != nil {
		return 0, 0
	}
	every, _ = time.ParseDuration(text)
	return max(targets, 1), every
}

// deliveryField is where a setting of the delivery is written, or else the
// nearest place above it.
func (d *deed) deliveryField(path ...string) spot {
	field := d.option("delivery")
	if field == nil {
		return spot{pos: d.source.Path.Pos, width: d.source.Path.Width}
	}
	if f, ok := nearest(field.Value, path); ok {
		if f.Value != nil && f.Value.Width > 0 {
			return spot{pos: f.Value.Pos, width: f.Value.Width}
		}
		return spot{pos: f.Pos, width: f.Width}
	}
	return spot{pos: field.Pos, width: field.Width}
}

// count writes a number of things.
func count(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}
