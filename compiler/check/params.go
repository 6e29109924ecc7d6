package check

import (
	"fmt"
	"math/big"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/detectviz/detectviz/compiler/diag"
	"github.com/detectviz/detectviz/compiler/source"
	"github.com/detectviz/detectviz/compiler/units"
)

// param is a declared param with what the check learns of it.
type param struct {
	decl   *source.Param
	node   *source.Node // the declaration
	value  *source.Node // the default, if it is sound
	broken bool         // the declaration has an error; reported there, not at the uses
}

// paramName is the form of a param's name; shape reports others.
var paramName = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)

// paramTypes are the types that schema #Param knows.
var paramTypes = []string{"string", "int", "bool", "duration", "size", "address", "url", "enum"}

// declaredParams reads the declarations; declarations reports on them.
func declaredParams(c *source.Composition) map[string]*param {
	params := map[string]*param{}
	nodes := c.Root.Get("params")
	for i := range c.Params {
		decl := &c.Params[i]
		p := &param{decl: decl, node: nodes.Get(decl.Name.Value)}
		def := p.node.Get("default")
		p.broken = !slices.Contains(paramTypes, decl.Type) || def != nil && def.Broken
		if decl.Default != nil && !p.broken {
			if _, err := p.parse(decl.Default); err == nil {
				p.value = decl.Default
			} else {
				p.broken = true
			}
		}
		params[decl.Name.Value] = p
	}
	return params
}

func (r *run) paramNames() []string {
	var names []string
	for _, p := range r.c.Params {
		names = append(names, p.Name.Value)
	}
	return names
}

// parse reads a value of the param's type; the number is for comparing with
// bounds, and nil for types that have none.
func (p *param) parse(n *source.Node) (*big.Int, error) {
	isText := n.Kind == source.String
	wrong := func(want string) error { return fmt.Errorf("must be %s, not %s", want, shown(n)) }
	switch p.decl.Type {
	case "string":
		if !isText {
			return nil, wrong("text (in quotes)")
		}
	case "int":
		i, ok := new(big.Int).SetString(n.Text, 10)
		if n.Kind != source.Int || !ok || !i.IsInt64() {
			return nil, wrong("a whole number")
		}
		return i, nil
	case "bool":
		if n.Kind != source.Bool {
			return nil, wrong("true or false")
		}
	case "duration":
		d, err := time.ParseDuration(n.Text)
		if !isText || err != nil {
			return nil, wrong("a duration such as 15s, 5m or 1h30m")
		}
		return big.NewInt(int64(d)), nil
	case "size":
		bytes, err := units.ParseSize(n.Text)
		if !isText || err != nil {
			return nil, wrong("a size such as 512KiB, 256MiB or 1GB")
		}
		return big.NewInt(bytes), nil
	case "address":
		if !isText || !strings.Contains(n.Text, ":") {
			return nil, wrong("an address such as 127.0.0.1:8080")
		}
		return nil, addressFlaw(n.Text).err()
	case "url":
		if !isText || !absoluteURL.MatchString(n.Text) {
			return nil, wrong("an absolute URL such as http://127.0.0.1:9100/metrics")
		}
		return nil, urlFlaw(n.Text).err()
	case "enum":
		if !isText || !slices.Contains(p.decl.Values, n.Text) && p.decl.Values != nil {
			return nil, wrong("one of the values")
		}
	}
	return nil, nil
}

// absoluteURL is the form of schema #URL.
var absoluteURL = regexp.MustCompile(`^https?://[^ /]`)

// paramSample is a value to check a place with.
type paramSample struct {
	*source.Node
	of string // what it is of the param ("the default"); empty: a guess
}

// guesses are values of each type of param, of which one may fit a place.
var guesses = map[string][]string{
	"string":   {"placeholder", "http://placeholder", "127.0.0.1:0", "/placeholder", "1s", "1MiB"},
	"int":      {"1", "0", "1000", "-1"},
	"bool":     {"false"},
	"duration": {"1s", "1m", "1h"},
	"size":     {"1MiB", "1GiB"},
	"address":  {"127.0.0.1:8080"},
	"url":      {"http://placeholder"},
}

// samples returns values to check a place with, which stand where the param is
// used: those that the declaration names, all of which must fit, or else guesses
// of the param's type, of which one may.
func (p *param) samples(at *source.Node) []paramSample {
	kind := source.String
	switch p.decl.Type {
	case "int":
		kind = source.Int
	case "bool":
		kind = source.Bool
	}
	var all []paramSample
	add := func(text, of string) {
		all = append(all, paramSample{&source.Node{Kind: kind, Text: text, Pos: at.Pos, Width: at.Width}, of})
	}
	if p.value != nil {
		add(p.value.Text, "the default")
	}
	for _, bound := range []string{"min", "max"} {
		if n := p.bound(bound); n != nil {
			add(n.Text, "the "+bound)
		}
	}
	for _, value := range p.decl.Values {
		if p.decl.Type == "enum" {
			add(value, "a value")
		}
	}
	if all != nil {
		return all
	}
	for _, guess := range guesses[p.decl.Type] {
		add(guess, "")
	}
	if all == nil {
		add("placeholder", "")
	}
	return all
}

