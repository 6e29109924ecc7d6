package platform

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"

	"github.com/detectviz/detectviz/platform/health"
	"github.com/detectviz/detectviz/platform/internal/guard"
	"github.com/detectviz/detectviz/platform/secrets"
)

// Exit codes.
const (
	exitOK      = 0
	exitFailure = 1
	exitUsage   = 2
)

// run is Main without the exit.
func run(app App, args []string, stdout, stderr io.Writer) int {
	opts, done, code := parseFlags(app, args, stdout, stderr)
	if done {
		return code
	}
	fail := func(code int, errs ...error) int {
		complain(stderr, app.Name, errors.Join(errs...))
		return code
	}

	state, stateErr := stateFolder(opts.state, app.Name)
	paramsErr := opts.params.Resolve()
	if paramsErr != nil && !opts.check {
		return fail(exitUsage, paramsErr)
	}

	p := newPlatform(app, state, slog.NewTextHandler(stderr, nil))
	var uses []SecretUse
	if app.Secrets != nil {
		uses = app.Secrets(p)
	}
	if err := errors.Join(paramsErr, stateErr, secrets.CheckAll(uses)); err != nil {
		return fail(exitFailure, err)
	}
	if opts.check {
		fmt.Fprintf(stdout, "%s: params and secrets are in order; the state folder is %s\n", app.Name, state)
		return exitOK
	}

	lock, err := openState(state)
	if err != nil {
		return fail(exitFailure, err)
	}
	defer lock.Close()
	if app.MemoryLimit > 0 && os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(app.MemoryLimit / 10 * 8)
	}
	paceGC()
	slog.SetDefault(p.log) // and package log
	if err := p.prepareSecrets(uses); err != nil {
		return fail(exitFailure, err)
	}
	if err := p.run(stderr); err != nil {
		return fail(exitFailure, err)
	}
	return exitOK
}

// complain prints an error, one line for each of those that were joined.
func complain(w io.Writer, name string, err error) {
	for line := range strings.Lines(err.Error()) {
		fmt.Fprintf(w, "%s: %s\n", name, strings.TrimSuffix(line, "\n"))
	}
}

// prepareSecrets generates the secret files that are missing, and warns of those
// that others may read.
func (p *Platform) prepareSecrets(uses []SecretUse) error {
	var errs []error
	for _, u := range uses {
		if _, err := secrets.Read(u.Secret); err != nil {
			errs = append(errs, fmt.Errorf("%s: secret %s: %w", u.Instance, u.Field, err))
		}
		if w := secrets.Warning(u.Secret); w != "" {
			p.log.Warn(w, "instance", u.Instance, "field", u.Field)
		}
	}
	return errors.Join(errs...)
}

// run assembles, starts, waits for a signal and stops.
func (p *Platform) run(stderr io.Writer) error {
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	p.watchSignals(stop, stderr) // before anything that takes time: a stop is orderly at any moment
	if err := guard.Do(p.assemble); err != nil {
		return err
	}
	if err := p.instances.Start(ctx); err != nil {
		p.output.SwitchTo(p.plain)
		if ctx.Err() != nil {
			p.log.Info("stopped before everything had started")
			return nil
		}
		return err
	}
	p.startData()

	watch, stopWatching := context.WithCancel(context.Background())
	defer stopWatching()
	var watchers sync.WaitGroup
	hooks, stopHooks := context.WithCancel(watch)
	defer stopHooks()
	watchers.Go(func() { p.monitor.Run(hooks) })
	go watchdog(watch, p.log, p.monitor.Alive)
	p.monitor.SetPhase(health.PhaseRunning)
	notify(p.log, daemon.SdNotifyReady)
	p.log.Info("ready", "composition", p.app.Name, "version", p.app.Version, "took", time.Since(p.begin).Round(time.Microsecond))

	<-ctx.Done()
	notify(p.log, daemon.SdNotifyStopping)
	p.monitor.SetPhase(health.PhaseStopping)
	stopHooks()
	watchers.Wait() // no hook is called on an instance that is being stopped
	p.drain()
	p.instances.Stop(context.Background())
	p.output.SwitchTo(p.plain)
	p.log.Info("stopped", "composition", p.app.Name)
	return nil
}

// watchSignals calls stop at the first SIGINT or SIGTERM and ends the process at
// the second one.
func (p *Platform) watchSignals(stop func(), stderr io.Writer) {
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	go func() {
		first := <-signals
		p.log.Info("stopping; a second signal exits at once", "signal", first.String())
		stop()
		second := <-signals
		fmt.Fprintf(stderr, "%s: %s again: exiting at once, what was not delivered is lost\n", p.app.Name, second)
		os.Exit(128 + int(second.(syscall.Signal)))
	}()
}
