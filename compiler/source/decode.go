package source

import (
	"cmp"
	"strconv"
)

// decode fills in what the tree says. It takes what has the expected shape and
// fills in the defaults of schema #Composition; it reports nothing: whatever else
// the tree holds is found by package check, which walks the tree along the
// schema.
func (c *Composition) decode() {
	root := c.Root
	metadata, spec := root.Get("metadata"), root.Get("spec")
	c.Name = text(metadata.Get("name"))
	c.Version = text(metadata.Get("version"))
	c.Description = text(metadata.Get("description"))
	c.Environment = text(metadata.Get("environment"))
	c.Health = decodeHealth(spec.Get("health"))
	c.Limits = Limits{Memory: text(spec.Get("limits").Get("memory")).Value, CPU: text(spec.Get("limits").Get("cpu")).Value}
	c.Environment.Value = cmp.Or(c.Environment.Value, "production")
	for _, f := range root.Get("params").fields() {
		c.Params = append(c.Params, decodeParam(f))
	}
	for _, entry := range spec.Get("plugins").items() {
		c.Plugins = append(c.Plugins, decodePlugin(entry))
	}
	for _, f := range spec.Get("pipelines").fields() {
		c.Pipelines = append(c.Pipelines, Pipeline{
			Name:    Text{Value: f.Key, Pos: f.Pos, Width: f.Width},
			From:    texts(f.Value.Get("from")),
			Through: texts(f.Value.Get("through")),
			To:      texts(f.Value.Get("to")),
		})
	}
}

func decodeParam(f Field) Param {
	p := Param{
		Name:    Text{Value: f.Key, Pos: f.Pos, Width: f.Width},
		Type:    text(f.Value.Get("type")).Value,
		Default: f.Value.Get("default"),
		Env:     text(f.Value.Get("env")).Value,
		Help:    text(f.Value.Get("help")).Value,
		Min:     text(f.Value.Get("min")).Value,
		Max:     text(f.Value.Get("max")).Value,
	}
	for _, v := range texts(f.Value.Get("values")) {
		p.Values = append(p.Values, v.Value)
	}
	if p.Default != nil && p.Default.Kind == Null {
		p.Default = nil
	}
	return p
}

// decodePlugin also understands options that stand beside the path instead of
// below it ("- core/x:\n  as: y"): package check reports that, and can then
// still check the options.
func decodePlugin(entry *Node) Plugin {
	p := Plugin{Enabled: true, Pos: entry.Pos}
	var options *Node
	switch {
	case entry.Kind == String:
		p.Path = text(entry)
	case len(entry.Fields) > 0:
		first := entry.Fields[0]
		p.Path = Text{Value: first.Key, Pos: first.Pos, Width: first.Width}
		options = first.Value
		if options.Kind == Null && len(entry.Fields) > 1 {
			options = &Node{Kind: Map, Fields: entry.Fields[1:], Pos: entry.Fields[1].Pos}
		}
	}
	p.As = text(options.Get("as"))
	p.Version = text(options.Get("version"))
	if options != nil {
		p.Type = text(options.pluginType)
	}
	if enabled := options.Get("enabled"); enabled != nil && enabled.Kind == Bool {
		p.Enabled = enabled.Text == "true"
	}
	p.DependsOn = texts(options.Get("depends_on"))
	if config := options.Get("config"); config != nil && config.Kind == Map {
		p.Config = config
	}
	p.Delivery = decodeDelivery(options.Get("delivery"))
	return p
}

func decodeDelivery(n *Node) Delivery {
	d := Delivery{
		QueueSize:  10_000,
		WhenFull:   cmp.Or(text(n.Get("queue").Get("when_full")).Value, "block"),
		MaxElapsed: cmp.Or(text(n.Get("retry").Get("max_elapsed")).Value, "5m"),
	}
	if n != nil {
		d.Pos = n.Pos
	}
	if size := n.Get("queue").Get("size"); size != nil && size.Kind == Int {
		if i, err := strconv.Atoi(size.Text); err == nil {
			d.QueueSize = i
		}
	}
	return d
}

func decodeHealth(n *Node) Health {
	h := Health{
		Enabled:  true,
		Interval: cmp.Or(text(n.Get("interval")).Value, "30s"),
		Timeout:  cmp.Or(text(n.Get("timeout")).Value, "5s"),
		Listen:   text(n.Get("listen")).Value,
	}
	if enabled := n.Get("enabled"); enabled != nil && enabled.Kind == Bool {
		h.Enabled = enabled.Text == "true"
	}
	include := n.Get("plugins").Get("include")
	h.Include = texts(include)
	h.All = include == nil || include.Kind != List
	return h
}

// text returns a scalar as text.
func text(n *Node) Text {
	if n == nil {
		return Text{}
	}
	return Text{Value: n.Text, Pos: n.Pos, Width: n.Width}
}

func texts(n *Node) []Text {
	var all []Text
	for _, item := range n.items() {
		if item.Kind != Map && item.Kind != List && item.Kind != Null {
			all = append(all, text(item))
		}
	}
	return all
}

func (n *Node) items() []*Node {
	if n == nil {
		return nil
	}
	return n.Items
}

func (n *Node) fields() []Field {
	if n == nil {
		return nil
	}
	return n.Fields
}
