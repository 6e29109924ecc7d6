package main

import _ "example.com/m/plugins" // want `^cmd/other must not import plugins: `

func main() {}
