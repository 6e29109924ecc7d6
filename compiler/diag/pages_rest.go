package diag

// securityPages are about what a composition must not do in production.
var securityPages = []Page{
	{
		Code:    "DVZ301",
		Kind:    Policy,
		Title:   "a secret in clear text",
		Cause:   "In production a secret never stands in the composition, which is committed, reviewed and copied. dvz writes the place of a secret into the binary, never the secret; where a comment ignores the finding, the secret itself stands in the generated program, as it does in development.",
		Example: "metadata: {environment: production}\n…\n    config: {secret: correct-horse-battery-staple}",
		Remedy:  "Write {env: NAME}, {file: path} or {credential: name} (systemd's LoadCredential=). The secret that was written is known to all who can read the file: change it.",
	},
}

// generatedPages are about the files around the binary.
var generatedPages = []Page{
	{
		Code:    "DVZ401",
		Title:   "an Alloy reference that resolves to nothing",
		Cause:   "A plugin contributes an Alloy component that refers to an export of a component that is not in the generated config. Alloy would refuse to start.",
		Example: "forward_to = [prometheus.remote_write.mimir.receiver]      # and no such component",
		Remedy:  "Add the plugin that contributes the component, or correct the plugin's manifest.",
	},
	{
		Code:    "DVZ402",
		Title:   "two Alloy components have the same name",
		Cause:   "A component's name and label must be unique in an Alloy config.",
		Example: "loki.write \"logs\" { … }\nloki.write \"logs\" { … }",
		Remedy:  "Give the instances that contribute them other names; manifests should take the label from self.instance.",
	},
	{
		Code:    "DVZ403",
		Title:   "the Alloy config does not parse",
		Cause:   "Alloy's own parser refuses the generated file. This is a mistake in a plugin's contribution, or in dvz.",
		Example: "a block name or an attribute name that Alloy does not allow",
		Remedy:  "Correct the manifest of the plugin that the message names; if it names none, please report a bug of dvz.",
	},
	{
		Code:    "DVZ404",
		Kind:    Advice,
		Title:   "Alloy data that nothing receives",
		Cause:   "A contributed component sends data of a kind, such as Prometheus samples, and no component of the generated config takes it.",
		Example: "- core/logging/otelzap: {…}      # its logs go to Alloy, and no integration sends them on",
		Remedy:  "Add an integration that takes the data, or switch the contribution off in the config of the instance.",
	},
	{
		Code:    "DVZ405",
		Title:   "an Alloy component of the wrong form",
		Cause:   "A plugin contributes a component that dvz does not know, one without a label, or a block with a label that takes none.",
		Example: "contributes: alloy: [{name: \"prometheus.scrap\", label: \"x\"}]",
		Remedy:  "Correct the manifest of the plugin. schema/alloy.cue lists the components that manifests may use.",
	},
	{
		Code:    "DVZ410",
		Title:   "a PromQL expression does not parse",
		Cause:   "Prometheus' own parser refuses the expression of an alert rule or a dashboard.",
		Example: "expr: rate(dvz_importer_failures_total[5m] > 0",
		Remedy:  "Correct the expression in the manifest that contributes it.",
	},
	{
		Code:    "DVZ411",
		Kind:    Advice,
		Title:   "an alert rule without a metrics data source",
		Cause:   "An instance contributes an alert rule, but the composition has no data source of metrics that Grafana could ask. The rule is written for Prometheus only.",
		Example: "a composition of importers alone",
		Remedy:  "Add a plugin that contributes a data source of metrics.",
	},
	{
		Code:    "DVZ412",
		Title:   "two data sources have the same name",
		Cause:   "Grafana tells data sources apart by their names; two of one name stop its provisioning.",
		Example: "- community/integrations/loki: {as: a}\n- community/integrations/loki: {as: b}",
		Remedy:  "Give one of them another name in its config.",
	},
	{
		Code:    "DVZ420",
		Kind:    Advice,
		Title:   "systemd cannot express a permission",
		Cause:   "The unit's sandbox follows from the permissions of the plugins. Some have no directive: systemd knows addresses, not host names, so a connection to a named host leaves the network open.",
		Example: "config: {targets: [\"http://db.example.org:9100/metrics\"]}",
		Remedy:  "Nothing, if the wider permission is acceptable; otherwise use addresses.",
	},
	{
		Code:    "DVZ421",
		Title:   "a generated name is too long",
		Cause:   "A unit's, user's or data source's name is built from the names of the composition and the instance, and has a limit of its own: 31 characters for a user, 40 for a Grafana uid.",
		Example: "metadata: {name: observability-platform-of-the-second-data-centre}",
		Remedy:  "Shorten the name of the composition or of the instance.",
	},
	{
		Code:    "DVZ422",
		Title:   "a listen permission that is no address",
		Cause:   "The unit's sandbox allows exactly the addresses that the plugins listen on, so each must be host:port with a port number.",
		Example: "config: {listen: \"127.0.0.1:http\"}",
		Remedy:  "Write the port as a number. If the address is not from your config, the plugin's manifest is at fault.",
	},
}

// buildingPages are about the build.
var buildingPages = []Page{
	{
		Code:    "DVZ501",
		Title:   "no Go toolchain",
		Cause:   "dvz build runs the go command, and it was not found, or it is older than go.mod asks for.",
		Example: "$ PATH=/usr/bin dvz build compositions/dev-platform",
		Remedy:  "Install Go from https://go.dev/dl/ and see that go version works in the same shell. vet, plan and generate need no Go.",
	},
	{
		Code:    "DVZ502",
		Title:   "go build failed",
		Cause:   "The generated program does not compile. The Go compiler's lines are shown, and the instance whose lines they are.",
		Example: "a plugin that lists start in its lifecycle and has no method OnStart",
		Remedy:  "Correct the plugin. If the lines belong to no plugin, please report a bug of dvz.",
	},
	{
		Code:    "DVZ503",
		Title:   "the output cannot be written",
		Cause:   "A file below generated/ or bin/ could not be written: a read-only folder, a full disk, a missing permission. What was there before is untouched.",
		Example: "$ chmod a-w generated && dvz generate",
		Remedy:  "Make the folder writable or free some space, and run the command again.",
	},
}
