// Package platform is the run-time library that generated binaries link. A
// generated main.go describes its composition as an App and calls Main; the rest
// is here: params, secrets, logging, lifecycle, health, pipelines, telemetry.
// The package knows no plugin: it sees functions and the interfaces of
// platform/contracts.
//
// # Start
//
// Params and secrets are checked first, all of them, before anything is
// constructed. Assemble then constructs the instances; they are started in the
// order of Add, each with a deadline; last, the importers run. A start that
// fails stops what had started, in reverse.
//
// # Stop
//
// On SIGINT or SIGTERM, in this order, so that nothing is lost on the way:
//
//  1. /readyz answers 503 and systemd is told, so that no new work is sent here.
//  2. The importers are stopped. What they push while they end is still taken,
//     even by a queue that is full at the moment, since the exporters go on.
//  3. The queues are closed and emptied. Steps 2 and 3 together have
//     DrainTimeout; what is left then is given up, counted and logged.
//  4. The instances are stopped in reverse of the start order. HTTP servers
//     start last, since they depend on those whose routes they serve, so they
//     stop first: until then whatever reads over HTTP (a scrape, a query) still
//     sees the drained data, and afterwards nobody calls an instance that has
//     stopped. Exporters follow, and the log output, on which all depend, is last.
//
// A second signal ends the process at once, with the exit code 128 plus the
// signal's number.
package platform

import (
	"os"
	"time"

	"github.com/detectviz/detectviz/platform/health"
	"github.com/detectviz/detectviz/platform/params"
	"github.com/detectviz/detectviz/platform/secrets"
)

// DrainTimeout is how long the importers have to end and the queues to become
// empty when the process is stopped.
const DrainTimeout = 20 * time.Second

// digest is the digest of the composition; the linker sets it.
var digest string

// App is a composition as its generated main.go describes it.
type App struct {
	Name        string
	Version     string
	Description string
	Generator   string // "dvz 0.1.0"
	Plan        []byte // what --print-plan prints
	Params      []Param
	Health      HealthPolicy
	// MemoryLimit is the service's hard limit in bytes; the Go runtime is told
	// to stay below 80 % of it, unless GOMEMLIMIT is set. 0: none.
	MemoryLimit int64
	// Secrets lists what must be readable before anything starts; may be nil.
	Secrets func(*Platform) []SecretUse
	// Assemble constructs the instances in start order and wires them.
	Assemble func(*Platform) error
}

// Param is a value that may change without a rebuild; see package params.
type Param = params.Param

// HealthPolicy says how instances are watched.
type HealthPolicy = health.Policy

// SecretUse says which instance needs which secret.
type SecretUse = secrets.Use

// Main runs a composition until it is told to stop, and exits: 0 after an
// orderly stop, 1 after a failure, 2 for wrong usage.
func Main(app App) {
	os.Exit(run(app, os.Args[1:], os.Stdout, os.Stderr))
}

// The types of params. Each sets the variable to the default and returns where
// the flag or the environment variable goes.

// String is any text.
func String(p *string, def string) params.Value { return params.String(p, def) }

// Int is a decimal integer.
func Int(p *int64, def int64) params.Value { return params.Int(p, def) }

// Bool is true or false.
func Bool(p *bool, def bool) params.Value { return params.Bool(p, def) }

// Duration is a time such as 15s.
func Duration(p *time.Duration, def time.Duration) params.Value { return params.Duration(p, def) }

// Size is a number of bytes, written such as 256MiB.
func Size(p *int64, def int64) params.Value { return params.Size(p, def) }

// Address is host:port.
func Address(p *string, def string) params.Value { return params.Address(p, def) }

// URL is an absolute http or https URL.
func URL(p *string, def string) params.Value { return params.URL(p, def) }

// Enum is one of the words.
func Enum(p *string, def string, words ...string) params.Value { return params.Enum(p, def, words...) }
