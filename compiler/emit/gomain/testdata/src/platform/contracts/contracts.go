// Package contracts stands in for the platform's.
package contracts

type Secret struct {
	Env, File, Credential, Clear string
	Generate                     int
}

type (
	Host          struct{}
	Authenticator interface{ Authenticate() }
	Routes        interface{ Routes() }
	Middleware    interface{ Wrap() }
	LogHandler    interface{ LogHandler() }
	Metrics       struct{}
	Logs          struct{}
)
