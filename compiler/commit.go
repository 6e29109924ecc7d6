package compiler

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/detectviz/detectviz/compiler/emit"
	"github.com/detectviz/detectviz/compiler/link"
	"github.com/detectviz/detectviz/compiler/plan"
)

// Changes is what Commit did, with paths relative to the generated folder.
type Changes struct {
	Written   []string
	Removed   []string
	Unchanged int
}

// GeneratedDir returns the folder of the generated files of a plan's Artifact,
// relative to the workspace.
func GeneratedDir(artifact string) string { return filepath.Join("generated", artifact) }

// Stale compares what a plan generates with what stands in generated/<name>: a
// line for each file that differs, is missing or is no longer generated.
func (w *Workspace) Stale(p *plan.Plan, files []emit.File) ([]string, error) {
	g, err := w.readGenerated(p.Artifact())
	if err != nil {
		return nil, err
	}
	if err := w.sharesName(g, p); err != nil {
		return nil, err
	}
	var stale []string
	for _, f := range files {
		switch present, err := g.read(f.Path); {
		case err != nil:
			return nil, err
		case present == nil:
			stale = append(stale, f.Path+": missing")
		case !bytes.Equal(present, f.Content):
			stale = append(stale, f.Path+": differs")
		}
	}
	gone, err := g.leftOver(files)
	if err != nil {
		return nil, err
	}
	for _, path := range gone {
		stale = append(stale, path+": no longer generated")
	}
	return stale, nil
}

// Commit makes generated/<name> hold the files: all of them are first written
// beside their places and then renamed, so that a full disk or an interrupt
// leaves what was there. A file that dvz no longer generates is removed only if
// its own previous manifest lists it, and neither a file that dvz did not write
// nor one of another composition is ever replaced.
//
// A folder or file that cannot be written is a *link.Error.
func (w *Workspace) Commit(p *plan.Plan, files []emit.File) (Changes, error) {
	changes, err := w.commit(p, files)
	_, explained := errors.AsType[*link.Error](err)
	if broken, ok := errors.AsType[*fs.PathError](err); ok && !explained {
		err = link.CannotWrite(broken.Path, err)
	}
	return changes, err
}

func (w *Workspace) commit(p *plan.Plan, files []emit.File) (Changes, error) {
	var changes Changes
	g, err := w.readGenerated(p.Artifact())
	if err != nil {
		return changes, err
	}
	if err := w.sharesName(g, p); err != nil {
		return changes, err
	}
	var pending []emit.File
	for _, f := range files {
		present, err := g.read(f.Path)
		switch {
		case err != nil:
			return changes, err
		case bytes.Equal(present, f.Content) && present != nil:
			changes.Unchanged++
		case present != nil && !g.owns(f.Path):
			return changes, fmt.Errorf("%s was not written by dvz: its manifest does not list it; move the file away, then generate again",
				w.Shown(filepath.Join(g.dir, f.Path)))
		default:
			pending = append(pending, f)
		}
	}
	gone, err := g.leftOver(files)
	if err != nil {
		return changes, err
	}
	if err := g.write(pending); err != nil {
		return changes, err
	}
	for _, f := range pending {
		changes.Written = append(changes.Written, f.Path)
	}
	for _, path := range gone {
		if err := os.Remove(filepath.Join(g.dir, path)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return changes, err
		}
		for dir := filepath.Dir(path); dir != "."; dir = filepath.Dir(dir) {
			if os.Remove(filepath.Join(g.dir, dir)) != nil {
				break // not empty
			}
		}
		changes.Removed = append(changes.Removed, path)
	}
	return changes, nil
}

// generated is a composition's folder of generated files as it stands.
type generated struct {
	dir      string // absolute
	manifest manifest
}

func (w *Workspace) readGenerated(artifact string) (*generated, error) {
	g := &generated{dir: filepath.Join(w.Root, GeneratedDir(artifact))}
	content, err := g.read(manifestFile)
	if err != nil {
		return nil, err
	}
	if g.manifest, err = readManifest(content); err != nil {
		return nil, fmt.Errorf("%s: %w; restore it or remove the folder, then generate again", w.Shown(g.dir), err)
	}
	return g, nil
}

// sharesName is the error of a plan whose folder holds what another composition,
// or another choice of overlays, generated that is still there under the same
// name: each would undo the other.
func (w *Workspace) sharesName(g *generated, p *plan.Plan) error {
	m := g.manifest
	if m.From == "" || m.From == p.Dir && slices.Equal(m.Overlays, p.Overlays) {
		return nil
	}
	if name, err := w.artifact(m); err != nil || name != p.Artifact() {
		return nil
	}
	owner := w.Shown(m.From)
	if len(m.Overlays) > 0 {
		owner += " with overlay " + strings.Join(m.Overlays, ", ")
	}
	return fmt.Errorf("%s belongs to %s, which has the name %s too; give one of the compositions another name",
		w.Shown(g.dir), owner, p.Artifact())
}

