// Package contracts holds the small interfaces and data types that plugins
// and the platform share. A plugin sees nothing of the platform but this
// package and the platform's helper packages; contracts itself imports
// nothing of ours, so that it can stay still while everything around it moves.
//
// The name of a capability in a plugin manifest (`provides: ["Authenticator"]`)
// is the name of an interface in this package. The compiler matches capabilities
// by that name and passes the provider as a typed argument, so that the Go
// compiler proves that the provider really implements the interface.
package contracts
