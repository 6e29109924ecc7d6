package diag

// languagePages are about forms, sources in CUE and JSON, and overlays.
var languagePages = []Page{
	{
		Code:    "DVZ014",
		Title:   "one thing is written in two files",
		Cause:   "A composition is one file: composition.yaml, composition.cue or composition.json. The same holds for an overlay. Where two of them stand beside each other, it is not clear which one counts.",
		Example: "compositions/dev-platform/composition.yaml\ncompositions/dev-platform/composition.cue",
		Remedy:  "Keep one of them and remove the others.",
	},
	{
		Code:    "DVZ015",
		Title:   "the file is not JSON",
		Cause:   "The file ends in .json and breaks a rule of JSON: keys and texts stand in double quotes, there is no comma behind the last value, there are no comments, and numbers have no leading zeros. Nothing behind this place could be checked.",
		Example: "{\"metadata\": {\"name\": \"dev-platform\", \"version\": \"1.0.0\",}}",
		Remedy:  "Correct the place. For a composition that people write, YAML or CUE is more pleasant: both have comments.",
	},
	{
		Code:    "DVZ016",
		Title:   "the file is not CUE",
		Cause:   "The file ends in .cue and CUE's parser stopped here: a quote or bracket that is not closed, a missing comma or colon, a text without quotes. Nothing behind this place could be checked.",
		Example: "metadata: {\n\tname: \"dev-platform\"\n\tversion \"1.0.0\"\n}",
		Remedy:  "Correct the place. The command cue fmt shows the same faults while you write.",
	},
	{
		Code:    "DVZ017",
		Title:   "a value cannot be computed from the CUE file",
		Cause:   "Two places give one field values that do not agree, a value breaks a rule that stands in the same file, or an expression has no result. All places that take part are shown. What plugins demand is checked later.",
		Example: "#Fast: interval: \"5s\"\nspec: plugins: [{\"community/importers/prometheus\": config: #Fast & {interval: \"15s\"}}]",
		Remedy:  "Change one of the places. To let a value be replaced, write it as a default: interval: *\"5s\" | string.",
	},
	{
		Code:    "DVZ018",
		Title:   "a value of the CUE file is left open",
		Cause:   "A composition says everything: each field has one value. This field only has a type, a rule, several alternatives without a default, or depends on something that is open itself.",
		Example: "metadata: name: string",
		Remedy:  "Give the field a value or a default (*\"a\" | \"b\"). What is only a helper belongs into a hidden field (_x) or a definition (#X), which may stay open.",
	},
	{
		Code:    "DVZ019",
		Title:   "the CUE file needs more than itself",
		Cause:   "A composition in CUE is one file that gives the same result everywhere. It can import packages of CUE's standard library, but no modules, no tools and no other files.",
		Example: "import \"example.com/defaults\"",
		Remedy:  "Copy what is needed into the file. Values that differ from place to place belong into params or overlays.",
	},
	{
		Code:    "DVZ020",
		Title:   "the evaluation of the CUE file takes too long",
		Cause:   "CUE is a language in which a few lines can mean very much work. The evaluation was given up after five seconds or a gigabyte of memory; a composition takes some milliseconds.",
		Example: "import \"list\"\n\n_all: [for x in list.Range(0, 100000000, 1) {x}]",
		Remedy:  "Look for comprehensions over large lists, for lists that contain others many times, and for alternatives that multiply each other.",
	},
	{
		Code:    "DVZ021",
		Title:   "there is no such overlay",
		Cause:   "The name that was given with --overlay is not that of a file in the composition's folder overlays/.",
		Example: "$ dvz vet dev-platform --overlay prdo",
		Remedy:  "Name an overlay by its file without the ending: prod for overlays/prod.yaml.",
	},
	{
		Code:    "DVZ022",
		Title:   "the overlays cannot be applied as they are named",
		Cause:   "An overlay is named by its file in overlays/ without the ending, so a name is no path. Each overlay is applied once, in the order in which they are given; the later wins.",
		Example: "$ dvz vet dev-platform --overlay overlays/prod.yaml",
		Remedy:  "Give the bare name, once.",
	},
	{
		Code:    "DVZ023",
		Kind:    Advice,
		Title:   "a part of an overlay changes nothing",
		Cause:   "The overlay writes a value that the composition, with the overlays before it, already has. It is left over, or another field was meant.",
		Example: "# composition.yaml\nmetadata: {name: dev-platform, version: 1.0.0, environment: development}\n# overlays/dev.yaml\nmetadata: {environment: development}",
		Remedy:  "Remove it from the overlay, or write the value that you mean.",
	},
	{
		Code:    "DVZ024",
		Title:   "an overlay puts a map over a list, or a list over a map",
		Cause:   "Overlays merge maps by their keys and replace texts, numbers and lists. A map and a list of the same name have nothing in common, so one of the two files has the wrong form.",
		Example: "# composition.yaml\nspec: {plugins: [core/server/http]}\n# overlays/prod.yaml\nspec: {plugins: {core/server/http: {config: {listen: \":80\"}}}}",
		Remedy:  "Write the value in the form that it has in the composition; spec.plugins is a list in an overlay, too.",
	},
}
