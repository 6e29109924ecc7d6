package check

import (
	"strings"

	"cuelang.org/go/cue/ast"

	"github.com/detectviz/detectviz/compiler/source"
)

// clearSecret checks a secret that is not written as a place ({env: …}). In
// development it may stand in clear text. No message quotes it.
func (w *walker) clearSecret(n *source.Node, p place) (ast.Expr, *fault) {
	f := &fault{pos: n.Pos, width: n.Width, hint: "write {env: NAME}, {file: path} or {credential: name}", secret: true}
	switch {
	case n.Kind == source.Null:
		f.code, f.message, f.pos, f.width, f.secret = "DVZ104", p.path+" has no value", p.pos, p.width, false
		return nil, f
	case n.Kind == source.List:
		f.code, f.message = "DVZ104", p.path+" must be a secret, not a list"
		return nil, f
	case strings.Contains(n.Text, "${") && hasReference(n.Text):
		f.code, f.message = "DVZ211", "a secret cannot hold ${…}: params show in --help and in the list of processes"
		if m := variable.FindStringSubmatch(n.Text); m != nil {
			f.hint = "write {env: " + m[1] + "}"
		}
		return nil, f
	case w.c.Environment.Value != "development":
		f.code, f.message, f.hint = "DVZ301", "secret in clear text", "in production "+f.hint
		return ast.NewString("clear"), f // as a string it fits the schema
	case n.Kind != source.String:
		f.code, f.message, f.hint = "DVZ104", p.path+" must be text", "write it in quotes, or "+strings.TrimPrefix(f.hint, "write ")
		return nil, f
	}
	// It is noted, so that no excerpt shows it beside another finding.
	d := w.l.Errorf("DVZ301", n.Pos, "secret in clear text")
	d.Width, d.Secret, d.Ignored = n.Width, true, "the environment is development"
	return ast.NewString(n.Text), nil
}

// hasReference reports whether a text has a reference, or tries to.
func hasReference(text string) bool {
	parts, err := source.ParseTemplate(text)
	return err != nil || len(parts) > 1 || len(parts) == 1 && parts[0].Kind != source.LiteralPart
}

// endOf returns the column behind what a value has on a line.
func endOf(n *source.Node, line int) int {
	end := 0
	if n.Pos.Line == line {
		end = n.Pos.Column + n.Width
	}
	for _, item := range n.Items {
		end = max(end, endOf(item, line))
	}
	for _, f := range n.Fields {
		if f.Pos.Line == line {
			end = max(end, f.Pos.Column+f.Width)
		}
		end = max(end, endOf(f.Value, line))
	}
	return end
}
