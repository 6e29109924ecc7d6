package compiler

import (
	"github.com/detectviz/detectviz/compiler/diag"
	"github.com/detectviz/detectviz/compiler/source"
)

// unneeded is the code of comments that ignore nothing.
const unneeded = "DVZ031"

// ignore marks the findings that comments of a composition ignore, and adds what
// is wrong with those comments. all says that every stage ran: otherwise a
// finding may be missing only because an error hides it, and no comment is
// called unneeded.
func ignore(c *source.Composition, found diag.List, all bool) diag.List {
	g := ignores{comments: c.Ignores, used: make([]bool, len(c.Ignores))}
	for i, d := range found {
		if d.Ignored == "" {
			found[i].Ignored = g.reason(d.Code, d.Pos)
		}
	}
	found = append(found, g.refused()...)
	if all {
		found = append(found, g.unneeded(c, false)...)
		found = append(found, g.unneeded(c, true)...)
	}
	return found
}

// ignores are the comments of a composition that ignore findings.
type ignores struct {
	comments []source.Ignore
	used     []bool
}

// ignorable reports whether findings of a code may be ignored. An unknown code
// has no page, and cannot.
func ignorable(code string) bool {
	page, _ := diag.Explain(code)
	return page.Ignorable()
}

// reason returns why a finding is ignored, and "" when it is not.
func (g *ignores) reason(code string, pos diag.Pos) string {
	if !ignorable(code) {
		return ""
	}
	for i, comment := range g.comments {
		if comment.Code == code && comment.Line == pos.Line && comment.Pos.File == pos.File {
			g.used[i] = true
			return comment.Reason
		}
	}
	return ""
}

// refused reports comments that would ignore what cannot be ignored.
func (g *ignores) refused() (found diag.List) {
	for _, comment := range g.comments {
		if ignorable(comment.Code) {
			continue
		}
		d := found.Errorf("DVZ032", comment.Pos, "%s cannot be ignored: nothing can be generated from it", comment.Code)
		d.Hint = "correct the error; dvz explain " + comment.Code + " says more"
		if _, known := diag.Explain(comment.Code); !known {
			d.Message, d.Hint = "there is no code "+comment.Code, "dvz explain lists all codes"
		}
		d.Width = comment.Width
	}
	return found
}

// unneeded reports comments that ignored nothing: those about unneeded comments
// themselves last, because they may ignore what is reported here. A comment of
// the composition's own file is judged without overlays only, since an overlay
// may change what the comment speaks of.
func (g *ignores) unneeded(c *source.Composition, themselves bool) (found diag.List) {
	for i, comment := range g.comments {
		if g.used[i] || !ignorable(comment.Code) || (comment.Code == unneeded) != themselves ||
			len(c.Overlays) > 0 && comment.Pos.File == c.File {
			continue
		}
		d := found.Warnf(unneeded, comment.Pos, "this comment is not needed: line %d has no %s", comment.Line, comment.Code)
		d.Width, d.Hint = comment.Width, "remove it"
		if !themselves {
			d.Ignored = g.reason(unneeded, diag.Pos{File: comment.Pos.File, Line: comment.Line})
		}
	}
	return found
}
