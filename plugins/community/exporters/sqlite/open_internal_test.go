package sqlite

import (
	"path/filepath"
	"testing"

	"github.com/detectviz/detectviz/platform/testkit"
)

// TestSettings: what a new file is given stays with it, and every connection has
// the settings on which durability and memory depend.
func TestSettings(t *testing.T) {
	e, err := New(Config{Path: filepath.Join(t.TempDir(), "m.db")}, testkit.Host(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, start := range []string{"first", "second"} {
		if err := e.OnStart(t.Context()); err != nil {
			t.Fatal(err)
		}
		for pragma, want := range map[string][2]string{ // of the writer and of a reader
			"auto_vacuum":  {"2", "2"},
			"journal_mode": {"wal", "wal"},
			"synchronous":  {"1", "1"},
			"busy_timeout": {"5000", "5000"},
			"cache_size":   {"-256", "-256"},
			"query_only":   {"0", "1"},
		} {
			var got [2]string
			if err := e.writer.conn.QueryRowContext(t.Context(), "PRAGMA "+pragma).Scan(&got[0]); err != nil {
				t.Fatal(err)
			}
			if err := e.read.Load().QueryRowContext(t.Context(), "PRAGMA "+pragma).Scan(&got[1]); err != nil {
				t.Fatal(err)
			}
			if got != want {
				t.Errorf("%s start: %s is %q, want %q", start, pragma, got, want)
			}
		}
		if err := e.OnStop(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}
