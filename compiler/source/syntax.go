package source

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"

	"gopkg.in/yaml.v3"

	"github.com/detectviz/detectviz/compiler/diag"
)

// checkText reports the first byte of a file that is not plain text.
func checkText(at *lines) (l diag.List) {
	if bytes.HasPrefix(at.text, []byte("\xff\xfe")) || bytes.HasPrefix(at.text, []byte("\xfe\xff")) {
		l.Errorf("DVZ003", diag.Pos{File: at.file}, "the file is UTF-16").Hint = "save the file as UTF-8"
		return l
	}
	for i := 0; i < len(at.text); {
		r, size := utf8.DecodeRune(at.text[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			l.Errorf("DVZ003", at.pos(i), "the file is not UTF-8 text: the byte 0x%02x is not a character", at.text[i]).Hint = "save the file as UTF-8"
			return l
		case r == 0:
			l.Errorf("DVZ003", at.pos(i), "the file holds a NUL byte; it is not a text file")
			return l
		case r == '\r' && !bytes.HasPrefix(at.text[i+1:], []byte("\n")):
			l.Errorf("DVZ003", at.pos(i), "the file holds a carriage return without a line feed").Hint = "save the file with the line breaks of Unix or Windows"
			return l
		case r < ' ' && r != '\t' && r != '\n' && r != '\r', r > '~' && r < '\u00a0' && r != '\u0085',
			r == '\ufeff' && i > 0, r == '\ufffe', r == '\uffff':
			l.Errorf("DVZ003", at.pos(i), "the file holds the control character U+%04X", r).Hint = "remove it, or write it as an escape in double quotes"
			return l
		}
		i += size
	}
	return l
}

// documents returns the first document of a YAML file that holds something, and
// the second one if there is one. The error is io.EOF when there is none.
func documents(text []byte) (first, second *yaml.Node, err error) {
	defer func() {
		// The fuzzer of yaml.v3 is not ours: a fault in it must not end dvz.
		if r := recover(); r != nil {
			err = fmt.Errorf("yaml: the parser failed: %v", r)
		}
	}()
	dec := yaml.NewDecoder(bytes.NewReader(text))
	for {
		var next yaml.Node
		switch err := dec.Decode(&next); {
		case errors.Is(err, io.EOF) && first != nil:
			return first, second, nil
		case err != nil:
			return nil, nil, err
		case len(next.Content) == 0 || isNothing(next.Content[0]): // behind a --- at the end
		case first == nil:
			first = &next
		case second == nil:
			second = &next
		}
	}
}