// artifact returns the name under which the composition of a manifest would be
// generated today: "" when it does not parse. The error is fs.ErrNotExist when
// the composition or one of its overlays is gone.
func (w *Workspace) artifact(m manifest) (string, error) {
	name, err := w.nameIn(m.From)
	if err != nil || name == "" {
		return "", err
	}
	for _, overlay := range m.Overlays {
		files, err := filepath.Glob(filepath.Join(w.inRoot(m.From), "overlays", overlay+".*"))
		if err != nil || len(files) == 0 {
			return "", fs.ErrNotExist
		}
	}
	return (&plan.Plan{Name: name, Overlays: m.Overlays}).Artifact(), nil
}

// Abandoned lists the folders of generated files that no composition generates
// any more, because theirs was removed or renamed. They are relative to the
// workspace.
func (w *Workspace) Abandoned() ([]string, error) {
	entries, err := os.ReadDir(filepath.Join(w.Root, GeneratedDir("")))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	all, err := w.Compositions()
	if err != nil {
		return nil, err
	}
	var abandoned []string
	for _, e := range entries {
		if !e.IsDir() || slices.ContainsFunc(all, func(s Summary) bool { return s.Name == e.Name() }) {
			continue
		}
		g, err := w.readGenerated(e.Name())
		if err != nil {
			return nil, err
		}
		if g.manifest.From == "" {
			continue // dvz wrote nothing there
		}
		name, err := w.artifact(g.manifest)
		if errors.Is(err, fs.ErrNotExist) || err == nil && name != "" && name != e.Name() {
			abandoned = append(abandoned, filepath.ToSlash(GeneratedDir(e.Name())))
		}
	}
	return abandoned, nil
}

// read returns the content of a file, or nil when there is none.
func (g *generated) read(path string) ([]byte, error) {
	content, err := os.ReadFile(filepath.Join(g.dir, filepath.FromSlash(path)))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err == nil && content == nil {
		content = []byte{}
	}
	return content, err
}

// owns reports whether the previous manifest lists the file.
func (g *generated) owns(path string) bool {
	return path == manifestFile || slices.ContainsFunc(g.manifest.Files, func(e manifestEntry) bool { return e.Path == path })
}

// leftOver returns the files of the previous manifest that are still there but
// not among the new ones.
func (g *generated) leftOver(files []emit.File) ([]string, error) {
	var gone []string
	for _, e := range g.manifest.Files {
		if !filepath.IsLocal(filepath.FromSlash(e.Path)) {
			return nil, fmt.Errorf("%s lists %q, which lies outside its folder; restore the manifest or remove the folder", manifestFile, e.Path)
		}
		if slices.ContainsFunc(files, func(f emit.File) bool { return f.Path == e.Path }) {
			continue
		}
		if _, err := os.Lstat(filepath.Join(g.dir, filepath.FromSlash(e.Path))); err == nil {
			gone = append(gone, e.Path)
		}
	}
	return gone, nil
}

// write puts every file beside its place and only then renames them; the
// manifest comes last, so that it never lists what is not there.
func (g *generated) write(files []emit.File) error {
	var temps []string
	defer func() {
		for _, t := range temps {
			os.Remove(t) // those that were not renamed
		}
	}()
	slices.SortStableFunc(files, func(a, b emit.File) int {
		switch {
		case a.Path == manifestFile && b.Path != manifestFile:
			return 1
		case b.Path == manifestFile && a.Path != manifestFile:
			return -1
		}
		return 0
	})
	for _, f := range files {
		target := filepath.Join(g.dir, filepath.FromSlash(f.Path))
		if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
			return err
		}
		temp, err := os.CreateTemp(filepath.Dir(target), ".dvz-*")
		if err != nil {
			return link.CannotWrite(target, err)
		}
		temps = append(temps, temp.Name())
		_, err = temp.Write(f.Content)
		err = errors.Join(err, temp.Chmod(0o644), temp.Close())
		if err != nil {
			return link.CannotWrite(target, err)
		}
	}
	for i, f := range files {
		target := filepath.Join(g.dir, filepath.FromSlash(f.Path))
		if err := os.Rename(temps[i], target); err != nil {
			return link.CannotWrite(target, err)
		}
	}
	return nil
}
