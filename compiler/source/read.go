package source

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"

	"gopkg.in/yaml.v3"

	"github.com/detectviz/detectviz/compiler/diag"
)

// MaxBytes is how large a composition file may be.
const MaxBytes = 10 << 20

// Options say how a composition is read.
type Options struct {
	// Overlays are the names of files in overlays/, without ".yaml". They apply
	// in this order: the later wins.
	Overlays []string
	// PluginNamed returns the path of the plugin that the seed's form calls by a
	// name ("core-auth-jwt", "jwt") and a type ("auth", which may be empty). When
	// there is none it returns the name. Nil: always the name.
	PluginNamed func(name, pluginType string) string
}

// Read reads the composition of a folder of the disk. Positions show the folder
// as shown. The composition is nil when its file or an overlay cannot be read or
// is not of the kind that its name says; the findings say why. See Parse for
// what else is found here.
func Read(dir, shown string, o Options) (*Composition, diag.List) {
	return ReadFS(os.DirFS(dir), shown, o)
}

// ReadFS is Read for a composition folder that is a file system.
func ReadFS(folder fs.FS, shown string, o Options) (*Composition, diag.List) {
	r := &reader{folder: folder, shown: shown, named: o.PluginNamed}
	c := r.composition()
	if c == nil {
		return nil, r.l
	}
	overlays := r.overlays(o.Overlays)
	if len(overlays) < len(o.Overlays) {
		return nil, r.l // what could be checked is not what was asked for
	}
	for _, o := range overlays {
		c.Root = o.onto(c.Root, &r.l)
		c.Ignores = append(c.Ignores, o.ignores...)
	}
	c.decode()
	c.Overlays = o.Overlays
	c.Meta = r.meta()
	return c, r.l
}

// Describe returns what a listing says of the composition in a folder: what can
// be read of its metadata, whatever else is wrong with it.
func Describe(folder fs.FS) (name, version, description string) {
	r := &reader{folder: folder}
	c := r.composition()
	if c == nil {
		return "", "", ""
	}
	metadata := c.Root.Get("metadata")
	return text(metadata.Get("name")).Value, text(metadata.Get("version")).Value, text(metadata.Get("description")).Value
}

// reader reads one composition folder.
type reader struct {
	folder fs.FS
	shown  string
	named  func(name, pluginType string) string
	l      diag.List
}

// composition reads the composition file, without decoding it.
func (r *reader) composition() *Composition {
	name, err := Find(r.folder)
	if r.several(err) {
		return nil
	}
	name = cmp.Or(name, FileName)
	file := path.Join(r.shown, name)
	content, ok := r.read(name, file)
	if !ok {
		return nil
	}
	p := parse(file, content, func(document *yaml.Node) { Normalise(document, r.named) })
	if p.root == nil && p.l == nil {
		p.l = empty(file)
	}
	r.l = append(r.l, p.l...)
	if p.root == nil {
		return nil
	}
	return &Composition{Dir: r.shown, File: file, Bytes: content, Root: p.root, Ignores: p.ignores}
}

// several reports an error of find that is about several files.
func (r *reader) several(err error) bool {
	both, ok := errors.AsType[*severalError](err)
	if ok {
		r.l.Errorf("DVZ014", diag.Pos{File: path.Join(r.shown, both.names[0])}, "%v", err).Hint = "keep one of them"
	}
	return ok
}

// meta reads meta.yaml. It is nil when there is none, or none that is YAML.
func (r *reader) meta() *Node {
	const name = "meta.yaml"
	if _, err := fs.Stat(r.folder, name); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	file := path.Join(r.shown, name)
	content, ok := r.read(name, file)
	if !ok {
		return nil
	}
	p := parse(file, content, nil)
	r.l = append(r.l, p.l...)
	return p.root
}

// read reads a file of the folder. It reports why it cannot.
func (r *reader) read(name, shown string) ([]byte, bool) {
	whole := diag.Pos{File: shown}
	// Opening a pipe would wait for someone to write into it.
	if info, err := fs.Stat(r.folder, name); err == nil && !info.Mode().IsRegular() {
		r.l.Errorf("DVZ001", whole, "it is not a regular file")
		return nil, false
	}
	f, err := r.folder.Open(name)
	if err != nil {
		d := r.l.Errorf("DVZ001", whole, "%s", reason(err))
		if errors.Is(err, fs.ErrNotExist) {
			d.Hint = missingHint(r.folder)
		}
		return nil, false
	}
	defer f.Close()
	content, err := io.ReadAll(io.LimitReader(f, MaxBytes+1))
	switch {
	case err != nil:
		r.l.Errorf("DVZ001", whole, "%s", reason(err))
	case len(content) > MaxBytes:
		r.l.Errorf("DVZ002", whole, "the file has more than %d MB; a composition is a few kilobytes", MaxBytes>>20)
	default:
		return content, true
	}
	return nil, false
}

// reason says in words why a file cannot be read; the path is shown elsewhere.
func reason(err error) string {
	switch pe, ok := errors.AsType[*fs.PathError](err); {
	case errors.Is(err, fs.ErrNotExist):
		return "there is no such file"
	case errors.Is(err, fs.ErrPermission):
		return "you have no permission to read the file"
	case ok:
		return fmt.Sprintf("the file cannot be read: %v", pe.Err)
	}
	return fmt.Sprintf("the file cannot be read: %v", err)
}

// missingHint says what the folder holds instead of a composition.
func missingHint(folder fs.FS) string {
	if info, err := fs.Stat(folder, "."); err != nil || !info.IsDir() {
		return "there is no such folder; dvz list shows all compositions"
	}
	if _, err := fs.Stat(folder, "composition.yml"); err == nil {
		return "rename composition.yml to " + FileName
	}
	return "the folder holds no " + FileName
}
