package diag_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/detectviz/detectviz/compiler/diag"
)

func TestWriteJSON(t *testing.T) {
	var none strings.Builder
	if err := diag.WriteJSON(&none, nil); err != nil || none.String() != "[]\n" {
		t.Fatalf("no findings: %q, %v", none.String(), err)
	}
	var l diag.List
	d := l.Errorf("DVZ206", at(9, 7), "two <instances>")
	d.Width, d.Hint, d.Plugin, d.Related = 4, "h", "core/auth/jwt", []diag.Related{{Pos: at(3, 7), Message: "first"}}
	l.Warnf("DVZ214", at(9, 8), "known").Ignored = "a reason"
	l.Warnf("DVZ001", diag.Pos{File: "f.yaml"}, "whole")
	var out strings.Builder
	if err := diag.WriteJSON(&out, l); err != nil {
		t.Fatal(err)
	}
	const want = `[
  {
    "code": "DVZ206",
    "severity": "error",
    "pos": {
      "file": "f.yaml",
      "line": 9,
      "column": 7
    },
    "width": 4,
    "message": "two <instances>",
    "hint": "h",
    "plugin": "core/auth/jwt",
    "related": [
      {
        "pos": {
          "file": "f.yaml",
          "line": 3,
          "column": 7
        },
        "message": "first"
      }
    ]
  },
  {
    "code": "DVZ001",
    "severity": "warning",
    "pos": {
      "file": "f.yaml"
    },
    "message": "whole"
  }
]
`
	if out.String() != want {
		t.Errorf("got:\n%s\nwant:\n%s", &out, want)
	}
	for _, document := range []string{none.String(), out.String()} {
		valid(t, schema(t, "output.schema.json"), document)
	}
}

// TestJSONSchemaIsExact: it knows each field of a finding, and no other.
func TestJSONSchemaIsExact(t *testing.T) {
	type object struct {
		Required   []string
		Properties map[string]struct {
			Items *struct{ Properties map[string]any }
		}
	}
	var s struct {
		Items object
		Defs  map[string]object `json:"$defs"`
	}
	if err := json.Unmarshal([]byte(diag.JSONSchema), &s); err != nil {
		t.Fatal(err)
	}
	compare := func(of any, properties, required []string) {
		t.Helper()
		var all, always []string
		for _, field := range reflect.VisibleFields(reflect.TypeOf(of)) {
			switch name, omit, _ := strings.Cut(field.Tag.Get("json"), ","); {
			case name == "-":
			case omit == "":
				always = append(always, name)
				fallthrough
			default:
				all = append(all, name)
			}
		}
		same(t, all, properties)
		same(t, always, required)
	}
	compare(diag.Diagnostic{}, keys(s.Items.Properties), s.Items.Required)
	compare(diag.Related{}, keys(s.Items.Properties["related"].Items.Properties), []string{"message", "pos"})
	compare(diag.Pos{}, keys(s.Defs["pos"].Properties), s.Defs["pos"].Required)
}

func TestJSONSchemaRefuses(t *testing.T) {
	s := schema(t, "output.schema.json")
	for name, document := range map[string]string{
		"no array":                `{}`,
		"a code of another form":  `[{"code": "E1", "severity": "error", "pos": {"file": "f"}, "message": "m"}]`,
		"another severity":        `[{"code": "DVZ102", "severity": "note", "pos": {"file": "f"}, "message": "m"}]`,
		"a column without a line": `[{"code": "DVZ102", "severity": "error", "pos": {"file": "f", "column": 1}, "message": "m"}]`,
		"a missing message":       `[{"code": "DVZ102", "severity": "error", "pos": {"file": "f"}}]`,
	} {
		var v any
		if err := json.Unmarshal([]byte(document), &v); err != nil {
			t.Fatal(err)
		}
		if s.Validate(v) == nil {
			t.Errorf("the schema allows %s", name)
		}
	}
}
