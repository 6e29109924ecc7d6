// Package health knows how the instances of the process are: it calls their
// health hooks, takes reports from the data plane, and answers /healthz and
// /readyz.
package health

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/detectviz/detectviz/platform/internal/guard"
)

// Policy says how instances are watched.
type Policy struct {
	// Interval is the time between two rounds of health hooks; 0 means 30 s.
	Interval time.Duration
	// Timeout is how long one hook may take; 0 means 5 s.
	Timeout time.Duration
	// Include names the instances that count for readiness; nil: all.
	Include []string
	// Disabled: no hook is called and no endpoint is served.
	Disabled bool
}

// Status is the state of an instance.
type Status string

// The states of an instance.
const (
	Starting  Status = "starting"
	Healthy   Status = "healthy"
	Unhealthy Status = "unhealthy"
	Stopped   Status = "stopped"
)

// Phase is the state of the process.
type Phase string

// The states of the process.
const (
	PhaseStarting Phase = "starting"
	PhaseRunning  Phase = "running"
	PhaseStopping Phase = "stopping"
)

// Plugin is what /readyz says of one instance.
type Plugin struct {
	Name   string    `json:"name"`
	Plugin string    `json:"plugin"`
	Status Status    `json:"status"`
	Since  time.Time `json:"since"`
	Error  string    `json:"error,omitempty"`
}

// Monitor watches instances. Its methods may be called by any goroutine; Add
// only before Run.
type Monitor struct {
	policy   Policy
	log      *slog.Logger
	onChange func(summary string) // called without the lock

	mu        sync.Mutex
	phase     Phase
	instances []*instance
	summary   string
	progress  time.Time // when the last round of hooks ended
}

type instance struct {
	name, plugin string
	check        func(context.Context) error
	busy         atomic.Bool // a hook is running, perhaps past its timeout

	status   Status
	since    time.Time
	problems []problem // at most one a source
}

// problem is a reason to be unhealthy, and who gave it.
type problem struct {
	source string
	err    error
}

// New returns a monitor without instances. OnChange is told a summary of the
// process's state, for systemd's status line, whenever it changes.
func New(policy Policy, log *slog.Logger, onChange func(summary string)) *Monitor {
	policy.Interval = cmp.Or(policy.Interval, 30*time.Second)
	policy.Timeout = cmp.Or(policy.Timeout, 5*time.Second)
	return &Monitor{policy: policy, log: log, onChange: onChange, phase: PhaseStarting}
}

// Add makes an instance known. Check may be nil.
func (m *Monitor) Add(name, plugin string, check func(context.Context) error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.instances = append(m.instances, &instance{name: name, plugin: plugin, check: check, status: Starting, since: time.Now()})
}

// SetPhase notes what the process does.
func (m *Monitor) SetPhase(p Phase) { m.change(func() { m.phase = p }) }

// Started notes that an instance has started.
func (m *Monitor) Started(name string) {
	m.update(name, func(i *instance) { i.set(i.running()) })
}

// Stopped notes that an instance is stopped.
func (m *Monitor) Stopped(name string) {
	m.update(name, func(i *instance) { i.set(Stopped) })
}

// Report notes that something is wrong with an instance, or with a nil error
// that it works again. Problems of different sources ("delivery of metrics") do
// not hide each other.
func (m *Monitor) Report(name, source string, err error) {
	m.update(name, func(i *instance) {
		before := i.status
		i.problems = slices.DeleteFunc(i.problems, func(p problem) bool { return p.source == source })
		if err != nil {
			i.problems = append(i.problems, problem{source, err})
		}
		if before == Healthy || before == Unhealthy {
			i.set(i.running())
		}
		switch {
		case before == Healthy && i.status == Unhealthy:
			m.log.Warn("instance is unhealthy", "instance", name, "source", source, "err", err)
		case before == Unhealthy && i.status == Healthy:
			m.log.Info("instance is healthy again", "instance", name)
		}
	})
}

// running is the status of an instance that has started.
func (i *instance) running() Status {
	if len(i.problems) > 0 {
		return Unhealthy
	}
	return Healthy
}

