package main

import (
	"bytes"
	"database/sql"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"regexp"
	"strings"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	_ "modernc.org/sqlite" // the driver of the command sqlite
)

// The commands of scripts that speak to a built binary.

// patience is how long waitfor waits.
const patience = 30 * time.Second

// freePort NAME... sets variables to ports on which nothing listens.
func freePort(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: freeport NAME...")
	}
	for _, name := range args {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		ts.Check(err)
		defer l.Close() // after the loop, so that no port is given twice
		_, port, err := net.SplitHostPort(l.Addr().String())
		ts.Check(err)
		ts.Setenv(name, port)
	}
}

// request is what http and waitfor ask for.
type request struct {
	method, url, token, data string
	status                   int
}

func (r *request) flags(name string) *flag.FlagSet {
	set := flag.NewFlagSet(name, flag.ContinueOnError)
	set.StringVar(&r.token, "token", "", "bearer token")
	set.StringVar(&r.data, "data", "", "JSON to send")
	set.IntVar(&r.status, "status", http.StatusOK, "expected status")
	return set
}

func (r *request) do() ([]byte, error) {
	req, err := http.NewRequest(r.method, r.url, strings.NewReader(r.data))
	if err != nil {
		return nil, err
	}
	if r.data != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	if r.token != "" {
		req.Header.Set("Authorization", "Bearer "+r.token)
	}
	client := http.Client{Timeout: 10 * time.Second}
	resp, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode != r.status {
		return nil, fmt.Errorf("%s %s: status is %d, expected %d: %s", r.method, r.url, resp.StatusCode, r.status, body)
	}
	return body, nil
}

// http [-token t] [-data json] [-status n] method url prints the body of the
// answer.
func httpRequest(ts *testscript.TestScript, neg bool, args []string) {
	var r request
	set := r.flags("http")
	if err := set.Parse(args); neg || err != nil || set.NArg() != 2 {
		ts.Fatalf("usage: http [-token t] [-data json] [-status n] method url")
	}
	r.method, r.url = set.Arg(0), set.Arg(1)
	body, err := r.do()
	ts.Check(err)
	_, err = ts.Stdout().Write(body)
	ts.Check(err)
}

// waitfor [-token t] [-status n] url [regexp] asks until the answer has the
// status and matches, and prints it.
func waitFor(ts *testscript.TestScript, neg bool, args []string) {
	var r request
	set := r.flags("waitfor")
	if err := set.Parse(args); neg || err != nil || set.NArg() < 1 || set.NArg() > 2 {
		ts.Fatalf("usage: waitfor [-token t] [-status n] url [regexp]")
	}
	r.method, r.url = http.MethodGet, set.Arg(0)
	pattern := regexp.MustCompile(set.Arg(1))
	deadline := time.Now().Add(patience)
	for {
		body, err := r.do()
		if err == nil && pattern.Match(body) {
			_, err = ts.Stdout().Write(body)
			ts.Check(err)
			return
		}
		if time.Now().After(deadline) {
			ts.Fatalf("waited %s for %s to match %q; last: %v %s", patience, r.url, pattern, err, body)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// waitgone host:port waits until nothing listens there any more.
func waitGone(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: waitgone host:port")
	}
	deadline := time.Now().Add(patience)
	for {
		conn, err := net.Dial("tcp", args[0])
		if err != nil {
			return
		}
		conn.Close()
		if time.Now().After(deadline) {
			ts.Fatalf("waited %s for %s to be closed", patience, args[0])
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// hold host:port begins an HTTP request and leaves it unfinished until the end
// of the script.
func holdConnection(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: hold host:port")
	}
	conn, err := net.Dial("tcp", args[0])
	ts.Check(err)
	ts.Defer(func() { conn.Close() })
	_, err = io.WriteString(conn, "GET /healthz HTTP/1.1\r\nHost: ")
	ts.Check(err)
	// Connections are accepted in order, so once another request is answered the
	// server has this one too; reading its first bytes is a moment's work.
	answer, err := http.Get("http://" + args[0] + "/healthz")
	ts.Check(err)
	answer.Body.Close()
	time.Sleep(100 * time.Millisecond)
}

// json NAME path sets a variable to a value in the JSON of the last standard
// output; the path's steps are keys, separated by dots.
func jsonValue(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: json NAME path")
	}
	dec := json.NewDecoder(bytes.NewReader([]byte(ts.ReadFile("stdout"))))
	dec.UseNumber()
	var value any
	ts.Check(dec.Decode(&value))
	for _, key := range strings.Split(args[1], ".") {
		object, ok := value.(map[string]any)
		if !ok || object[key] == nil {
			ts.Fatalf("there is no %s in the output", args[1])
		}
		value = object[key]
	}
	ts.Setenv(args[0], fmt.Sprint(value))
}

// signal TERM|INT sends a signal to every background command.
func signalBackground(ts *testscript.TestScript, neg bool, args []string) {
	signals := map[string]os.Signal{"TERM": syscall.SIGTERM, "INT": syscall.SIGINT}
	if neg || len(args) != 1 || signals[args[0]] == nil {
		ts.Fatalf("usage: signal TERM|INT")
	}
	running := ts.BackgroundCmds()
	if len(running) == 0 {
		ts.Fatalf("no background command is running")
	}
	for _, cmd := range running {
		ts.Check(cmd.Process.Signal(signals[args[0]]))
	}
}

// sqlite file query prints the rows, a line each, with cells separated by "|".
func sqliteQuery(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: sqlite file query")
	}
	db, err := sql.Open("sqlite", "file:"+ts.MkAbs(args[0])+"?mode=ro")
	ts.Check(err)
	defer db.Close()
	rows, err := db.Query(args[1])
	ts.Check(err)
	defer rows.Close()
	columns, err := rows.Columns()
	ts.Check(err)
	for rows.Next() {
		cells := make([]sql.NullString, len(columns))
		into := make([]any, len(columns))
		for i := range cells {
			into[i] = &cells[i]
		}
		ts.Check(rows.Scan(into...))
		line := make([]string, len(columns))
		for i, cell := range cells {
			line[i] = cell.String
		}
		fmt.Fprintln(ts.Stdout(), strings.Join(line, "|"))
	}
	ts.Check(rows.Err())
}
