package link_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/mod/module"
	"golang.org/x/mod/zip"

	"github.com/detectviz/detectviz/compiler/link"
)

// ownModule gives the program of a workspace a module of its own.
func ownModule(t *testing.T) link.Options {
	t.Helper()
	o := workspace(t)
	write(t, o.Root, "generated/app/go.mod", "module example.com/m/generated/app\n\ngo 1.26\n\nrequire example.com/m v0.0.0\n\nreplace example.com/m => ../..\n")
	o.Module = "generated/app"
	return o
}

func TestProgramInAModuleOfItsOwn(t *testing.T) {
	o := ownModule(t)
	// Neither a go.work nor the flags of the user's environment apply to it.
	write(t, o.Root, "go.work", "go 1.26\n\nuse .\n")
	t.Setenv("GOFLAGS", "-mod=mod")
	r := mustBuild(t, o)
	if out, err := exec.Command(r.Output).Output(); err != nil || string(out) != "lib one a1b2 {}" {
		t.Errorf("the binary printed %q, %v", out, err)
	}
	if r.Output != filepath.Join(o.Root, "bin", "app") {
		t.Errorf("the output is %s", r.Output)
	}
	if r := mustBuild(t, o); !r.Skipped {
		t.Error("it was built again though nothing has changed")
	}
	for file, content := range map[string]string{
		"lib/lib.go":           "package lib\n\nvar Digest = \"none\"\n\nfunc Text() string { return \"lib two \" + Digest }\n",
		"generated/app/go.mod": "module example.com/m/generated/app\n\ngo 1.26\n\nrequire example.com/m v0.0.0 // again\n\nreplace example.com/m => ../..\n",
		"generated/app/go.sum": "example.org/x v1.0.0 h1:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n",
	} {
		write(t, o.Root, file, content)
		if r := mustBuild(t, o); r.Skipped {
			t.Errorf("a change of %s was not seen", file)
		}
		mustBuild(t, o) // a change a moment before a build is not trusted
	}
}

func TestErrorsInAModuleOfItsOwn(t *testing.T) {
	o := ownModule(t)
	o.InstanceAt = func(line int) string { return map[int]string{4: "node"}[line] }
	o.Users = map[string][]string{"example.com/m/lib": {"archive"}}
	for file, test := range map[string]struct{ content, finding, instance string }{
		"generated/app/main.go": {"package main\n\nfunc main() {\n\tnope()\n}\n", "generated/app/main.go:4:2: undefined: nope", "node"},
		"lib/lib.go":            {"package lib\n\nfunc Text() string { return 1 }\n", "lib/lib.go:3:29: cannot use 1", "archive"},
	} {
		t.Run(file, func(t *testing.T) {
			before, err := os.ReadFile(filepath.Join(o.Root, file))
			if err != nil {
				t.Fatal(err)
			}
			write(t, o.Root, file, test.content)
			defer write(t, o.Root, file, string(before))
			_, err = link.Build(t.Context(), o)
			broken, ok := errors.AsType[*link.CompileError](err)
			if !ok || !strings.HasPrefix(broken.Findings[0].String(), test.finding) || !strings.Contains(broken.Cause(), "instance "+test.instance) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// TestRequirementsThatDoNotFit: go's own advice would be to change the generated
// go.mod.
func TestRequirementsThatDoNotFit(t *testing.T) {
	o := ownModule(t)
	write(t, o.Root, "dep/go.mod", "module example.org/dep\n\ngo 1.26\n")
	write(t, o.Root, "dep/dep.go", "package dep\n\nconst Text = \"dep\"\n")
	write(t, o.Root, "go.mod", "module example.com/m\n\ngo 1.26\n\nrequire example.org/dep v1.5.0\n")
	write(t, o.Root, "lib/lib.go", "package lib\n\nimport \"example.org/dep\"\n\nfunc Text() string { return dep.Text }\n")
	write(t, o.Root, "generated/app/go.mod", "module example.com/m/generated/app\n\ngo 1.26\n\nrequire (\n\texample.com/m v0.0.0\n\texample.org/dep v1.0.0\n)\n\n"+
		"replace example.com/m => ../..\n\nreplace example.org/dep => ../../dep\n")
	_, err := link.Build(t.Context(), o)
	failure, ok := errors.AsType[*link.Error](err)
	if !ok || failure.Code != link.CodeCompile || !strings.Contains(failure.Message, "run go mod tidy in the workspace") {
		t.Errorf("got %v", err)
	}
}

func TestFindModule(t *testing.T) {
	proxy, cache := t.TempDir(), t.TempDir()
	t.Cleanup(func() { // the module cache is read-only
		_ = filepath.WalkDir(cache, func(path string, _ os.DirEntry, _ error) error { return os.Chmod(path, 0o755) })
	})
	serve(t, proxy, module.Version{Path: "example.com/Lib", Version: "v1.2.3"})
	t.Setenv("GOMODCACHE", cache)
	t.Setenv("GOPROXY", "off")
	t.Setenv("GOSUMDB", "off")
	t.Setenv("GOFLAGS", "-mod=vendor")

	_, err := link.FindModule(t.Context(), "example.com/Lib", "v1.2.3")
	failure, ok := errors.AsType[*link.Error](err)
	if !ok || failure.Code != link.CodeNoModule || !strings.HasPrefix(failure.Message, "example.com/Lib v1.2.3 is not in the module cache, and go cannot download it: ") {
		t.Fatalf("offline: %v", err)
	}
	t.Setenv("GOPROXY", "file://"+proxy)
	downloaded, err := link.FindModule(t.Context(), "example.com/Lib", "v1.2.3")
	if err != nil {
		t.Fatal(err)
	}
	if content, err := os.ReadFile(filepath.Join(downloaded.Dir, "lib.go")); err != nil || string(content) != "package lib\n" {
		t.Errorf("the folder %s holds %q, %v", downloaded.Dir, content, err)
	}
	// Then it is there, without go.
	t.Setenv("PATH", "")
	cached, err := link.FindModule(t.Context(), "example.com/Lib", "v1.2.3")
	if err != nil {
		t.Fatal(err)
	}
	if cached != downloaded {
		t.Errorf("from the cache\n%+v, go says\n%+v", cached, downloaded)
	}
	_, err = link.FindModule(t.Context(), "example.com/Lib", "v1.2.4")
	if failure, ok := errors.AsType[*link.Error](err); !ok || failure.Code != link.CodeNoGo {
		t.Errorf("without go: %v", err)
	}
}

// serve writes a module of one package into the folder of a module proxy.
func serve(t *testing.T, proxy string, m module.Version) {
	t.Helper()
	source := t.TempDir()
	write(t, source, "go.mod", "module "+m.Path+"\n")
	write(t, source, "lib.go", "package lib\n")
	escaped, err := module.EscapePath(m.Path)
	if err != nil {
		t.Fatal(err)
	}
	stem := filepath.Join(escaped, "@v", m.Version)
	write(t, proxy, stem+".info", `{"Version":"`+m.Version+`"}`)
	write(t, proxy, stem+".mod", "module "+m.Path+"\n")
	out, err := os.Create(filepath.Join(proxy, stem+".zip"))
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	if err := zip.CreateFromDir(out, m, source); err != nil {
		t.Fatal(err)
	}
}
