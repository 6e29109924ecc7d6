package link

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// goTool is the go command with the surroundings that change what it builds.
// All of it is found without running go.
type goTool struct {
	Path  string   // as found in PATH
	File  fileStat // of the executable, links followed
	Flags string   // GOFLAGS, as far as they are honoured
	Env   []string // of the environment, "GOAMD64=v3"
	Conf  string   // digest of the file that `go env -w` writes
	Work  string   // go.work, if one applies
	err   error    // why there is no go command
}

// bytesEnv are the variables that change a binary's bytes, or the choice of the
// toolchain, which does too.
var bytesEnv = []string{
	"GO386", "GOAMD64", "GOARM", "GOARM64", "GOEXPERIMENT", "GOFIPS140", "GOMIPS", "GOMIPS64",
	"GOPPC64", "GORISCV64", "GOROOT", "GOTOOLCHAIN", "GOWORK",
}

// harmlessFlags are the flags of GOFLAGS that a build honours. The others would
// change what a build prints, or ask for what a static binary cannot have.
var harmlessFlags = []string{"mod", "modcacherw", "modfile", "overlay", "p", "tags"}

func findGo(root string) goTool {
	var t goTool
	if t.Path, t.err = exec.LookPath("go"); t.err == nil {
		t.File = statOf(t.Path)
	}
	for _, name := range bytesEnv {
		if v := os.Getenv(name); v != "" {
			t.Env = append(t.Env, name+"="+v)
		}
	}
	conf := readGoEnv()
	if conf != nil {
		sum := sha256.Sum256(conf)
		t.Conf = hex.EncodeToString(sum[:])
	}
	t.Flags = honoured(goSetting("GOFLAGS"))
	t.Work = goWork(root)
	return t
}

// honoured keeps the harmless flags. The result is never empty, because an
// empty GOFLAGS would make go read the ones of its own file.
func honoured(flags string) string {
	keep := []string{"-buildvcs=false"}
	for _, f := range strings.Fields(flags) {
		name, _, _ := strings.Cut(strings.TrimLeft(f, "-"), "=")
		if slices.Contains(harmlessFlags, name) {
			keep = append(keep, f)
		}
	}
	return strings.Join(keep, " ")
}

// goSetting returns a setting of the go command: from the environment, or from
// the file that `go env -w` writes.
func goSetting(name string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	var value string
	for line := range strings.Lines(string(readGoEnv())) {
		if v, ok := strings.CutPrefix(strings.TrimSpace(line), name+"="); ok {
			value = v
		}
	}
	return value
}

// readGoEnv reads the file in which `go env -w` keeps its settings.
func readGoEnv() []byte {
	file := os.Getenv("GOENV")
	if file == "off" {
		return nil
	}
	if file == "" {
		dir, err := os.UserConfigDir()
		if err != nil {
			return nil
		}
		file = filepath.Join(dir, "go", "env")
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return nil
	}
	return data
}

// goWork finds the go.work that go would use: GOWORK, or the next one upwards.
func goWork(root string) string {
	switch w := os.Getenv("GOWORK"); w {
	case "off":
		return ""
	case "", "auto":
	default:
		return w
	}
	for dir := root; ; dir = filepath.Dir(dir) {
		file := filepath.Join(dir, "go.work")
		if info, err := os.Stat(file); err == nil && !info.IsDir() {
			return file
		}
		if dir == filepath.Dir(dir) {
			return ""
		}
	}
}

// environ is the environment of the go commands of a build.
func (b *build) environ(more ...string) []string {
	env := append(os.Environ(),
		"CGO_ENABLED=0",
		"GOOS="+b.Target.OS,
		"GOARCH="+b.Target.Arch,
		"GOFLAGS="+b.tool.Flags,
	)
	if b.Module != "" {
		env = append(env, "GOWORK=off")
	}
	return append(env, more...)
}
