//go:build !unix

package link

import "os/exec"

// Without process groups, go itself is ended, and its children with their
// pipes.

func ownGroup(*exec.Cmd) {}

func interruptGroup(cmd *exec.Cmd) { killGroup(cmd) }

func killGroup(cmd *exec.Cmd) { _ = cmd.Process.Kill() }
