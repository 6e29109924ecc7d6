package link

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"strings"
)

// buildEvent is a line of go build -json (go help buildjson).
type buildEvent struct {
	ImportPath string
	Action     string
	Output     string
}

// compile runs go build. It returns the packages if their list came in time.
func (b *build) compile(ctx context.Context, work, output string, listed <-chan []pkg) ([]pkg, error) {
	args := append(b.args(), "-json", "-v", "-o", output, b.program())
	cmd := b.command(b.environ("GOTMPDIR="+work), args...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("running go: %w", err)
	}
	b.Progress(Status{})
	if err := cmd.start(ctx); err != nil {
		return nil, noGo(b.Root, err)
	}

	packages, said := b.follow(stdout, listed)
	err = cmd.wait(ctx)
	switch {
	case ctx.Err() != nil:
		return nil, fmt.Errorf("the build of %s was interrupted: %w", filepath.Base(b.Package), context.Cause(ctx))
	case err != nil:
		return nil, b.explain(said, stderr.String(), err)
	}
	return packages, nil
}

// follow reads what go build says until it ends, and passes the progress on.
func (b *build) follow(stdout io.Reader, listed <-chan []pkg) (packages []pkg, said report) {
	lines := make(chan []byte)
	go func() {
		defer close(lines)
		r := bufio.NewReader(stdout)
		for {
			line, err := r.ReadBytes('\n')
			if len(line) > 0 {
				lines <- line
			}
			if err != nil {
				return
			}
		}
	}()
	count := newCounter()
	for {
		select {
		case packages = <-listed:
			listed = nil
			if packages != nil {
				count.know(packages)
			}
		case line, ok := <-lines:
			if !ok {
				return packages, said
			}
			var e buildEvent
			switch {
			case json.Unmarshal(line, &e) != nil:
				said.add(buildEvent{Output: string(line)})
			case !isPackageLine(e):
				said.add(e)
			default:
				count.begin(e.ImportPath)
				b.Progress(Status{
					Done: len(count.done), Total: len(packages),
					Linking: len(packages) > 0 && packages[len(packages)-1].ImportPath == e.ImportPath,
				})
			}
		}
	}
}

// isPackageLine reports whether a line of go build -v names the package that is
// being compiled.
func isPackageLine(e buildEvent) bool {
	return e.Action == "build-output" && strings.TrimSuffix(e.Output, "\n") == e.ImportPath
}
