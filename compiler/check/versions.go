package check

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"golang.org/x/mod/semver"

	"github.com/detectviz/detectviz/compiler/source"
)

// A constraint on a plugin's version is a list of terms, separated by spaces or
// commas, all of which must hold:
//
//	0.1.0            exactly this version; also =0.1.0
//	0.1              as ^0.1
//	!=0.1.3          any other version
//	>=0.2.0 <1       comparisons; what is left out of a version is 0
//	^0.2.1           what is compatible: >=0.2.1 <0.3.0; ^1.2 is >=1.2.0 <2.0.0
//	~1.2.1           the same minor version: >=1.2.1 <1.3.0; ~1 is >=1.0.0 <2.0.0

// versionTerm is one comparison; both versions begin with "v".
type versionTerm struct{ op, version string }

var (
	versionTerms = regexp.MustCompile(`(>=|<=|!=|[<>=^~])? *([^ ,<>=^~!]*)`)
	versionForm  = regexp.MustCompile(`^v?((0|[1-9][0-9]*)(\.(0|[1-9][0-9]*)){0,2}|(0|[1-9][0-9]*)(\.(0|[1-9][0-9]*)){2}-[0-9A-Za-z.-]+)$`)
)

// parseConstraint reads a constraint.
func parseConstraint(text string) (terms []versionTerm, f *flaw) {
	for at := 0; ; {
		at += len(text[at:]) - len(strings.TrimLeft(text[at:], " ,"))
		if at == len(text) {
			break
		}
		m := versionTerms.FindStringSubmatch(text[at:])
		whole, op, written := m[0], m[1], m[2]
		version := "v" + strings.TrimPrefix(written, "v")
		switch exact := op == "" || op == "=" || op == "!="; {
		case whole == "":
			whole, _, _ = strings.Cut(text[at:], " ")
			return nil, flawed(at, len(whole), "%q is no comparison", whole)
		case written == "":
			return nil, flawed(at, len(op), "no version follows %q", op)
		case !versionForm.MatchString(written) || !semver.IsValid(version):
			return nil, flawed(at, len(whole), "%q is no version", written)
		case op == "" && strings.Count(written, ".") < 2:
			op = "^"
		case exact && strings.Count(written, ".") < 2:
			return nil, flawed(at, len(whole), "%q names no single version", whole)
		}
		terms = append(terms, expand(op, version)...)
		at += len(whole)
	}
	if terms == nil {
		return nil, flawed(0, 0, "it is empty")
	}
	return terms, nil
}

// expand writes ^ and ~ as comparisons.
func expand(op, version string) []versionTerm {
	parts := strings.Split(strings.TrimPrefix(semver.MajorMinor(version), "v"), ".")
	major, _ := strconv.Atoi(parts[0])
	minor, _ := strconv.Atoi(parts[1])
	written := strings.Count(version, ".")
	below := fmt.Sprintf("v%d.0.0-0", major+1)
	switch {
	case op != "^" && op != "~":
		return []versionTerm{{op, version}}
	case op == "^" && major == 0 && minor == 0 && written >= 2:
		var patch int
		fmt.Sscanf(semver.Canonical(version), "v0.0.%d", &patch)
		below = fmt.Sprintf("v0.0.%d-0", patch+1)
	case (op == "~" || major == 0) && written >= 1:
		below = fmt.Sprintf("v%d.%d.0-0", major, minor+1)
	}
	return []versionTerm{{">=", version}, {"<", below}}
}

func (t versionTerm) holds(version string) bool {
	order := semver.Compare("v"+version, t.version)
	switch t.op {
	case ">":
		return order > 0
	case ">=":
		return order >= 0
	case "<":
		return order < 0
	case "<=":
		return order <= 0
	case "!=":
		return order != 0
	}
	return order == 0
}

// version checks the constraint of an entry on its plugin's version.
func (r *run) version(e *entry, options *source.Node) {
	n := options.Get("version")
	if n == nil || n.Kind != source.String {
		return
	}
	terms, flaw := parseConstraint(n.Text)
	if flaw != nil {
		pos, width := n.Pos, n.Width
		if flaw.width > 0 {
			pos, width = within(n, flaw.offset, flaw.width)
		}
		d := r.l.Errorf("DVZ112", pos, "the constraint on the version of %s cannot be read: %s", e.source.Path.Value, flaw.words)
		d.Width, d.Hint = width, `write 0.1.0 for exactly this version, or comparisons such as ">=0.1.0 <1.0.0", ^0.1.0 or ~0.1.0`
		return
	}
	for _, t := range terms {
		if e.plugin != nil && !t.holds(e.plugin.Version) {
			d := r.l.Errorf("DVZ113", n.Pos, "%s has the version %s, and %s is asked for", e.plugin.Path, e.plugin.Version, n.Text)
			d.Width, d.Hint = n.Width, "change the constraint, or take another version of the module that the plugin is in"
			return
		}
	}
}
