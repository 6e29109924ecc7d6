package check

import (
	"fmt"
	"strings"

	"github.com/detectviz/detectviz/compiler/diag"
	"github.com/detectviz/detectviz/compiler/units"
)

// itemBytes estimates what an item takes while it waits in a queue.
//
// A sample itself has 24 bytes (platform/contracts, Sample), and 48 with the
// spare room of a slice that grew. Its Series, with a name, five labels and their
// texts, has about 450 more. Series are shared by the samples of later scrapes,
// but a queue that holds one scrape of many targets holds a series each, and that
// is when memory is short. A log record or a span is estimated with its usual
// text and attributes.
var itemBytes = map[string]int64{"metrics": 500, "logs": 1000, "traces": 1000}

// muchMemory is what queues should not take where no limit is set: more than a
// service of this kind is expected to have.
const muchMemory = 1 << 30

// queue is one exporter's queue for one signal, when it is full.
type queue struct {
	of     *deed
	signal string
	bytes  int64
}

// memory reports queues that do not fit into the memory limit once they are full,
// as they are after their targets were away for a while.
func (w *world) memory() {
	queues, sum := w.queues()
	node := w.c.Root.Get("spec").Get("limits").Get("memory")
	limit, err := units.ParseSize(w.c.Limits.Memory)
	switch {
	case len(queues) == 0 || node != nil && err != nil:
	case node == nil && sum > muchMemory:
		largest := queues[0]
		for _, q := range queues {
			if q.bytes > largest.bytes {
				largest = q
			}
		}
		at := largest.of.deliveryField("queue", "size")
		f := w.l.Warnf("DVZ243", at.pos, "full queues take about %s (%s), and there is no memory limit", units.FormatSize(sum), terms(queues))
		f.Width, f.Hint = at.width, "make queue.size smaller, or say by limits.memory how much the service may take"
	case node != nil && limit >= leastMemory && sum+leastMemory > limit:
		f := w.l.Warnf("DVZ242", node.Pos, "full queues take about %s (%s), and the service itself %s: more than the memory limit of %s",
			units.FormatSize(sum), terms(queues), units.FormatSize(leastMemory), w.c.Limits.Memory)
		f.Width, f.Hint = node.Width, fmt.Sprintf("set it to %dMiB at least, or make queue.size smaller", (sum+leastMemory)>>20+1)
		for _, q := range queues {
			if at := q.of.deliveryField("queue", "size"); q.of.option("delivery") != nil {
				f.Related = append(f.Related, diag.Related{Pos: at.pos, Width: at.width, Message: fmt.Sprintf("the queue of %q", q.of.name)})
			}
		}
	}
}

// queues returns the queues of all exporters that data reaches, and their sum.
func (w *world) queues() (all []queue, sum int64) {
	const most = 1 << 50 // keeps the sum of hostile sizes from overflowing
	for _, d := range w.deeds {
		for _, signal := range d.says.SignalsIn {
			if len(w.feeders[d.name][signal]) == 0 {
				continue
			}
			bytes := min(int64(d.source.Delivery.QueueSize), most/itemBytes[signal]) * itemBytes[signal]
			all = append(all, queue{d, signal, bytes})
			sum = min(sum+bytes, most)
		}
	}
	return all, sum
}

// terms writes what the sum is made of.
func terms(queues []queue) string {
	var terms []string
	for _, q := range queues {
		terms = append(terms, fmt.Sprintf("%q %s for %d %s", q.of.name, units.FormatSize(q.bytes), q.of.source.Delivery.QueueSize, q.signal))
	}
	return strings.Join(terms, ", ")
}
