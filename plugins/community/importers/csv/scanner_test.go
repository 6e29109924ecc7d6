package csv

import (
	"bytes"
	stdcsv "encoding/csv"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
)

// records reads all of src; bad rows count as nil records.
func records(t testing.TB, src io.Reader, delimiter string) (out [][]string, lines int) {
	s, err := newScanner(delimiter, "")
	if err != nil {
		t.Fatal(err)
	}
	s.reset(src, true, 0, 0, nil, nil)
	for {
		err := s.next()
		if err == io.EOF {
			return out, s.line
		}
		if _, bad := err.(*rejection); bad {
			out = append(out, nil)
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		var rec []string
		for _, f := range s.fields {
			rec = append(rec, string(f))
		}
		out = append(out, rec)
	}
}

// FuzzScanner compares with encoding/csv where that finds no fault, and checks
// that the cuts between reads make no difference.
func FuzzScanner(f *testing.F) {
	for _, s := range []string{"a,b\n1,2\n", "\"a\"\"b\",c\n", "\"a\nb\",\"\"\nx", "a\"b\n\"c\n", "\n\n,\n", "\ufeffa\n", "\"\"", "\"a\"b\n1\n"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if strings.Contains(text, "\r") || strings.HasPrefix(text, "\ufeff") {
			return // encoding/csv treats these in its own way
		}
		got, lines := records(t, strings.NewReader(text), ",")
		slow, _ := records(t, iotest.OneByteReader(strings.NewReader(text)), ",")
		if !slices.EqualFunc(got, slow, slices.Equal) {
			t.Fatalf("%q: whole %q, byte by byte %q", text, got, slow)
		}
		if want := strings.Count(text, "\n"); lines != want {
			t.Fatalf("%q: %d lines, want %d", text, lines, want)
		}
		r := stdcsv.NewReader(strings.NewReader(text))
		r.FieldsPerRecord = -1
		if want, err := r.ReadAll(); err == nil && !slices.EqualFunc(got, want, slices.Equal) {
			t.Fatalf("%q: got %q, want %q", text, got, want)
		}
	})
}

func TestScannerDoesNotAllocate(t *testing.T) {
	text := []byte(strings.Repeat("a,\"b \"\"c\"\"\",d\n\n1,2,3\r\n", 20_000))
	s, err := newScanner(",", "")
	if err != nil {
		t.Fatal(err)
	}
	src := bytes.NewReader(text)
	n := testing.AllocsPerRun(5, func() {
		src.Reset(text)
		s.reset(src, true, 0, 0, nil, nil)
		for s.next() == nil {
		}
	})
	if s.line != 60_000 || n > 5 {
		t.Errorf("%d lines with %v allocations", s.line, n)
	}
}
