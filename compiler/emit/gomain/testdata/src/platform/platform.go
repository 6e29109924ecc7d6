// Package platform stands in for the one that generated programs link: it
// declares what main.go may use of it.
package platform

import (
	"time"

	"github.com/detectviz/detectviz/platform/contracts"
	"github.com/detectviz/detectviz/platform/delivery"
)

type App struct {
	Name, Version, Description, Generator string

	Plan        []byte
	Params      []Param
	Health      HealthPolicy
	MemoryLimit int64
	Secrets     func(*Platform) []SecretUse
	Assemble    func(*Platform) error
}

func Main(App) {}

type Param struct {
	Name, Help, Env string
	Value           Value
	Required        bool
	Min, Max        string
}

type Value struct{}

func String(p *string, def string) (v Value)                 { return }
func Int(p *int64, def int64) (v Value)                      { return }
func Bool(p *bool, def bool) (v Value)                       { return }
func Duration(p *time.Duration, def time.Duration) (v Value) { return }
func Size(p *int64, def int64) (v Value)                     { return }
func Address(p *string, def string) (v Value)                { return }
func URL(p *string, def string) (v Value)                    { return }
func Enum(p *string, def string, words ...string) (v Value)  { return }

type HealthPolicy struct {
	Interval, Timeout time.Duration
	Include           []string
	Disabled          bool
}

type SecretUse struct {
	Instance, Field string
	Secret          contracts.Secret
}

type Platform struct{}

type Instance struct {
	Name, Plugin        string
	Start, Stop, Health func() error
}

type (
	MetricsStep struct {
		Instance string
		Process  func(*contracts.Metrics) error
	}
	LogsStep struct {
		Instance string
		Process  func(*contracts.Logs) error
	}
	metricsDelivery struct{}
	logsDelivery    struct{}
	metricsPipeline struct{}
	logsPipeline    struct{}
)

func (p *Platform) Routes()                             {}
func (p *Platform) State() (s string)                   { return }
func (p *Platform) Hostname() (s string)                { return }
func (p *Platform) Host(name string) (h contracts.Host) { return }
func (p *Platform) Failed(name string, err error) error { return err }
func (p *Platform) Add(Instance)                        {}
func (p *Platform) LogTo(contracts.LogHandler)          {}
func (p *Platform) ServeHealth(address string)          {}
func (p *Platform) DeliverMetrics(name string, export func(*contracts.Metrics) error, policy delivery.Policy) (d metricsDelivery) {
	return
}
func (p *Platform) DeliverLogs(name string, export func(*contracts.Logs) error, policy delivery.Policy) (d logsDelivery) {
	return
}
func (p *Platform) MetricsPipeline(name string, steps []MetricsStep, to ...metricsDelivery) (l metricsPipeline) {
	return
}
func (p *Platform) LogsPipeline(name string, steps []LogsStep, to ...logsDelivery) (l logsPipeline) {
	return
}
func (p *Platform) ImportMetrics(name string, run func() (*contracts.Metrics, error), to ...metricsPipeline) {
}
func (p *Platform) ImportLogs(name string, run func() (*contracts.Logs, error), to ...logsPipeline) {}
