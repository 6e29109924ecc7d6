package check

import (
	"errors"
	"fmt"
	"strings"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/ast"

	"github.com/detectviz/detectviz/compiler/catalog"
	"github.com/detectviz/detectviz/compiler/source"
)

// form is a kind of text that package schema defines and of which more can be
// said than its pattern does.
type form struct {
	code string
	// takes is what a place of this form takes, in the words of params' types.
	takes placeType
	// flaw says what is wrong with a text that the schema takes, or returns nil.
	flaw func(text string) *flaw
}

// forms are the definitions of schema/values.cue that are forms.
var forms = map[string]*form{
	"#Duration": {"DVZ105", durationPlace, durationFlaw},
	"#Interval": {"DVZ105", durationPlace, durationFlaw},
	"#Size":     {"DVZ105", sizePlace, sizeFlaw},
	"#Address":  {"DVZ117", addressPlace, addressFlaw},
	"#URL":      {"DVZ117", urlPlace, urlFlaw},
	"#Regex":    {"DVZ114", stringPlace, regexFlaw},
	"#Glob":     {"DVZ115", stringPlace, globFlaw},
	"#Cron":     {"DVZ116", stringPlace, cronFlaw},
}

// flaw is what is wrong with a text, and where in it.
type flaw struct {
	offset, width int    // bytes; no width: the whole text
	words         string // completes a sentence that begins with the value's name
}

func flawed(offset, width int, format string, args ...any) *flaw {
	return &flaw{offset, width, fmt.Sprintf(format, args...)}
}

// err returns the flaw as an error.
func (f *flaw) err() error {
	if f == nil {
		return nil
	}
	return errors.New(f.words)
}

// formed is what formOf finds.
type formed struct {
	*form
	schema cue.Value // the definition
	other  bool      // texts of another form may stand here too
}

// formOf returns the form of a value's schema; its form is nil when there is
// none. A form is recognised by the reference to its definition, which a
// default, a condition or the items of a list keep.
func (r *run) formOf(v cue.Value) formed {
	found, known := r.forms[v]
	if !known {
		found = lookForForm(v, 8)
		r.forms[v] = found
	}
	return found
}

// lookForForm follows references, and looks into conjunctions and alternatives.
func lookForForm(v cue.Value, depth int) formed {
	if root, path := v.ReferencePath(); root.Exists() {
		if s := path.Selectors(); len(s) == 1 && inSchema(root) && forms[s[0].String()] != nil {
			return formed{form: forms[s[0].String()], schema: v}
		}
		if v = cue.Dereference(v); depth == 0 {
			return formed{}
		}
	}
	op, operands := v.Expr()
	if depth == 0 || op != cue.OrOp && op != cue.AndOp && (op != cue.NoOp || len(operands) != 1) {
		return formed{}
	}
	var found formed
	var others []cue.Value
	for _, o := range operands {
		switch f := lookForForm(o, depth-1); {
		case f.form == nil:
			others = append(others, o)
		case found.form == nil:
			found = f
		}
	}
	if op == cue.OrOp && found.form != nil {
		for _, o := range others {
			found.other = found.other || o.Err() == nil && found.schema.Unify(o).Validate(cue.Concrete(true)) != nil
		}
	}
	return found
}

// inSchema reports whether a value belongs to package schema.
func inSchema(root cue.Value) bool {
	inst := root.BuildInstance()
	if inst == nil {
		return false
	}
	module, _, _ := strings.Cut(inst.ImportPath, "@")
	return module == catalog.Module+"/schema"
}

// formAt returns the form of a place. Where the schema does not refer to one,
// the Go type tells durations and sizes, which are texts to CUE, from others.
func (w *walker) formAt(schema cue.Value, goType string) formed {
	if schema.IncompleteKind()&cue.StringKind == 0 {
		return formed{}
	}
	found := w.formOf(schema)
	if found.form == nil && schema.IncompleteKind() == cue.StringKind {
		switch {
		case strings.HasSuffix(goType, `"time".Duration`):
			found = formed{form: forms["#Duration"], schema: schema}
		case goType == "int64":
			found = formed{form: forms["#Size"], schema: schema}
		}
	}
	return found
}

// form checks a text that the schema takes against the place's form.
func (w *walker) form(schema cue.Value, n *source.Node, p place) *fault {
	if n.Kind != source.String {
		return nil
	}
	form := w.formAt(schema, p.goType)
	if form.form == nil || form.other && w.unify(form.schema, ast.NewString(n.Text)).Validate() != nil {
		return nil
	}
	flaw := form.flaw(n.Text)
	if flaw == nil {
		return nil
	}
	f := &fault{code: form.code, message: p.path + " " + flaw.words, hint: p.field.about(), pos: n.Pos, width: n.Width}
	if flaw.width > 0 {
		f.pos, f.width = within(n, flaw.offset, flaw.width)
	}
	return f
}
