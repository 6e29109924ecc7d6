package diag

// claimsPages are about what instances claim together, and about settings that contradict.
var claimsPages = []Page{}
