// Package delivery stands in for the platform's.
package delivery

import "time"

type WhenFull int

const (
	Block WhenFull = iota
	DropOldest
	DropNewest
)

type Policy struct {
	QueueSize  int
	WhenFull   WhenFull
	MaxElapsed time.Duration
}
