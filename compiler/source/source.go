// Package source reads a composition folder: the first stage of the compiler.
// It knows the language's syntax and shape, keeps the position of every value,
// and knows nothing of plugins' own configs.
//
// The composition is written in YAML, CUE or JSON, and may be changed by
// overlays. Whatever the source, what leaves this package is one tree of nodes
// in the documented form:
//
//	YAML, JSON → yaml.v3 nodes → Normalise ─┐
//	CUE → evaluated value ──────────────────┴→ Node → overlays → Composition
package source

import "github.com/detectviz/detectviz/compiler/diag"

// Kind is the kind of a Node.
type Kind int

// The kinds of nodes.
const (
	Null Kind = iota
	Bool
	Int
	Float
	String
	List
	Map
)

// Node is a value as the user wrote it, with its place.
type Node struct {
	Kind   Kind
	Text   string // scalars: the decoded text ("true", "15", "15s")
	Items  []*Node
	Fields []Field // maps, in the order of the file
	Pos    diag.Pos
	Width  int // bytes of the scalar in the file, quotes included; 0: unknown
	// Broken says that a fault of the value was reported and that it is null for
	// that reason: it is written, and nothing more is to be said of it.
	Broken bool

	// pluginType is the type that an entry of the seed's core_plugins gives. It is
	// no field: the documented form has none of that name.
	pluginType *Node
}

// Field is a key and its value in a map.
type Field struct {
	Key   string
	Pos   diag.Pos
	Width int // of the key, as in Node
	Value *Node
}

// Get returns the value of a key of a map, or nil.
func (n *Node) Get(key string) *Node {
	if n == nil {
		return nil
	}
	for i := range n.Fields {
		if n.Fields[i].Key == key {
			return n.Fields[i].Value
		}
	}
	return nil
}

// Text is a string with its place.
type Text struct {
	Value string
	Pos   diag.Pos
	Width int // as in Node
}

// Composition is a composition as written, in the documented form, with its
// overlays applied.
type Composition struct {
	Dir      string   // the folder as it should be shown, slash separated
	File     string   // the composition file as it should be shown
	Bytes    []byte   // its content, for excerpts and digests
	Overlays []string // the names of the overlays, in the order in which they apply
	Root     *Node
	Meta     *Node    // meta.yaml; nil when there is none
	Ignores  []Ignore // of all files, in their order

	Name, Version, Description, Environment Text

	Params    []Param
	Plugins   []Plugin // in the order of the file, disabled ones included
	Pipelines []Pipeline
	Health    Health
	Limits    Limits
}

// Ignore is a comment "dvz:ignore DVZ203 because …", which suppresses the
// findings of a code on one line.
type Ignore struct {
	Pos    diag.Pos // of the comment
	Width  int
	Line   int // whose findings it suppresses, in the same file
	Code   string
	Reason string // what follows "because"
}

// Param is a declared parameter.
type Param struct {
	Name    Text
	Type    string // string, int, bool, duration, size, address, url or enum
	Default *Node  // nil: must be given at run time
	Env     string
	Help    string
	Values  []string // of an enum
	Min     string   // as written; empty: unbounded
	Max     string
}

// Plugin is one entry of spec.plugins.
type Plugin struct {
	Path      Text // "community/importers/prometheus"
	Type      Text // what the seed's form (core_plugins) says of the plugin's type; empty: nothing
	Version   Text // constraint on the plugin's version, such as ">=0.1.0 <1"; empty: any
	As        Text // the written instance name; empty: the plugin's short name
	Enabled   bool
	DependsOn []Text
	Config    *Node // a map, or nil
	Delivery  Delivery
	Pos       diag.Pos
}

// Delivery is how data reaches an exporter; zero values mean the defaults.
type Delivery struct {
	Pos        diag.Pos // zero: not written
	QueueSize  int      // items; default 10000
	WhenFull   string   // block (default), drop_oldest or drop_newest
	MaxElapsed string   // duration, default 5m
}

// Pipeline is one entry of spec.pipelines.
type Pipeline struct {
	Name              Text
	From, Through, To []Text
}

// Health is spec.health with its defaults filled in.
type Health struct {
	Enabled  bool
	Interval string // duration
	Timeout  string // duration
	Listen   string // may contain ${params.x}; empty: no listener of its own
	All      bool   // include: all
	Include  []Text
}

// Limits is spec.limits.
type Limits struct {
	Memory string // size as written, empty: none
	CPU    string // percentage as written, empty: none
}
