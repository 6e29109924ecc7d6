// Package format prints the files of a composition in one form: those of the
// seed document's forms become the documented one, indentation is two spaces,
// lists stand below their keys, and at most one blank line separates two things.
// What an author chose on purpose stays: comments, the order of keys, quotes,
// and whether a list or map stands in brackets or on lines of its own. It stands
// beside the compiler's stages, and uses only source.
//
// YAML is not printed by yaml.v3's encoder: it drops blank lines, moves and
// loses comments (those before a list's first item, behind a key, at the end of
// a block) and rewrites the escapes and line breaks of texts. The tree of
// yaml.v3 only says where each value begins. A scanner walks through the text
// along the tree and gives every byte to a value, a comment or an indicator, or
// fails; the printer then writes the values as they were written, in their new
// places.
//
// The result is read again and compared with what was read first, comments
// included. A file that would not mean the same is left alone.
package format

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"strings"

	cue "cuelang.org/go/cue/format"

	"github.com/detectviz/detectviz/compiler/diag"
	"github.com/detectviz/detectviz/compiler/source"
)

// Format returns the content of a composition, an overlay or a meta.yaml as it
// should be written; the file's name says whether it is YAML, CUE or JSON. For
// named see source.Options.PluginNamed.
//
// The findings are those of source: a file with any error is not formatted. The
// error says that dvz fmt cannot keep what the file holds, and where.
func Format(file string, content []byte, named func(name, pluginType string) string) ([]byte, diag.List, error) {
	switch l := unreadable(file, content); {
	case len(l) == 1 && l[0].Code == "DVZ006":
		return content, nil, nil // empty: only of a composition that is a mistake
	case l.HasErrors():
		return nil, l, nil
	}
	var out []byte
	var err error
	switch path.Ext(file) {
	case ".json":
		out, err = formatJSON(content)
	case ".cue":
		out, err = cue.Source(content)
	default:
		out, err = formatYAML(file, content, named)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("%w; the file is left as it is", err)
	}
	return out, nil, nil
}

// unreadable returns why a file cannot be formatted.
func unreadable(file string, content []byte) diag.List {
	if len(content) > source.MaxBytes {
		var l diag.List
		l.Errorf("DVZ002", diag.Pos{File: file}, "the file has more than %d MB; a composition is a few kilobytes", source.MaxBytes>>20)
		return l
	}
	_, l := source.Parse(file, content)
	return l
}

func formatJSON(content []byte) ([]byte, error) {
	var out bytes.Buffer
	if err := json.Indent(&out, bytes.TrimSpace(content), "", "  "); err != nil {
		return nil, err
	}
	out.WriteByte('\n')
	return out.Bytes(), nil
}

func formatYAML(file string, content []byte, named func(name, pluginType string) string) ([]byte, error) {
	if path.Base(file) == "meta.yaml" {
		named = nil
	}
	before, err := read(content, named)
	if err != nil {
		return nil, at(file, err)
	}
	out := before.print()
	after, err := read(out, nil)
	if err != nil {
		return nil, fmt.Errorf("%s: dvz fmt cannot print this file (%w)", file, err)
	}
	if err := before.same(after); err != nil {
		return nil, at(file, err)
	}
	return out, nil
}

// misfit is a place that cannot be formatted. Its line counts as YAML's do.
type misfit struct {
	line, column int // 0: the file as a whole
	message      string
}

func (m *misfit) Error() string { return m.message }

func at(file string, err error) error {
	if m, ok := errors.AsType[*misfit](err); ok && m.line > 0 {
		return fmt.Errorf("%s: %w", diag.Pos{File: file, Line: m.line, Column: m.column}, err)
	}
	return fmt.Errorf("%s: %w", file, err)
}

// plainText is a file without what no line needs: carriage returns and the mark
// with which some editors begin a file.
func plainText(content []byte) string {
	text := strings.TrimPrefix(string(content), "\uFEFF")
	return strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(text)
}
