package source

import (
	"fmt"
	"runtime/metrics"
	"slices"
	"strings"
	"time"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/cuecontext"
	"cuelang.org/go/cue/literal"
	"cuelang.org/go/cue/parser"
	"cuelang.org/go/cue/scanner"
	"cuelang.org/go/cue/token"

	"github.com/detectviz/detectviz/compiler/diag"
)

// CUE is a language in which a short text can mean much work. It has no means to
// stop an evaluation, so what is bounded is how long it is waited for: one that
// was given up goes on in the background until the process ends.
const (
	// maxCUEBytes is how large a CUE file may be.
	maxCUEBytes = 4 << 20
	// maxExpression is how many words may stand in an expression of a CUE file.
	maxExpression = 4000
	// maxCUETime and maxCUEMemory bound the evaluation.
	maxCUETime   = 5 * time.Second
	maxCUEMemory = 1 << 30
)

// parseCUE evaluates a CUE file. Only the standard library can be imported;
// there are no other files, no tags and no network. Hidden fields, definitions
// and optional fields are helpers and do not reach the tree.
func parseCUE(at *lines) (p parsed) {
	defer guard(at.file, &p)
	if len(at.text) > maxCUEBytes {
		p.l.Errorf("DVZ002", diag.Pos{File: at.file}, "the file has more than %d MB; a composition is a few kilobytes", maxCUEBytes>>20)
		return p
	}
	open, deep := cueBrackets(at)
	if deep != nil {
		return parsed{l: deep}
	}
	f, err := parser.ParseFile(at.file, at.text, parser.ParseComments)
	if err != nil {
		return parsed{l: cueSyntax(at, err, open)}
	}
	if l := cueImports(at, f); l != nil {
		return parsed{l: l}
	}
	if len(f.Decls) == 0 {
		return parsed{}
	}
	ignores := cueIgnores(at, f, &p.l)
	done := make(chan parsed, 1)
	go func() { done <- evaluate(at.file, at.text, f) }()
	evaluated := await(at, done)
	return parsed{root: evaluated.root, ignores: ignores, l: append(p.l, evaluated.l...)}
}

// cueBrackets returns where the innermost bracket stands that is not closed, or
// -1. It reports syntax that is nested so deeply that walking it could exhaust
// the stack, which would end the process: it bounds the words of an expression
// together with those around it.
func cueBrackets(at *lines) (open int, l diag.List) {
	type bracket struct {
		offset, words int
		interpolation bool
	}
	levels, total, interpolation := []bracket{{offset: -1}}, 0, false
	var s scanner.Scanner
	s.Init(token.NewFile(at.file, -1, len(at.text)), at.text, nil, 0)
	for {
		pos, tok, lit := s.Scan()
		top := &levels[len(levels)-1]
		switch tok {
		case token.EOF:
			return top.offset, nil
		case token.COMMA:
			total -= top.words
			top.words = 0
		case token.LPAREN, token.LBRACK, token.LBRACE:
			total++
			top.words++
			levels = append(levels, bracket{offset: pos.Offset(), interpolation: interpolation && tok == token.LPAREN})
			interpolation = false
		case token.RPAREN, token.RBRACK, token.RBRACE:
			if len(levels) == 1 {
				continue
			}
			total -= top.words
			levels = levels[:len(levels)-1]
			if top.interpolation && tok == token.RPAREN {
				interpolation = strings.HasSuffix(s.ResumeInterpolation(), "(")
			}
		default:
			total++
			top.words++
			interpolation = tok == token.INTERPOLATION && strings.HasSuffix(lit, "(")
		}
		if total > maxExpression {
			l.Errorf("DVZ010", at.pos(pos.Offset()), "the file is nested too deeply")
			return -1, l
		}
	}
}

// cueImports reports imports of anything but the standard library, and embedded
// files.
func cueImports(at *lines, f *ast.File) (l diag.List) {
	for spec := range f.ImportSpecs() {
		name, err := literal.Unquote(spec.Path.Value)
		first, _, _ := strings.Cut(name, "/")
		if err != nil || first == "tool" || strings.ContainsAny(first, ".:@") {
			d := l.Errorf("DVZ019", at.pos(spec.Path.Pos().Offset()), "a composition cannot import %s", spec.Path.Value)
			d.Width, d.Hint = len(spec.Path.Value), "only the packages of CUE's standard library, such as strings, list and net"
		}
	}
	for _, d := range f.Decls {
		if a, ok := d.(*ast.Attribute); ok && strings.HasPrefix(a.Text, "@extern") {
			d := l.Errorf("DVZ019", at.pos(a.Pos().Offset()), "a composition cannot embed other files")
			d.Width = len(a.Text)
		}
	}
	return l
}

// await waits for an evaluation as long as it stays within the bounds.
func await(at *lines, done <-chan parsed) parsed {
	memory := func() uint64 {
		s := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}, {Name: "/memory/classes/heap/stacks:bytes"}}
		metrics.Read(s)
		return s[0].Value.Uint64() + 4*s[1].Value.Uint64() // Go ends the process at a stack of 1 GB
	}
	before, tooLate := memory(), time.After(maxCUETime)
	ticks := time.NewTicker(10 * time.Millisecond)
	defer ticks.Stop()
	for over := ""; ; {
		select {
		case p := <-done:
			return p
		case <-tooLate:
			over = fmt.Sprintf("takes more than %v", maxCUETime)
		case <-ticks.C:
			if memory() > before+maxCUEMemory {
				over = fmt.Sprintf("needs more than %d GB of memory", maxCUEMemory>>30)
			}
		}
		if over != "" {
			var l diag.List
			l.Errorf("DVZ020", diag.Pos{File: at.file}, "the evaluation of the file %s", over).Hint = "look for comprehensions over large lists and for alternatives that multiply"
			return parsed{l: l}
		}
	}
}

// evaluate works on its own copy of the lines: it may be left alone.
func evaluate(file string, text []byte, f *ast.File) (p parsed) {
	r := &cueReader{at: newLines(file, text), file: f}
	defer guard(file, &p)
	v := cuecontext.New().BuildFile(f)
	if v.Err() == nil {
		p.root = r.node(v, diag.Pos{File: file, Line: 1, Column: 1}, 0)
	}
	if r.l == nil { // only of a tree that is not too large
		r.faults(v, v.Validate(cue.Concrete(true)))
	}
	if r.l != nil || p.root.Kind == Null {
		return parsed{l: r.l}
	}
	return p
}

// guard keeps a fault of CUE from ending dvz.
func guard(file string, p *parsed) {
	if fault := recover(); fault != nil {
		*p = parsed{}
		p.l.Errorf("DVZ017", diag.Pos{File: file}, "the file cannot be evaluated").Hint = "this is a fault of CUE's evaluator; write the composition more plainly"
	}
}

// cueIgnores returns the comments that suppress findings.
func cueIgnores(at *lines, f *ast.File, l *diag.List) (all []Ignore) {
	ast.Walk(f, func(n ast.Node) bool {
		for _, group := range ast.Comments(n) {
			for _, c := range group.List {
				says := strings.TrimLeft(strings.TrimPrefix(c.Text, "//"), " \t")
				if rest, ok := strings.CutPrefix(says, ignoreMark); ok && (rest == "" || strings.IndexByte(" \t\r", rest[0]) >= 0) {
					begin := c.Pos().Offset()
					all = append(all, at.ignore(begin, at.end(begin), "//", l)...)
				}
			}
		}
		return true
	}, nil)
	slices.SortFunc(all, func(a, b Ignore) int { return a.Pos.Compare(b.Pos) })
	return all
}
