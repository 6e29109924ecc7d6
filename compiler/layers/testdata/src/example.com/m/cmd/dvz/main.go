package main

import (
	_ "example.com/m/cmd/dvz/internal/table"
	_ "example.com/m/compiler/plan"
	_ "example.com/m/plugins"
	_ "example.com/m/plugins/core/auth/jwt" // want `^cmd/dvz must not import plugins/core/auth/jwt: a command imports the compiler, and cmd/dvz the embedded files of package plugins$`
	_ "reflect"
)

func main() {}
