package link

import (
	"context"
	"encoding/json"
	"io"
	"path/filepath"
)

// pkg is a package that is linked into the program, as go list prints it.
type pkg struct {
	ImportPath string
	Dir        string
	Standard   bool
	Imports    []string
	ImportMap  map[string]string
	EmbedFiles []string
	Module     *goModule
}

type goModule struct {
	Main    bool
	GoMod   string
	Replace *struct{ Version string }
}

const listFields = "-json=ImportPath,Dir,Standard,Imports,ImportMap,EmbedFiles,Module"

// list asks go for the packages of the program: for the total of the progress,
// and for the files that the binary is made from. It runs beside the build,
// which waits for it only at the end. Without an answer (nil) a build works as
// well, but is not recognised the next time.
func (b *build) list(ctx context.Context) []pkg {
	args := []string{"list", "-deps", "-tags=" + b.tags(), listFields}
	if b.Module != "" {
		args = append(args, "-mod=readonly")
	}
	cmd := b.command(b.environ(), append(args, b.program())...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil
	}
	var packages []pkg
	if err := cmd.start(ctx); err != nil {
		return nil
	}
	dec := json.NewDecoder(out)
	for {
		var p pkg
		if err = dec.Decode(&p); err != nil {
			break
		}
		packages = append(packages, p)
	}
	io.Copy(io.Discard, out) // so that go does not block; the error is in err
	if cmd.wait(ctx) != nil || err != io.EOF {
		return nil
	}
	return packages
}

// local reports whether a package's files may change: the standard library and
// the module cache do not, the main module, modules that are replaced by
// folders, and a vendor folder do.
func (b *build) local(p pkg) bool {
	if p.Standard || p.Dir == "" {
		return false
	}
	if rel, err := filepath.Rel(b.Root, p.Dir); err == nil && filepath.IsLocal(rel) {
		return true
	}
	return p.Module == nil || p.Module.Main || p.Module.Replace != nil && p.Module.Replace.Version == ""
}

// counter tells how many packages are done, from the names of those that go
// begins to compile. go does not name the ones that it has in its cache; but
// when it begins a package, all that the package imports is there.
type counter struct {
	imports map[string][]string
	done    map[string]bool
}

func newCounter() *counter { return &counter{done: make(map[string]bool)} }

// know gives the counter the whole list.
func (c *counter) know(packages []pkg) {
	c.imports = make(map[string][]string, len(packages))
	for _, p := range packages {
		imports := make([]string, len(p.Imports))
		for i, path := range p.Imports {
			if mapped := p.ImportMap[path]; mapped != "" {
				path = mapped
			}
			imports[i] = path
		}
		c.imports[p.ImportPath] = imports
	}
	began := c.done
	c.done = make(map[string]bool, len(packages))
	for path := range began {
		c.begin(path)
	}
}

// begin notes that a package is being compiled.
func (c *counter) begin(path string) {
	if c.done[path] {
		return
	}
	if _, known := c.imports[path]; c.imports != nil && !known {
		return // "C" and "unsafe" among imports
	}
	c.done[path] = true
	for _, p := range c.imports[path] {
		c.begin(p)
	}
}
