package main

import (
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"golang.org/x/mod/module"
	"golang.org/x/mod/zip"

	"github.com/detectviz/detectviz/compiler"
	"github.com/detectviz/detectviz/compiler/catalog"
)

// frameworkProxy returns a script command that gives a script what a user has: a
// module proxy that serves this checkout as the released framework and all other
// modules from the host's module cache, and an empty module cache of its own.
func frameworkProxy(t *testing.T, repository string) func(*testscript.TestScript, bool, []string) {
	folder := t.TempDir()
	serve := sync.OnceValue(func() error { return writeProxy(repository, folder) })
	return func(ts *testscript.TestScript, neg bool, args []string) {
		if neg || len(args) != 0 {
			ts.Fatalf("usage: proxy")
		}
		ts.Check(serve())
		host := filepath.Join(ts.Getenv("GOMODCACHE"), "cache", "download")
		ts.Setenv("GOPROXY", "file://"+filepath.ToSlash(folder)+",file://"+filepath.ToSlash(host))
		ts.Setenv("GOSUMDB", "off")
		ts.Setenv("GOMODCACHE", ts.MkAbs("modcache"))
	}
}

// writeProxy writes the files of a module proxy (`go help goproxy`) that has this
// checkout as the version that dvz takes itself for.
func writeProxy(repository, folder string) error {
	m := module.Version{Path: catalog.Module, Version: "v" + compiler.Version}
	dir := filepath.Join(folder, filepath.FromSlash(m.Path), "@v")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	mod, err := os.ReadFile(filepath.Join(repository, "go.mod"))
	if err != nil {
		return err
	}
	for name, content := range map[string]string{
		"list":              m.Version + "\n",
		m.Version + ".info": `{"Version":"` + m.Version + `"}`,
		m.Version + ".mod":  string(mod),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
			return err
		}
	}
	files, err := released(repository)
	if err != nil {
		return err
	}
	out, err := os.Create(filepath.Join(dir, m.Version+".zip"))
	if err != nil {
		return err
	}
	defer out.Close()
	return zip.Create(out, m, files)
}

// released lists the files of the checkout that a build of a user needs.
func released(repository string) ([]zip.File, error) {
	var files []zip.File
	for _, part := range []string{"go.mod", "go.sum", "LICENSE", "cmd", "compiler", "platform", "plugins", "schema", "templates"} {
		err := filepath.WalkDir(filepath.Join(repository, part), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !d.Type().IsRegular() || strings.HasSuffix(path, "_test.go") {
				return err
			}
			rel, err := filepath.Rel(repository, path)
			files = append(files, zipped{path: filepath.ToSlash(rel), file: path})
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return files, nil
}

// zipped implements zip.File.
type zipped struct{ path, file string }

func (z zipped) Path() string                 { return z.path }
func (z zipped) Lstat() (fs.FileInfo, error)  { return os.Lstat(z.file) }
func (z zipped) Open() (io.ReadCloser, error) { return os.Open(z.file) }
