// Package promexporter is the exporter that shows metrics to Prometheus: the
// newest value of each delivered series, and the binary's own telemetry.
//
// store.go keeps what was delivered, series.go knows how a series is written,
// self.go brings the own telemetry into the same form, page.go puts both
// together into valid families, and http.go answers scrapes.
//
//go:generate go tool cue exp gengotypes --outfile config_gen.go .
package promexporter

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/detectviz/detectviz/platform/contracts"
)

// Exporter implements contracts.MetricsExporter and contracts.Routes.
type Exporter struct {
	cfg   Config
	log   *slog.Logger
	own   prometheus.Gatherer
	store *store
	said  sync.Map // names of metrics that leftOut has warned of
}

// New returns an exporter. It needs no start: it works as long as it is called.
func New(cfg Config, host contracts.Host) (*Exporter, error) {
	if cfg.Path == cfg.SelfPath {
		return nil, fmt.Errorf("path and self_path are both %s; give them different paths", cfg.Path)
	}
	if cfg.Expire <= 0 {
		return nil, fmt.Errorf("expire is %s; give a positive duration, longer than the interval at which series are delivered", cfg.Expire)
	}
	e := &Exporter{cfg: cfg, log: host.Log, own: host.Gatherer, store: newStore(cfg.MaxSeries, cfg.Expire)}
	for _, c := range []prometheus.Collector{
		e.store.refused,
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "dvz_prometheus_series",
			Help: "Delivered series that are exposed.",
		}, func() float64 { return float64(e.store.len()) }),
	} {
		if err := host.Telemetry.Register(c); err != nil {
			return nil, fmt.Errorf("telemetry: %w", err)
		}
	}
	return e, nil
}

// Routes implements contracts.Routes.
func (e *Exporter) Routes() []contracts.Route {
	access := contracts.Access(e.cfg.Access)
	return []contracts.Route{
		{Method: http.MethodGet, Path: e.cfg.Path, Access: access, Handler: http.HandlerFunc(e.serveAll)},
		{Method: http.MethodGet, Path: e.cfg.SelfPath, Access: access, Handler: http.HandlerFunc(e.serveSelf)},
	}
}

// ExportMetrics keeps the newest sample of each series. It never fails: the
// samples of series beyond max_series are refused and counted.
func (e *Exporter) ExportMetrics(_ context.Context, batch *contracts.Metrics) error {
	e.store.update(batch.Samples, time.Now())
	return nil
}
