package compiler

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/detectviz/detectviz/compiler/diag"
	"github.com/detectviz/detectviz/compiler/plan"
	"github.com/detectviz/detectviz/compiler/source"
)

// changedUIDs compares the uids of a plan's data sources with those that stand in
// generated/<name>, which is what is installed. Grafana finds a provisioned data
// source by its name; when it then has another uid, Grafana stops to reconcile
// all others (grafana#110740).
func (w *Workspace) changedUIDs(p *plan.Plan) diag.List {
	g, err := w.readGenerated(p.Artifact())
	if err != nil || g.manifest.From != "" && g.manifest.From != p.Dir {
		return nil // generate says what is wrong with the folder
	}
	installed := g.datasourceUIDs()
	var found diag.List
	for _, in := range p.Instances {
		for _, d := range in.Datasources {
			old, ok := installed[d.Name]
			if !ok || old.uid == d.UID {
				continue
			}
			f := found.Errorf("DVZ431", in.Pos, "the Grafana data source %q of %s would get the uid %s, and %s has %s: Grafana would stop to update all other data sources",
				d.Name, in.Name, d.UID, w.Shown(old.file), old.uid)
			f.Hint = "give the instance the name back that it had when the file was generated, or give the data source another name too"
		}
	}
	return found
}

// installedUID is the uid of a data source, and the file that it stands in.
type installedUID struct{ uid, file string }

// datasourceUIDs returns the uids in the provisioning files of a generated
// folder, by the names of the data sources. A file that does not parse says
// nothing: it will be written anew.
func (g *generated) datasourceUIDs() map[string]installedUID {
	all := map[string]installedUID{}
	files, _ := filepath.Glob(filepath.Join(g.dir, "grafana", "provisioning", "datasources", "*.yaml")) // the pattern is a good one
	for _, file := range files {
		content, err := readRegular(file)
		if err != nil {
			continue
		}
		var provisioned struct {
			Datasources []struct{ Name, UID string }
		}
		if yaml.Unmarshal(content, &provisioned) != nil {
			continue
		}
		for _, d := range provisioned.Datasources {
			if d.UID != "" {
				// As Grafana reads it: "$$" is a dollar.
				all[strings.ReplaceAll(d.Name, "$$", "$")] = installedUID{d.UID, file}
			}
		}
	}
	return all
}

// sameName reports the compositions of the workspace that have the name of the
// one in dir, which is relative to the workspace.
func (w *Workspace) sameName(dir string, name source.Text) diag.List {
	all, err := w.Compositions()
	if err != nil || name.Value == "" {
		return nil
	}
	here := w.inWorkspace(filepath.Join(w.Root, filepath.FromSlash(dir)))
	if !slices.ContainsFunc(all, func(s Summary) bool { return s.Dir == here }) {
		return nil // it lies elsewhere, as a copy for a try does
	}
	var found diag.List
	for _, s := range all {
		if s.Name != name.Value || s.Dir == here {
			continue
		}
		if len(found) == 0 {
			d := found.Errorf("DVZ233", name.Pos, "two compositions have the name %q: each would overwrite what the other generates", name.Value)
			d.Width, d.Hint = name.Width, "give one of them another name"
		}
		found[0].Related = append(found[0].Related, diag.Related{Pos: diag.Pos{File: s.Dir + "/" + source.FileName}, Message: fmt.Sprintf("%s has it too", s.Dir)})
	}
	return found
}
