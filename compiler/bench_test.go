package compiler_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/detectviz/detectviz/compiler"
)

// BenchmarkVet is what `dvz vet` does with dev-platform, from a cold start.
func BenchmarkVet(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		vet(b, "..", "compositions/dev-platform")
	}
}

// BenchmarkVetInstances vets compositions of 1 to 1,000 instances of five
// plugins. Beside the time it reports the processor time from a cold start
// (cpu-ms), that of a second time in the same process, when the schema and the
// manifests are loaded (again-cpu-ms), and that of a bare `cue vet` of the same
// configs against the same plugins' schemas (cue-cpu-ms). The last is a process
// of its own, reports at most some of the mistakes, and knows no instances,
// wires or files around them.
func BenchmarkVetInstances(b *testing.B) {
	cue := cueTool(b)
	for _, n := range []int{1, 10, 100, 1000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			defer debug.SetGCPercent(debug.SetGCPercent(1600)) // as in cmd/dvz
			root := b.TempDir()
			write(b, root, "go.mod", "module github.com/detectviz/detectviz\n")
			write(b, root, "compositions/many/composition.yaml", many(n))
			reference := cueVet(b, cue, root)
			var used, again time.Duration
			for b.Loop() {
				before := cpuTime(b)
				w := vet(b, root, "compositions/many")
				between := cpuTime(b)
				w.Compile("compositions/many")
				used, again = used+between-before, again+cpuTime(b)-between
			}
			ours := used.Seconds() * 1000 / float64(b.N)
			b.ReportMetric(again.Seconds()*1000/float64(b.N), "again-cpu-ms")
			b.ReportMetric(ours, "cpu-ms")
			b.ReportMetric(ours/float64(n), "cpu-ms/instance")
			b.ReportMetric(reference.Seconds()*1000, "cue-cpu-ms")
			b.ReportMetric(ours/(reference.Seconds()*1000), "x-cue")
		})
	}
}

// vet opens a workspace and compiles one of its compositions.
func vet(b *testing.B, root, dir string) *compiler.Workspace {
	b.Helper()
	w, err := compiler.Open(root, plugins)
	if err != nil {
		b.Fatal(err)
	}
	if p, diags := w.Compile(dir); p == nil {
		b.Fatal(diags)
	}
	return w
}

// kinds are the entries that many repeats; %d makes them differ.
var kinds = []string{
	`    - community/importers/prometheus: {as: scrape-%d, config: {targets: ["http://127.0.0.1:9100/metrics/%[1]d"], interval: 15s, labels: {n: "%[1]d"}}}`,
	`    - community/importers/csv: {as: read-%d, config: {files: ["/srv/in/%[1]d.csv"], timestamp: {column: time}, metrics: [{column: "m%[1]d", unit: celsius}]}}`,
	`    - community/exporters/json: {as: write-%d, config: {path: "${state}/out/%[1]d.jsonl"}}`,
	`    - community/exporters/sqlite: {as: keep-%d, config: {path: "${state}/db/%[1]d.db"}}`,
	`    - core/middleware/cors: {as: cors-%d, config: {allow_origins: ["http://localhost:%[1]d"]}}`,
}

// many is a composition of n instances.
func many(n int) string {
	var out strings.Builder
	out.WriteString("metadata: {name: many, version: 1.0.0}\nspec:\n  plugins:\n")
	for i := range n {
		fmt.Fprintf(&out, kinds[i%len(kinds)]+"\n", i+1)
	}
	return out.String()
}

// cueTool returns the path of the cue command that go.mod names.
func cueTool(b *testing.B) string {
	b.Helper()
	out, err := exec.Command("go", "tool", "-n", "cue").Output()
	if err != nil {
		b.Skipf("there is no cue command: %v", err)
	}
	return strings.TrimSpace(string(out))
}

// cueVet returns the processor time of the best of three runs of `cue vet` on the
// composition of a workspace.
func cueVet(b *testing.B, cue, root string) time.Duration {
	b.Helper()
	dir := filepath.Join(root, "cue")
	write(b, dir, "cue.mod/module.cue", "module: \"github.com/detectviz/detectviz@v0\"\nlanguage: version: \"v0.17.0\"\n")
	for _, tree := range []string{"schema", "plugins"} {
		if err := os.CopyFS(filepath.Join(dir, tree), os.DirFS(filepath.Join("..", tree))); err != nil {
			b.Fatal(err)
		}
	}
	var schema strings.Builder
	schema.WriteString("package vet\n\nimport (\n\t\"github.com/detectviz/detectviz/schema\"\n")
	var entries []string
	for i, kind := range kinds {
		path := strings.TrimPrefix(strings.SplitN(kind, ":", 2)[0], "    - ")
		name := filepath.Base(path)
		fmt.Fprintf(&schema, "\tp%d \"github.com/detectviz/detectviz/plugins/%s:%s\"\n", i, path, packageName(b, path, name))
		entries = append(entries, fmt.Sprintf("\t%q?: schema.#Instance & {config: p%d.#Config}\n", path, i))
	}
	schema.WriteString(")\n\nmetadata: schema.#Metadata\nspec: plugins: [...{\n" + strings.Join(entries, "") + "}]\n")
	write(b, dir, "vet.cue", schema.String())
	best := time.Hour
	for range 3 {
		cmd := exec.Command(cue, "vet", "-c", ".", filepath.Join(root, "compositions/many/composition.yaml"))
		cmd.Dir = dir
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		if err := cmd.Run(); err != nil {
			b.Fatalf("%v: %s", err, &stderr)
		}
		best = min(best, cmd.ProcessState.UserTime()+cmd.ProcessState.SystemTime())
	}
	return best
}

// packageName is the name of a plugin's CUE package.
func packageName(b *testing.B, path, name string) string {
	b.Helper()
	content, err := os.ReadFile(filepath.Join("../plugins", path, "plugin.cue"))
	if err != nil {
		b.Fatal(err)
	}
	first, _, _ := strings.Cut(string(content), "\n")
	if p, ok := strings.CutPrefix(first, "package "); ok {
		return strings.TrimSpace(p)
	}
	return name
}

// cpuTime is the processor time that this process has used.
func cpuTime(b *testing.B) time.Duration {
	b.Helper()
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		b.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}
