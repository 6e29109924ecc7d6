package link

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"golang.org/x/mod/module"
	"golang.org/x/mod/sumdb/dirhash"
)

// CodeNoModule is a module that go can neither find nor download.
const CodeNoModule = "DVZ515"

// Module is a module in the module cache of the go command.
type Module struct {
	Dir      string // its files
	GoMod    string // its go.mod
	Sum      string // of its files, as go.sum writes it
	GoModSum string // of its go.mod
}

// FindModule returns a version of a module. What is in the module cache is found
// without running go; otherwise go downloads it, in the way that the user has
// configured. The error is an *Error with the code CodeNoModule or CodeNoGo.
func FindModule(ctx context.Context, path, version string) (Module, error) {
	if m, ok := cached(path, version); ok {
		return m, nil
	}
	return download(ctx, path, version)
}

// cached reads the module cache as `go help goproxy` describes it.
func cached(path, version string) (m Module, ok bool) {
	escaped, err := module.EscapePath(path)
	if err != nil {
		return m, false
	}
	v, err := module.EscapeVersion(version)
	if err != nil {
		return m, false
	}
	cache := modCache()
	stem := filepath.Join(cache, "cache", "download", filepath.FromSlash(escaped), "@v", v)
	m.Dir = filepath.Join(cache, filepath.FromSlash(escaped)+"@"+v)
	m.GoMod = stem + ".mod"
	sum, err := os.ReadFile(stem + ".ziphash")
	if err != nil {
		return m, false
	}
	m.Sum = strings.TrimSpace(string(sum))
	if m.GoModSum, err = dirhash.Hash1([]string{"go.mod"}, func(string) (io.ReadCloser, error) { return os.Open(m.GoMod) }); err != nil {
		return m, false
	}
	info, err := os.Stat(m.Dir)
	return m, err == nil && info.IsDir() && !exists(stem+".partial")
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

func download(ctx context.Context, path, version string) (Module, error) {
	tool, err := exec.LookPath("go")
	if err != nil {
		return Module{}, &Error{CodeNoGo, "there is no go command in PATH, which has to download " + path + ": " + installGo(""), err}
	}
	// In a folder of its own, so that no go.mod has a say in it.
	dir, err := os.MkdirTemp("", "dvz-module-*")
	if err != nil {
		return Module{}, CannotWrite("a temporary folder in "+os.TempDir(), err)
	}
	defer os.RemoveAll(dir)
	cmd := exec.CommandContext(ctx, tool, "mod", "download", "-json", path+"@"+version)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOWORK=off", "GO111MODULE=on", "GOFLAGS="+honoured(""))
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	failure := cmd.Run()
	if ctx.Err() != nil {
		return Module{}, fmt.Errorf("the download of %s was interrupted: %w", path, context.Cause(ctx))
	}
	var got struct {
		Module
		Error string
	}
	err = json.Unmarshal(stdout.Bytes(), &got)
	if failure == nil && err == nil && got.Error == "" {
		return got.Module, nil
	}
	why := cmp.Or(got.Error, strings.TrimSpace(stderr.String()), fmt.Sprint(cmp.Or(failure, err)))
	return Module{}, &Error{CodeNoModule, fmt.Sprintf("%s %s is not in the module cache, and go cannot download it: %s; "+
		"connect to the network, or name a module proxy that has it in GOPROXY", path, version, firstLine(why)), cmp.Or(failure, err)}
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return line
}

// modCache is the folder of go's module cache, found without running go.
func modCache() string {
	if dir := goSetting("GOMODCACHE"); dir != "" {
		return dir
	}
	paths := filepath.SplitList(goSetting("GOPATH"))
	if len(paths) == 0 {
		home, err := os.UserHomeDir()
		if err != nil {
			return ""
		}
		paths = []string{filepath.Join(home, "go")}
	}
	return filepath.Join(paths[0], "pkg", "mod")
}
