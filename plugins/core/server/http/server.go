// Package httpserver is the HTTP server of a composition: it mounts the routes
// of all plugins on Echo's router, wraps them in the composition's middlewares,
// and enforces who may call which route.
//
// The way of a request: Echo finds the route; the server sets r.Pattern and the
// path values and hands the request to the first middleware; behind the last
// one it authenticates the caller, checks the route's access and calls the
// handler. From then on the context that the middlewares hold knows the caller
// too, so that a middleware may ask contracts.IdentityFrom once next returned.
package httpserver

//go:generate go tool cue exp gengotypes --outfile config_gen.go .

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net"
	"net/http"
	"sync"
	"syscall"

	"github.com/labstack/echo/v4"

	"github.com/detectviz/detectviz/platform/contracts"
)

// Deps are the capabilities that the server uses.
type Deps struct {
	Routes     []contracts.Routes
	Middleware []contracts.Middleware  // the first one is outermost
	Auth       contracts.Authenticator // nil: only public routes can be mounted
}

// Server is one HTTP server.
type Server struct {
	cfg   Config
	log   *slog.Logger
	auth  contracts.Authenticator
	table map[routeKey]*route
	chain http.Handler // the middlewares around dispatch
	http  *http.Server

	mu     sync.Mutex
	addr   net.Addr
	served chan struct{} // closed when Serve has returned; nil before OnStart
	failed error         // why Serve returned, when nobody asked it to
}

// New mounts the routes. It fails when a route is malformed, is offered twice,
// or wants an authenticated caller where there is no authenticator.
func New(cfg Config, deps Deps, host contracts.Host) (*Server, error) {
	s := &Server{cfg: cfg, log: host.Log, auth: deps.Auth}
	e := echo.New()
	if err := s.mount(e, deps.Routes); err != nil {
		return nil, err
	}
	e.Use(s.enter)
	s.chain = http.HandlerFunc(s.dispatch)
	for i := len(deps.Middleware) - 1; i >= 0; i-- {
		s.chain = deps.Middleware[i].Wrap(s.chain)
	}
	if cfg.MaxBody <= 0 {
		return nil, errors.New("max_body must be greater than 0")
	}
	if cfg.MaxHeader <= 0 || cfg.MaxHeader > math.MaxInt32 {
		return nil, errors.New("max_header must be greater than 0 and less than 2GiB")
	}
	s.http = &http.Server{
		Handler:           e,
		ReadHeaderTimeout: cfg.ReadHeaderTimeout,
		ReadTimeout:       cfg.ReadTimeout,
		WriteTimeout:      cfg.WriteTimeout,
		IdleTimeout:       cfg.IdleTimeout,
		MaxHeaderBytes:    int(cfg.MaxHeader),
		ErrorLog:          slog.NewLogLogger(host.Log.Handler(), slog.LevelWarn),
	}
	if cfg.TLS != nil {
		var err error
		if s.http.TLSConfig, err = tlsConfig(*cfg.TLS, host.Log); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// OnStart binds the address and serves it.
func (s *Server) OnStart(ctx context.Context) error {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", s.cfg.Listen)
	if err != nil {
		return listenError(s.cfg.Listen, err)
	}
	served := make(chan struct{})
	s.mu.Lock()
	s.addr, s.served = listener.Addr(), served
	s.mu.Unlock()

	scheme, serve := "http", s.http.Serve
	if s.cfg.TLS != nil {
		scheme = "https"
		serve = func(l net.Listener) error { return s.http.ServeTLS(l, "", "") }
	}
	s.log.Info("listening", "url", scheme+"://"+listener.Addr().String())
	go func() {
		defer close(served)
		if err := serve(listener); !errors.Is(err, http.ErrServerClosed) {
			s.log.Error("the HTTP server has stopped", "error", err)
			s.mu.Lock()
			s.failed = err
			s.mu.Unlock()
		}
	}()
	return nil
}

// OnStop takes no new connections, lets running requests finish until ctx ends,
// and then cuts them off, which is an error.
func (s *Server) OnStop(ctx context.Context) error {
	err := s.http.Shutdown(ctx)
	if err != nil {
		err = errors.Join(fmt.Errorf("some requests were still running and were cut off: %w", err), s.http.Close())
	}
	s.mu.Lock()
	served := s.served
	s.mu.Unlock()
	if served != nil {
		<-served
	}
	return err
}

// Health fails when the server does not serve.
func (s *Server) Health(context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.failed != nil:
		return fmt.Errorf("the HTTP server has stopped: %w", s.failed)
	case s.served == nil:
		return errors.New("the HTTP server has not been started")
	}
	return nil
}

// Addr is the address that the server is bound to, nil before OnStart. It tells
// the port when the configured one is 0.
func (s *Server) Addr() net.Addr {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.addr
}

// listenError says what to do about an address that cannot be bound.
func listenError(address string, err error) error {
	_, port, _ := net.SplitHostPort(address)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return fmt.Errorf("cannot listen on %s: another process listens there; stop it (`ss -ltnp 'sport = :%s'` names it) or set listen to another address", address, port)
	case errors.Is(err, syscall.EACCES):
		return fmt.Errorf("cannot listen on %s: ports below 1024 need the capability CAP_NET_BIND_SERVICE; grant it or set listen to a higher port", address)
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return fmt.Errorf("cannot listen on %s: no interface of this host has that address; set listen to one that `ip address` shows, or leave the host out for all of them", address)
	}
	return fmt.Errorf("cannot listen on %s: %w", address, err)
}
