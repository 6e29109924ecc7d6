package link

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// state is what a successful build leaves in bin/.dvz, so that the next one can
// tell in a few milliseconds that it would give the same binary.
type state struct {
	Key      string     `json:"key"`      // digest of everything but the files
	Output   fileDigest `json:"output"`   // the binary
	Packages int        `json:"packages"` // for the result
	Inputs   []input    `json:"inputs"`   // files that the binary was made from, as far as they can change
	Folders  []folder   `json:"folders"`  // whose files take part by being there
}

// fileStat is what a file system says of a file. Size -1: there is none.
type fileStat struct {
	Size  int64 `json:"size"`
	Mtime int64 `json:"mtime"` // nanoseconds
}

// fileDigest is a file's content. It is read again only when the stat differs.
type fileDigest struct {
	fileStat
	SHA256 string `json:"sha256,omitempty"` // empty: unknown, never equal
}

type input struct {
	Path string `json:"path"` // relative to the root where possible
	fileDigest
}

// folder is a folder of a package: a new file in it may become part of the
// program. All says that any file may, because files of the folder are embedded.
type folder struct {
	Path  string `json:"path"`
	All   bool   `json:"all,omitempty"`
	Names string `json:"names"` // digest of the names that count
}

// key is the digest of what a build depends on beside files.
func (b *build) key() string {
	tool := b.tool
	data, err := json.Marshal(struct {
		Format          int
		Module          string
		Package, Output string
		Target          Target
		Args            []string
		Go              string
		File            fileStat
		Flags           string
		Env             []string
		Conf, Work      string
	}{2, b.Module, b.Package, b.Output, b.Target, b.args(), tool.Path, tool.File, tool.Flags, tool.Env, tool.Conf, tool.Work})
	if err != nil {
		panic(err) // strings and numbers always marshal
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// upToDate reports whether the output is what a build would give.
func (b *build) upToDate() (Result, bool) {
	data, err := os.ReadFile(b.statePath)
	if err != nil {
		return Result{}, false
	}
	var s state
	if json.Unmarshal(data, &s) != nil || s.Key != b.key() || !s.Output.same(b.Output) {
		return Result{}, false
	}
	for _, f := range s.Folders {
		if digest, err := names(b.abs(f.Path), f.All); err != nil || digest != f.Names {
			return Result{}, false
		}
	}
	for _, in := range s.Inputs {
		if !in.same(b.abs(in.Path)) {
			return Result{}, false
		}
	}
	return Result{Output: b.Output, Size: s.Output.Size, Skipped: true, Packages: s.Packages}, true
}

// record writes the state of a build that succeeded. When that fails, the next
// build is only slower.
func (b *build) record(packages []pkg) {
	os.Remove(b.statePath)
	if packages == nil {
		return // what the binary was made from is not known
	}
	s := state{Key: b.key(), Output: digestOf(b.Output), Packages: len(packages)}

	files := make(map[string]bool)
	for _, name := range []string{"go.mod", "go.sum", "vendor/modules.txt"} {
		files[filepath.Join(b.dir(), name)] = true
	}
	if b.tool.Work != "" {
		files[b.tool.Work], files[b.tool.Work+".sum"] = true, true
	}
	folders := make(map[string]bool) // folder → All
	for _, p := range packages {
		if !b.local(p) {
			continue
		}
		if p.Module != nil && p.Module.GoMod != "" {
			files[p.Module.GoMod] = true
		}
		folders[p.Dir] = folders[p.Dir] || false
		entries, err := os.ReadDir(p.Dir)
		if err != nil {
			return
		}
		for _, entry := range entries {
			if !entry.IsDir() && takesPart(entry.Name()) {
				files[filepath.Join(p.Dir, entry.Name())] = true
			}
		}
		for _, name := range p.EmbedFiles {
			files[filepath.Join(p.Dir, name)] = true
			for dir := filepath.Dir(name); ; dir = filepath.Dir(dir) {
				folders[filepath.Join(p.Dir, dir)] = true
				if dir == "." {
					break
				}
			}
		}
	}

	for path := range files {
		in := input{Path: b.rel(path), fileDigest: digestOf(path)}
		if in.Mtime > b.started.UnixNano() {
			in.SHA256 = "" // it changed while go may have been reading it
		}
		s.Inputs = append(s.Inputs, in)
	}
	for path, all := range folders {
		digest, err := names(path, all)
		if err != nil {
			return
		}
		s.Folders = append(s.Folders, folder{Path: b.rel(path), All: all, Names: digest})
	}
	slices.SortFunc(s.Inputs, func(x, y input) int { return strings.Compare(x.Path, y.Path) })
	slices.SortFunc(s.Folders, func(x, y folder) int { return strings.Compare(x.Path, y.Path) })
	data, err := json.MarshalIndent(s, "", "\t")
	if err != nil || os.MkdirAll(filepath.Dir(b.statePath), 0o755) != nil {
		return
	}
	temp := b.statePath + ".tmp"
	if os.WriteFile(temp, append(data, '\n'), 0o644) != nil || os.Rename(temp, b.statePath) != nil {
		os.Remove(temp)
	}
}

func (b *build) rel(path string) string {
	if rel, err := filepath.Rel(b.Root, path); err == nil && filepath.IsLocal(rel) {
		return filepath.ToSlash(rel)
	}
	return path
}

func (b *build) abs(path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(b.Root, filepath.FromSlash(path))
}

// takesPart reports whether go build looks at a file because of its name.
func takesPart(name string) bool {
	if strings.HasPrefix(name, "_") || strings.HasPrefix(name, ".") || strings.HasSuffix(name, "_test.go") {
		return false
	}
	switch filepath.Ext(name) {
	case ".go", ".s", ".S", ".h", ".syso":
		return true
	}
	return name == "go.mod" // takes the folder out of the module
}

// names is the digest of the names in a folder that count.
func names(dir string, all bool) (string, error) {
	entries, err := os.ReadDir(dir) // sorted
	if err != nil {
		return "", err
	}
	h := sha256.New()
	for _, entry := range entries {
		if all || takesPart(entry.Name()) {
			io.WriteString(h, entry.Name()+"\x00")
		}
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

func statOf(path string) fileStat {
	info, err := os.Stat(path)
	if err != nil {
		return fileStat{Size: -1}
	}
	return fileStat{Size: info.Size(), Mtime: info.ModTime().UnixNano()}
}

// digestOf reads a file. A file that is not there has a digest too, so that its
// appearing is a change.
func digestOf(path string) fileDigest {
	d := fileDigest{fileStat: statOf(path)}
	if d.Size < 0 {
		d.SHA256 = "none"
		return d
	}
	f, err := os.Open(path)
	if err != nil {
		return d
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return d
	}
	d.SHA256 = hex.EncodeToString(h.Sum(nil))
	return d
}

// same reports whether the file still has the content.
func (d fileDigest) same(path string) bool {
	now := statOf(path)
	if d.SHA256 == "" || now.Size != d.Size {
		return false
	}
	return now == d.fileStat || digestOf(path).SHA256 == d.SHA256
}
