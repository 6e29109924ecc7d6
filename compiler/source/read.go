package source

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"

	"github.com/detectviz/detectviz/compiler/diag"
)

// FileName is the file of a composition folder that holds the composition.
const FileName = "composition.yaml"

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
// as shown. The composition is nil when the file cannot be read or is no YAML
// document; the findings say why. See Parse for what else is found here.
func Read(dir, shown string, o Options) (*Composition, diag.List) {
	return ReadFS(os.DirFS(dir), shown, o)
}

// ReadFS is Read for a composition folder that is a file system.
func ReadFS(folder fs.FS, shown string, o Options) (*Composition, diag.List) {
	file := path.Join(shown, FileName)
	content, l := read(folder, file)
	if l.HasErrors() {
		return nil, l
	}
	root, l := Parse(file, content)
	if root == nil {
		return nil, l
	}
	c := decode(root)
	c.Dir, c.File, c.Bytes = shown, file, content
	return c, l
}

func read(folder fs.FS, shown string) ([]byte, diag.List) {
	var l diag.List
	whole := diag.Pos{File: shown}
	// Opening a pipe would wait for someone to write into it.
	if info, err := fs.Stat(folder, FileName); err == nil && !info.Mode().IsRegular() {
		l.Errorf("DVZ001", whole, "it is not a regular file")
		return nil, l
	}
	f, err := folder.Open(FileName)
	if err != nil {
		d := l.Errorf("DVZ001", whole, "%s", reason(err))
		if errors.Is(err, fs.ErrNotExist) {
			d.Hint = missingHint(folder)
		}
		return nil, l
	}
	defer f.Close()
	content, err := io.ReadAll(io.LimitReader(f, MaxBytes+1))
	switch {
	case err != nil:
		l.Errorf("DVZ001", whole, "%s", reason(err))
	case len(content) > MaxBytes:
		l.Errorf("DVZ002", whole, "the file has more than %d MB; a composition is a few kilobytes", MaxBytes>>20)
	}
	return content, l
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
