//go:build unix

package compiler_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/detectviz/detectviz/compiler/diag"
)

// What a dvz vet of any input may take. Up to 512 MiB dvz collects little garbage.
const (
	hostileTime   = 10 * time.Second
	hostileMemory = 600 << 20
)

// hostile is an input that was made to hurt, or a disk that is in disorder.
type hostile struct {
	name string
	// text is the composition.yaml; files makes the folder when it is nil.
	text  func() string
	files func(t *testing.T, folder string)
	args  []string
	// memory is what it may take; 0 is hostileMemory.
	memory int64
	// codes are those of the findings, sorted, each once.
	codes string
	// found is how often the first of them is found, where that matters.
	found int
}

const head = "metadata: {name: c, version: 1.0.0, environment: development}\nspec:\n  plugins:\n"

// lines puts n lines below spec.plugins.
func lines(n int, format string) func() string {
	return func() string {
		var out strings.Builder
		out.WriteString(head)
		for i := range n {
			fmt.Fprintf(&out, format+"\n", i)
		}
		return out.String()
	}
}

func text(s ...string) func() string { return func() string { return strings.Join(s, "") } }

func repeated(before, s string, n int, after string) func() string {
	return func() string { return before + strings.Repeat(s, n) + after }
}

// laughs is a composition whose aliases stand for 9^n values.
func laughs(n int, item, last string) func() string {
	return func() string {
		var out strings.Builder
		fmt.Fprintf(&out, "l0: &l0 %s\n", last)
		for i := range n {
			fmt.Fprintf(&out, "l%d: &l%[1]d %s\n", i+1, fmt.Sprintf(item, strings.Repeat(fmt.Sprintf("*l%d, ", i), 9)))
		}
		return out.String() + head + "    - community/exporters/sqlite: {config: *l" + fmt.Sprint(n) + "}\n"
	}
}

// deep is a block map n levels deep.
func deep(n int) func() string {
	return func() string {
		var out strings.Builder
		out.WriteString(head + "    - community/exporters/sqlite:\n        config:\n")
		for i := range n {
			out.WriteString(strings.Repeat(" ", 10+i) + "a:\n")
		}
		return out.String()
	}
}

