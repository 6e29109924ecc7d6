package plan

import (
	"fmt"
	"go/ast"
	"slices"
	"strconv"
	"time"

	"cuelang.org/go/cue"

	"github.com/detectviz/detectviz/compiler/check"
	"github.com/detectviz/detectviz/compiler/source"
	"github.com/detectviz/detectviz/compiler/units"
)

// code types the config of an instance.
func (b *builder) code(in *check.Instance) *Code {
	types := b.types[in.Plugin]
	if types == nil {
		var err error
		if types, err = parseGoTypes(in.Plugin.ConfigGo); err != nil {
			b.broken(in, "its config_gen.go: %s", err)
			return nil
		}
		b.types[in.Plugin] = types
	}
	t := typer{builder: b, instance: in, types: types, used: map[string]string{}}
	config := t.structure("Config", in.Config, in.Source.Config)
	return &Code{
		Import:      in.Plugin.Import,
		Package:     in.Plugin.Package,
		Var:         b.names.local(in.Name, "Plugin"),
		Config:      config,
		TypeImports: t.used,
	}
}

// broken reports a fault that is the plugin author's, not the user's.
func (b *builder) broken(in *check.Instance, format string, args ...any) {
	d := b.diags.Errorf("DVZ207", in.Source.Path.Pos, "plugin %s cannot be used: "+format, append([]any{in.Plugin.Path}, args...)...)
	d.Width, d.Hint = in.Source.Path.Width, "this is a mistake of the plugin's author"
}

// typer turns the config of one instance into typed values. It walks three
// things in step: the Go types, the evaluated config, which has all defaults,
// and what the user wrote, which still has the ${…} references.
type typer struct {
	*builder
	instance *check.Instance
	types    *goTypes
	used     map[string]string
}

func (t *typer) structure(name string, v cue.Value, node *source.Node) Value {
	out := Value{Kind: StructValue, Type: name}
	for _, f := range t.types.structs[name] {
		field := v.LookupPath(cue.MakePath(cue.Str(f.key)))
		if !field.Exists() {
			continue
		}
		out.Fields = append(out.Fields, Field{Key: f.key, Go: f.name, Value: t.value(f.typ, field, node.Get(f.key))})
	}
	t.complete(name, v)
	return out
}

// complete reports fields of the config that the Go type lacks: their values
// would be lost.
func (t *typer) complete(name string, v cue.Value) {
	written, err := v.Fields()
	for err == nil && written.Next() {
		key := written.Selector().Unquoted()
		if !slices.ContainsFunc(t.types.structs[name], func(f goField) bool { return f.key == key }) {
			t.broken(t.instance, "the Go type %s of its config_gen.go has no field for %s; run go generate in its folder", name, key)
		}
	}
}

func (t *typer) value(typ ast.Expr, v cue.Value, node *source.Node) Value {
	out := t.untyped(typ, v, node)
	out.Type = goTypeString(typ)
	return out
}

func (t *typer) untyped(typ ast.Expr, v cue.Value, node *source.Node) Value {
	v, _ = v.Default()
	switch typ := typ.(type) {
	case *ast.StarExpr:
		return t.untyped(typ.X, v, node)
	case *ast.ArrayType:
		return t.list(typ.Elt, v, node)
	case *ast.MapType:
		return t.mapping(typ.Value, v, node)
	case *ast.SelectorExpr:
		pkg := goTypeString(typ.X)
		t.used[pkg] = t.types.imports[pkg]
		return t.qualified(goTypeString(typ), v, node)
	case *ast.Ident:
		if t.types.structs[typ.Name] != nil {
			return t.structure(typ.Name, v, node)
		}
		return t.scalar(typ.Name, v, node)
	}
	return t.mismatch(goTypeString(typ), v)
}

func (t *typer) list(elem ast.Expr, v cue.Value, node *source.Node) Value {
	items, err := v.List()
	if err != nil {
		return t.mismatch("[]"+goTypeString(elem), v)
	}
	out := Value{Kind: ListValue}
	for i := 0; items.Next(); i++ {
		var item *source.Node
		if node != nil && i < len(node.Items) {
			item = node.Items[i]
		}
		out.Items = append(out.Items, t.value(elem, items.Value(), item))
	}
	return out
}

func (t *typer) mapping(elem ast.Expr, v cue.Value, node *source.Node) Value {
	fields, err := v.Fields()
	if err != nil {
		return t.mismatch("map[string]"+goTypeString(elem), v)
	}
	out := Value{Kind: MapValue}
	for fields.Next() {
		key := fields.Selector().Unquoted()
		out.Fields = append(out.Fields, Field{Key: key, Value: t.value(elem, fields.Value(), node.Get(key))})
	}
	slices.SortFunc(out.Fields, func(a, b Field) int {
		if a.Key < b.Key {
			return -1
		}
		return 1
	})
	return out
}