func (i *instance) set(s Status) {
	if i.status != s {
		i.status, i.since = s, time.Now()
	}
}

// update changes one instance; a name that is not known is ignored.
func (m *Monitor) update(name string, f func(*instance)) {
	m.change(func() {
		for _, i := range m.instances {
			if i.name == name {
				f(i)
			}
		}
	})
}

// change changes something under the lock, and tells of a new summary after.
func (m *Monitor) change(f func()) {
	m.mu.Lock()
	f()
	summary := m.describe()
	changed := summary != m.summary
	m.summary = summary
	m.mu.Unlock()
	if changed && m.onChange != nil {
		m.onChange(summary)
	}
}

// describe is called with the lock held.
func (m *Monitor) describe() string {
	if m.phase != PhaseRunning {
		return string(m.phase)
	}
	healthy := 0
	worst := ""
	for _, i := range m.instances {
		if i.status == Healthy {
			healthy++
		} else if worst == "" {
			worst = fmt.Sprintf("; %s is %s", i.name, i.status)
		}
	}
	return fmt.Sprintf("running: %d of %d instances healthy%s", healthy, len(m.instances), worst)
}

// Ready returns whether the process is ready, what it does, and the state of
// every instance, in start order.
func (m *Monitor) Ready() (bool, Phase, []Plugin) {
	m.mu.Lock()
	defer m.mu.Unlock()
	ready := m.phase == PhaseRunning
	list := make([]Plugin, len(m.instances))
	for k, i := range m.instances {
		list[k] = Plugin{Name: i.name, Plugin: i.plugin, Status: i.status, Since: i.since.UTC()}
		if len(i.problems) > 0 {
			list[k].Error = i.problems[0].source + ": " + i.problems[0].err.Error()
		}
		if i.status != Healthy && m.counts(i.name) {
			ready = false
		}
	}
	return ready, m.phase, list
}

func (m *Monitor) counts(name string) bool {
	return m.policy.Include == nil || slices.Contains(m.policy.Include, name)
}

// Run calls all health hooks at once and then every Interval, until ctx ends.
func (m *Monitor) Run(ctx context.Context) {
	if m.policy.Disabled {
		return
	}
	tick := time.NewTicker(m.policy.Interval)
	defer tick.Stop()
	for {
		m.round(ctx)
		m.mu.Lock()
		m.progress = time.Now()
		m.mu.Unlock()
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// Alive reports whether Run makes progress: the watchdog's question.
func (m *Monitor) Alive() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.policy.Disabled || m.phase != PhaseRunning || m.progress.IsZero() {
		return true
	}
	return time.Since(m.progress) <= 2*(m.policy.Interval+m.policy.Timeout)
}

// round calls the hooks in parallel and waits for them, at most a little longer
// than Timeout. A hook that still runs from an earlier round is not called again.
func (m *Monitor) round(ctx context.Context) {
	var all sync.WaitGroup
	for _, i := range m.instances {
		if i.check == nil || !i.busy.CompareAndSwap(false, true) {
			continue
		}
		all.Go(func() {
			err := guard.Within(ctx, m.policy.Timeout, func(ctx context.Context) error {
				defer i.busy.Store(false)
				return i.check(ctx)
			})
			if ctx.Err() == nil {
				m.Report(i.name, "health check", err)
			}
		})
	}
	all.Wait()
}

var upDesc = prometheus.NewDesc("dvz_instance_up", "1 while the instance has started and is healthy, else 0.", []string{"instance", "plugin"}, nil)

// Describe implements prometheus.Collector.
func (m *Monitor) Describe(out chan<- *prometheus.Desc) { out <- upDesc }

// Collect implements prometheus.Collector.
func (m *Monitor) Collect(out chan<- prometheus.Metric) {
	_, _, list := m.Ready()
	for _, p := range list {
		up := 0.0
		if p.Status == Healthy {
			up = 1
		}
		out <- prometheus.MustNewConstMetric(upDesc, prometheus.GaugeValue, up, p.Name, p.Plugin)
	}
}
