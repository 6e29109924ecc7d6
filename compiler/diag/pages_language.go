package diag

// languagePages are about forms, sources in CUE and JSON, and overlays.
var languagePages = []Page{}
