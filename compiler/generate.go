package compiler

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/detectviz/detectviz/compiler/diag"
	"github.com/detectviz/detectviz/compiler/emit"
	"github.com/detectviz/detectviz/compiler/emit/alloy"
	"github.com/detectviz/detectviz/compiler/emit/gomain"
	"github.com/detectviz/detectviz/compiler/emit/grafana"
	"github.com/detectviz/detectviz/compiler/emit/promrules"
	"github.com/detectviz/detectviz/compiler/emit/systemd"
	"github.com/detectviz/detectviz/compiler/plan"
)

// manifestFile lists what dvz wrote into a generated folder.
const manifestFile = "manifest.json"

// manifest says what was generated from what.
type manifest struct {
	Generator   string            `json:"generator"`
	Composition string            `json:"composition"`
	Version     string            `json:"version"`
	From        string            `json:"from"` // the composition's folder
	Overlays    []string          `json:"overlays,omitempty"`
	Plugins     map[string]string `json:"plugins"` // path → version
	Files       []manifestEntry   `json:"files"`   // sorted by path
}

type manifestEntry struct {
	Path   string `json:"path"`
	SHA256 string `json:"sha256"`
}

// Emit runs all back ends on a plan and adds plan.json and manifest.json. The
// files are sorted by path; they are nil when there are errors. What is wrong
// with the files around the binary Compile has said already.
func (w *Workspace) Emit(p *plan.Plan) ([]emit.File, diag.List) {
	files, _ := w.around(p)
	program, diags := gomain.Emit(p)
	module, more := w.moduleFiles(p, GeneratedDir(p.Artifact()))
	files, diags = slices.Concat(files, program, module), append(diags, more...)
	if diags.HasErrors() {
		return nil, w.shown(diags)
	}
	planJSON, err := p.JSON()
	if err != nil {
		diags.Errorf("DVZ207", diag.Pos{File: p.Dir}, "the plan cannot be written as JSON: %s", err)
		return nil, w.shown(diags)
	}
	files = append(files, emit.File{Path: "plan.json", Content: planJSON})
	slices.SortFunc(files, byPath)
	files = append(files, describe(p, files))
	slices.SortFunc(files, byPath)
	return files, w.shown(diags)
}

// around emits the files around the binary.
func (w *Workspace) around(p *plan.Plan) (files []emit.File, diags diag.List) {
	components, err := alloy.DecodeComponents(w.catalog.Schema("#AlloyComponents"))
	if err != nil {
		panic(err) // the schema is embedded: only a broken dvz gets here
	}
	collect := func(some []emit.File, found diag.List) {
		files, diags = append(files, some...), append(diags, found...)
	}
	collect(alloy.Emit(p, components))
	collect(grafana.Emit(p))
	collect(promrules.Emit(p))
	collect(systemd.Emit(p))
	return files, diags
}

func byPath(a, b emit.File) int {
	return bytes.Compare([]byte(a.Path), []byte(b.Path))
}

// describe returns the manifest of the other files.
func describe(p *plan.Plan, files []emit.File) emit.File {
	m := manifest{Generator: p.Generator, Composition: p.Name, Version: p.Version, From: p.Dir, Overlays: p.Overlays, Plugins: map[string]string{}}
	for _, in := range p.Instances {
		m.Plugins[in.Plugin] = in.Version
	}
	for _, f := range files {
		m.Files = append(m.Files, manifestEntry{Path: f.Path, SHA256: digest(f.Content)})
	}
	content, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		panic(err) // strings only
	}
	return emit.File{Path: manifestFile, Content: append(content, '\n')}
}

func digest(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}

// Digest identifies what a composition compiled to: the SHA-256 of its
// manifest, which holds the digests of all other files.
func Digest(files []emit.File) string {
	for _, f := range files {
		if f.Path == manifestFile {
			return digest(f.Content)
		}
	}
	return ""
}

// readManifest returns the manifest in a generated folder; a folder without one
// has an empty manifest.
func readManifest(content []byte) (manifest, error) {
	var m manifest
	if content == nil {
		return m, nil
	}
	if err := json.Unmarshal(content, &m); err != nil {
		return m, fmt.Errorf("%s does not parse: %w", manifestFile, err)
	}
	return m, nil
}
