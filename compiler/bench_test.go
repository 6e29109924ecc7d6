package compiler_test

import (
	"os"
	"testing"

	"github.com/detectviz/detectviz/compiler"
)

// BenchmarkVet is what `dvz vet` does with dev-platform, from a cold start.
func BenchmarkVet(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		w, err := compiler.Open("..", os.DirFS("../plugins"))
		if err != nil {
			b.Fatal(err)
		}
		p, diags := w.Compile("compositions/dev-platform")
		if p == nil {
			b.Fatal(diags)
		}
	}
}
