// Package params reads the values that may change without a rebuild: typed,
// bounded, from a flag or an environment variable. The flag wins.
package params

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"
)

// Param is one value that the operator may set.
type Param struct {
	// Name is the param's name; its flag is written with - for _.
	Name string
	Help string
	// Env is the environment variable that sets it; may be empty. An empty
	// variable counts as not set.
	Env   string
	Value Value
	// Required params have no default.
	Required bool
	// Min and Max bound ints, durations and sizes, both inclusive, written as
	// the flag would be; empty means no bound.
	Min, Max string
}

// Flag is the param's flag, "--health-listen".
func (p *Param) Flag() string { return "--" + p.flagName() }

func (p *Param) flagName() string { return strings.ReplaceAll(p.Name, "_", "-") }

// Set is the params of a program on their way from the command line.
type Set struct {
	params []Param
	given  []input // one a param
}

// input is a flag.Value that only remembers: values are parsed later, all
// together, so that all errors are shown at once.
type input struct {
	text   string
	set    bool
	isBool bool
}

func (i *input) String() string   { return "" }
func (i *input) IsBoolFlag() bool { return i.isBool }
func (i *input) Set(s string) error {
	i.text, i.set = s, true
	return nil
}

// Register adds a flag for each param. Two flags of one name are an error.
func Register(flags *flag.FlagSet, list []Param) (*Set, error) {
	s := &Set{params: list, given: make([]input, len(list))}
	for i := range list {
		p := &list[i]
		if flags.Lookup(p.flagName()) != nil {
			return nil, fmt.Errorf("param %s: the flag %s exists already; rename the param in the composition", p.Name, p.Flag())
		}
		s.given[i].isBool = p.Value.Type() == "bool"
		flags.Var(&s.given[i], p.flagName(), p.Help)
	}
	return s, nil
}

// Resolve sets every param from its flag or else its environment variable, and
// returns one error that lists all params that are wrong or missing, one line
// each, or nil. It is called after the flags were parsed.
func (s *Set) Resolve() error {
	var errs []error
	for i := range s.params {
		if err := s.resolve(&s.params[i], s.given[i]); err != nil {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

func (s *Set) resolve(p *Param, in input) error {
	origin := p.Flag()
	if !in.set && p.Env != "" {
		if v := os.Getenv(p.Env); v != "" {
			in.text, in.set = v, true
			origin = "environment variable " + p.Env
		}
	}
	if p.Required && in.text == "" {
		if p.Env == "" {
			return fmt.Errorf("%s is required", p.Flag())
		}
		return fmt.Errorf("%s is required: give the flag or set the environment variable %s", p.Flag(), p.Env)
	}
	if !in.set {
		return nil
	}
	if err := p.Value.set(in.text, p.Min, p.Max); err != nil {
		return fmt.Errorf("%s: %w", origin, err)
	}
	return nil
}
