// Package strconv stands in for the standard library's.
package strconv

func FormatInt(i int64, base int) string { return "" }
func FormatBool(b bool) string           { return "" }
