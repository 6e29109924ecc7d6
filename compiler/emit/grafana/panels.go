package grafana

// The types in this file are Grafana's Classic dashboard model (schemaVersion
// 39), as far as it is used. File provisioning takes it in every release.

type classicDashboard struct {
	UID           string         `json:"uid"`
	Title         string         `json:"title"`
	Description   string         `json:"description"`
	Tags          []string       `json:"tags"`
	Timezone      string         `json:"timezone"`
	Editable      bool           `json:"editable"`
	SchemaVersion int            `json:"schemaVersion"`
	GraphTooltip  int            `json:"graphTooltip"` // 1: a crosshair over all panels
	Refresh       string         `json:"refresh"`
	Time          dashboardTime  `json:"time"`
	Annotations   list[struct{}] `json:"annotations"`
	Templating    list[struct{}] `json:"templating"`
	Panels        []*panel       `json:"panels"`
}

type list[T any] struct {
	List []T `json:"list"`
}

type dashboardTime struct {
	From string `json:"from"`
	To   string `json:"to"`
}

// datasourceRef names a data source by its uid, never by its name.
type datasourceRef struct {
	Type string `json:"type" yaml:"type"`
	UID  string `json:"uid" yaml:"uid"`
}

type panel struct {
	ID          int            `json:"id"`
	Type        string         `json:"type"`
	Title       string         `json:"title"`
	Description string         `json:"description,omitempty"`
	GridPos     gridPos        `json:"gridPos"`
	Collapsed   *bool          `json:"collapsed,omitempty"` // of rows
	Datasource  *datasourceRef `json:"datasource,omitempty"`
	FieldConfig *fieldConfig   `json:"fieldConfig,omitempty"`
	Options     options        `json:"options,omitzero"`
	Targets     []target       `json:"targets,omitempty"`
	Panels      []*panel       `json:"panels,omitzero"` // of rows: Grafana expects a list, even if empty
}

// gridPos counts in columns (24 across) and rows of 30 pixels.
type gridPos struct {
	X int `json:"x"`
	Y int `json:"y"`
	W int `json:"w"`
	H int `json:"h"`
}

type fieldConfig struct {
	Defaults  fieldDefaults `json:"defaults"`
	Overrides []struct{}    `json:"overrides"`
}

type fieldDefaults struct {
	Unit     string    `json:"unit,omitempty"`
	Min      *float64  `json:"min,omitempty"`
	Max      *float64  `json:"max,omitempty"`
	Mappings []mapping `json:"mappings,omitempty"`
}

type mapping struct {
	Type    string                 `json:"type"`
	Options map[string]mappingText `json:"options"`
}

type mappingText struct {
	Text  string `json:"text"`
	Color string `json:"color"`
}

type options struct {
	ColorMode     string         `json:"colorMode,omitempty"`
	GraphMode     string         `json:"graphMode,omitempty"`
	TextMode      string         `json:"textMode,omitempty"`
	ReduceOptions *reduceOptions `json:"reduceOptions,omitempty"`
	Legend        *legend        `json:"legend,omitempty"`
	Tooltip       *tooltip       `json:"tooltip,omitempty"`
}

type reduceOptions struct {
	Calcs []string `json:"calcs"`
}

type legend struct {
	ShowLegend  bool   `json:"showLegend"`
	DisplayMode string `json:"displayMode"`
	Placement   string `json:"placement"`
}

type tooltip struct {
	Mode string `json:"mode"`
	Sort string `json:"sort"`
}

type target struct {
	RefID        string        `json:"refId"`
	Datasource   datasourceRef `json:"datasource"`
	Expr         string        `json:"expr"`
	LegendFormat string        `json:"legendFormat"`
	Instant      bool          `json:"instant,omitempty"`
	Range        bool          `json:"range,omitempty"`
}

// builder places panels from left to right and from top to bottom.
type builder struct {
	source datasourceRef
	job    string // the matcher that restricts every query to this composition
	panels []*panel

	x, y, height int // the next free place, and the height of the present line
}

func (b *builder) add(p *panel) *panel {
	p.ID = len(b.panels) + 1
	b.panels = append(b.panels, p)
	return p
}

// row starts a new row under what stands already.
func (b *builder) row(title string) {
	b.y += b.height
	b.add(&panel{Type: "row", Title: title, GridPos: gridPos{Y: b.y, W: 24, H: 1}, Collapsed: new(false), Panels: []*panel{}})
	b.x, b.y, b.height = 0, b.y+1, 0
}

func (b *builder) panel(kind, title, description string, width, height int) *panel {
	if b.x+width > 24 {
		b.x, b.y, b.height = 0, b.y+b.height, 0
	}
	p := b.add(&panel{
		Type: kind, Title: title, Description: description, Datasource: &b.source,
		GridPos:     gridPos{X: b.x, Y: b.y, W: width, H: height},
		FieldConfig: &fieldConfig{Overrides: []struct{}{}},
	})
	if kind == "timeseries" {
		p.FieldConfig.Defaults.Min = new(0.0)
		p.Options = options{
			Legend:  &legend{ShowLegend: true, DisplayMode: "list", Placement: "bottom"},
			Tooltip: &tooltip{Mode: "multi", Sort: "desc"},
		}
	}
	b.x, b.height = b.x+width, max(b.height, height)
	return p
}

// query adds a query to a panel, under the next letter.
func (p *panel) query(t target) {
	t.RefID = string(rune('A' + len(p.Targets)))
	p.Targets = append(p.Targets, t)
}

// series asks for a range of values, instant for the latest one.
func (b *builder) series(expr, legend string) target {
	return target{Datasource: b.source, Expr: expr, LegendFormat: legend, Range: true}
}

func (b *builder) instant(expr, legend string) target {
	return target{Datasource: b.source, Expr: expr, LegendFormat: legend, Instant: true}
}
