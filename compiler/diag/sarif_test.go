package diag_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/detectviz/detectviz/compiler/diag"
)

// schema compiles a JSON Schema of this package.
func schema(t *testing.T, file string) *jsonschema.Schema {
	t.Helper()
	s, err := jsonschema.NewCompiler().Compile(file)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// valid checks a document against a schema and returns it.
func valid(t *testing.T, s *jsonschema.Schema, document string) any {
	t.Helper()
	v, err := jsonschema.UnmarshalJSON(strings.NewReader(document))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Validate(v); err != nil {
		t.Errorf("%v in\n%s", err, document)
	}
	return v
}

// log is what the tests look at in a SARIF log.
type log struct {
	Runs []struct {
		Tool struct {
			Driver struct {
				Name, Version string
				Rules         []struct {
					ID, Name             string
					ShortDescription     struct{ Text string }
					FullDescription      struct{ Text string }
					Help                 struct{ Text, Markdown string }
					DefaultConfiguration struct{ Level string }
				}
			}
		}
		ColumnKind string
		Results    []struct {
			RuleID              string
			RuleIndex           int
			Level               string
			Message             struct{ Text string }
			Locations           []location
			RelatedLocations    []location
			PartialFingerprints map[string]string
			Suppressions        []struct{ Kind, Justification string }
		}
	}
}

type location struct {
	ID               int
	PhysicalLocation struct {
		ArtifactLocation struct{ URI, URIBaseID string }
		Region           struct{ StartLine, StartColumn, EndLine, EndColumn int }
	}
	Message struct{ Text string }
}

// written returns a log of findings in files, checked against the standard's
// schema, and its text.
func written(t *testing.T, files map[string]string, l diag.List) (log, string) {
	t.Helper()
	var out bytes.Buffer
	s := diag.SARIF{
		Version: "1.2.3",
		Source: func(file string) []byte {
			if text, ok := files[file]; ok {
				return []byte(text)
			}
			return nil
		},
		Relative: func(file string) string { return "compositions/" + file },
	}
	if err := s.Write(&out, l); err != nil {
		t.Fatal(err)
	}
	valid(t, schema(t, "testdata/sarif-schema-2.1.0.json"), out.String())
	var got log
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	return got, out.String()
}

func TestSARIF(t *testing.T) {
	var l diag.List
	d := l.Errorf("DVZ206", diag.Pos{File: "a b/f.yaml", Line: 2, Column: 7}, "two instances are named %q", "x")
	d.Width, d.Hint = 1, "give one of them another name"
	d.Related = []diag.Related{{Pos: diag.Pos{File: "g.yaml", Line: 1, Column: 1}, Width: 4, Message: "the other"}}
	l.Warnf("DVZ214", diag.Pos{File: "g.yaml", Line: 1, Column: 3}, "not used").Ignored = "kept for later"
	l.Errorf("DVZ206", diag.Pos{File: "g.yaml"}, "again")

	got, _ := written(t, map[string]string{"a b/f.yaml": "\nas:   x\n", "g.yaml": "name\n"}, l)
	run := got.Runs[0]
	if driver := run.Tool.Driver; driver.Name != "dvz" || driver.Version != "1.2.3" || run.ColumnKind != "utf16CodeUnits" || len(driver.Rules) != 2 {
		t.Fatalf("got %+v", run)
	}
	page, _ := diag.Explain("DVZ206")
	rule := run.Tool.Driver.Rules[0]
	if rule.ID != "DVZ206" || rule.Name != "TwoInstancesHaveSameName" || rule.ShortDescription.Text != page.Title || rule.FullDescription.Text != page.Cause ||
		rule.Help.Text != page.String() || !strings.Contains(rule.Help.Markdown, "**What to do**\n\n"+page.Remedy) || rule.DefaultConfiguration.Level != "error" {
		t.Errorf("got the rule %+v", rule)
	}
	if rule := run.Tool.Driver.Rules[1]; rule.ID != "DVZ214" || rule.DefaultConfiguration.Level != "warning" {
		t.Errorf("got the rule %+v", rule)
	}

	first := run.Results[0]
	at := first.Locations[0].PhysicalLocation
	if first.RuleID != "DVZ206" || first.RuleIndex != 0 || first.Level != "error" || first.Message.Text != "two instances are named \"x\"\ngive one of them another name" {
		t.Errorf("got %+v", first)
	}
	if at.ArtifactLocation.URI != "compositions/a%20b/f.yaml" || at.ArtifactLocation.URIBaseID != "%SRCROOT%" {
		t.Errorf("got the file %+v", at.ArtifactLocation)
	}
	if r := at.Region; r.StartLine != 2 || r.StartColumn != 7 || r.EndLine != 2 || r.EndColumn != 8 {
		t.Errorf("got the region %+v", r)
	}
	if r := first.RelatedLocations; len(r) != 1 || r[0].ID != 1 || r[0].Message.Text != "the other" ||
		r[0].PhysicalLocation.ArtifactLocation.URI != "compositions/g.yaml" || r[0].PhysicalLocation.Region.EndColumn != 5 {
		t.Errorf("got the related places %+v", r)
	}
	if len(first.Suppressions) != 0 {
		t.Errorf("got %+v", first.Suppressions)
	}
	ignored := run.Results[1]
	if s := ignored.Suppressions; len(s) != 1 || s[0].Kind != "inSource" || s[0].Justification != "kept for later" || ignored.Level != "warning" {
		t.Errorf("got %+v", ignored)
	}
	if r := run.Results[2].Locations[0].PhysicalLocation.Region; r.StartLine != 1 || r.StartColumn != 1 || r.EndColumn != 5 {
		t.Errorf("a finding about the whole file is at %+v", r)
	}
}

func TestSARIFWithoutFindings(t *testing.T) {
	got, text := written(t, nil, nil)
	if len(got.Runs) != 1 || got.Runs[0].Results == nil || len(got.Runs[0].Results) != 0 {
		t.Errorf("got %s", text)
	}
}

// TestSARIFColumns: our columns are bytes, those of the log are UTF-16 units.
func TestSARIFColumns(t *testing.T) {
	tests := map[string]struct {
		line          string
		column, width int
		start, end    int
	}{
		"plain":                       {"key: value", 6, 5, 6, 11},
		"after two-byte letters":      {"é: value", 5, 5, 4, 9},
		"after a rune of two units":   {"🙂: value", 7, 5, 5, 10},
		"over wide runes":             {"監視: x", 1, 6, 1, 3},
		"no width":                    {"é: 🙂x", 5, 0, 4, 6},
		"no column":                   {"key: value", 0, 0, 1, 11},
		"beyond the end of the line":  {"key", 9, 4, 4, 5},
		"longer than the line":        {"key: v", 6, 40, 6, 7},
		"the line ends in CR and LF":  {"key: v\r", 6, 9, 6, 7},
		"an empty line":               {"", 1, 0, 1, 2},
		"a byte that is no character": {"a\xff: b", 5, 1, 5, 6},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var l diag.List
			l.Errorf("DVZ102", diag.Pos{File: "f.yaml", Line: 2, Column: test.column}, "m").Width = test.width
			got, _ := written(t, map[string]string{"f.yaml": "x\n" + test.line + "\ny\n"}, l)
			if r := got.Runs[0].Results[0].Locations[0].PhysicalLocation.Region; r.StartColumn != test.start || r.EndColumn != test.end {
				t.Errorf("got %d to %d, want %d to %d", r.StartColumn, r.EndColumn, test.start, test.end)
			}
		})
	}
	var l diag.List
	l.Errorf("DVZ102", diag.Pos{File: "gone.yaml", Line: 3, Column: 4}, "m").Width = 2
	got, _ := written(t, nil, l)
	result := got.Runs[0].Results[0]
	if r := result.Locations[0].PhysicalLocation.Region; r.StartLine != 3 || r.StartColumn != 4 || r.EndColumn != 6 || result.PartialFingerprints != nil {
		t.Errorf("without the file: %+v", result)
	}
}