// qualified handles the types of other packages that configs may use.
func (t *typer) qualified(typ string, v cue.Value, node *source.Node) Value {
	switch typ {
	case "time.Duration":
		if param, ok := t.wholeParam(node); ok {
			return param
		}
		text, err := v.String()
		if err != nil {
			return t.mismatch(typ, v)
		}
		if _, err := time.ParseDuration(text); err != nil {
			return t.mismatch(typ, v)
		}
		return Value{Kind: DurationValue, Text: text}
	case "contracts.Secret":
		return t.secret(v, node)
	}
	return t.mismatch(typ, v)
}

// secret types a #Secret: a string is a secret in clear, a struct says where
// the secret is.
func (t *typer) secret(v cue.Value, node *source.Node) Value {
	out := Value{Kind: SecretValue}
	if v.Kind() == cue.StringKind { // no place, but the secret itself
		text := t.scalar("string", v, node)
		text.Type = "string"
		out.Fields = []Field{{Key: "clear", Go: "Clear", Value: text}}
		return out
	}
	for _, f := range []struct{ key, name, typ string }{
		{"env", "Env", "string"}, {"file", "File", "string"}, {"credential", "Credential", "string"}, {"generate", "Generate", "int"},
	} {
		field := v.LookupPath(cue.MakePath(cue.Str(f.key)))
		if !field.Exists() {
			continue
		}
		value := t.scalar(f.typ, field, node.Get(f.key))
		value.Type = f.typ
		out.Fields = append(out.Fields, Field{Key: f.key, Go: f.name, Value: value})
	}
	return out
}

func (t *typer) scalar(typ string, v cue.Value, node *source.Node) Value {
	if param, ok := t.wholeParam(node); ok {
		return param
	}
	switch kind := v.Kind(); {
	case typ == "string" && kind == cue.StringKind:
		text, _ := v.String()
		if node != nil && node.Kind == source.String {
			text = node.Text
		}
		return t.text(text)
	case typ == "bool" && kind == cue.BoolKind:
		set, _ := v.Bool()
		return Value{Kind: BoolValue, Text: strconv.FormatBool(set)}
	case (typ == "int" || typ == "int64") && kind == cue.IntKind:
		n, err := v.Int64()
		if err != nil {
			return t.mismatch(typ, v)
		}
		return Value{Kind: IntValue, Text: strconv.FormatInt(n, 10)}
	case typ == "int64" && kind == cue.StringKind:
		text, _ := v.String()
		bytes, err := units.ParseSize(text)
		if err != nil {
			return t.mismatch(typ, v)
		}
		return Value{Kind: IntValue, Text: strconv.FormatInt(bytes, 10)}
	case typ == "float64" && (kind == cue.IntKind || kind == cue.FloatKind):
		n, _ := v.Float64()
		return Value{Kind: FloatValue, Text: strconv.FormatFloat(n, 'g', -1, 64)}
	}
	return t.mismatch(typ, v)
}

// mismatch reports a value that its Go type cannot hold: the #Config and its
// @go attributes disagree.
func (t *typer) mismatch(typ string, v cue.Value) Value {
	t.broken(t.instance, "the Go type %s of config field %s cannot hold the value %v", typ, v.Path(), v)
	return Value{Kind: StringValue}
}

// wholeParam returns the param when the value is one reference to it and
// nothing else, so that it keeps its type.
func (b *builder) wholeParam(node *source.Node) (Value, bool) {
	if node == nil || node.Kind != source.String {
		return Value{}, false
	}
	parts, err := source.ParseTemplate(node.Text)
	if err != nil || len(parts) != 1 || parts[0].Kind != source.ParamPart {
		return Value{}, false
	}
	return Value{Kind: ParamValue, Text: parts[0].Text}, true
}

// text turns a string with references into a value.
func (b *builder) text(text string) Value {
	parts, err := source.ParseTemplate(text)
	if err != nil { // reported by check; a default of the schema is taken as it stands
		return Value{Kind: StringValue, Type: "string", Text: text}
	}
	out := Value{Kind: ConcatValue, Type: "string"}
	for _, p := range parts {
		switch p.Kind {
		case source.LiteralPart:
			out.Parts = append(out.Parts, Value{Kind: StringValue, Text: p.Text})
		case source.ParamPart:
			out.Parts = append(out.Parts, Value{Kind: ParamValue, Text: p.Text})
		case source.StatePart:
			out.Parts = append(out.Parts, Value{Kind: RefValue, Text: "state"})
		case source.HostPart:
			out.Parts = append(out.Parts, Value{Kind: RefValue, Text: "host"})
		default:
			panic(fmt.Sprintf("plan: unknown kind of template part %v", p.Kind))
		}
	}
	switch {
	case len(out.Parts) == 0:
		return Value{Kind: StringValue, Type: "string"}
	case len(out.Parts) == 1 && out.Parts[0].Kind == StringValue:
		out.Parts[0].Type = "string"
		return out.Parts[0]
	}
	return out
}
