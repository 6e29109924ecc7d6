package diag

// workspacePages are about a workspace: dvz.yaml, its plugins and their module.
var workspacePages = []Page{
	{
		Code:    "DVZ510",
		Title:   "dvz.yaml is not as it should be",
		Cause:   "The file marks a workspace and says which framework it is for. It has one field, framework: a version, or a folder with the framework's sources.",
		Example: "framwork: v0.1.0",
		Remedy:  "Write framework: v0.1.0, with the version of your dvz (dvz version), or framework: {replace: ../detectviz}.",
	},
	{
		Code:    "DVZ511",
		Title:   "the workspace is for another version of dvz",
		Cause:   "The manifests of plugins, the language of compositions and the generated code belong together, so that a workspace is for one version of dvz. This dvz has another one.",
		Example: "framework: v0.2.0      # and dvz version prints 0.1.0",
		Remedy:  "Run the dvz of the workspace, go tool dvz. To move the workspace to another version run go get -tool github.com/detectviz/detectviz/cmd/dvz@v0.2.0, write the version into dvz.yaml, and run go tool dvz init --refresh and go tool dvz generate.",
	},
	{
		Code:    "DVZ512",
		Title:   "the folder does not hold the framework",
		Cause:   "framework.replace in dvz.yaml names a folder, relative to dvz.yaml or absolute, that holds no go.mod of github.com/detectviz/detectviz.",
		Example: "framework: {replace: ../detectwiz}",
		Remedy:  "Correct the folder, or clone the framework to it.",
	},
	{
		Code:    "DVZ513",
		Title:   "go.mod does not fit dvz.yaml",
		Cause:   "dvz.yaml says against which framework compositions are checked, go.mod with which one they are built. When they differ, what was checked is not what is built. The same code stands for a go.mod or go.sum that is missing or cannot be read.",
		Example: "framework: v0.1.0                            # dvz.yaml\nrequire github.com/detectviz/detectviz v0.2.0    # go.mod",
		Remedy:  "Change one of the two; the hint has the command for go.mod. dvz itself never changes go.mod.",
	},
	{
		Code:    "DVZ514",
		Title:   "a plugin has the path of one of the framework's",
		Cause:   "A composition names a plugin by its path below plugins/, which must be one plugin only. No plugin of the framework is ever below plugins/custom.",
		Example: "plugins/core/auth/jwt/plugin.cue      # in your own workspace",
		Remedy:  "Move the plugin's folder to another place below plugins/custom, and change the path in the compositions.",
	},
	{
		Code:    "DVZ515",
		Title:   "the framework cannot be downloaded",
		Cause:   "A program is built from the framework's sources, in the version that dvz.yaml names. They are not in the module cache of the go command, and go could not download them.",
		Example: "$ GOPROXY=off dvz generate",
		Remedy:  "Connect to the network, set GOPROXY to a proxy that has the version, or name a folder with the sources: framework: {replace: ../detectviz}.",
	},
}