// link makes a symbolic link in a composition's folder.
func link(name, target string) func(*testing.T, string) {
	return func(t *testing.T, folder string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(filepath.Join(folder, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(target, filepath.Join(folder, name)); err != nil {
			t.Fatal(err)
		}
	}
}

// beside makes a sound composition and then something else.
func beside(more func(*testing.T, string)) func(*testing.T, string) {
	return func(t *testing.T, folder string) {
		t.Helper()
		write(t, folder, "composition.yaml", sound)
		more(t, folder)
	}
}

func fifo(name string) func(*testing.T, string) {
	return func(t *testing.T, folder string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(filepath.Join(folder, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := syscall.Mkfifo(filepath.Join(folder, name), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func folderNamed(name string) func(*testing.T, string) {
	return func(t *testing.T, folder string) { write(t, folder, name+"/x", "") }
}

const sound = head + `    - community/importers/prometheus: {config: {targets: ["http://127.0.0.1:9100/metrics"]}}
    - community/exporters/sqlite
`

var hostiles = []hostile{
	// Size.
	{name: "10 MB of comments", text: repeated(sound, "# a comment\n", 860_000, ""), codes: ""},
	{name: "more than 10 MB", text: repeated(sound, "# a comment\n", 900_000, ""), codes: "DVZ002"},
	{name: "10 MB in one text", text: repeated(sound+"  description: ", "x", 10_000_000, "\n"), codes: "DVZ102"},
	{name: "10 MB of list items", text: repeated(head+"    - community/exporters/sqlite: {depends_on: [", "a,", 5_000_000, "]}\n"), codes: "DVZ002"},
	{name: "10,000 instances, each behind the one before", text: func() string {
		var out strings.Builder
		out.WriteString(sound)
		before := "sqlite"
		for i := range 10_000 {
			fmt.Fprintf(&out, "    - community/exporters/json: {as: i%d, depends_on: [%s], config: {path: \"${state}/%[1]d.jsonl\"}}\n", i, before)
			before = fmt.Sprintf("i%d", i)
		}
		return out.String()
	}, codes: "DVZ243"},
	{name: "10,000 unknown plugins", text: lines(10_000, "    - community/exporters/jsn%d: {as: i%[1]d}"), codes: "DVZ101", found: 10_000},
	{name: "1,000 instances of one name", text: lines(1_000, "    - community/exporters/json: {as: one, config: {path: \"${state}/%d.jsonl\"}}"), codes: "DVZ206", found: 999},
	{name: "1,000 writers of one file", text: lines(1_000, "    - community/exporters/json: {as: i%d}"), codes: "DVZ231", found: 999},
	{name: "10,000 depends_on", text: repeated(head+"    - community/exporters/sqlite: {depends_on: [", "nothing, ", 10_000, "]}\n"), codes: "DVZ201"},
	{name: "5,000 params", text: func() string {
		var out strings.Builder
		out.WriteString("params:\n")
		for i := range 5_000 {
			fmt.Fprintf(&out, "  p%d: {type: string, default: x}\n", i)
		}
		return out.String() + sound
	}, codes: "DVZ214", found: 5_000},
	{name: "5,000 pipelines", text: func() string {
		var out strings.Builder
		out.WriteString(sound + "  pipelines:\n")
		for i := range 5_000 {
			fmt.Fprintf(&out, "    p%d: {from: [prometheus], to: [sqlite]}\n", i)
		}
		return out.String()
	}, codes: ""},
	{name: "1,000 faults", text: lines(1_000, "    - community/exporters/json: {as: i%d, config: {path: \"${state}/%[1]d.jsonl\", kep: 1}}"), codes: "DVZ102", found: 1_000},
	{name: "a line of 1 MB", text: repeated(head+"    - community/exporters/sqlite: {config: {path: \"", "x", 1_000_000, "\", paht: y}}\n"), codes: "DVZ102 DVZ304"},
	{name: "a key of 1 MB", text: repeated(head+"    - community/exporters/sqlite: {config: {? ", "x", 1_000_000, "\n : y}}\n"), codes: "DVZ102"},
	{name: "a plugin's path of 1 MB", text: repeated(head+"    - \"", "x/", 500_000, "\"\n"), codes: "DVZ101"},
	{name: "a name of 1 MB in depends_on", text: repeated(head+"    - community/exporters/sqlite: {depends_on: [", "x", 1_000_000, "]}\n"), codes: "DVZ201"},
	{name: "10,000 references", text: repeated(head+"    - community/exporters/sqlite: {config: {path: \"", "${state}", 10_000, "\"}}\n"), codes: "DVZ235"},
	// Nesting.
	{name: "1,000 lists in lists", text: repeated(head+"    - community/exporters/sqlite: {config: {path: ", "[", 1_000, strings.Repeat("]", 1_000)+"}}\n"), codes: "DVZ010 DVZ104"},
	{name: "a million brackets", text: repeated(head+"    - ", "[", 1_000_000, "\n"), codes: "DVZ010"},
	{name: "1,000 maps in maps", text: deep(1_000), codes: "DVZ010 DVZ102"},
	{name: "a billion laughs", text: laughs(10, "[%s]", "[lol]"), codes: "DVZ009 DVZ102"},
	{name: "a billion merge keys", text: laughs(10, "{<<: [%s]}", "{lol: 1}"), codes: "DVZ009 DVZ102"},
	{name: "an alias in its anchor", text: text(head, "    - community/exporters/sqlite: {config: &a {path: *a}}\n"), codes: "DVZ009"},
	// Bytes.
	{name: "no text", text: repeated("", "\xff\xfe\x00", 1000, ""), codes: "DVZ003"},
	{name: "NUL bytes", text: repeated(sound, "\x00", 1000, ""), codes: "DVZ003"},
	{name: "only line breaks of Windows", text: repeated("", "\r\n", 1_000_000, ""), codes: "DVZ006"},
	{name: "only carriage returns", text: repeated("", "\r", 1_000_000, ""), codes: "DVZ003"},
	{name: "only tabs", text: repeated("", "\t", 1_000_000, ""), codes: "DVZ005"},
	{name: "only quotes", text: repeated("", "\"", 1_000_001, ""), codes: "DVZ004"},
	{name: "only stars", text: repeated("", "*", 1_000_000, ""), codes: "DVZ004"},
	{name: "only hyphens", text: repeated("", "- ", 1_000_000, ""), codes: "DVZ010"},
	{name: "only colons", text: repeated("", ": ", 100_000, ""), codes: "DVZ004"},
	{name: "only separators", text: repeated("", "---\n", 1_000_000, ""), codes: "DVZ006"},
	{name: "a syntax error behind 100,000 lines", text: repeated(sound, "# x\n", 100_000, "  x: [\n"), codes: "DVZ004"},
	{name: "huge numbers", text: text(head, "    - community/exporters/json: {config: {keep: 1e999999}}\n    - community/exporters/prometheus: {config: {max_series: ", strings.Repeat("9", 1_000_000), "}}\n"), codes: "DVZ104"},
	// The disk.
	{name: "no composition", files: folderNamed("nothing"), codes: "DVZ001"},
	{name: "a folder as composition.yaml", files: folderNamed("composition.yaml"), codes: "DVZ001"},
	{name: "a pipe as composition.yaml", files: fifo("composition.yaml"), codes: "DVZ001"},
	{name: "/dev/zero as composition.yaml", files: link("composition.yaml", "/dev/zero"), codes: "DVZ001"},
	{name: "a link to itself as composition.yaml", files: link("composition.yaml", "composition.yaml"), codes: "DVZ001"},
	{name: "a link to nothing as composition.yaml", files: link("composition.yaml", "nothing"), codes: "DVZ001"},
	{name: "a list of a hundred million items in CUE", files: func(t *testing.T, folder string) {
		write(t, folder, "composition.cue", "import \"list\"\n_all: [for x in list.Range(0, 100000000, 1) {x}]\nspec: plugins: _all\n")
	}, codes: "DVZ020", memory: 1500 << 20}, // it is given up at 1 GB
	{name: "/dev/zero as meta.yaml", files: beside(link("meta.yaml", "/dev/zero")), codes: "DVZ001"},
	{name: "a pipe as meta.yaml", files: beside(fifo("meta.yaml")), codes: "DVZ001"},
	{name: "a folder as meta.yaml", files: beside(folderNamed("meta.yaml")), codes: "DVZ001"},
	{name: "overlays that are a link to themselves", files: beside(link("overlays", "overlays")), args: []string{"--overlay", "prod"}, codes: "DVZ001"},
	{name: "/dev/zero as an overlay", files: beside(link("overlays/prod.yaml", "/dev/zero")), args: []string{"--overlay", "prod"}, codes: "DVZ001"},
	{name: "a pipe as an overlay", files: beside(fifo("overlays/prod.yaml")), args: []string{"--overlay", "prod"}, codes: "DVZ001"},
	{name: "an overlay outside of the folder", files: beside(folderNamed("overlays")), args: []string{"--overlay", "../../../../etc/passwd"}, codes: "DVZ022"},
}

// built returns a dvz that anyone may run.
func built(t *testing.T) string {
	t.Helper()
	dvz := filepath.Join(t.TempDir(), "dvz")
	if out, err := exec.Command("go", "build", "-o", dvz, "../cmd/dvz").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	open755(t, filepath.Dir(dvz))
	return dvz
}

// open755 lets anyone into a folder of t.TempDir, which is for its owner only.
func open755(t *testing.T, folder string) {
	t.Helper()
	for _, dir := range []string{folder, filepath.Dir(folder)} {
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
}

// TestHostile runs dvz vet as a process of its own on each input: it must end
// soon, in little memory, with the expected findings.
func TestHostile(t *testing.T) {
	if testing.Short() {
		t.Skip("runs for several seconds")
	}
	dvz := built(t)
	for _, h := range hostiles {
		t.Run(h.name, func(t *testing.T) {
			root := t.TempDir()
			write(t, root, "go.mod", "module github.com/detectviz/detectviz\n")
			folder := filepath.Join(root, compositionFolder)
			if h.files != nil {
				h.files(t, folder)
			} else {
				write(t, folder, "composition.yaml", h.text())
			}
			found, used := runVet(t, dvz, root, h.args...)
			if used.took > hostileTime || used.memory > cmp.Or(h.memory, hostileMemory) {
				t.Errorf("it took %v and %d MiB", used.took, used.memory>>20)
			}
			times := map[string]int{}
			for _, d := range found {
				times[d.Code]++
			}
			codes := slices.Sorted(maps.Keys(times))
			if got := strings.Join(codes, " "); got != h.codes {
				t.Errorf("found %s, want %s", got, h.codes)
			} else if h.found > 0 && times[codes[0]] != h.found {
				t.Errorf("%s is found %d times, want %d", codes[0], times[codes[0]], h.found)
			}
			t.Logf("%.2fs of the processor, %d MiB", used.took.Seconds(), used.memory>>20)
		})
	}
}

// usage is what a process took.
type usage struct {
	took   time.Duration // of the processor: other tests run beside this one
	memory int64         // bytes at the peak
}

// runVet runs dvz vet in a workspace, with 3 GiB of addresses and three times the
// allowed time at most, so that a fault does not take the machine along.
func runVet(t *testing.T, dvz, root string, args ...string) (diag.List, usage) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 3*hostileTime)
	defer cancel()
	cmd := exec.CommandContext(ctx, "sh", append([]string{"-c", `ulimit -v 3145728; exec "$0" vet --format json "$@"`, dvz, compositionFolder}, args...)...)
	cmd.Dir = root
	return vetProcess(t, cmd)
}

// vetProcess runs a command that vets and prints JSON.
func vetProcess(t *testing.T, cmd *exec.Cmd) (diag.List, usage) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	memory := make(chan int64)
	ended := make(chan struct{})
	go func() { memory <- peak(cmd.Process.Pid, ended) }()
	err := cmd.Wait()
	close(ended)
	most, out := <-memory, stdout.Bytes()
	if failed, ok := errors.AsType[*exec.ExitError](err); err != nil && (!ok || failed.ExitCode() != 1) {
		t.Fatalf("%v\n%.2000s", err, stderr.String())
	}
	var found diag.List
	if err := json.Unmarshal(out, &found); err != nil {
		t.Fatalf("%v: %.300s\n%.2000s", err, out, stderr.String())
	}
	took := cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	return found, usage{took: took, memory: most}
}

// highWater is what /proc says of a process's most memory.
var highWater = regexp.MustCompile(`VmHWM:\s+(\d+) kB`)

// peak watches a process until it has ended and returns the most memory that it
// had, in bytes; 0 where there is no /proc. What wait(2) says of it counts what
// this process had when it started the other one.
func peak(pid int, ended <-chan struct{}) int64 {
	var most int64
	for {
		select {
		case <-ended:
			return most
		case <-time.After(2 * time.Millisecond):
			status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
			if m := highWater.FindSubmatch(status); m != nil {
				kib, _ := strconv.ParseInt(string(m[1]), 10, 64)
				most = max(most, kib<<10)
			}
		}
	}
}

// TestNoPermission: what may not be read is reported as that. Root may read
// everything, so root's vet runs as nobody.
func TestNoPermission(t *testing.T) {
	dvz := built(t)
	for name, test := range map[string]struct{ locked, codes string }{
		"file":     {compositionFolder + "/composition.yaml", "DVZ001"},
		"folder":   {compositionFolder, "DVZ001"},
		"meta":     {compositionFolder + "/meta.yaml", "DVZ001"},
		"overlays": {compositionFolder + "/overlays", "DVZ001"},
	} {
		t.Run(name, func(t *testing.T) {
			root := t.TempDir()
			write(t, root, "go.mod", "module github.com/detectviz/detectviz\n")
			write(t, root, compositionFolder+"/composition.yaml", sound)
			write(t, root, compositionFolder+"/meta.yaml", "title: x\n")
			write(t, root, compositionFolder+"/overlays/prod.yaml", "metadata: {environment: production}\n")
			locked := filepath.Join(root, test.locked)
			if err := os.Chmod(locked, 0); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { os.Chmod(locked, 0o700) }) // or it cannot be removed
			open755(t, root)
			cmd := exec.Command(dvz, "vet", "--format", "json", "--overlay", "prod", compositionFolder)
			cmd.Dir = root
			if os.Getuid() == 0 {
				cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
			}
			found, _ := vetProcess(t, cmd)
			if len(found) != 1 || found[0].Code != test.codes || !strings.Contains(found[0].Message+found[0].Hint, "permission") {
				t.Errorf("found %+v", found)
			}
		})
	}
}
