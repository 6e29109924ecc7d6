package main

import (
	"flag"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

var update = flag.Bool("update", false, "rewrite what the scripts expect")

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"dvz": main})
}

// TestScripts runs testdata/script/*.txtar. A script's folder is a workspace of
// its own; scripts that build ask for a copy of this repository by checkout.
func TestScripts(t *testing.T) {
	repository, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	host := goEnv(t, "GOCACHE", "GOMODCACHE", "GOPATH")
	testscript.Run(t, testscript.Params{
		Dir: filepath.Join(repository, "testdata", "script"),
		Setup: func(env *testscript.Env) error {
			env.Vars = append(env.Vars, host...)
			// What a script builds comes from the module cache, never the network.
			env.Setenv("GOPROXY", "off")
			env.Setenv("GOFLAGS", "")
			env.Setenv("GOTOOLCHAIN", "local")
			env.Setenv("REPOSITORY", repository)
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"checkout":  checkout,
			"freeport":  freePort,
			"hold":      holdConnection,
			"http":      httpRequest,
			"json":      jsonValue,
			"proxy":     frameworkProxy(t, repository),
			"readenv":   readEnv,
			"signal":    signalBackground,
			"sqlite":    sqliteQuery,
			"status":    exitStatus,
			"waitfor":   waitFor,
			"waitfile":  waitFile,
			"waitgone":  waitGone,
			"withoutgo": withoutGo,
		},
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		UpdateScripts:       *update,
	})
}

// goEnv returns variables of the host's go command as NAME=value.
func goEnv(t *testing.T, names ...string) []string {
	t.Helper()
	out, err := exec.Command("go", append([]string{"env"}, names...)...).Output()
	if err != nil {
		t.Fatal(err)
	}
	values := strings.Split(strings.TrimRight(string(out), "\n"), "\n")
	vars := make([]string, len(names))
	for i, name := range names {
		vars[i] = name + "=" + values[i]
	}
	return vars
}

// checkout folder copies what a build needs of this repository to a folder, as
// a fresh clone would hold it: no generated files, no tests.
func checkout(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: checkout folder")
	}
	from, to := ts.Getenv("REPOSITORY"), ts.MkAbs(args[0])
	for _, part := range []string{"go.mod", "go.sum", "platform", "plugins", "compositions"} {
		ts.Check(filepath.WalkDir(filepath.Join(from, part), func(path string, d fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			if d.IsDir() {
				if d.Name() == "testdata" {
					return filepath.SkipDir
				}
				return nil
			}
			if strings.HasSuffix(path, "_test.go") {
				return nil
			}
			rel, err := filepath.Rel(from, path)
			if err != nil {
				return err
			}
			content, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			target := filepath.Join(to, rel)
			if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
				return err
			}
			return os.WriteFile(target, content, 0o644)
		}))
	}
}

// readenv NAME file sets a variable to the content of a file, without its
// newline.
func readEnv(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: readenv NAME file")
	}
	ts.Setenv(args[0], strings.TrimSuffix(ts.ReadFile(args[1]), "\n"))
}

// withoutgo takes the folders that hold a go command out of PATH.
func withoutGo(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 0 {
		ts.Fatalf("usage: withoutgo")
	}
	dirs := filepath.SplitList(ts.Getenv("PATH"))
	dirs = slices.DeleteFunc(dirs, func(dir string) bool {
		_, err := os.Stat(filepath.Join(dir, "go"))
		return err == nil
	})
	ts.Setenv("PATH", strings.Join(dirs, string(filepath.ListSeparator)))
}

// [!] waitfile pattern waits until there is a file, or no file, of that name.
func waitFile(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 1 {
		ts.Fatalf("usage: [!] waitfile pattern")
	}
	deadline := time.Now().Add(patience)
	for {
		found, err := filepath.Glob(ts.MkAbs(args[0]))
		ts.Check(err)
		if (len(found) == 0) == neg {
			return
		}
		if time.Now().After(deadline) {
			ts.Fatalf("waited %s; there are %d files %s", patience, len(found), args[0])
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// status code command args... runs a command and expects an exit code.
func exitStatus(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: status code command [args...]")
	}
	got := "0"
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		exit, ok := err.(*exec.ExitError)
		if !ok {
			ts.Fatalf("%v", err)
		}
		got = strings.TrimPrefix(exit.Error(), "exit status ")
	}
	if got != args[0] {
		ts.Fatalf("exit status is %s, expected %s", got, args[0])
	}
}
