package link_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/detectviz/detectviz/compiler/link"
)

func itoa(n int) string { return strconv.Itoa(n) }

func TestCompileErrors(t *testing.T) {
	instanceAt := func(line int) string {
		if line == 8 {
			return "node, self"
		}
		return ""
	}
	users := map[string][]string{"example.com/m/lib": {"archive"}}
	for name, tc := range map[string]struct {
		files     map[string]string
		want      []string // beginnings of findings
		instances []string
		cause     string
	}{
		"main.go": {
			files: map[string]string{"generated/app/main.go": "package main\n\nimport (\n\t_ \"embed\"\n)\n\nfunc main() {\n\tnope()\n}\n"},
			want:  []string{"generated/app/main.go:8:2: undefined: nope"}, instances: []string{"node", "self"},
			cause: "the lines belong to instances node and self",
		},
		"plugin": {
			files: map[string]string{"lib/lib.go": "package lib\n\nfunc Text() string { return 1 }\n"},
			want:  []string{"lib/lib.go:3:29: cannot use 1"}, instances: []string{"archive"},
			cause: "the lines belong to instance archive:",
		},
		"below a plugin": {
			files: map[string]string{"lib/lib.go": "package lib\n\nimport \"example.com/m/lib/sub\"\n\nfunc Text() string { return sub.X }\n", "lib/sub/s.go": "package sub\n\nfunc {\n"},
			want:  []string{"lib/sub/s.go:3:6: "}, instances: []string{"archive"},
			cause: "instance archive",
		},
		"no Go file": {
			files: map[string]string{"lib/lib.go": "// nothing\n"},
			want:  []string{"lib/lib.go:1:"}, instances: []string{"archive"},
			cause: "instance archive",
		},
		"further lines": {
			files: map[string]string{"generated/app/main.go": "package main\n\nimport \"strconv\"\n\nfunc main() {\n\t// line\n\t// line\n\tstrconv.Itoa(1, 2)\n}\n"},
			want:  []string{"generated/app/main.go:8:18: too many arguments in call to strconv.Itoa\n\thave (number, number)\n\twant (int)"}, instances: []string{"node", "self"},
			cause: "node and self",
		},
		"missing module": {
			files: map[string]string{"generated/app/main.go": "package main\n\nimport (\n\t\"fmt\"\n\n\t// line\n\t// line\n\t_ \"example.org/missing\"\n)\n\nfunc main() { fmt.Println() }\n"},
			want:  []string{"generated/app/main.go:8:2: no required module provides package example.org/missing; to add it:\n\tgo get example.org/missing"}, instances: []string{"node", "self"},
			cause: "these packages could not be loaded: does go.mod require their modules",
		},
		"missing module of a plugin": {
			files: map[string]string{"lib/lib.go": "package lib\n\nimport \"example.org/lib\"\n\nfunc Text() string { return lib.X }\n"},
			want:  []string{"lib/lib.go:3:8: no required module provides package example.org/lib"},
			cause: "these packages could not be loaded",
		},
		"nobody's": {
			files: map[string]string{"generated/app/main.go": "package main\n\nfunc main() { nope() }\n"},
			want:  []string{"generated/app/main.go:3:15: undefined: nope"},
			cause: "none of these lines belongs to an instance",
		},
		"go.mod": {
			files: map[string]string{"go.mod": "module example.com/m\n\ngo 1.26\n\nrequire (\n"},
			want:  []string{"go: errors parsing go.mod:", "go.mod:6: syntax error"},
			cause: "not about the composition, but about Go's environment or the workspace's modules",
		},
	} {
		t.Run(name, func(t *testing.T) {
			o := workspace(t)
			o.InstanceAt, o.Users = instanceAt, users
			for file, content := range tc.files {
				write(t, o.Root, file, content)
			}
			_, err := link.Build(t.Context(), o)
			failed, ok := errors.AsType[*link.CompileError](err)
			if !ok {
				t.Fatalf("got %v", err)
			}
			if len(failed.Findings) != len(tc.want) {
				t.Errorf("%d findings", len(failed.Findings))
			}
			for i, want := range tc.want {
				if i < len(failed.Findings) && !strings.HasPrefix(failed.Findings[i].String(), want) {
					t.Errorf("finding %q, want %q", failed.Findings[i], want)
				}
			}
			if got := failed.Instances(); !slices.Equal(got, tc.instances) {
				t.Errorf("instances %q, want %q", got, tc.instances)
			}
			if !strings.Contains(err.Error(), tc.cause) || !strings.HasPrefix(err.Error(), "generated/app does not compile\n") {
				t.Errorf("error %q", err)
			}
			onlyOutput(t, o)
		})
	}
}

