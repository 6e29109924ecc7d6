package source

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/agext/levenshtein"

	"github.com/detectviz/detectviz/compiler/diag"
)

// overlaysDir is the folder of a composition that holds its overlays.
const overlaysDir = "overlays"

// overlay is a partial composition in the documented form.
type overlay struct {
	name string
	file string
	parsed
}

// overlays reads the overlays of the given names. Those that cannot be read it
// reports and leaves out.
func (r *reader) overlays(names []string) (all []overlay) {
	for i, name := range names {
		if slices.Contains(names[:i], name) {
			d := r.l.Errorf("DVZ022", diag.Pos{File: path.Join(r.shown, overlaysDir)}, "the overlay %q is given twice", name)
			d.Hint = "name it once, at its place: the later of two overlays wins"
			continue
		}
		if o, ok := r.overlay(name); ok {
			all = append(all, o)
		}
	}
	return all
}

func (r *reader) overlay(name string) (o overlay, ok bool) {
	folder := diag.Pos{File: path.Join(r.shown, overlaysDir)}
	if name == "" || strings.HasPrefix(name, ".") || strings.ContainsAny(name, "/\\\x00") {
		d := r.l.Errorf("DVZ022", folder, "%q cannot be the name of an overlay", name)
		d.Hint = "an overlay is named by its file in overlays/ without the ending: prod for overlays/prod.yaml"
		return o, false
	}
	found, err := find(r.folder, path.Join(overlaysDir, name))
	switch {
	case r.several(err):
		return o, false
	case errors.Is(err, fs.ErrNotExist):
		r.l.Errorf("DVZ021", folder, "there is no overlay %q", name).Hint = r.overlayHint(name)
		return o, false
	}
	file := path.Join(r.shown, found)
	content, ok := r.read(found, file)
	if !ok {
		return o, false
	}
	o = overlay{name: name, file: file, parsed: parse(file, content, nil)}
	r.l = append(r.l, o.l...)
	return o, o.root != nil || o.l == nil
}

// overlayHint says which overlays there are, and which one is probably meant.
func (r *reader) overlayHint(name string) string {
	entries, err := fs.ReadDir(r.folder, overlaysDir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "the folder " + overlaysDir + " cannot be listed"
	}
	var names []string
	for _, e := range entries {
		if ext := path.Ext(e.Name()); slices.Contains(kinds, ext) {
			names = append(names, strings.TrimSuffix(e.Name(), ext))
		}
	}
	names = slices.Compact(names)
	if len(names) == 0 {
		return "the composition has no overlays; they are files such as overlays/" + strings.TrimSuffix(name, path.Ext(name)) + ".yaml"
	}
	hint := "overlays: " + strings.Join(names, ", ")
	word := name
	if slices.Contains(append(kinds, ".yml"), path.Ext(name)) {
		word = strings.TrimSuffix(name, path.Ext(name))
	}
	near, least := "", max(1, len(word)/2)+1 // half of the letters may be wrong: there are few names
	for _, n := range names {
		if d := levenshtein.Distance(word, n, nil); d < least {
			near, least = n, d
		}
	}
	if near != "" {
		return fmt.Sprintf("did you mean %q? (%s)", near, hint)
	}
	return hint
}

// onto returns the tree that an overlay makes of another one, which stays as it
// is.
func (o overlay) onto(base *Node, l *diag.List) *Node {
	m := &merger{overlay: o.name, l: l}
	if o.root == nil || o.root.Kind == Map && len(o.root.Fields) == 0 {
		m.nothing(diag.Pos{File: o.file}, 0, "the overlay %q changes nothing: it is empty", o.name)
		return base
	}
	return m.field(Field{Key: "composition", Pos: base.Pos, Value: base}, Field{Key: "composition", Pos: o.root.Pos, Value: o.root}, "").Value
}
