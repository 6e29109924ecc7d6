package main

import (
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"

	"github.com/detectviz/detectviz/compiler/link"
)

// The progress bar has a number of columns between these; where a terminal has
// no room for the least, there is no bar.
const (
	mostBar  = 30
	leastBar = 5
)

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
	capable := os.Getenv("TERM") != "dumb"
	return &progress{w: c.err, terminal: capable && term.IsTerminal(int(os.Stderr.Fd())), name: name}
}

func (p *progress) update(s link.Status) {
	if p.terminal {
		width, _, err := term.GetSize(int(os.Stderr.Fd())) // it may change while we build
		if err != nil || width == 0 {
			width = 80
		}
		p.show("\r" + bar(p.name, s, width) + "\x1b[K")
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

// bar draws one line that is shorter than the terminal: a longer one would wrap,
// and could not be drawn over.
func bar(name string, s link.Status, width int) string {
	var share float64
	var text string
	switch {
	case s.Linking:
		share, text = 1, "linking"
	case s.Total > 0:
		share = float64(min(s.Done, s.Total)) / float64(s.Total)
		text = fmt.Sprintf("%d/%d packages", s.Done, s.Total)
	}
	line := name + " " + text
	if room := min(mostBar, width-1-len(line)-len("[] ")); room >= leastBar {
		full := int(share * float64(room))
		line = fmt.Sprintf("%s [%s%s] %s", name, strings.Repeat("=", full), strings.Repeat(" ", room-full), text)
	}
	return strings.TrimRight(line[:min(len(line), max(width-1, 0))], " ")
}

// done clears the bar.
func (p *progress) done() {
	if p.terminal && p.shown != "" {
		io.WriteString(p.w, "\r\x1b[K")
	}
}
