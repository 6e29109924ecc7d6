package diag

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf16"
)

// fingerprintKey is the one fingerprint by which GitHub tells that a finding is
// the one of the run before, whatever line it stands on now.
const fingerprintKey = "primaryLocationLineHash"

// fingerprints computes what GitHub's own upload action computes for logs that
// have none: it warns of any other value, and whoever uploads a log without the
// action would have none.
type fingerprints struct {
	lines *lines
	files map[string][]string // by line
}

// at returns the fingerprint of a position's line; "" when it cannot be read.
func (f fingerprints) at(pos Pos) string {
	prints, ok := f.files[pos.File]
	if !ok {
		prints = hashLines(f.lines.of(pos.File))
		f.files[pos.File] = prints
	}
	line := max(pos.Line, 1)
	if line > len(prints) {
		return ""
	}
	return prints[line-1]
}

// hashed is how many characters from the start of a line its hash covers.
const hashed = 100

// hashLines hashes each line together with what follows it, blanks left out: a
// polynomial over UTF-16 units modulo 2^64. Behind the hash stands how many
// lines so far had the same.
func hashLines(lines [][]byte) []string {
	if lines == nil {
		return nil
	}
	text := string(bytes.Join(lines, []byte("\n")))
	text = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(text)
	text = strings.NewReplacer(" ", "", "\t", "").Replace(text)
	units := append(utf16.Encode([]rune(text)), 0xFFFF) // the end of the file

	var prints []string
	seen := map[uint64]int{}
	for i := range units {
		if i > 0 && units[i-1] != '\n' {
			continue
		}
		var hash uint64
		for j := i; j < i+hashed; j++ {
			hash *= 37
			if j < len(units) {
				hash += uint64(units[j])
			}
		}
		seen[hash]++
		prints = append(prints, fmt.Sprintf("%x:%d", hash, seen[hash]))
	}
	return prints
}
