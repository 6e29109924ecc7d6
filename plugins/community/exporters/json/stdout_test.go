package jsonfile_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/detectviz/detectviz/platform/contracts"
	jsonfile "github.com/detectviz/detectviz/plugins/community/exporters/json"
)

func TestStandardOutput(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	saved := os.Stdout
	os.Stdout = w
	e := started(t, jsonfile.Config{Path: "-"})
	os.Stdout = saved
	done := make(chan []byte)
	go func() {
		text, _ := io.ReadAll(r)
		done <- text
	}()
	m := contracts.NewMetrics()
	s := newSeries("m")
	for i := range 10_000 {
		m.Append(s, 0, float64(i))
	}
	if err := e.ExportMetrics(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	if err := e.OnStop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := w.WriteString("still open"); err != nil {
		t.Errorf("OnStop closed standard output: %v", err)
	}
	w.Close()
	if got := bytes.Count(<-done, []byte("\n")); got != 10_000 {
		t.Errorf("%d lines, want 10000", got)
	}
}

// A write that fails after half a line must not leave that half in the middle
// of the output: the rest follows when writing works again.
func TestStandardOutputStaysWholeLinesAfterAnError(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	saved := os.Stdout
	os.Stdout = w
	e := started(t, jsonfile.Config{Path: "-"})
	os.Stdout = saved
	m := contracts.NewMetrics()
	s := newSeries("m", "label", strings.Repeat("x", 1001))
	for i := range 500 { // more than a pipe holds
		m.Append(s, 0, float64(i))
	}
	if err := w.SetWriteDeadline(time.Now().Add(50 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	if err := e.ExportMetrics(t.Context(), m); err == nil {
		t.Fatal("the pipe took everything")
	}
	if err := w.SetWriteDeadline(time.Time{}); err != nil {
		t.Fatal(err)
	}
	done := make(chan int)
	go func() {
		lines := bufio.NewScanner(r)
		n := 0
		for ; lines.Scan(); n++ {
			if !json.Valid(lines.Bytes()) {
				t.Errorf("line %d is no JSON: %.50q…", n, lines.Text())
			}
		}
		done <- n
	}()
	if err := e.ExportMetrics(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	w.Close()
	if n := <-done; n <= 500 {
		t.Errorf("%d lines, want the 500 and those of the first attempt", n)
	}
}
