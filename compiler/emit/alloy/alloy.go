// Package alloy is the back end that writes the configuration of Grafana Alloy:
// the blocks that the instances contribute, with every reference between them
// resolved, in the form that `alloy fmt` leaves unchanged.
//
// hclwrite keeps the structure only. It would print values in HCL's syntax,
// which Alloy reads differently or not at all, so every value is written by this
// package, and Alloy's own parser and printer have the last word on the file.
package alloy

import (
	"bytes"
	"slices"

	"github.com/grafana/alloy/syntax/parser"
	"github.com/grafana/alloy/syntax/printer"
	"github.com/hashicorp/hcl/v2/hclwrite"

	"github.com/detectviz/detectviz/compiler/diag"
	"github.com/detectviz/detectviz/compiler/emit"
	"github.com/detectviz/detectviz/compiler/plan"
)

// Path is where the file stands in the generated tree.
const Path = "alloy/config.alloy"

// Emit writes alloy/config.alloy, or nothing when no instance contributes to it.
// components are the components that Alloy has; see DecodeComponents.
func Emit(p *plan.Plan, components map[string]Component) ([]emit.File, diag.List) {
	if !slices.ContainsFunc(p.Instances, func(in plan.Instance) bool { return len(in.Alloy) > 0 }) {
		return nil, nil
	}
	c := &config{components: components}
	c.collect(p)
	c.check()
	if c.diags.HasErrors() {
		return nil, c.diags
	}
	content, err := c.print(emit.Header(p))
	if err != nil {
		// Every token was written by this package, so that this is a defect of
		// it or of a manifest that the schema should have refused.
		c.diags.Errorf("DVZ403", diag.Pos{File: p.Dir}, "the Alloy config of %s is not valid: %v", p.Name, err)
		return nil, c.diags
	}
	return []emit.File{{Path: Path, Content: content}}, c.diags
}

// config is the file while it is made.
type config struct {
	components map[string]Component
	blocks     []block // in the plan's order, equal ones once
	diags      diag.List
}

// block is a top-level block with the instance that contributes it.
type block struct {
	plan.AlloyBlock
	instance *plan.Instance
}

// id is how references name the block.
func (b block) id() string {
	if b.Label == "" {
		return b.Name
	}
	return b.Name + "." + b.Label
}

// collect gathers the blocks of all instances. Two instances may contribute the
// same block, for example a receiver that both need; it is written once.
func (c *config) collect(p *plan.Plan) {
	first := map[string]block{}
	for i := range p.Instances {
		in := &p.Instances[i]
		for _, contributed := range in.Alloy {
			b := block{contributed, in}
			known, twice := first[b.id()]
			switch {
			case !twice:
				first[b.id()] = b
				c.blocks = append(c.blocks, b)
			case known.fingerprint() != b.fingerprint():
				d := c.diags.Errorf("DVZ402", in.Pos, "%s and %s both contribute the Alloy block %s, with different contents", known.instance.Name, in.Name, b.id())
				d.Width, d.Hint = in.Width, "give the two instances the same settings, or leave one out"
				d.Related = []diag.Related{{Pos: known.instance.Pos, Message: "first contributed by " + known.instance.Name}}
			}
		}
	}
}

// fingerprint is equal for blocks that mean the same: attribute order and
// comments do not count.
func (b block) fingerprint() string {
	var text []byte
	var walk func(plan.AlloyBlock)
	walk = func(b plan.AlloyBlock) {
		attributes := slices.SortedFunc(slices.Values(b.Attributes), func(x, y plan.AlloyAttr) int { return bytes.Compare([]byte(x.Name), []byte(y.Name)) })
		for _, a := range attributes {
			text = append(text, a.Name...)
			text = append(text, '=')
			// A value that cannot be written is reported by check.
			tokens, _ := writer{}.tokens(a.Value)
			text = append(text, tokens.Bytes()...)
			text = append(text, '\n')
		}
		for _, inner := range b.Blocks {
			text = append(text, inner.Name+"{\n"...)
			walk(inner)
			text = append(text, "}\n"...)
		}
		for _, s := range b.Sinks {
			text = append(text, s.Kind+"<-"+s.Export+"\n"...)
		}
	}
	walk(b.AlloyBlock)
	return string(text)
}

// sinks returns the references to all exports that take data of a kind, except
// those of the block that asks: a component never sends to itself.
func (c *config) sinks(kind string, asking block) []string {
	var refs []string
	for _, b := range c.blocks {
		if b.id() == asking.id() {
			continue
		}
		for _, s := range b.Sinks {
			if s.Kind == kind {
				refs = append(refs, b.id()+"."+s.Export)
			}
		}
	}
	return refs
}

func (c *config) print(header string) ([]byte, error) {
	file := hclwrite.NewEmptyFile()
	body := file.Body()
	comment(body, header)
	var section string
	for _, b := range c.blocks {
		body.AppendNewline()
		if section != b.instance.Name {
			section = b.instance.Name
			comment(body, section+": "+b.instance.Plugin)
			body.AppendNewline()
		}
		w := writer{sinks: func(kind string) []string { return c.sinks(kind, b) }}
		if err := w.block(body, b.AlloyBlock); err != nil {
			return nil, err
		}
	}
	var raw, out bytes.Buffer
	if _, err := file.WriteTo(&raw); err != nil {
		return nil, err
	}
	parsed, err := parser.ParseFile(Path, raw.Bytes())
	if err != nil {
		return nil, err
	}
	if err := printer.Fprint(&out, parsed); err != nil {
		return nil, err
	}
	out.WriteByte('\n')
	return out.Bytes(), nil
}
