package sqlite

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/detectviz/detectviz/platform/contracts"
	"github.com/detectviz/detectviz/platform/web"
)

// maxMatches bounds the label filters of one query.
const maxMatches = 20

// parameters are the query parameters that are understood.
var parameters = []string{"name", "match[]", "start", "end", "limit", "latest"}

// Routes implements contracts.Routes; there are none unless the config's api
// asks for them.
func (e *Exporter) Routes() []contracts.Route {
	if !e.cfg.API {
		return nil
	}
	return []contracts.Route{{
		Method:  http.MethodGet,
		Path:    "/api/v1/metrics",
		Access:  contracts.AccessAuthenticated,
		Handler: http.HandlerFunc(e.serveMetrics),
	}}
}

func (e *Exporter) serveMetrics(w http.ResponseWriter, r *http.Request) {
	q, err := parseQuery(r.URL.RawQuery, time.Now())
	if err != nil {
		web.WriteProblem(w, http.StatusBadRequest, err.Error())
		return
	}
	db := e.read.Load()
	if db == nil {
		web.WriteProblem(w, http.StatusServiceUnavailable, errStopped.Error())
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), queryTimeout)
	defer cancel()
	var answer any
	if q.name == "" {
		answer, err = names(ctx, db, q.limit)
	} else {
		answer, err = q.run(ctx, db)
	}
	switch {
	case r.Context().Err() != nil: // nobody is waiting for an answer
	case ctx.Err() != nil:
		web.WriteProblem(w, http.StatusServiceUnavailable, fmt.Sprintf("the query took longer than %s; ask for less time or fewer series", queryTimeout))
	case err != nil:
		e.log.Error("query failed", "error", explain(err))
		web.WriteProblem(w, http.StatusInternalServerError, "the query failed; the log says why")
	default:
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "no-store")
		_ = json.NewEncoder(w).Encode(answer) // an error means that the caller went away
	}
}

// parseQuery reads and checks the parameters; the error is for the caller.
func parseQuery(raw string, now time.Time) (*query, error) {
	values, err := url.ParseQuery(raw)
	if err != nil {
		return nil, errors.New("the query string is malformed")
	}
	for key, given := range values {
		if !slices.Contains(parameters, key) {
			return nil, fmt.Errorf("unknown parameter %q; expected one of %s", key, strings.Join(parameters, ", "))
		}
		if key != "match[]" && len(given) > 1 {
			return nil, fmt.Errorf("parameter %s is given more than once", key)
		}
	}
	q := &query{name: values.Get("name"), limit: defaultLimit, end: now.UnixMilli()}
	if text := values.Get("limit"); text != "" {
		if q.limit, err = strconv.Atoi(text); err != nil || q.limit < 1 || q.limit > maxLimit {
			return nil, fmt.Errorf("limit is %q; expected a number from 1 to %d", text, maxLimit)
		}
	}
	if text := values.Get("latest"); text != "" {
		if q.latest, err = strconv.ParseBool(text); err != nil {
			return nil, fmt.Errorf("latest is %q; expected true or false", text)
		}
	}
	if text := values.Get("end"); text != "" {
		if q.end, err = parseTime(text); err != nil {
			return nil, fmt.Errorf("end is %q; %w", text, err)
		}
	}
	q.start = q.end - time.Hour.Milliseconds()
	if text := values.Get("start"); text != "" {
		if q.start, err = parseTime(text); err != nil {
			return nil, fmt.Errorf("start is %q; %w", text, err)
		}
	}
	if q.start > q.end {
		return nil, errors.New("start is later than end")
	}
	matches := values["match[]"]
	if len(matches) > maxMatches {
		return nil, fmt.Errorf("%d match[] filters; at most %d are allowed", len(matches), maxMatches)
	}
	for _, text := range matches {
		label, value, ok := strings.Cut(text, "=")
		if !ok || label == "" {
			return nil, fmt.Errorf("match[] is %q; expected label=value", text)
		}
		q.matches = append(q.matches, match{label, value})
	}
	if q.name == "" {
		for _, key := range []string{"match[]", "start", "end", "latest"} {
			if values.Has(key) {
				return nil, fmt.Errorf("%s needs the parameter name; without it, only the names of all metrics are listed", key)
			}
		}
	}
	return q, nil
}

// parseTime reads RFC 3339 or Unix seconds as Unix milliseconds.
func parseTime(text string) (int64, error) {
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return t.UnixMilli(), nil
	}
	seconds, err := strconv.ParseFloat(text, 64)
	if err != nil || math.Abs(seconds) > 1e14 || math.IsNaN(seconds) {
		return 0, errors.New("expected RFC 3339, such as 2026-01-31T12:00:00Z, or Unix seconds")
	}
	return int64(math.Round(seconds * 1000)), nil
}
