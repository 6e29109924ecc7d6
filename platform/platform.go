package platform

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/detectviz/detectviz/platform/contracts"
	"github.com/detectviz/detectviz/platform/health"
	"github.com/detectviz/detectviz/platform/lifecycle"
	"github.com/detectviz/detectviz/platform/logging"
	"github.com/detectviz/detectviz/platform/pipeline"
	"github.com/detectviz/detectviz/platform/secrets"
	"github.com/detectviz/detectviz/platform/telemetry"
)

// Platform is what Assemble builds on. Its exported methods are for generated
// code, which calls them from one goroutine, before anything has started.
type Platform struct {
	app   App
	state string
	begin time.Time

	plain   slog.Handler // stderr
	output  *logging.Handler
	log     *slog.Logger
	logsTo  string // the instance that supplies the log output
	current string // the instance that is being constructed

	telemetry *telemetry.Telemetry
	monitor   *health.Monitor
	instances *lifecycle.Sequence
	errs      []error // of methods that return none

	// The data plane.
	processors map[string]*pipeline.Processor[*contracts.Metrics]
	deliveries []metricsDelivery
	importers  []importer
	running    sync.WaitGroup     // importers
	halt       context.CancelFunc // ends importers
	dataLife   context.Context    // ends when all is drained
	endData    context.CancelFunc
}

// Instance is a plugin instance with its lifecycle; hooks may be nil.
type Instance struct {
	Name, Plugin string
	// Start, Stop and Health are the instance's methods OnStart, OnStop and
	// Health. An instance whose Start fails is not stopped.
	Start, Stop, Health func(context.Context) error
}

func newPlatform(app App, state string, plain slog.Handler) *Platform {
	p := &Platform{
		app: app, state: state, begin: time.Now(),
		plain:      plain,
		output:     logging.New(plain),
		telemetry:  telemetry.New(app.Name, app.Version, digest),
		processors: make(map[string]*pipeline.Processor[*contracts.Metrics]),
	}
	p.log = slog.New(p.output)
	p.monitor = health.New(app.Health, p.log, func(summary string) { notify(p.log, "STATUS="+summary) })
	p.telemetry.Registry.MustRegister(p.monitor)
	p.instances = lifecycle.New(p.log, p.monitor.Started, p.stopping)
	p.dataLife, p.endData = context.WithCancel(context.Background())
	return p
}

// State returns the absolute path of the state folder.
func (p *Platform) State() string { return p.state }

// Hostname returns the name of the host, or "localhost" when it has none.
func (p *Platform) Hostname() string {
	if name, err := os.Hostname(); err == nil && name != "" {
		return name
	}
	return "localhost"
}

// Host returns the host of an instance; its constructor is called with it.
func (p *Platform) Host(instance string) contracts.Host {
	p.current = instance
	return contracts.Host{
		Instance:    instance,
		Composition: p.app.Name,
		Log:         p.log.With("instance", instance),
		Telemetry:   p.telemetry.For(instance),
		Gatherer:    p.telemetry.Registry,
		State:       p.state,
		ReadSecret:  secrets.Read,
	}
}

// Add adds a constructed instance; instances are started in the order of Add.
func (p *Platform) Add(i Instance) {
	p.monitor.Add(i.Name, i.Plugin, i.Health)
	p.instances.Add(lifecycle.Unit{Name: i.Name, Start: i.Start, Stop: i.Stop})
}

// Failed names the instance in the error of its constructor.
func (p *Platform) Failed(instance string, err error) error {
	return fmt.Errorf("%s cannot be set up: %w", instance, err)
}

// LogTo routes every log record of the process to the instance that was
// constructed last, whose method LogHandler returns where to. Loggers that were
// handed out before follow. When the instance is stopped, output goes to stderr
// again, so that the last lines are not lost.
func (p *Platform) LogTo(h contracts.LogHandler) {
	p.logsTo = p.current
	p.output.SwitchTo(h.LogHandler())
}

// ServeHealth serves /healthz and /readyz on an address of their own. The
// listener takes its place in the start order as an instance does.
func (p *Platform) ServeHealth(addr string) {
	routes := p.Routes()
	if len(routes) == 0 {
		return
	}
	s := health.NewServer(addr, routes, p.log)
	p.instances.Add(lifecycle.Unit{Name: "the health listener", Start: s.Start, Stop: s.Stop})
}

// Routes implements contracts.Routes: /healthz and /readyz.
func (p *Platform) Routes() []contracts.Route {
	return p.monitor.Routes(health.Program{Composition: p.app.Name, Version: p.app.Version, Started: p.begin.UTC()})
}

// stopping is called before an instance is stopped.
func (p *Platform) stopping(instance string) {
	if instance == p.logsTo {
		p.output.SwitchTo(p.plain)
	}
	p.monitor.Stopped(instance)
}

// note remembers an error of a method that returns none; assembling then fails.
func (p *Platform) note(err error) {
	if err != nil {
		p.errs = append(p.errs, err)
	}
}

// assemble calls App.Assemble.
func (p *Platform) assemble() error {
	if err := p.app.Assemble(p); err != nil {
		return err
	}
	return errors.Join(p.errs...)
}
