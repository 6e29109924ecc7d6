package contracts

import (
	"log/slog"

	"github.com/prometheus/client_golang/prometheus"
)

// Host is what the platform gives to each plugin instance: all that an instance
// may know of the world outside its own config. Tests of a plugin build one by
// hand; testkit.Host does it for them.
type Host struct {
	// Instance is the instance's name in the composition.
	Instance string
	// Composition is the name of the composition that the binary was built from.
	Composition string
	// Log is the instance's logger; it carries the instance's name.
	Log *slog.Logger
	// Telemetry registers the instance's own metrics; the platform adds the
	// label instance. Names start with "dvz_" and the plugin's short name.
	Telemetry prometheus.Registerer
	// Gatherer collects the telemetry of the whole process, for plugins that
	// expose it.
	Gatherer prometheus.Gatherer
	// State is the absolute path of the composition's state folder. It exists
	// and is writable by this process only.
	State string
	// ReadSecret returns the present value of a secret. It is called again when
	// a secret may have been rotated. The error names the place that was looked
	// at, never the value.
	ReadSecret func(Secret) ([]byte, error)
}

// LogHandler is the capability of supplying the process's structured log
// output. The platform routes every slog record to the handler once the
// instance was constructed.
type LogHandler interface {
	LogHandler() slog.Handler
}
