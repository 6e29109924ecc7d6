package compiler_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// The types below are Grafana's provisioning files and dashboards, as far as
// generated files use them; they are written down again here so that a typing
// error in the emitter's own does not pass.

type datasourceFile struct {
	APIVersion  int `yaml:"apiVersion"`
	Prune       bool
	Datasources []struct {
		Name, Type, UID, Access, URL string
		IsDefault                    bool `yaml:"isDefault"`
		Editable                     bool
		BasicAuth                    bool              `yaml:"basicAuth"`
		BasicAuthUser                string            `yaml:"basicAuthUser"`
		JSONData                     map[string]any    `yaml:"jsonData"`
		SecureJSONData               map[string]string `yaml:"secureJsonData"`
	}
}

type dashboardFile struct {
	APIVersion int `yaml:"apiVersion"`
	Providers  []struct {
		Name                  string
		OrgID                 int `yaml:"orgId"`
		Folder, Type          string
		DisableDeletion       bool `yaml:"disableDeletion"`
		UpdateIntervalSeconds int  `yaml:"updateIntervalSeconds"`
		AllowUIUpdates        bool `yaml:"allowUiUpdates"`
		Options               struct{ Path string }
	}
}

type alertFile struct {
	APIVersion int `yaml:"apiVersion"`
	Groups     []struct {
		OrgID                  int `yaml:"orgId"`
		Name, Folder, Interval string
		Rules                  []struct {
			UID, Title, Condition, For string
			Data                       []struct {
				RefID             string                 `yaml:"refId"`
				RelativeTimeRange struct{ From, To int } `yaml:"relativeTimeRange"`
				DatasourceUID     string                 `yaml:"datasourceUid"`
				Model             map[string]any
			}
			NoDataState         string `yaml:"noDataState"`
			ExecErrState        string `yaml:"execErrState"`
			Labels, Annotations map[string]string
			IsPaused            bool `yaml:"isPaused"`
		}
	}
}

type source struct{ Type, UID string }

type dashboard struct {
	ID         *int
	UID, Title string
	Panels     []struct {
		ID          int
		Type, Title string
		Datasource  *source
		GridPos     struct{ X, Y, W, H int }
		Targets     []struct {
			RefID, Expr string
			Datasource  source
		}
	}
}

// check finds what Grafana would show as an empty or broken panel.
func (d dashboard) check(t *testing.T, path string, sources map[string]string) {
	t.Helper()
	if d.ID != nil || d.Title == "" || len(d.Panels) == 0 {
		t.Errorf("%s: id %v, title %q, %d panels", path, d.ID, d.Title, len(d.Panels))
	}
	ids, taken := map[int]bool{}, map[[2]int]string{}
	for _, p := range d.Panels {
		if ids[p.ID] || p.ID == 0 {
			t.Errorf("%s: the panel %s has the id %d of another", path, p.Title, p.ID)
		}
		ids[p.ID] = true
		if p.GridPos.W < 1 || p.GridPos.H < 1 || p.GridPos.X < 0 || p.GridPos.X+p.GridPos.W > 24 {
			t.Errorf("%s: the panel %s stands at %+v", path, p.Title, p.GridPos)
		}
		for x := p.GridPos.X; x < p.GridPos.X+p.GridPos.W; x++ {
			for y := p.GridPos.Y; y < p.GridPos.Y+p.GridPos.H; y++ {
				if other := taken[[2]int{x, y}]; other != "" {
					t.Fatalf("%s: the panels %s and %s overlap", path, other, p.Title)
				}
				taken[[2]int{x, y}] = p.Title
			}
		}
		if p.Type != "row" && len(p.Targets) == 0 {
			t.Errorf("%s: the panel %s asks nothing", path, p.Title)
		}
		refs := map[string]bool{}
		for _, target := range p.Targets {
			if refs[target.RefID] || target.RefID == "" {
				t.Errorf("%s: two queries of %s are named %q", path, p.Title, target.RefID)
			}
			refs[target.RefID] = true
			if sources[target.Datasource.UID] != target.Datasource.Type || target.Datasource.UID == "" {
				t.Errorf("%s: %s asks the data source %+v, which is not provisioned", path, p.Title, target.Datasource)
			}
		}
	}
}

// named are the quoted parts of which the names of our own metrics are made.
var named = regexp.MustCompile(`"((?:dvz_)?[a-z]+(?:_[a-z]+)*)"`)

// telemetry returns whether a metric is exposed, as far as the sources of the
// platform and the plugins tell: its name stands there, whole or without the
// prefix that a helper adds.
func telemetry(t *testing.T) func(name string) bool {
	t.Helper()
	parts := map[string]bool{}
	for _, dir := range []string{"../platform", "../plugins"} {
		err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			content, err := os.ReadFile(path)
			for _, match := range named.FindAllStringSubmatch(string(content), -1) {
				parts[match[1]] = true
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	// client_golang's own collectors.
	others := []string{"process_resident_memory_bytes", "process_cpu_seconds_total", "go_memstats_heap_inuse_bytes"}
	return func(name string) bool {
		for _, suffix := range []string{"", "_bucket", "_sum", "_count"} {
			name := strings.TrimSuffix(name, suffix)
			if parts[name] || slices.Contains(others, name) {
				return true
			}
			for _, prefix := range []string{"dvz_delivery_", "dvz_pipeline_", "dvz_importer_"} {
				if rest, ok := strings.CutPrefix(name, prefix); ok && parts[rest] {
					return true
				}
			}
		}
		return false
	}
}
