package main

import (
	_ "example.com/m/compiler/diag" // want `^generated/demo must not import compiler/diag: a generated program imports the platform and the plugins of its composition$`
	_ "example.com/m/platform"
	_ "example.com/m/plugins/core/auth/jwt"
	_ "reflect" // want `^generated/demo must not import reflect: `
)

func main() {}
