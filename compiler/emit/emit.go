// Package emit names what a back end yields. Each back end is a package below
// it, a pure function from a plan to files: it reads no disk, no clock and no
// environment, so that the same plan always gives the same bytes.
package emit

// File is a generated file.
type File struct {
	Path    string // relative to generated/<name>, slash separated
	Content []byte
}
