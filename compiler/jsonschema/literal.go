package jsonschema

import (
	"encoding/json"

	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/literal"
	"cuelang.org/go/cue/token"
)

// enum returns the schema of literals.
func enum(values ...any) schema {
	s := schema{"enum": values}
	for _, v := range values {
		if typeOf(v) != typeOf(values[0]) {
			return s
		}
	}
	if values[0] == nil {
		return schema{"type": "null"}
	}
	return s.with("type", typeOf(values[0]))
}

// typeOf returns the type of a literal as JSON Schema names it.
func typeOf(v any) string {
	switch v.(type) {
	case nil:
		return "null"
	case bool:
		return "boolean"
	case string:
		return "string"
	case json.Number:
		return "number"
	}
	return "array"
}

// scalar returns a literal as JSON has it.
func scalar(x ast.Expr) (any, bool) {
	if u, ok := x.(*ast.UnaryExpr); ok && u.Op == token.SUB {
		n, ok := scalar(u.X)
		number, isNumber := n.(json.Number)
		return "-" + number, ok && isNumber
	}
	lit, ok := x.(*ast.BasicLit)
	if !ok {
		return nil, false
	}
	switch lit.Kind {
	case token.NULL:
		return nil, true
	case token.TRUE, token.FALSE:
		return lit.Kind == token.TRUE, true
	case token.STRING:
		text, err := literal.Unquote(lit.Value)
		return text, err == nil
	case token.INT, token.FLOAT:
		var n literal.NumInfo
		if literal.ParseNum(lit.Value, &n) != nil {
			return nil, false
		}
		number := json.Number(n.String())
		return number, json.Valid([]byte(number))
	}
	return nil, false
}

// scalars returns a list of literals as JSON has it.
func scalars(x ast.Expr) ([]any, bool) {
	list, ok := x.(*ast.ListLit)
	if !ok {
		return nil, false
	}
	all := []any{}
	for _, element := range list.Elts {
		v, ok := scalar(element)
		if !ok {
			return nil, false
		}
		all = append(all, v)
	}
	return all, true
}
