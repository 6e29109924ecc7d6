package diag

// workspacePages are about a workspace: dvz.yaml, its plugins and their module.
var workspacePages = []Page{}
