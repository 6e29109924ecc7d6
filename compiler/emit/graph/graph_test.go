package graph_test

import (
	"encoding/xml"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"testing"

	"github.com/detectviz/detectviz/compiler/emit/emittest"
	"github.com/detectviz/detectviz/compiler/emit/graph"
	"github.com/detectviz/detectviz/compiler/plan"
)

// plans are the golden cases.
func plans() map[string]*plan.Plan {
	awkward := &plan.Plan{Name: `a "quoted" <name>`, Instances: []plan.Instance{
		{Name: `x"<b>&#`, Plugin: `c\d`, Type: "importer"},
		{Name: "end", Plugin: "graph", Type: "unknown", Requires: []plan.Wire{{Capability: "Cache", From: []string{"end2", "nowhere"}}}},
		{Name: "end2", Plugin: "b", Type: "exporter", Requires: []plan.Wire{{Capability: "Store", From: []string{"end"}}}},
	}, Pipelines: []plan.Pipeline{{Name: "p|q", From: []string{`x"<b>&#`}, To: []string{"end2"}}}}

	// Many importers, a chain of processors beside short cuts, many exporters.
	wide := &plan.Plan{Name: "wide", Version: "2.0.0"}
	var from, to []string
	for i := range 6 {
		from = append(from, fmt.Sprintf("importer-%d", i))
		wide.Instances = append(wide.Instances, plan.Instance{Name: from[i], Plugin: "community/importers/csv", Type: "importer", Code: &plan.Code{}})
	}
	for _, name := range []string{"filter", "dedup", "batch"} {
		wide.Instances = append(wide.Instances, plan.Instance{Name: name, Plugin: "community/processors/" + name, Type: "processor", Code: &plan.Code{}})
	}
	for i := range 3 {
		to = append(to, fmt.Sprintf("exporter-%d", i))
		wide.Instances = append(wide.Instances, plan.Instance{Name: to[i], Plugin: "community/exporters/json", Type: "exporter", Code: &plan.Code{}})
	}
	wide.Pipelines = []plan.Pipeline{
		{Name: "all", Signal: "metrics", From: from[:4], Through: []string{"filter", "dedup", "batch"}, To: to},
		{Name: "direct", Signal: "metrics", From: from[3:], To: to[2:]},
		{Name: "short", Signal: "logs", From: from[:1], Through: []string{"dedup"}, To: to[:1]},
	}
	return map[string]*plan.Plan{"dev-platform": emittest.DevPlatform(), "awkward": awkward, "wide": wide, "empty": {Name: "empty", Version: "1.0.0"}}
}

func TestGolden(t *testing.T) {
	for name, p := range plans() {
		for extension, draw := range map[string]func(*plan.Plan) string{"mmd": graph.Mermaid, "dot": graph.Dot, "svg": graph.SVG} {
			t.Run(name+"."+extension, func(t *testing.T) {
				first := draw(p)
				for range 5 {
					if draw(p) != first {
						t.Fatal("two runs differ")
					}
				}
				emittest.Compare(t, filepath.Join("testdata", name+"."+extension), []byte(first))
			})
		}
	}
}

// TestSVGIsAccessible parses the picture and looks for its title, its
// description, and a title at each node.
func TestSVGIsAccessible(t *testing.T) {
	for name, p := range plans() {
		decoder := xml.NewDecoder(strings.NewReader(graph.SVG(p)))
		titles, descriptions := 0, 0
		for {
			token, err := decoder.Token()
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if start, ok := token.(xml.StartElement); ok {
				switch start.Name.Local {
				case "title":
					titles++
				case "desc":
					descriptions++
				}
			}
		}
		if titles < len(p.Instances)+1 || descriptions != 1 {
			t.Errorf("%s: %d titles and %d descriptions for %d instances", name, titles, descriptions, len(p.Instances))
		}
	}
}

// TestNodesDoNotOverlap reads the rectangles of the drawing back.
func TestNodesDoNotOverlap(t *testing.T) {
	type rect struct {
		X      float64 `xml:"x,attr"`
		Y      float64 `xml:"y,attr"`
		Width  float64 `xml:"width,attr"`
		Height float64 `xml:"height,attr"`
	}
	for name, p := range plans() {
		var drawing struct {
			Width  float64 `xml:"width,attr"`
			Height float64 `xml:"height,attr"`
			Groups []struct {
				Title string `xml:"title"`
				Rect  *rect  `xml:"rect"`
			} `xml:"g"`
		}
		if err := xml.Unmarshal([]byte(graph.SVG(p)), &drawing); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		var rects []rect
		for _, g := range drawing.Groups {
			if g.Title != "" {
				rects = append(rects, *g.Rect)
			}
		}
		if len(rects) < len(p.Instances) {
			t.Fatalf("%s: %d rectangles for %d instances", name, len(rects), len(p.Instances))
		}
		for i, a := range rects {
			if a.X < 0 || a.Y < 0 || a.X+a.Width > drawing.Width || a.Y+a.Height > drawing.Height {
				t.Errorf("%s: %v is outside of the drawing", name, a)
			}
			for _, b := range rects[i+1:] {
				if a.X < b.X+b.Width && b.X < a.X+a.Width && a.Y < b.Y+b.Height && b.Y < a.Y+a.Height {
					t.Errorf("%s: %v and %v overlap", name, a, b)
				}
			}
		}
	}
}

func TestArrows(t *testing.T) {
	text := graph.Mermaid(emittest.DevPlatform())
	for _, want := range []string{
		`n3 -->|"node-metrics"| n4`, `n4 -->|"node-metrics"| n6`, // node → dedup → sqlite
		`n3 -->|"raw"| n6`, `n3 -->|"raw"| n5`,
		`n2 -.->|"Authenticator, Routes"| n7`, `n0 -.->|"Routes"| n7`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %s in:\n%s", want, text)
		}
	}
}
