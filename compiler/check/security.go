package check

import (
	"net/url"
	"slices"
	"strings"

	"github.com/detectviz/detectviz/compiler/catalog"
)

// production reports whether the rules for production hold.
func (w *world) production() bool { return w.c.Environment.Value != "development" }

// urls returns the URLs that an instance calls itself, or has Alloy or Grafana
// call.
func (d *deed) urls() []string {
	var all []string
	for _, perm := range d.says.Permissions {
		if perm.Action == "network" {
			all = append(all, perm.Scope...)
		}
	}
	for _, b := range d.says.Alloy {
		all = append(all, called(b)...)
	}
	for _, ds := range d.says.Datasources {
		all = append(all, ds.URL)
	}
	return slices.DeleteFunc(all, func(s string) bool { return !strings.Contains(s, "://") })
}

// called returns the URLs in a block of Alloy.
func called(b catalog.AlloyBlock) []string {
	var all []string
	for _, a := range b.Attributes {
		if text, ok := a.Value.(string); ok {
			all = append(all, text)
		}
	}
	for _, inner := range b.Blocks {
		all = append(all, called(inner)...)
	}
	return all
}

// foreign parses a URL that leads to another machine.
func foreign(text string) (u *url.URL, ok bool) {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || loopback(u.Hostname()) || anyHost(u.Hostname()) {
		return nil, false
	}
	return u, true
}