// TestFingerprints: the values are those of GitHub's upload action, from its own
// tests.
func TestFingerprints(t *testing.T) {
	ends := []string{"e9496ae3ebfced30:1", "fb7c023a8b9ccb3f:1", "ce8ba1a563dcdaca:1", "e20e36e16fcb0cc8:1", "b3edc88f2938467e:1", "c8e28b0b4002a3a0:1", "c129715d7a2bc9a3:1"}
	for text, want := range map[string][]string{
		"":                   {"c129715d7a2bc9a3:1"},
		" a\nb\n  \t\tc\n d": {"271789c17abda88f:1", "54703d4cd895b18:1", "180aee12dab6264:1", "a23a3dc5e078b07b:1"},
		" hello; \t\nworld!!!\n\n\n  \t\tGreetings\n End\n":             ends,
		" hello; \t\r\nworld!!!\r\n\r\n\r\n  \t\tGreetings\r\n End\r\n": ends,
		strings.Repeat("Lorem ipsum dolor sit amet.\n", 10): {"a7f2ff13bc495cf2:1", "a7f2ff13bc495cf2:2", "a7f2ff13bc495cf2:3", "a7f2ff13bc495cf2:4",
			"a7f2ff13bc495cf2:5", "a7f2ff13bc495cf2:6", "a7f2ff1481e87703:1", "a9cf91f7bbf1862b:1", "55ec222b86bcae53:1", "cc97dc7b1d7d8f7b:1", "c129715d7a2bc9a3:1"},
	} {
		var l diag.List
		for i := range want {
			l.Errorf("DVZ102", diag.Pos{File: "f.yaml", Line: i + 1, Column: 1}, "m")
		}
		got, _ := written(t, map[string]string{"f.yaml": text}, l)
		for i, result := range got.Runs[0].Results {
			if print := result.PartialFingerprints["primaryLocationLineHash"]; print != want[i] {
				t.Errorf("line %d of %q: %s, want %s", i+1, text, print, want[i])
			}
		}
	}
}

