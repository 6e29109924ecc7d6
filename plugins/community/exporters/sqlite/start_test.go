package sqlite_test

import (
	"database/sql"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/detectviz/detectviz/platform/contracts"
	"github.com/detectviz/detectviz/platform/testkit"
	"github.com/detectviz/detectviz/plugins/community/exporters/sqlite"
)

func TestStartErrorsSayWhatToDo(t *testing.T) {
	write := func(content string) func(string) error {
		return func(path string) error { return os.WriteFile(path, []byte(content), 0o600) }
	}
	script := func(text string) func(string) error {
		return func(path string) error {
			db, err := sql.Open("sqlite", path)
			if err != nil {
				return err
			}
			defer db.Close()
			_, err = db.Exec(text)
			return err
		}
	}
	for _, test := range []struct {
		name    string
		prepare func(path string) error
		want    string
	}{
		{"not a database", write(strings.Repeat("this is a text file\n", 100)), "the file is not an SQLite database"},
		{"newer schema", script("PRAGMA application_id = 1685486129; PRAGMA user_version = 99; CREATE TABLE x (y)"), "schema version 99, written by a newer release"},
		{"another application", script("CREATE TABLE notes (text)"), "the database of another application"},
		{"a folder", func(path string) error { return os.Mkdir(path, 0o700) }, "is a directory"},
		{"no folder", func(path string) error { return os.Remove(filepath.Dir(path)) }, "does not exist; create it or change path"},
	} {
		t.Run(test.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "sub", "m.db")
			if err := os.Mkdir(filepath.Dir(path), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := test.prepare(path); err != nil {
				t.Fatal(err)
			}
			e, err := sqlite.New(sqlite.Config{Path: path}, testkit.Host(t))
			if err != nil {
				t.Fatal(err)
			}
			err = e.OnStart(t.Context())
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want it to say %q", err, test.want)
			}
			if err := e.OnStop(t.Context()); err != nil {
				t.Errorf("OnStop after a failed start: %v", err)
			}
		})
	}
}

func TestFullDisk(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("mounting a small file system needs root")
	}
	dir := t.TempDir()
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size=400k", "dvz-test", dir).CombinedOutput(); err != nil {
		t.Skipf("mount: %s", out)
	}
	t.Cleanup(func() { exec.Command("umount", "-l", dir).Run() })
	e, err := sqlite.New(sqlite.Config{Path: filepath.Join(dir, "m.db")}, testkit.Host(t))
	if err != nil {
		t.Fatal(err)
	}
	if err := e.OnStart(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer e.OnStop(t.Context()) // it cannot empty the write-ahead log, and says so
	s := newSeries("m")
	for i := 0; err == nil && i < 1000; i++ {
		m := contracts.NewMetrics()
		for k := range 1000 {
			m.Append(s, int64(i*1000+k), 1)
		}
		err = e.ExportMetrics(t.Context(), m)
	}
	if err == nil || !strings.Contains(err.Error(), "the disk is full; free some space") || contracts.IsPermanent(err) {
		t.Errorf("got %v", err)
	}
	if err := e.Health(t.Context()); err == nil {
		t.Error("healthy with a full disk")
	}
}

func TestReadOnlyFolder(t *testing.T) {
	if os.Getuid() == 0 {
		dir := t.TempDir()
		if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "ro", "dvz-test", dir).CombinedOutput(); err != nil {
			t.Skipf("mount: %s", out)
		}
		t.Cleanup(func() { exec.Command("umount", dir).Run() })
		startIn(t, dir, "read-only file system")
		return
	}
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o500); err != nil {
		t.Fatal(err)
	}
	startIn(t, dir, "cannot be written by this user")
}

func startIn(t *testing.T, dir, want string) {
	t.Helper()
	e, err := sqlite.New(sqlite.Config{Path: filepath.Join(dir, "m.db")}, testkit.Host(t))
	if err != nil {
		t.Fatal(err)
	}
	if err := e.OnStart(t.Context()); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want it to say %q", err, want)
	}
}

func TestHealthNoticesAReplacedFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "m.db")
	e := started(t, sqlite.Config{Path: path})
	if err := e.Health(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path, path+".old"); err != nil {
		t.Fatal(err)
	}
	if err := e.Health(t.Context()); err == nil || !strings.Contains(err.Error(), "removed or replaced") {
		t.Errorf("got %v", err)
	}
}

func TestNegativeRetentionIsRefused(t *testing.T) {
	if _, err := sqlite.New(sqlite.Config{Path: "x", Retention: -1}, testkit.Host(t)); err == nil {
		t.Error("accepted")
	}
}
