package health

import (
	"encoding/json"
	"net/http"
	"time"

	"github.com/detectviz/detectviz/platform/contracts"
)

// Program is what the endpoints say of the process.
type Program struct {
	Composition string    `json:"composition"`
	Version     string    `json:"version"`
	Started     time.Time `json:"started"`
}

// alive is the answer of /healthz.
type alive struct {
	Status string `json:"status"` // "alive"
	Program
}

// readiness is the answer of /readyz.
type readiness struct {
	Status string `json:"status"` // "ready" or "not ready"
	Phase  Phase  `json:"phase"`
	Program
	Plugins []Plugin `json:"plugins"`
}

// Routes returns /healthz, which answers 200 as long as the process lives, and
// /readyz, which answers 200 while the process is running and every instance
// that counts is healthy, and 503 otherwise. Both are public and send JSON.
func (m *Monitor) Routes(program Program) []contracts.Route {
	if m.policy.Disabled {
		return nil
	}
	return []contracts.Route{
		{Method: http.MethodGet, Path: "/healthz", Access: contracts.AccessPublic, Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			answer(w, http.StatusOK, alive{Status: "alive", Program: program})
		})},
		{Method: http.MethodGet, Path: "/readyz", Access: contracts.AccessPublic, Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			ready, phase, plugins := m.Ready()
			body := readiness{Status: "ready", Phase: phase, Program: program, Plugins: plugins}
			code := http.StatusOK
			if !ready {
				body.Status, code = "not ready", http.StatusServiceUnavailable
			}
			answer(w, code, body)
		})},
	}
}

func answer(w http.ResponseWriter, code int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(code)
	json.NewEncoder(w).Encode(body) // an error means that the client has gone
}
