package diag

// shapePages are about fields and values.
var shapePages = []Page{
	{
		Code:    "DVZ101",
		Title:   "unknown plugin",
		Cause:   "No plugin has this path. A plugin is named by its path below plugins/, for example community/importers/prometheus.",
		Example: "spec:\n  plugins:\n    - community/importers/promethius: {}",
		Remedy:  "Take the suggested path, or find it with dvz plugins list.",
	},
	{
		Code:    "DVZ102",
		Title:   "unknown field",
		Cause:   "The composition, or the plugin's config, has no field of this name. Nothing would read it.",
		Example: "config:\n  intervall: 15s",
		Remedy:  "Take the suggested name, or see the plugin's fields with dvz plugins show.",
	},
	{
		Code:    "DVZ103",
		Title:   "a required field is missing",
		Cause:   "The field has no default, so it must be written.",
		Example: "- community/importers/prometheus:\n    config: {interval: 15s}     # no targets",
		Remedy:  "Add the field; the hint says what it is.",
	},
	{
		Code:    "DVZ104",
		Title:   "a value of the wrong kind",
		Cause:   "The field takes another kind of value: a text instead of a number, one value instead of a list, and so on. YAML reads yes, no, on and off as text.",
		Example: "config:\n  targets: http://127.0.0.1:9100/metrics     # a list is expected",
		Remedy:  "Write the value as the message says.",
	},
	{
		Code:    "DVZ105",
		Title:   "a value that is not allowed",
		Cause:   "The value has the right kind but not the right form, or it is out of range.",
		Example: "config:\n  interval: 5 seconds     # durations are written 5s",
		Remedy:  "Change the value as the message says. Durations are written 15s or 1h30m, sizes 256MiB, addresses host:port.",
	},
	{
		Code:    "DVZ106",
		Title:   "a value that is not one of the allowed ones",
		Cause:   "The field takes one of a few words.",
		Example: "delivery:\n  queue: {when_full: drop}",
		Remedy:  "Take one of the words in the message.",
	},
	{
		Code:    "DVZ107",
		Title:   "a list with too few or too many items",
		Cause:   "The field needs at least, or at most, a certain number of items.",
		Example: "config:\n  targets: []",
		Remedy:  "Add or remove items; an optional list can be left out altogether.",
	},
	{
		Code:    "DVZ108",
		Title:   "a plugin entry of the wrong shape",
		Cause:   "An item of spec.plugins is a plugin's path, or a map with the path as its only key. Most often the options stand at the level of the path instead of below it.",
		Example: "- community/importers/prometheus:\n  as: node        # must be indented below the path",
		Remedy:  "Indent the options, and begin each plugin with a dash of its own.",
	},
	{
		Code:    "DVZ109",
		Title:   "values that contradict each other",
		Cause:   "Each value is allowed alone, but the plugin's schema forbids them together.",
		Example: "config:\n  min: 10\n  max: 5",
		Remedy:  "Change one of them; dvz plugins show prints what the plugin says of its fields.",
	},
	{
		Code:    "DVZ110",
		Title:   "a limit under which the service cannot run",
		Cause:   "A memory limit below 16MiB does not hold even an idle Go program, and 0% of a processor does not run it.",
		Example: "limits: {memory: 4MiB}",
		Remedy:  "Raise the limit, or leave it out.",
	},
	{
		Code:    "DVZ111",
		Kind:    Advice,
		Title:   "health checks that overlap",
		Cause:   "The timeout of a health check is longer than the interval between two, so that a slow instance is still being asked when its next check is due.",
		Example: "health: {interval: 5s, timeout: 30s}",
		Remedy:  "Make the timeout shorter than the interval.",
	},
}
