package main

import (
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"

	"github.com/detectviz/detectviz/compiler/link"
)

// barWidth is the number of columns of the progress bar.
const barWidth = 30

// progress shows how far a build is: a bar on a terminal, a few plain lines
// elsewhere. A build of which nothing is to be done shows nothing.
type progress struct {
	w        io.Writer
	terminal bool
	name     string
	shown    string // the last line
	quarter  int    // of the packages, the last that was told
}

func (c *cli) progress(name string) *progress {
	return &progress{w: c.err, terminal: term.IsTerminal(int(os.Stderr.Fd())), name: name}
}

func (p *progress) update(s link.Status) {
	if p.terminal {
		p.show("\r" + p.bar(s) + "\x1b[K")
		return
	}
	switch {
	case p.shown == "":
		p.show("building " + p.name + "\n")
	case s.Linking:
		p.show("linking " + p.name + "\n")
	case s.Total > 0 && s.Done*4/s.Total > p.quarter:
		p.quarter = s.Done * 4 / s.Total
		p.show(fmt.Sprintf("compiled %d of %d packages\n", s.Done, s.Total))
	}
}

// show writes a line unless it is the one that was written last.
func (p *progress) show(line string) {
	if line != p.shown {
		io.WriteString(p.w, line)
		p.shown = line
	}
}

func (p *progress) bar(s link.Status) string {
	switch {
	case s.Linking:
		return fmt.Sprintf("%s [%s] linking", p.name, strings.Repeat("=", barWidth))
	case s.Total == 0:
		return fmt.Sprintf("%s [%s]", p.name, strings.Repeat(" ", barWidth))
	}
	full := min(s.Done, s.Total) * barWidth / s.Total
	return fmt.Sprintf("%s [%s%s] %d/%d packages", p.name, strings.Repeat("=", full), strings.Repeat(" ", barWidth-full), s.Done, s.Total)
}

// done clears the bar.
func (p *progress) done() {
	if p.terminal && p.shown != "" {
		io.WriteString(p.w, "\r\x1b[K")
	}
}
