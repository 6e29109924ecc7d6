package check

import (
	"cmp"
	"slices"
	"strings"
	"unicode/utf8"
)

// suggest returns the candidate that a word most likely stands for, or "".
func suggest(word string, candidates []string) string {
	const most = 1000 // bounds the work on hostile input
	candidates = candidates[:min(most, len(candidates))]
	best, least := "", threshold(word)+1
	word = fold(word)
	for _, c := range candidates {
		folded := fold(c)
		if abs(len(folded)-len(word)) >= least*utf8.UTFMax {
			continue
		}
		if d := distance(word, folded); d < least {
			best, least = c, d
		}
	}
	if best != "" {
		return best
	}
	var longer []string // production for prod
	for _, c := range candidates {
		folded := fold(c)
		if endsIn(folded, word) {
			longer = append(longer, c)
		}
		if endsIn(word, folded) && len(folded) > len(fold(best)) { // interval for scrape_interval
			best = c
		}
	}
	switch other := elsewhereNamed[word]; {
	case best != "":
		return best
	case len(longer) == 1:
		return longer[0]
	case slices.Contains(candidates, other):
		return other
	}
	return ""
}

// endsIn reports whether a word begins or ends with another one that has at
// least three letters.
func endsIn(word, part string) bool {
	return len(part) >= 3 && (strings.HasPrefix(word, part) || strings.HasSuffix(word, part))
}

// elsewhereNamed are names that other languages have for ours.
var elsewhereNamed = map[string]string{
	"name": "as", "id": "as", "alias": "as", "disabled": "enabled", "settings": "config", "options": "config",
	"receivers": "from", "inputs": "from", "sources": "from", "processors": "through",
	"exporters": "to", "outputs": "to", "sinks": "to",
}

// didYouMean is the hint for a misspelt word: the likely candidate, else a short
// list of all of them.
func didYouMean(word string, candidates []string, what string) string {
	if s := suggest(word, candidates); s != "" {
		return `did you mean "` + s + `"?`
	}
	if len(candidates) == 0 {
		return "there are no " + what
	}
	const most = 100 // columns
	all := what + ": " + candidates[0]
	for _, c := range candidates[1:] {
		if len(all)+len(c) > most {
			return all + ", …"
		}
		all += ", " + c
	}
	return all
}

// SuggestPlugins returns up to three paths of plugins that a path may stand for,
// the likeliest first: people forget folders as often as they misspell names,
// and the seed's form writes "-" for "/" (core-auth-jwt).
func SuggestPlugins(path string, candidates []string) []string {
	if near := similarPlugins(path, candidates); near != nil {
		return near
	}
	words := strings.FieldsFunc(shortName(path), func(r rune) bool { return r == '-' || r == '_' })
	var near []string // otelzap for otelzap-logger
	for _, c := range candidates {
		if slices.Contains(words, shortName(c)) && len(near) < 3 {
			near = append(near, c)
		}
	}
	return near
}

func similarPlugins(path string, candidates []string) []string {
	type scored struct {
		path  string
		score int
	}
	name := fold(shortName(path))
	var all []scored
	for _, c := range candidates {
		whole := min(distance(fold(path), fold(c)), distance(fold(path), fold(strings.ReplaceAll(c, "/", ""))))
		short := distance(name, fold(shortName(c)))
		if short <= threshold(name) || whole <= threshold(path)/2 {
			all = append(all, scored{c, 4*short + whole})
		}
	}
	slices.SortStableFunc(all, func(a, b scored) int { return cmp.Compare(a.score, b.score) })
	var paths []string
	for _, s := range all[:min(3, len(all))] {
		if s.score <= 2*all[0].score+4 { // else the first is meant
			paths = append(paths, s.path)
		}
	}
	return paths
}

// threshold is the number of slips that a word of this length may hold.
func threshold(word string) int { return max(1, utf8.RuneCountInString(word)/3) }

// fold removes what people mix up without noticing.
func fold(s string) string { return separators.Replace(strings.ToLower(s)) }

var separators = strings.NewReplacer("-", "", "_", "", " ", "")

func abs(n int) int { return max(n, -n) }

// distance counts the insertions, deletions, replacements and swaps of
// neighbours that turn a into b (optimal string alignment).
func distance(a, b string) int {
	const long = 200 // no name is longer; bounds the work on hostile input
	if len(a) > long || len(b) > long {
		return max(len(a), len(b))
	}
	x, y := []rune(a), []rune(b)
	before, last, row := make([]int, len(y)+1), make([]int, len(y)+1), make([]int, len(y)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(x); i++ {
		row[0] = i
		for j := 1; j <= len(y); j++ {
			cost := 1
			if x[i-1] == y[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && x[i-1] == y[j-2] && x[i-2] == y[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(y)]
}

// list joins words as in "a, b or c".
func list(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	last := len(words) - 1
	return strings.Join(words[:last], ", ") + " or " + words[last]
}