// bound returns the min or max of a param, or nil when there is none that is
// sound.
func (p *param) bound(name string) *source.Node {
	n := p.node.Get(name)
	if n == nil || !p.hasBounds() {
		return nil
	}
	if _, err := p.parse(n); err != nil {
		return nil
	}
	return n
}

// hasBounds reports whether the type of a param has an order.
func (p *param) hasBounds() bool {
	return p.decl.Type == "int" || p.decl.Type == "duration" || p.decl.Type == "size"
}

// flags are the flags that each built binary has of itself; a param's flag is its
// name with "-" for "_".
var flags = []string{"check", "h", "help", "print_plan", "state", "version"}

// declarations reports params that contradict themselves, that share a name or
// an environment variable, or that nothing uses. A param that is named as a
// reference is used, however wrongly: what is wrong is reported there.
func (r *run) declarations() {
	variables := map[string]*source.Node{}
	names := map[string]source.Text{}
	used := mentions(r.c.Root)
	for i := range r.c.Params {
		p := r.params[r.c.Params[i].Name.Value]
		r.declaration(p)
		if slices.Contains(flags, p.decl.Name.Value) {
			d := at(r.l.Errorf("DVZ222", p.decl.Name.Pos, "a param cannot be named %q: each binary has a flag of this name", p.decl.Name.Value), p.decl.Name)
			d.Hint = "choose another name"
		}
		alike := strings.ReplaceAll(p.decl.Name.Value, "_", "")
		if first, taken := names[alike]; taken {
			d := at(r.l.Errorf("DVZ226", p.decl.Name.Pos, "the params %q and %q differ in nothing but _", first.Value, p.decl.Name.Value), p.decl.Name)
			d.Hint = "choose another name"
			d.Related = []diag.Related{{Pos: first.Pos, Width: first.Width, Message: "the other param"}}
		} else {
			names[alike] = p.decl.Name
		}
		if env := p.node.Get("env"); env != nil && env.Kind == source.String {
			if first := variables[env.Text]; first != nil {
				d := r.l.Errorf("DVZ217", env.Pos, "two params read the environment variable %s", env.Text)
				d.Width = env.Width
				d.Related = []diag.Related{{Pos: first.Pos, Width: first.Width, Message: "first named here"}}
			} else {
				variables[env.Text] = env
			}
		}
		if !used[p.decl.Name.Value] && paramName.MatchString(p.decl.Name.Value) {
			d := at(r.l.Warnf("DVZ214", p.decl.Name.Pos, "the param %q is not used", p.decl.Name.Value), p.decl.Name)
			d.Hint = "use it as ${params." + p.decl.Name.Value + "} in the config of a plugin, or remove it"
		}
	}
}

func (r *run) declaration(p *param) {
	if !slices.Contains(paramTypes, p.decl.Type) {
		return // reported by shape
	}
	bad := func(n *source.Node, format string, args ...any) {
		r.l.Errorf("DVZ215", n.Pos, format, args...).Width = n.Width
	}
	key := func(name string) (source.Text, bool) {
		f, ok := fieldOf(p.node, name)
		return source.Text{Pos: f.Pos, Width: f.Width}, ok
	}
	values, hasValues := key("values")
	switch {
	case p.decl.Type == "enum" && !hasValues:
		d := at(r.l.Errorf("DVZ215", p.decl.Name.Pos, "the param %q is an enum without values", p.decl.Name.Value), p.decl.Name)
		d.Hint = "list them: values: [a, b]"
	case p.decl.Type != "enum" && hasValues:
		at(r.l.Errorf("DVZ215", values.Pos, "values are for params of type enum, and %q is of type %s", p.decl.Name.Value, p.decl.Type), values)
	}

	bounds := map[string]*big.Int{}
	for _, name := range []string{"min", "max"} {
		n := p.node.Get(name)
		if n == nil || n.Kind == source.Null || n.Kind == source.Map || n.Kind == source.List {
			continue
		}
		if !p.hasBounds() {
			k, _ := key(name)
			at(r.l.Errorf("DVZ215", k.Pos, "%s is for params of type int, duration or size, and %q is of type %s", name, p.decl.Name.Value, p.decl.Type), k)
			continue
		}
		number, err := p.parse(n)
		if err != nil {
			bad(n, "%s of the param %q %v", name, p.decl.Name.Value, err)
			continue
		}
		bounds[name] = number
	}
	low, high := bounds["min"], bounds["max"]
	if low != nil && high != nil && low.Cmp(high) > 0 {
		bad(p.node.Get("max"), "max of the param %q is below its min", p.decl.Name.Value)
		return
	}

	def := p.decl.Default
	if def == nil || def.Kind == source.Map || def.Kind == source.List {
		return
	}
	number, err := p.parse(def)
	switch {
	case err != nil && p.decl.Type == "enum":
		bad(def, "the default of the param %q must be one of %s, not %s", p.decl.Name.Value, strings.Join(p.decl.Values, ", "), shown(def))
	case err != nil:
		bad(def, "the default of the param %q %v", p.decl.Name.Value, err)
	case number != nil && low != nil && number.Cmp(low) < 0:
		bad(def, "the default of the param %q is below its min %s", p.decl.Name.Value, p.decl.Min)
	case number != nil && high != nil && number.Cmp(high) > 0:
		bad(def, "the default of the param %q is above its max %s", p.decl.Name.Value, p.decl.Max)
	}
}
