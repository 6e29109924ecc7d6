package grafana

import (
	"maps"
	"slices"
	"strings"

	"github.com/detectviz/detectviz/compiler/diag"
	"github.com/detectviz/detectviz/compiler/plan"
)

// datasourceFile is a file in provisioning/datasources.
type datasourceFile struct {
	APIVersion int `yaml:"apiVersion"`
	// Prune removes from Grafana what leaves the file.
	Prune       bool         `yaml:"prune"`
	Datasources []datasource `yaml:"datasources"`
}

type datasource struct {
	Name           string            `yaml:"name"`
	Type           string            `yaml:"type"`
	UID            string            `yaml:"uid"`
	Access         string            `yaml:"access"`
	URL            string            `yaml:"url"`
	IsDefault      bool              `yaml:"isDefault"`
	Editable       bool              `yaml:"editable"`
	BasicAuth      bool              `yaml:"basicAuth,omitempty"`
	BasicAuthUser  string            `yaml:"basicAuthUser,omitempty"`
	JSONData       map[string]any    `yaml:"jsonData,omitempty"`
	SecureJSONData map[string]string `yaml:"secureJsonData,omitempty"`
}

func datasources(p *plan.Plan) datasourceFile {
	f := datasourceFile{APIVersion: apiVersion, Prune: true}
	for _, in := range p.Instances {
		for _, d := range in.Datasources {
			out := datasource{
				Name: escape(d.Name), Type: d.Type, UID: d.UID, Access: "proxy", URL: escape(d.URL), IsDefault: d.Default,
				JSONData: map[string]any{}, SecureJSONData: map[string]string{},
			}
			for key, value := range d.JSON {
				out.set(key, value)
			}
			f.Datasources = append(f.Datasources, out)
		}
	}
	return f
}

// set puts an option where Grafana keeps it.
func (d *datasource) set(key string, value any) {
	text, isText := value.(string)
	switch {
	case key == "basicAuth":
		d.BasicAuth, _ = value.(bool)
	case key == "basicAuthUser":
		d.BasicAuthUser = escape(text)
	case key == "basicAuthPassword", strings.HasPrefix(key, "httpHeaderValue"):
		// Grafana itself reads $__file{} and $__env{}; the secret is not here.
		if !strings.HasPrefix(text, "$__file{") && !strings.HasPrefix(text, "$__env{") {
			text = escape(text)
		}
		d.SecureJSONData[key] = text
	case isText:
		d.JSONData[key] = escape(text)
	default:
		d.JSONData[key] = value
	}
}

// checkDatasources finds what would stop Grafana from starting.
func checkDatasources(p *plan.Plan) diag.List {
	var findings diag.List
	names, uids := map[string]*plan.Instance{}, map[string]bool{}
	var byDefault *plan.Instance
	for i := range p.Instances {
		in := &p.Instances[i]
		for _, d := range in.Datasources {
			if first := names[d.Name]; first != nil {
				f := findings.Errorf("DVZ412", in.Pos, "%s and %s both contribute a Grafana data source named %q", first.Name, in.Name, d.Name)
				f.Width, f.Hint = in.Width, "data sources are named uniquely; leave one of the two out, or give it another name"
				f.Related = []diag.Related{{Pos: first.Pos, Message: "first contributed by " + first.Name}}
			}
			names[d.Name], uids[d.UID] = in, true
			if d.Default && byDefault != nil {
				f := findings.Errorf("DVZ412", in.Pos, "%s and %s both contribute Grafana's default data source, and there can be only one", byDefault.Name, in.Name)
				f.Width = in.Width
				f.Related = []diag.Related{{Pos: byDefault.Pos, Message: "first contributed by " + byDefault.Name}}
			}
			if d.Default {
				byDefault = in
			}
		}
	}
	return append(findings, danglingUIDs(p, uids)...)
}

// danglingUIDs finds options that name the uid of a data source which the plan
// does not have, such as datasourceUid or alertmanagerUid.
func danglingUIDs(p *plan.Plan, known map[string]bool) diag.List {
	var findings diag.List
	for i := range p.Instances {
		in := &p.Instances[i]
		for _, d := range in.Datasources {
			for _, key := range slices.Sorted(maps.Keys(d.JSON)) {
				uid, isText := d.JSON[key].(string)
				if !isText || uid == "" || !strings.HasSuffix(key, "Uid") || known[uid] {
					continue
				}
				at := in.Place(uid)
				f := findings.Warnf("DVZ430", at.Pos, "%s of the Grafana data source %q of %s names the data source %s, which the composition does not have", key, d.Name, in.Name, uid)
				f.Width, f.Hint = at.Width, "correct the uid, unless it is that of another composition or of Grafana itself"
			}
		}
	}
	return findings
}
