package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"time"
)

const (
	defaultLimit = 1000
	maxLimit     = 10000
	// queryTimeout bounds the time of one query.
	queryTimeout = 10 * time.Second
)

// query is what a caller asks for.
type query struct {
	name       string
	matches    []match
	start, end int64 // Unix milliseconds, both included
	limit      int   // samples; names when name is empty
	latest     bool  // only the newest sample of each series
}

// match demands a label's value; an empty one demands that the series does not
// have the label.
type match struct{ label, value string }

// page is an answer; truncated says that more was found than the limit allows.
type page[T any] struct {
	Data      []T  `json:"data"`
	Truncated bool `json:"truncated"`
}

// metricName is a stored metric.
type metricName struct {
	Name   string `json:"name"`
	Series int    `json:"series"`
}

// series is a stored series with the samples that were asked for.
type series struct {
	Name    string          `json:"name"`
	Labels  json.RawMessage `json:"labels"`
	Samples []point         `json:"samples"`
}

// point is a sample; it prints as [ms,value].
type point struct {
	ms    int64
	value sql.NullFloat64
}

// MarshalJSON implements json.Marshaler. JSON has no infinities, so they are
// strings, as in Prometheus' own API; NaN and ended series were stored as NULL.
func (p point) MarshalJSON() ([]byte, error) {
	b := strconv.AppendInt([]byte{'['}, p.ms, 10)
	b = append(b, ',')
	switch {
	case !p.value.Valid:
		b = append(b, "null"...)
	case math.IsInf(p.value.Float64, 1):
		b = append(b, `"+Inf"`...)
	case math.IsInf(p.value.Float64, -1):
		b = append(b, `"-Inf"`...)
	default:
		b = strconv.AppendFloat(b, p.value.Float64, 'g', -1, 64)
	}
	return append(b, ']'), nil
}

// The samples of a series lie scattered by time. The moments at which anything
// was stored are few, so walk from one to the next (each step is one look into
// the key) and look there for the series.
const (
	samplesForward = `
		WITH RECURSIVE moments(time) AS (
			SELECT min(time) FROM samples WHERE time >= ?1
			UNION ALL
			SELECT (SELECT min(time) FROM samples WHERE time > moments.time) FROM moments WHERE moments.time < ?2)
		SELECT samples.time, samples.value FROM moments CROSS JOIN samples
		WHERE samples.time = moments.time AND samples.series_id = ?3 AND moments.time <= ?2 LIMIT ?4`
	samplesBackward = `
		WITH RECURSIVE moments(time) AS (
			SELECT max(time) FROM samples WHERE time <= ?2
			UNION ALL
			SELECT (SELECT max(time) FROM samples WHERE time < moments.time) FROM moments WHERE moments.time > ?1)
		SELECT samples.time, samples.value FROM moments CROSS JOIN samples
		WHERE samples.time = moments.time AND samples.series_id = ?3 AND moments.time >= ?1 LIMIT ?4`
	listNames  = `SELECT name, count(*) FROM series GROUP BY name ORDER BY name LIMIT ?`
	listSeries = `SELECT id, labels FROM series WHERE name = ? AND until >= ?`
	hasLabel   = ` AND EXISTS (SELECT 1 FROM json_each(labels) WHERE key = ? AND value = ?)`
	lacksLabel = ` AND NOT EXISTS (SELECT 1 FROM json_each(labels) WHERE key = ?)`
)

// names lists the stored metrics.
func names(ctx context.Context, db *sql.DB, limit int) (page[metricName], error) {
	answer := page[metricName]{Data: []metricName{}}
	rows, err := db.QueryContext(ctx, listNames, limit+1)
	if err != nil {
		return answer, err
	}
	defer rows.Close()
	for rows.Next() {
		if len(answer.Data) == limit {
			answer.Truncated = true
			break
		}
		var n metricName
		if err := rows.Scan(&n.Name, &n.Series); err != nil {
			return answer, err
		}
		answer.Data = append(answer.Data, n)
	}
	return answer, rows.Err()
}

// run finds the series of a query and their samples: series in the order of
// their labels, samples in the order of time, all of one moment's database.
func (q *query) run(ctx context.Context, db *sql.DB) (page[series], error) {
	answer := page[series]{Data: []series{}}
	tx, err := db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return answer, err
	}
	defer tx.Rollback()
	statement := samplesForward
	if q.latest {
		statement = samplesBackward
	}
	samples, err := tx.PrepareContext(ctx, statement)
	if err != nil {
		return answer, err
	}
	defer samples.Close()

	text, args := q.selectSeries()
	rows, err := tx.QueryContext(ctx, text, args...)
	if err != nil {
		return answer, err
	}
	defer rows.Close()
	left := q.limit
	for rows.Next() && !answer.Truncated {
		var id int64
		var labels string
		if err := rows.Scan(&id, &labels); err != nil {
			return answer, err
		}
		limit := left + 1 // one more than fits tells whether there is more
		if q.latest {
			limit = 1
		}
		found, err := q.points(ctx, samples, id, limit)
		if err != nil {
			return answer, err
		}
		if len(found) > left {
			found, answer.Truncated = found[:left], true
		}
		left -= len(found)
		if len(found) > 0 {
			answer.Data = append(answer.Data, series{Name: q.name, Labels: json.RawMessage(labels), Samples: found})
		}
	}
	return answer, rows.Err()
}

// selectSeries returns the statement that finds the series. Its text is put
// together from our own fragments; what the caller said is only ever bound.
func (q *query) selectSeries() (string, []any) {
	var text strings.Builder
	text.WriteString(listSeries)
	args := []any{q.name, q.start}
	for _, m := range q.matches {
		if m.value == "" {
			text.WriteString(lacksLabel)
			args = append(args, m.label)
		} else {
			text.WriteString(hasLabel)
			args = append(args, m.label, m.value)
		}
	}
	text.WriteString(` ORDER BY labels`)
	return text.String(), args
}

func (q *query) points(ctx context.Context, samples *sql.Stmt, id int64, limit int) ([]point, error) {
	rows, err := samples.QueryContext(ctx, q.start, q.end, id, limit)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var points []point
	for rows.Next() {
		var p point
		if err := rows.Scan(&p.ms, &p.value); err != nil {
			return nil, err
		}
		points = append(points, p)
	}
	return points, rows.Err()
}
