// Package plugin stands in for every plugin that the tests name.
package plugin

import (
	"time"

	"github.com/detectviz/detectviz/platform/contracts"
)

type Config struct {
	Listen, Job, Path, Text string
	Level                   Level
	Count                   int
	Limit                   int64
	Ratio                   float64
	Strict                  bool
	Interval, Timeout       time.Duration
	Targets                 []string
	Ports                   []int
	Labels                  map[string]string
	TLS                     TLS
	Client                  *TLS
	Users                   []User
	Owners                  []*User
	Teams                   map[string]User
	Secret                  contracts.Secret
	Backup                  *contracts.Secret
	Note                    *string
	Quota                   *int64
	Pause                   *time.Duration
	Flag                    *bool
	Nested                  map[string][]string
}

type (
	Level string
	TLS   struct {
		CA   string
		Skip bool
		Key  contracts.Secret
	}
	User struct {
		Name     string
		Roles    []string
		Password contracts.Secret
	}
)

type Deps struct {
	Routes      []contracts.Routes
	Middlewares []contracts.Middleware
	Auth        contracts.Authenticator
}

type T struct{}

// New takes Deps or not, as the manifest says; the parameters are loose so that
// one package can stand in for all.
func New(cfg Config, rest ...any) (t *T, err error) { return }

func (*T) OnStart() (err error)                             { return }
func (*T) OnStop() (err error)                              { return }
func (*T) Health() (err error)                              { return }
func (*T) Authenticate()                                    {}
func (*T) Routes()                                          {}
func (*T) Wrap()                                            {}
func (*T) LogHandler()                                      {}
func (*T) ExportMetrics(*contracts.Metrics) (err error)     { return }
func (*T) ExportLogs(*contracts.Logs) (err error)           { return }
func (*T) ProcessMetrics(*contracts.Metrics) (err error)    { return }
func (*T) ImportMetrics() (m *contracts.Metrics, err error) { return }
func (*T) ImportLogs() (m *contracts.Logs, err error)       { return }
