package source

import (
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/detectviz/detectviz/compiler/diag"
)

var (
	// dashAlone and colonAlone are what misses a space behind it.
	dashAlone  = regexp.MustCompile(`^ *(-)[^- ]`)
	colonAlone = regexp.MustCompile(`^ *(?:- +)?[\w.-]+(:)[^ /:]`)
	// pathAlone is the path of a plugin that has a line of its own.
	pathAlone = regexp.MustCompile(`^ *([a-z0-9]+(?:/[a-z0-9_-]+)+:?)$`)
)

// mend looks for a mistake after whose correction YAML takes a line, and corrects
// it.
func (d *draft) mend(line int) diag.List {
	if len(d.at.text) > locateBytes {
		return nil
	}
	if l := d.straighten(line); l != nil {
		return l
	}
	text := strings.TrimRight(d.lines[line-1], " \t\r\n")
	if m := dashAlone.FindStringSubmatchIndex(text); m != nil && d.try(line, text[:m[3]]+" "+text[m[3]:]) {
		l := d.finding(line, m[2], 1, `a space is missing behind "-"`)
		l[0].Hint = `write a space behind "-"`
		return l
	}
	if m := colonAlone.FindStringSubmatchIndex(text); m != nil && d.try(line, text[:m[3]]+" "+text[m[3]:]) {
		l := d.finding(line, m[2], 1, "a space is missing behind the colon")
		l[0].Hint = "write a space behind the colon"
		return l
	}
	dash := d.itemAbove(line)
	if m := pathAlone.FindStringSubmatchIndex(text); m != nil && dash != "" && d.try(line, dash+text[m[2]:]) {
		l := d.finding(line, m[2], m[3]-m[2], `"- " is missing before this item of a list`)
		l[0].Hint = `an item of a list begins with "- "`
		return l
	}
	return nil
}

// itemAbove is how the list item begins below which a line stands, or empty.
func (d *draft) itemAbove(line int) string {
	for above := line - 1; above > 0; above-- {
		item := d.lines[above-1]
		if i := indent(item); i <= indent(d.lines[line-1]) && strings.HasPrefix(item[i:], "- ") {
			return item[:i] + "- "
		}
	}
	return ""
}

// try puts another text into a line if YAML then takes the line.
func (d *draft) try(line int, text string) bool {
	old := d.lines[line-1]
	d.lines[line-1] = text + "\n"
	if !d.fits(line) {
		d.lines[line-1] = old
		return false
	}
	d.touched[line-1] = true
	return true
}

// straighten replaces characters that look like YAML's in a line and, as far as
// that is needed, in those above it: "name：shop" is a text to YAML, which fails
// at the key below it.
func (d *draft) straighten(line int) (l diag.List) {
	const above = 50
	was := map[int]string{}
	for n := line; n > 0 && n > line-above; n-- {
		written, first := straight(d.lines[n-1])
		if first < 0 || d.touched[n-1] {
			continue
		}
		was[n], d.lines[n-1] = d.lines[n-1], written
		if d.fits(line) {
			break
		}
	}
	done := d.fits(line)
	for n := max(line-above, 1); n <= line; n++ {
		old, changed := was[n]
		if !changed {
			continue
		}
		written := d.lines[n-1]
		if d.lines[n-1] = old; !done || d.fits(line) {
			continue // it has nothing to do with the error
		}
		d.lines[n-1], d.touched[n-1] = written, true
		_, first := straight(old)
		r, size := utf8.DecodeRuneInString(old[first:])
		finding := d.finding(n, first, size, "%s", lookalikes[r].message(r))
		finding[0].Hint = lookalikes[r].hint
		l = append(l, finding...)
	}
	return l
}
