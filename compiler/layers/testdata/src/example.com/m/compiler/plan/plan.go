package plan

import (
	_ "example.com/m/compiler/diag"
	_ "example.com/m/platform/contracts" // want `^compiler/plan must not import platform/contracts: the compiler imports schema and templates, and reads plugins as text$`
	_ "example.com/m/plugins"            // want `^compiler/plan must not import plugins: `
	_ "example.com/m/schema"
	_ "example.com/m/templates"
	_ "reflect"
)
