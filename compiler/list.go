package compiler

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/agext/levenshtein"
	"gopkg.in/yaml.v3"

	"github.com/detectviz/detectviz/compiler/source"
)

// Summary is what a listing says of a composition: its metadata and what
// meta.yaml adds for people and catalogues.
type Summary struct {
	Name        string   `json:"name"`
	Version     string   `json:"version"`
	Dir         string   `json:"dir"` // relative to the workspace, slash separated
	Title       string   `json:"title,omitempty"`
	Description string   `json:"description,omitempty"`
	Owner       string   `json:"owner,omitempty"`
	Tags        []string `json:"tags,omitempty"`
}

// Compositions lists the folders below compositions/ that hold a composition,
// by folder name. A composition that does not parse is listed with the name of
// its folder, so that vet can say what is wrong.
func (w *Workspace) Compositions() ([]Summary, error) {
	entries, err := os.ReadDir(filepath.Join(w.Root, "compositions"))
	if os.IsNotExist(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("listing the compositions: %w", err)
	}
	var out []Summary
	for _, e := range entries {
		if !e.IsDir() {
			continue
		}
		folder := filepath.Join(w.Root, "compositions", e.Name())
		if _, err := source.Find(os.DirFS(folder)); errors.Is(err, fs.ErrNotExist) {
			continue
		}
		s := Summary{Name: e.Name(), Dir: "compositions/" + e.Name()}
		s.describe(folder)
		out = append(out, s)
	}
	return out, nil
}

// describe fills in what can be read; errors are for vet to report.
func (s *Summary) describe(folder string) {
	if name, version, description := source.Describe(os.DirFS(folder)); name != "" {
		s.Name, s.Version, s.Description = name, version, description
	}
	meta, err := readRegular(filepath.Join(folder, "meta.yaml"))
	if err != nil {
		return
	}
	var m struct {
		Title, Description, Owner string
		Tags                      []string
	}
	if yaml.Unmarshal(meta, &m) != nil {
		return
	}
	s.Title, s.Owner, s.Tags = m.Title, m.Owner, m.Tags
	if m.Description != "" {
		s.Description = m.Description
	}
}

// maxSize is how large a file that people write may be.
const maxSize = 10 << 20

// readRegular reads a file that people write, but not a pipe, which would wait
// for a writer, nor something without an end.
func readRegular(path string) ([]byte, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, &fs.PathError{Op: "read", Path: path, Err: errors.New("it is not a regular file")}
	case info.Size() > maxSize:
		return nil, &fs.PathError{Op: "read", Path: path, Err: errors.New("it is too large")}
	}
	return os.ReadFile(path)
}

// nameIn returns the name of the composition in a folder, which is absolute or
// relative to the workspace; "" when it does not parse.
func (w *Workspace) nameIn(dir string) (string, error) {
	folder := os.DirFS(w.inRoot(dir))
	if _, err := source.Find(folder); err != nil {
		return "", err
	}
	name, _, _ := source.Describe(folder)
	return name, nil
}

// Resolve turns the arguments of a command into composition folders: a folder,
// the composition file in it, or the name of a composition. Without arguments
// it returns all compositions of the workspace.
func (w *Workspace) Resolve(args []string) ([]string, error) {
	if len(args) == 0 {
		all, err := w.Compositions()
		if err != nil {
			return nil, err
		}
		if len(all) == 0 {
			return nil, fmt.Errorf("%s has no compositions: expected compositions/<name>/%s", w.Root, source.FileName)
		}
		for _, s := range all {
			args = append(args, filepath.Join(w.Root, filepath.FromSlash(s.Dir)))
		}
	}
	var dirs []string
	for _, arg := range args {
		dir, err := w.resolve(arg)
		if err != nil {
			return nil, err
		}
		dirs = append(dirs, dir)
	}
	return dirs, nil
}

func (w *Workspace) resolve(arg string) (string, error) {
	dir := arg
	if isCompositionFile(arg) {
		dir = filepath.Dir(arg)
	}
	switch info, err := os.Stat(w.abs(dir)); {
	case err == nil && info.IsDir():
		return dir, nil
	case err == nil:
		return "", fmt.Errorf("%s is no composition: expected a folder with a %s, that file, or a composition's name", arg, source.FileName)
	case errors.Is(err, fs.ErrPermission):
		return "", err
	}
	all, err := w.Compositions()
	if err != nil {
		return "", err
	}
	word := filepath.Base(dir)
	near, least := "", max(1, len(word)/3)+1 // a third of the letters may be wrong
	for _, s := range all {
		folder := filepath.FromSlash(s.Dir)
		for _, name := range []string{s.Name, filepath.Base(folder)} {
			if name == arg {
				return filepath.Join(w.Root, folder), nil
			}
			if d := levenshtein.Distance(word, name, nil); d < least {
				near, least = name, d
			}
		}
	}
	if near != "" {
		return "", fmt.Errorf("there is no composition %s; did you mean %s?", arg, near)
	}
	return "", fmt.Errorf("there is no composition %s; dvz list shows those of this workspace", arg)
}

// isCompositionFile reports whether a path is that of the file which holds the
// composition of its folder.
func isCompositionFile(path string) bool {
	switch filepath.Base(path) {
	case "composition.yaml", "composition.cue", "composition.json":
		return true
	}
	return false
}
