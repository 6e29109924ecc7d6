// Package embed stands in for the standard library's.
package embed
