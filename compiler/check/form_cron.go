package check

import (
	"slices"
	"strconv"
	"strings"
)

// cronWords are the schedules that have a name of their own.
var cronWords = []string{"@hourly", "@daily", "@midnight", "@weekly", "@monthly", "@yearly", "@annually"}

// cronField is one of the five fields of a schedule.
type cronField struct {
	name      string
	low, high int
	words     []string // stand for low, low+1, …
}

var cronFields = []cronField{
	{name: "the minute", low: 0, high: 59},
	{name: "the hour", low: 0, high: 23},
	{name: "the day of the month", low: 1, high: 31},
	{name: "the month", low: 1, high: 12, words: []string{"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"}},
	{name: "the day of the week", low: 0, high: 7, words: []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}},
}

// cronFlaw finds what is wrong with a schedule: five fields (crontab(5)) or a
// word. The schema has counted the fields.
func cronFlaw(text string) *flaw {
	if strings.HasPrefix(text, "@") {
		if slices.Contains(cronWords, text) {
			return nil
		}
		return flawed(0, len(text), "is no schedule; there are %s", strings.Join(cronWords, ", "))
	}
	offset := 0
	for _, field := range cronFields {
		offset += len(text[offset:]) - len(strings.TrimLeft(text[offset:], " "))
		value, _, _ := strings.Cut(text[offset:], " ")
		for item := range strings.SplitSeq(value, ",") {
			if words := field.fault(item); words != "" {
				return flawed(offset, len(item), "cannot be read: %s", words)
			}
			offset += len(item) + len(",")
		}
		offset-- // no comma follows the last
	}
	return nil
}

// fault says what is wrong with one item of a field: "*", a value or a range,
// and perhaps a step ("*/5").
func (f *cronField) fault(item string) string {
	values, step, hasStep := strings.Cut(item, "/")
	if n, err := strconv.Atoi(step); hasStep && (err != nil || n < 1 || n > f.high) {
		return "the step of " + f.name + " must be between 1 and " + strconv.Itoa(f.high) + ", not " + strconv.Quote(step)
	}
	if values == "*" {
		return ""
	}
	first, last, isRange := strings.Cut(values, "-")
	low, ok := f.value(first)
	if !ok {
		return f.must(first)
	}
	if !isRange {
		if hasStep {
			return "the step of " + f.name + " follows a range or *, as in */" + step
		}
		return ""
	}
	high, ok := f.value(last)
	switch {
	case !ok:
		return f.must(last)
	case low > high:
		return "the range " + values + " of " + f.name + " runs backwards"
	}
	return ""
}

func (f *cronField) value(text string) (int, bool) {
	if i := slices.Index(f.words, strings.ToLower(text)); i >= 0 {
		return f.low + i, true
	}
	n, err := strconv.Atoi(text)
	return n, err == nil && n >= f.low && n <= f.high
}

func (f *cronField) must(text string) string {
	words := f.name + " must be between " + strconv.Itoa(f.low) + " and " + strconv.Itoa(f.high)
	if f.words != nil {
		words += ", or a name such as " + f.words[1]
	}
	return words + ", not " + strconv.Quote(text)
}
