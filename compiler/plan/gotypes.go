package plan

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"path"
	"reflect"
	"strconv"
	"strings"
)

// goTypes are the types of a plugin's config_gen.go, read as text: parsing the
// file takes microseconds, where loading packages with types takes a second.
type goTypes struct {
	structs map[string][]goField
	imports map[string]string // package name → import path
}

// goField is a field of a config struct.
type goField struct {
	key  string // the key in the composition, from the json tag
	name string // the Go name
	typ  ast.Expr
}

func parseGoTypes(src []byte) (*goTypes, error) {
	file, err := parser.ParseFile(token.NewFileSet(), "config_gen.go", src, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	t := &goTypes{structs: map[string][]goField{}, imports: map[string]string{}}
	for _, imp := range file.Imports {
		p, err := strconv.Unquote(imp.Path.Value)
		if err != nil {
			return nil, err
		}
		t.imports[path.Base(p)] = p
	}
	for _, decl := range file.Decls {
		gen, ok := decl.(*ast.GenDecl)
		if !ok {
			continue
		}
		for _, spec := range gen.Specs {
			def, ok := spec.(*ast.TypeSpec)
			if !ok {
				continue
			}
			structure, ok := def.Type.(*ast.StructType)
			if !ok {
				return nil, fmt.Errorf("type %s is not a struct", def.Name.Name)
			}
			if t.structs[def.Name.Name], err = goFields(def.Name.Name, structure); err != nil {
				return nil, err
			}
		}
	}
	if t.structs["Config"] == nil {
		return nil, fmt.Errorf("there is no type Config")
	}
	return t, nil
}

func goFields(owner string, structure *ast.StructType) ([]goField, error) {
	fields := []goField{}
	for _, f := range structure.Fields.List {
		if len(f.Names) != 1 || f.Tag == nil {
			return nil, fmt.Errorf("type %s has a field without a name or json tag", owner)
		}
		tag, err := strconv.Unquote(f.Tag.Value)
		if err != nil {
			return nil, err
		}
		key, _, _ := strings.Cut(reflect.StructTag(tag).Get("json"), ",")
		fields = append(fields, goField{key: key, name: f.Names[0].Name, typ: f.Type})
	}
	return fields, nil
}

// goTypeString prints a type expression as it is written.
func goTypeString(e ast.Expr) string { return types.ExprString(e) }
