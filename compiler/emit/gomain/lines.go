package gomain

import (
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strconv"
	"strings"
)

// Instances reads a main.go that Emit wrote and returns a function that tells
// which instance a line belongs to: "node", or "a, b" for the import of a plugin
// with several instances, or "" for a line of none. It is how an error of the Go
// compiler finds its way back to the composition.
func Instances(main []byte) func(line int) string {
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, Path, main, parser.SkipObjectResolution)
	if file == nil || err != nil && len(file.Decls) == 0 {
		return func(int) string { return "" }
	}
	x := &lineIndex{fset: fset, vars: make(map[string]string), packages: make(map[string][]string)}
	for _, decl := range file.Decls {
		if f, ok := decl.(*ast.FuncDecl); ok && f.Body != nil {
			x.function(f)
		}
	}
	for _, spec := range file.Imports {
		x.add(spec, strings.Join(x.packages[importName(spec)], ", "))
	}
	return x.at
}

// lineIndex holds the lines of nodes that belong to instances.
type lineIndex struct {
	fset     *token.FileSet
	spans    []span
	vars     map[string]string   // local variable → instance
	packages map[string][]string // package name → instances made by its New
}

type span struct {
	from, to int
	instance string
}

// at returns the instance of the smallest node that covers the line.
func (x *lineIndex) at(line int) string {
	best := span{to: int(^uint(0) >> 1)}
	for _, s := range x.spans {
		if s.from <= line && line <= s.to && s.to-s.from < best.to-best.from {
			best = s
		}
	}
	return best.instance
}

func (x *lineIndex) add(n ast.Node, instance string) {
	if instance != "" {
		x.spans = append(x.spans, span{x.fset.Position(n.Pos()).Line, x.fset.Position(n.End()).Line, instance})
	}
}

// function indexes the statements of assemble, and the entries of secrets.
func (x *lineIndex) function(f *ast.FuncDecl) {
	for _, stmt := range f.Body.List {
		x.construction(stmt)
	}
	ast.Inspect(f.Body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CallExpr:
			// p.Add(platform.Instance{Name: …}), p.DeliverMetrics("name", …): the
			// platform's methods begin with the instance, but for pipelines.
			if sel, ok := n.Fun.(*ast.SelectorExpr); ok && isIdent(sel.X, "p") && len(n.Args) > 0 && !strings.HasSuffix(sel.Sel.Name, "Pipeline") {
				x.add(n, x.subject(n.Args[0]))
			}
		case *ast.CompositeLit:
			x.add(n, literalField(n, "Instance")) // a step of a pipeline, a secret
			if sel, ok := n.Type.(*ast.SelectorExpr); ok && sel.Sel.Name == "Deps" {
				x.deps(n)
			}
		}
		return true
	})
}

// construction indexes `v, err := pkg.New(…, p.Host("name"))` as a whole.
func (x *lineIndex) construction(stmt ast.Stmt) {
	assign, ok := stmt.(*ast.AssignStmt)
	if cond, isIf := stmt.(*ast.IfStmt); isIf {
		assign, ok = cond.Init.(*ast.AssignStmt)
	}
	if !ok || len(assign.Rhs) != 1 {
		return
	}
	call, ok := assign.Rhs[0].(*ast.CallExpr)
	if !ok || len(call.Args) == 0 {
		return
	}
	host, ok := call.Args[len(call.Args)-1].(*ast.CallExpr)
	if !ok || len(host.Args) != 1 {
		return
	}
	name := text(host.Args[0])
	if v, ok := assign.Lhs[0].(*ast.Ident); ok && name != "" {
		x.vars[v.Name] = name
		x.add(stmt, name)
	}
	if sel, ok := call.Fun.(*ast.SelectorExpr); ok {
		if pkg, ok := sel.X.(*ast.Ident); ok && !slices.Contains(x.packages[pkg.Name], name) {
			x.packages[pkg.Name] = append(x.packages[pkg.Name], name)
		}
	}
}

// deps gives the line of a capability to its provider: what the Go compiler
// finds wrong there is a method that the provider does not have.
func (x *lineIndex) deps(lit *ast.CompositeLit) {
	for _, elt := range lit.Elts {
		if kv, ok := elt.(*ast.KeyValueExpr); ok {
			if v, ok := kv.Value.(*ast.Ident); ok {
				x.add(kv, x.vars[v.Name])
			}
		}
	}
}

// subject is the instance that the first argument of a platform method names.
func (x *lineIndex) subject(arg ast.Expr) string {
	switch a := arg.(type) {
	case *ast.BasicLit:
		return text(a)
	case *ast.CompositeLit:
		return literalField(a, "Name")
	case *ast.Ident:
		return x.vars[a.Name]
	}
	return ""
}

// literalField is the string in a field of a struct literal.
func literalField(lit *ast.CompositeLit, name string) string {
	for _, elt := range lit.Elts {
		if kv, ok := elt.(*ast.KeyValueExpr); ok && isIdent(kv.Key, name) {
			return text(kv.Value)
		}
	}
	return ""
}

func isIdent(e ast.Expr, name string) bool {
	id, ok := e.(*ast.Ident)
	return ok && id.Name == name
}

func text(e ast.Expr) string {
	if lit, ok := e.(*ast.BasicLit); ok && lit.Kind == token.STRING {
		s, _ := strconv.Unquote(lit.Value)
		return s
	}
	return ""
}

func importName(spec *ast.ImportSpec) string {
	if spec.Name != nil {
		return spec.Name.Name
	}
	p := text(spec.Path)
	return p[strings.LastIndex(p, "/")+1:]
}
