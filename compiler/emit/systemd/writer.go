package systemd

import (
	"bytes"
	"fmt"
	"strings"
)

// writer writes a unit file. Values are escaped by the caller, by text, word or
// command, because systemd reads its directives in different ways.
type writer struct{ bytes.Buffer }

func (w *writer) section(name string) {
	if w.Len() > 0 {
		w.WriteByte('\n')
	}
	fmt.Fprintf(w, "[%s]\n", name)
}

// group begins a group of directives under a comment, one line an argument.
func (w *writer) group(lines ...string) {
	if !bytes.HasSuffix(w.Bytes(), []byte("]\n")) {
		w.WriteByte('\n')
	}
	w.comment(lines...)
}

func (w *writer) comment(lines ...string) {
	for _, line := range lines {
		for part := range strings.SplitSeq(line, "\n") {
			// A backslash at the end of a comment would continue it.
			w.WriteString(strings.TrimRight("# "+part, ` \`) + "\n")
		}
	}
}

// set writes a directive with values in one line; none reset the directive.
func (w *writer) set(directive string, values ...string) {
	fmt.Fprintf(w, "%s=%s\n", directive, strings.Join(values, " "))
}

// text escapes a value that reaches to the end of the line: no specifiers, one
// line (systemd.syntax(7), systemd.unit(5) "Specifiers").
func text(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	return strings.TrimRight(strings.ReplaceAll(s, "%", "%%"), `\`)
}

// word escapes one of several words of a line: quoted when it has to be.
func word(s string) string {
	s = strings.ReplaceAll(s, "%", "%%")
	if s != "" && !strings.ContainsAny(s, " \t\r\n\"'\\;#") {
		return s
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\r", `\r`, "\t", `\t`).Replace(s) + `"`
}

// command escapes a word of a command line, where $ begins a variable.
func command(s string) string { return word(strings.ReplaceAll(s, "$", "$$")) }

// grants writes a directive for each grant, under the reasons for it.
func (w *writer) grants(directive, prefix string, list []grant) {
	for _, g := range list {
		w.comment(g.reasons...)
		w.set(directive, word(prefix+g.value))
	}
}
