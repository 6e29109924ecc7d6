package diag

// formPages are about values with a form of their own, versions, metadata and scaling.
var formPages = []Page{}
