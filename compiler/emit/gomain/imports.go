package gomain

import (
	"bytes"
	"strings"
)

// groupImports puts the standard library's imports before the others, as
// goimports does. (The package behind goimports would do it too, but loading it
// costs a twentieth of a vet.)
func groupImports(src []byte) []byte {
	const open, end = "\nimport (\n", "\n)\n"
	head, rest, found := bytes.Cut(src, []byte(open))
	if !found {
		return src
	}
	block, tail, _ := bytes.Cut(rest, []byte(end))
	var standard, others []string
	for line := range strings.SplitSeq(string(block), "\n") {
		_, path, _ := strings.Cut(line, `"`)
		if first, _, _ := strings.Cut(path, "/"); strings.Contains(first, ".") {
			others = append(others, line)
		} else if path != "" {
			standard = append(standard, line)
		}
	}
	var out bytes.Buffer
	out.Write(head)
	out.WriteString(open + strings.Join(standard, "\n"))
	if len(standard) > 0 && len(others) > 0 {
		out.WriteString("\n\n")
	}
	out.WriteString(strings.Join(others, "\n") + end)
	out.Write(tail)
	return out.Bytes()
}
