package diag

// ignorePages are about comments that ignore findings.
var ignorePages = []Page{
	{
		Code:    "DVZ030",
		Title:   "a comment that is meant to ignore a finding is malformed",
		Cause:   "Such a comment names one code and gives a reason: dvz:ignore, the code, the word because, the reason. Without all of them nothing is ignored.",
		Example: "- community/importers/csv     # dvz:ignore DVZ212",
		Remedy:  "Write # dvz:ignore DVZ212 because … and say for the next reader why the finding does not matter here.",
	},
	{
		Code:    "DVZ031",
		Title:   "a comment ignores a finding that is not there",
		Cause:   "The code is not reported at the line that the comment speaks of, so the comment would only hide a mistake that is made later. It is reported when all stages ran, because an error may keep others from being found; comments in composition.yaml are judged without overlays, those in an overlay with it.",
		Example: "interval: 15s     # dvz:ignore DVZ111 because the checks are fast",
		Remedy:  "Remove the comment, or move it to the line of the finding. One that only an overlay needs is kept by a second comment, which ignores DVZ031 at the same line.",
		Kind:    Advice,
	},
	{
		Code:    "DVZ032",
		Title:   "a comment ignores what cannot be ignored",
		Cause:   "Only warnings and errors of policy can be ignored: those in spite of which there is a sound plan. From what any other error leaves, nothing can be generated.",
		Example: "intervall: 15s     # dvz:ignore DVZ102 because it worked before",
		Remedy:  "Correct the error and remove the comment. dvz explain says of each code whether it can be ignored.",
	},
}