func TestFingerprintMovesWithItsLine(t *testing.T) {
	print := func(text string, line int) string {
		var l diag.List
		l.Errorf("DVZ102", diag.Pos{File: "f.yaml", Line: line, Column: 1}, "m")
		got, _ := written(t, map[string]string{"f.yaml": text}, l)
		return got.Runs[0].Results[0].PartialFingerprints["primaryLocationLineHash"]
	}
	const rest = "intervall: 15s\nlabels: {}\n"
	before, moved, changed := print(rest, 1), print("# a comment\nname: x\n  "+rest, 3), print("interval: 15s\nlabels: {}\n", 1)
	if before == "" || before != moved {
		t.Errorf("moved and indented, the fingerprint goes from %s to %s", before, moved)
	}
	if before == changed {
		t.Error("another line has the same fingerprint")
	}
}

// TestNoFormatShowsASecret: not the finding itself, not one beside it, and not
// when a comment ignores the finding that knows of the secret.
func TestNoFormatShowsASecret(t *testing.T) {
	const text = "{secret: hunter2, ttl: 1}\n"
	for _, reason := range []string{"", "a test system"} {
		var l diag.List
		l.Errorf("DVZ102", diag.Pos{File: "f.yaml", Line: 1, Column: 19}, "m").Width = 3
		d := l.Errorf("DVZ301", diag.Pos{File: "f.yaml", Line: 1, Column: 10}, "secret in clear text")
		d.Width, d.Secret, d.Ignored = 7, true, reason
		_, sarif := written(t, map[string]string{"f.yaml": text}, l)
		var asJSON strings.Builder
		if err := diag.WriteJSON(&asJSON, l); err != nil {
			t.Fatal(err)
		}
		for format, out := range map[string]string{"sarif": sarif, "json": asJSON.String(), "text": printed(t, text, l)} {
			if strings.Contains(out, "hunter2") {
				t.Errorf("ignored %q, %s shows the secret:\n%s", reason, format, out)
			}
		}
		// What cannot be read cannot be guessed from the fingerprint either.
		other, _ := written(t, map[string]string{"f.yaml": strings.Replace(text, "hunter2", "letmein", 1)}, l)
		this, _ := written(t, map[string]string{"f.yaml": text}, l)
		if other.Runs[0].Results[0].PartialFingerprints["primaryLocationLineHash"] != this.Runs[0].Results[0].PartialFingerprints["primaryLocationLineHash"] {
			t.Error("the fingerprint depends on the secret")
		}
	}
}

func TestSARIFLimits(t *testing.T) {
	l := make(diag.List, 25001)
	for i := range l {
		l[i] = diag.Diagnostic{Code: "DVZ102", Severity: diag.Error, Pos: diag.Pos{File: "f.yaml", Line: 1}, Message: "m"}
	}
	l[0].Related = make([]diag.Related, 101)
	for i := range l[0].Related {
		l[0].Related[i] = diag.Related{Pos: diag.Pos{File: "f.yaml", Line: 1}, Message: "r"}
	}
	var out bytes.Buffer
	if err := (diag.SARIF{Version: "1.2.3", Relative: func(file string) string { return file }}).Write(&out, l); err != nil {
		t.Fatal(err)
	}
	var got log
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if r := got.Runs[0].Results; len(r) != 25000 || len(r[0].RelatedLocations) != 100 {
		t.Errorf("got %d results, the first with %d related places", len(r), len(r[0].RelatedLocations))
	}
}