// fakeGo puts a shell script in the place of the go command.
func fakeGo(t *testing.T, script string) {
	t.Helper()
	dir := t.TempDir()
	write(t, dir, "go", "#!/bin/sh\n"+script+"\n")
	if err := os.Chmod(filepath.Join(dir, "go"), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+string(os.PathListSeparator)+os.Getenv("PATH"))
}

// TestOutside has failures that are not the program's.
func TestOutside(t *testing.T) {
	for name, tc := range map[string]struct {
		prepare func(t *testing.T, o *link.Options)
		code    string
		want    string
	}{
		"no go": {func(t *testing.T, o *link.Options) { t.Setenv("PATH", t.TempDir()) },
			link.CodeNoGo, "there is no go command in PATH: install Go 1.26 or newer from https://go.dev/dl/"},
		"old go": {func(t *testing.T, o *link.Options) {
			t.Setenv("GOTOOLCHAIN", "local")
			write(t, o.Root, "go.mod", "module example.com/m\n\ngo 1.99\n")
		}, link.CodeNoGo, "is too old: install Go 1.99 or newer from https://go.dev/dl/"},
		"very old go": {func(t *testing.T, o *link.Options) {
			fakeGo(t, `echo "flag provided but not defined: -json" >&2; exit 2`)
		},
			link.CodeNoGo, "is too old: install Go 1.26"},
		"disk full": {func(t *testing.T, o *link.Options) {
			fakeGo(t, `echo "go: write /x: no space left on device" >&2; exit 1`)
		},
			link.CodeCannotWrite, "no space left on device; free some space"},
		"no temporary folder": {func(t *testing.T, o *link.Options) { t.Setenv("TMPDIR", filepath.Join(o.Root, "gone")) },
			link.CodeCannotWrite, "gone: no such file or directory; create the folder"},
		"file for a folder": {func(t *testing.T, o *link.Options) { write(t, o.Root, "bin", "a file") },
			link.CodeCannotWrite, "a file stands where a folder should be"},
		"folder for the file": {func(t *testing.T, o *link.Options) { write(t, o.Root, "bin/app/x", "in the way") },
			link.CodeCannotWrite, "a folder where a file should be"},
		"read-only folder": {func(t *testing.T, o *link.Options) {
			if os.Getuid() == 0 {
				t.Skip("root may write everywhere")
			}
			if err := os.Mkdir(filepath.Join(o.Root, "bin"), 0o555); err != nil {
				t.Fatal(err)
			}
		}, link.CodeCannotWrite, "permission denied; make its folder writable"},
	} {
		t.Run(name, func(t *testing.T) {
			o := workspace(t)
			tc.prepare(t, &o)
			_, err := link.Build(t.Context(), o)
			failed, ok := errors.AsType[*link.Error](err)
			if !ok || failed.Code != tc.code || !strings.Contains(err.Error(), tc.want) {
				t.Fatalf("got %v, want %s %q", err, tc.code, tc.want)
			}
			if info, err := os.Stat(filepath.Join(o.Root, "bin")); err == nil && info.IsDir() && name != "folder for the file" {
				onlyOutput(t, o)
			}
		})
	}
}

func TestUnsupportedTarget(t *testing.T) {
	o := workspace(t)
	o.Target = link.Target{OS: "linux", Arch: "pdp11"}
	_, err := link.Build(t.Context(), o)
	if failed, ok := errors.AsType[*link.UnsupportedTarget](err); !ok || failed.Target != o.Target {
		t.Errorf("got %v", err)
	}
	onlyOutput(t, o)
}
