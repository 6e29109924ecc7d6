package source

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
)

// FileName is the file of a composition folder that holds the composition, in
// the form to document. See Find for the others.
const FileName = "composition.yaml"

// kinds are the endings of the files that a composition or an overlay can be
// written in.
var kinds = []string{".yaml", ".cue", ".json"}

// severalError says that a folder holds one thing in several kinds of files.
type severalError struct{ names []string }

func (e *severalError) Error() string {
	return fmt.Sprintf("the folder holds both %s; one of them would be ignored", strings.Join(e.names, " and "))
}

// Find returns the file of a folder that holds its composition: composition.yaml,
// composition.cue or composition.json. The error is fs.ErrNotExist when there is
// none, and names the files when there are several.
func Find(folder fs.FS) (name string, err error) {
	return find(folder, "composition")
}

// find returns the one file of a stem, such as "overlays/prod".
func find(folder fs.FS, stem string) (string, error) {
	var names []string
	for _, kind := range kinds {
		switch _, err := fs.Stat(folder, stem+kind); {
		case err == nil:
			names = append(names, stem+kind)
		case !errors.Is(err, fs.ErrNotExist):
			return stem + kind, err
		}
	}
	switch len(names) {
	case 0:
		return "", &fs.PathError{Op: "open", Path: stem + kinds[0], Err: fs.ErrNotExist}
	case 1:
		return names[0], nil
	}
	return "", &severalError{names: names}
}
