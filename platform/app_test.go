package platform_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"os"
	"path/filepath"
	"runtime/debug"
	"sync/atomic"
	"testing"
	"time"

	"github.com/detectviz/detectviz/platform"
	"github.com/detectviz/detectviz/platform/contracts"
	"github.com/detectviz/detectviz/platform/delivery"
)

// The tests run this test binary again as a composition: with the variable
// DVZ_TEST_APP set, it is what a generated binary would be.
func TestMain(m *testing.M) {
	if scenario := os.Getenv("DVZ_TEST_APP"); scenario != "" {
		platform.Main(testApp(scenario))
	}
	os.Exit(m.Run())
}

var settings struct {
	Listen   string
	Interval time.Duration
	MaxSize  int64
	Level    string
}

// testApp is a small composition of fake plugins that write down what happens to
// them in the state folder's file "events". The scenario says what goes wrong.
func testApp(scenario string) platform.App {
	app := platform.App{
		Name:        "test-app",
		Version:     "1.2.3",
		Description: "a composition for tests",
		Generator:   "dvz 0.0.0",
		Plan:        []byte("{\"name\": \"test-app\"}\n"),
		Params: []platform.Param{
			{Name: "listen", Help: "where health is served", Env: "DVZ_TEST_LISTEN", Value: platform.Address(&settings.Listen, "127.0.0.1:0")},
			{Name: "interval", Help: "time between two batches", Value: platform.Duration(&settings.Interval, 5*time.Millisecond), Min: "1ms", Max: "1h"},
			{Name: "max_size", Env: "DVZ_TEST_MAX_SIZE", Value: platform.Size(&settings.MaxSize, 64<<20), Max: "1GiB"},
			{Name: "level", Help: "how much is logged", Value: platform.Enum(&settings.Level, "info", "debug", "info")},
		},
		Health:      platform.HealthPolicy{Interval: 20 * time.Millisecond, Timeout: time.Second},
		MemoryLimit: 256 << 20,
		Assemble:    func(p *platform.Platform) error { return assemble(p, scenario) },
	}
	switch scenario {
	case "secrets":
		app.Secrets = func(p *platform.Platform) []platform.SecretUse {
			return []platform.SecretUse{
				{Instance: "auth", Field: "secret", Secret: contracts.Secret{File: p.State() + "/jwt.key", Generate: 32}},
				{Instance: "node", Field: "password", Secret: contracts.Secret{Env: "DVZ_TEST_PASSWORD"}},
				{Instance: "node", Field: "token", Secret: contracts.Secret{Credential: "token"}},
			}
		}
	case "required":
		app.Params[0].Required = true
		app.Params[0].Value = platform.Address(&settings.Listen, "")
	}
	return app
}

// instance is a fake plugin.
type instance struct {
	name string
	host contracts.Host
}

func (i *instance) event(format string, args ...any) {
	f, err := os.OpenFile(filepath.Join(i.host.State, "events"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		panic(err)
	}
	defer f.Close()
	fmt.Fprintf(f, format+"\n", args...)
}

func (i *instance) OnStart(context.Context) error { i.event("start %s", i.name); return nil }
func (i *instance) OnStop(context.Context) error  { i.event("stop %s", i.name); return nil }

// LogHandler writes JSON to a file of the state folder.
func (i *instance) LogHandler() slog.Handler {
	f, err := os.OpenFile(filepath.Join(i.host.State, "log.json"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		panic(err)
	}
	return slog.NewJSONHandler(f, nil)
}

func assemble(p *platform.Platform, scenario string) error {
	early := p.Host("early")
	logs := &instance{"logs", p.Host("logs")}
	p.Add(platform.Instance{Name: "logs", Plugin: "core/logging/fake", Start: logs.OnStart, Stop: logs.OnStop})
	if scenario == "logs" {
		p.LogTo(logs)
		early.Log.Info("through a logger that was handed out early")
		log.Print("through package log")
		slog.Info("through slog's default")
	}

	db := &instance{"db", p.Host("db")}
	p.Add(platform.Instance{Name: "db", Plugin: "community/exporters/fake", Start: db.OnStart, Stop: db.OnStop, Health: func(context.Context) error {
		if _, err := os.Stat(filepath.Join(p.State(), "sick")); err == nil {
			return errors.New("the database is sick")
		}
		return nil
	}})

	switch scenario {
	case "assemble-error":
		return p.Failed("broken", errors.New("no such table"))
	case "assemble-panic":
		panic("boom")
	case "assemble-slow":
		db.event("assembling slowly")
		time.Sleep(300 * time.Millisecond)
	case "memory":
		slog.Info("limit", "bytes", debug.SetMemoryLimit(-1))
	case "start-error", "start-panic", "start-slow":
		p.Add(platform.Instance{Name: "broken", Plugin: "p", Start: func(ctx context.Context) error {
			switch scenario {
			case "start-error":
				return errors.New("port 80 is taken")
			case "start-panic":
				panic("boom")
			}
			db.event("starting slowly")
			<-ctx.Done()
			return ctx.Err()
		}})
	case "stop-panic":
		p.Add(platform.Instance{Name: "broken", Plugin: "p", Stop: func(context.Context) error { panic("boom") }})
	}

	slow := scenario == "slow-export"
	toDB := p.DeliverMetrics("db", func(ctx context.Context, b *contracts.Metrics) error {
		if scenario == "stuck-export" {
			db.event("stuck")
			time.Sleep(time.Hour)
		}
		if slow {
			time.Sleep(20 * time.Millisecond)
		}
		var lines bytes.Buffer
		for i, s := range b.Samples {
			if i > 0 {
				lines.WriteByte('\n')
			}
			fmt.Fprintf(&lines, "sample %.0f", s.Value)
		}
		db.event("%s", &lines)
		return nil
	}, delivery.Policy{QueueSize: 40, WhenFull: delivery.Block, MaxElapsed: time.Minute})

	node := &instance{"node", p.Host("node")}
	p.Add(platform.Instance{Name: "node", Plugin: "community/importers/fake", Start: node.OnStart, Stop: node.OnStop})
	var n atomic.Int64
	series := &contracts.Series{Name: "x"}
	pipeline := p.MetricsPipeline("node-metrics", []platform.MetricsStep{{Instance: "same", Process: func(_ context.Context, b *contracts.Metrics) (*contracts.Metrics, error) {
		return b, nil
	}}}, toDB)
	if scenario == "duplicate-pipeline" {
		p.MetricsPipeline("node-metrics", nil, toDB)
	}
	p.ImportMetrics("node", func(ctx context.Context, out contracts.MetricsSink) error {
		if scenario == "import-error" {
			return errors.New("connection refused")
		}
		for ctx.Err() == nil {
			b := contracts.NewMetrics()
			for range 10 {
				b.Append(series, time.Now().UnixMilli(), float64(n.Add(1)))
			}
			if err := out.Push(ctx, b); err != nil {
				return err
			}
			select {
			case <-time.After(settings.Interval):
			case <-ctx.Done():
			}
		}
		b := contracts.NewMetrics() // the importer's last words
		b.Append(series, time.Now().UnixMilli(), float64(n.Add(1)))
		err := out.Push(ctx, b)
		node.event("pushed %d", n.Load())
		return err
	}, pipeline)

	p.ServeHealth(settings.Listen)
	return nil
}
