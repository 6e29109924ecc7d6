package diag

// ignorePages are about comments that suppress findings.
var ignorePages = []Page{}
