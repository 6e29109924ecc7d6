package source

import (
	"errors"
	"io"
	"strings"
)

// locateBytes is the size of a file up to which the line of a syntax error is
// searched for.
const locateBytes = 256 << 10

// draft is a YAML file while its syntax errors are looked for. A line that was
// reported is mended or emptied, so that the next one is found.
type draft struct {
	at      *lines
	lines   []string        // with their line breaks
	touched []bool          // the lines that are not as the user wrote them
	said    map[string]bool // messages that are given once a file
}

func newDraft(at *lines) *draft {
	d := &draft{at: at, touched: make([]bool, len(at.ours)), said: map[string]bool{}}
	for i, begin := range at.ours {
		end := len(at.text)
		if i+1 < len(at.ours) {
			end = at.ours[i+1]
		}
		d.lines = append(d.lines, string(at.text[begin:end]))
	}
	return d
}

// parseLines returns why some lines are no YAML.
func parseLines(lines []string) error {
	_, _, err := documents([]byte(strings.Join(lines, "")))
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// fits reports whether the first lines are YAML.
func (d *draft) fits(n int) bool { return parseLines(d.lines[:n]) == nil }

// locate returns the line at which a file stops being YAML. The line that
// yaml.v3 reports is often that of the surrounding map, or missing; the
// offending one is the first that cannot be added to the lines above it, which
// also is where an unclosed quote or bracket begins.
func (d *draft) locate(reported int) int {
	last := len(d.lines)
	if len(d.at.text) > locateBytes {
		return min(max(reported, 1), last)
	}
	good, bad := 0, last
	for good+1 < bad {
		if mid := (good + bad) / 2; d.fits(mid) {
			good = mid
		} else {
			bad = mid
		}
	}
	// Lines inside of a bracket or quote do not fit until it is closed: look
	// ahead whether this one is.
	const ahead = 30
	for n := bad + 1; n < min(bad+ahead, last); n++ {
		if d.fits(n) {
			return d.locateFrom(n)
		}
	}
	return bad
}

// locateFrom goes on line by line where bisection was misled.
func (d *draft) locateFrom(good int) int {
	const ahead = 30
	last := len(d.lines)
	for n := good + 1; n <= min(good+ahead, last); n++ {
		if d.fits(n) {
			good = n
		}
	}
	return min(good+1, last)
}
