package check

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/errors"

	"github.com/detectviz/detectviz/compiler/catalog"
	"github.com/detectviz/detectviz/compiler/source"
)

// config checks an entry's config against the plugin's #Config, first value by
// value, then as a whole, for conditions between values.
func (r *run) config(e *entry, options *source.Node) {
	p := place{pos: e.source.Path.Pos, width: e.source.Path.Width}
	node := &source.Node{Kind: source.Map, Pos: p.pos}
	if f, ok := fieldOf(options, "config"); ok {
		p.pos, p.width = f.Pos, f.Width
		if f.Value.Broken { // options has noted it
			return
		}
	}
	if e.source.Config != nil {
		node = e.source.Config
	}
	self := catalog.Self{Instance: e.name, Composition: r.c.Name.Value, State: r.state()}
	// CUE decides, and the walk explains. So CUE is first asked about the config as
	// a whole, and only when it objects about each value.
	w := r.configWalker(e)
	w.trusting = true
	if expr := w.value(e.plugin.Config, node, p); expr != nil && len(w.faults) == 0 {
		e.filled = e.plugin.FillSyntax(expr, self)
		e.config = e.filled.Config()
		if e.config.Exists() && e.config.Validate(cue.Concrete(true)) == nil && w.wellFormed() {
			return
		}
	}

	w = r.configWalker(e)
	expr := w.value(e.plugin.Config, node, p)
	if expr == nil {
		return
	}
	e.filled = e.plugin.FillSyntax(expr, self)
	e.config = e.filled.Config()
	if !e.config.Exists() { // the manifest does not even compile
		r.instantiate(e)
		return
	}
	w.whole(e.config.Validate(cue.Concrete(true)), node, p, nil)
}

func (r *run) configWalker(e *entry) *walker {
	w := r.walker(e.source.Path.Value)
	w.elsewhere = func(path, key string) string {
		if path == "" && find(r.structureOf(r.cat.Schema("#Instance")).fields, key) != nil {
			return "it belongs beside config"
		}
		return ""
	}
	return w
}

// instantiate evaluates the manifest for a sound config. A manifest may state
// conditions of its own on the config, by error("…").
func (r *run) instantiate(e *entry) {
	m, err := e.filled.Manifest()
	if err == nil {
		e.manifest = m
		if len(r.entries) > many {
			e.forget(r.cat.Context())
		}
		return
	}
	p := place{pos: e.source.Path.Pos, width: e.source.Path.Width}
	r.walker(e.source.Path.Value).whole(err, e.source.Config, p, func(err error) { r.brokenPlugin(e, err) })
}

// many is the number of instances from which on memory counts more than time.
const many = 500

// forget keeps of an evaluated config only its data: what CUE knows of how it
// came about takes a hundred times as much memory.
func (e *entry) forget(ctx *cue.Context) {
	if data, ok := e.config.Syntax(cue.Final(), cue.Concrete(true)).(ast.Expr); ok {
		e.config, e.filled = ctx.BuildExpr(data), catalog.Filled{}
	}
}

// whole reports errors of a config as a whole. Errors at or beside a value that
// was reported already follow from that. What CUE itself says is never shown:
// without a text of the schema's author, internal is called, or the finding is
// put in general words.
func (w *walker) whole(err error, n *source.Node, p place, internal func(error)) {
	clean := len(w.faults) == 0
	all := errors.Errors(err)
	slices.SortStableFunc(all, func(a, b errors.Error) int { return hidden(b) - hidden(a) })
	for _, e := range all {
		path := configPath(e.Path())
		text, alone := authorText(e), false
		if words := validatorWords(e); text == "" && words != "" {
			text, alone = "must "+words, true // about this value only
		}
		switch {
		case text != "" && !w.explained(path, alone):
		case text == "" && clean && len(w.faults) == 0 && internal != nil:
			internal(fmt.Errorf("the manifest of plugin %s does not fit this config: %s", w.subject, errors.Details(err, nil)))
			return
		case text == "" && clean && len(w.faults) == 0:
			text = "does not fit the other values"
			if format, _ := e.Msg(); strings.Contains(format, "required but not present") || strings.Contains(format, "incomplete") {
				text = "is missing"
			}
		default:
			continue
		}
		pos, width := p.pos, p.width
		if f, ok := nearest(n, path); ok {
			pos, width = f.Pos, f.Width
		}
		path = slices.DeleteFunc(path, isHidden)
		name := strings.Join(path, ".")
		code, message := "DVZ109", name+" "+text
		switch {
		case hidden(e) == 1 && authorText(e) != "": // a whole sentence
			message = text
		case name == "":
			message = "the config of " + w.subject + " contradicts itself"
		}
		if text == "is missing" {
			code = "DVZ103"
			message = "missing field " + strconv.Quote(name) + " in " + w.subject
		}
		w.report(name, &fault{code: code, message: message, pos: pos, width: width})
	}
}

// hidden is 1 for an error at a hidden field. Such a field holds a condition
// between values, which is reported before the values by themselves.
func hidden(e errors.Error) int {
	if slices.ContainsFunc(e.Path(), isHidden) {
		return 1
	}
	return 0
}

func isHidden(name string) bool { return strings.HasPrefix(name, "_") }

// explained reports whether something was reported at a path or above it, or,
// unless the error is about this value alone, at a value beside it.
func (w *walker) explained(path []string, alone bool) bool {
	beside := strings.Join(path[:max(len(path)-1, 0)], ".")
	whole := strings.Join(path, ".")
	for fault := range w.faults {
		fault = strings.NewReplacer("[", ".", "]", "").Replace(fault)
		parent := ""
		if i := strings.LastIndexByte(fault, '.'); i >= 0 {
			parent = fault[:i]
		}
		if fault == whole || !alone && parent == beside || strings.HasPrefix(whole, fault+".") {
			return true
		}
	}
	return false
}

// configPath strips from the path of an error what stands before the config:
// #Config, or plugin.config.
func configPath(path []string) []string {
	for i, p := range path {
		if strings.HasPrefix(p, "#") || p == "config" {
			path = path[i+1:]
			break
		}
	}
	out := make([]string, len(path))
	for i, p := range path {
		out[i] = p
		if s, err := strconv.Unquote(p); err == nil {
			out[i] = s
		}
	}
	return out
}

// nearest returns the field or item at a path, or the one above it that exists.
// The condition in a hidden field is about the field of the same name.
func nearest(n *source.Node, path []string) (found source.Field, ok bool) {
	for _, p := range path {
		if n == nil {
			break
		}
		i, err := strconv.Atoi(p)
		switch {
		case n.Kind == source.List && err == nil && i < len(n.Items):
			n = n.Items[i]
			found, ok = source.Field{Pos: n.Pos, Width: n.Width}, true
		default:
			f, exists := fieldOf(n, strings.TrimPrefix(p, "_"))
			if exists {
				found, ok = f, true
			}
			n = f.Value
		}
	}
	return found, ok
}
