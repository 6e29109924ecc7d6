package compiler

import (
	"fmt"
	"os"
	"path/filepath"

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
		dir := filepath.Join(w.Root, "compositions", e.Name())
		content, err := os.ReadFile(filepath.Join(dir, source.FileName))
		if os.IsNotExist(err) {
			continue
		}
		s := Summary{Name: e.Name(), Dir: "compositions/" + e.Name()}
		if err == nil {
			s.describe(content, filepath.Join(dir, "meta.yaml"))
		}
		out = append(out, s)
	}
	return out, nil
}

// describe fills in what can be read; errors are for vet to report.
func (s *Summary) describe(content []byte, metaFile string) {
	var c struct {
		Metadata struct{ Name, Version, Description string }
	}
	if yaml.Unmarshal(content, &c) == nil && c.Metadata.Name != "" {
		s.Name, s.Version, s.Description = c.Metadata.Name, c.Metadata.Version, c.Metadata.Description
	}
	meta, err := os.ReadFile(metaFile)
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
			return nil, fmt.Errorf("%s has no compositions: expected compositions/<name>/composition.yaml", w.Root)
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
	info, err := os.Stat(w.abs(arg))
	switch {
	case err == nil && info.IsDir():
		return arg, nil
	case err == nil && filepath.Base(arg) == source.FileName:
		return filepath.Dir(arg), nil
	case err == nil:
		return "", fmt.Errorf("%s is no composition: expected a folder with a composition.yaml, that file, or a composition's name", arg)
	}
	named := filepath.Join(w.Root, "compositions", arg)
	if info, err := os.Stat(named); err == nil && info.IsDir() && filepath.Base(arg) == arg {
		return named, nil
	}
	return "", fmt.Errorf("there is no composition %s; dvz list shows those of this workspace", arg)
}
