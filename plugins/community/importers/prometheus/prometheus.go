// Package prometheus is the importer that scrapes metrics from Prometheus and
// OpenMetrics endpoints. It stands at the head of a pipeline and sends one
// group of batches per scrape.
//
// What a scrape means (labels, limits, staleness, up) follows Prometheus' own
// scrape loop; the exposition formats are read by Prometheus' own parsers. The
// files, in the order of the data: schedule.go (when), client.go (fetch),
// parse.go (read), cache.go (which series), target.go (all of it together).
package prometheus

//go:generate go tool cue exp gengotypes --outfile config_gen.go .

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"maps"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/detectviz/detectviz/platform/contracts"
	"github.com/prometheus/client_golang/prometheus"
)

// defaultTimeout is the longest that a scrape may take when the config says
// nothing and the interval is not shorter.
const defaultTimeout = 10 * time.Second

// Importer scrapes the targets of one instance.
type Importer struct {
	interval time.Duration
	client   *client
	targets  []*target
}

// New prepares the scraping of cfg's targets. It reads credentials and
// certificates, to fail early, but connects to nothing.
func New(cfg Config, host contracts.Host) (*Importer, error) {
	timeout := cfg.Timeout
	switch {
	case cfg.Interval <= 0:
		return nil, fmt.Errorf("interval is %s; it must be greater than 0", cfg.Interval)
	case timeout < 0 || timeout > cfg.Interval:
		return nil, fmt.Errorf("timeout %s is not within the interval %s; make it shorter, or leave it out", timeout, cfg.Interval)
	case timeout == 0:
		timeout = min(defaultTimeout, cfg.Interval)
	}
	client, err := newClient(cfg, host.ReadSecret)
	if err != nil {
		return nil, err
	}
	telemetry, err := newTelemetry(host.Telemetry)
	if err != nil {
		return nil, err
	}
	job := cfg.Job
	if job == "" {
		job = host.Instance
	}

	imp := &Importer{interval: cfg.Interval, client: client}
	byInstance := make(map[string]string, len(cfg.Targets))
	for _, raw := range cfg.Targets {
		u, shown, err := parseTarget(raw)
		if err != nil {
			return nil, err
		}
		if other, ok := byInstance[u.Host]; ok {
			return nil, fmt.Errorf("targets %s and %s both have the instance label %s, so that their series could not be told apart; scrape one of them in another instance of this plugin", other, shown, u.Host)
		}
		byInstance[u.Host] = shown
		labels := targetLabels(cfg.Labels, job, u.Host)
		imp.targets = append(imp.targets, &target{
			fetcher: client.fetcher(u, timeout, cfg.BodySizeLimit),
			parser:  parser{cache: newCache(cfg, labels), limit: cfg.SampleLimit, stamps: cfg.HonorTimestamps},
			report:  newReportSeries(labels),
			timeout: timeout,
			offset:  offset(host.Composition+"/"+host.Instance+"/"+shown, cfg.Interval),
			log:     host.Log.With("target", shown),
			metrics: telemetry,
		})
	}
	return imp, nil
}

// ImportMetrics implements contracts.MetricsImporter. Each target is scraped by
// a goroutine of its own, so that a slow one delays no other.
func (imp *Importer) ImportMetrics(ctx context.Context, out contracts.MetricsSink) error {
	run, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer imp.client.close()
	var wg sync.WaitGroup
	for _, t := range imp.targets {
		wg.Go(func() {
			every(run, imp.interval, t.offset, func(at time.Time) {
				if err := t.scrape(run, at, out); err != nil {
					cancel(err) // the pipeline is closed: no target can go on
				}
			}, t.metrics.missed.Add)
		})
	}
	wg.Wait()
	if ctx.Err() != nil {
		return nil
	}
	return context.Cause(run)
}

// Health reports what keeps the importer itself from working, such as a
// password file that became unreadable. A target that does not answer is not a
// fault of the importer; its series up says so.
func (imp *Importer) Health(context.Context) error { return imp.client.health() }

// parseTarget returns a target's URL with an explicit host and port, and the
// form that may be shown: without query, which may hold a token.
func parseTarget(raw string) (u *url.URL, shown string, err error) {
	u, err = url.Parse(raw)
	if err != nil {
		var parse *url.Error
		if errors.As(err, &parse) {
			err = parse.Err // the URL itself may hold a password
		}
		return nil, "", fmt.Errorf("a target is not a URL: %w", err)
	}
	if u.User != nil {
		return nil, "", fmt.Errorf("target %s holds a user name or password; use basic_auth", u.Host)
	}
	if u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, "", fmt.Errorf("target %q is not an absolute http or https URL", raw)
	}
	name, port := u.Hostname(), u.Port()
	if name == "" {
		name = "localhost" // ":8080" listens on all interfaces; this one is near
	}
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	if strings.Contains(name, ":") {
		name = "[" + name + "]"
	}
	u.Host = name + ":" + port
	u.Fragment = ""
	return u, (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String(), nil
}

// targetLabels returns the labels that every series of a target gets, sorted.
func targetLabels(static map[string]string, job, instance string) []contracts.Label {
	all := map[string]string{"job": job, "instance": instance}
	maps.Copy(all, static)
	labels := make([]contracts.Label, 0, len(all))
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if all[name] != "" {
			labels = append(labels, contracts.Label{Name: name, Value: all[name]})
		}
	}
	return labels
}

// offset spreads targets over the interval: the same key gets the same moment
// of it at every start.
func offset(key string, interval time.Duration) time.Duration {
	h := fnv.New64a()
	_, _ = h.Write([]byte(key)) // never fails
	return time.Duration(h.Sum64() % uint64(interval))
}

// telemetry is what the importer tells about itself.
type telemetry struct {
	ok, failed, missed, dropped prometheus.Counter
	series                      prometheus.Gauge
}

func newTelemetry(reg prometheus.Registerer) (*telemetry, error) {
	scrapes := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "dvz_prometheus_target_scrapes_total",
		Help: "Scrapes of targets, by result: ok or failed.",
	}, []string{"result"})
	t := &telemetry{
		ok:     scrapes.WithLabelValues("ok"),
		failed: scrapes.WithLabelValues("failed"),
		missed: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "dvz_prometheus_target_scrapes_missed_total",
			Help: "Scrapes left out because the one before took longer than an interval, for example while a queue was full.",
		}),
		dropped: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "dvz_prometheus_target_samples_dropped_total",
			Help: "Samples dropped because the target exposed the same series twice in one scrape.",
		}),
		series: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "dvz_prometheus_target_series",
			Help: "Series that the targets expose at present.",
		}),
	}
	for _, c := range []prometheus.Collector{scrapes, t.missed, t.dropped, t.series} {
		if err := reg.Register(c); err != nil {
			return nil, fmt.Errorf("cannot register telemetry: %w", err)
		}
	}
	return t, nil
}

var _ contracts.MetricsImporter = (*Importer)(nil)
