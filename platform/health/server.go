package health

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/detectviz/detectviz/platform/contracts"
)

// Server serves the health routes on a listener of its own, for compositions
// without an HTTP server.
type Server struct {
	addr   string
	log    *slog.Logger
	server http.Server
}

// NewServer returns a server for host:port. It listens once it is started.
func NewServer(addr string, routes []contracts.Route, log *slog.Logger) *Server {
	mux := http.NewServeMux()
	for _, r := range routes {
		mux.Handle(r.Method+" "+r.Path, r.Handler)
	}
	return &Server{addr: addr, log: log, server: http.Server{
		Handler:           mux,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      10 * time.Second,
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}}
}

// Start listens and serves.
func (s *Server) Start(ctx context.Context) error {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", s.addr)
	if err != nil {
		return err
	}
	s.log.Info("health endpoints are served", "address", l.Addr().String())
	go func() {
		if err := s.server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			s.log.Error("health endpoints are gone", "err", err)
		}
	}()
	return nil
}

// Stop waits for requests under way, until ctx ends.
func (s *Server) Stop(ctx context.Context) error {
	err := s.server.Shutdown(ctx)
	if err != nil {
		s.server.Close()
	}
	return err
}
