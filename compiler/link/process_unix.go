//go:build unix

package link

import (
	"os/exec"
	"syscall"
)

// ownGroup puts the command and all that it starts into a process group of
// their own, so that they can be stopped together. A terminal's Ctrl-C then
// reaches dvz alone, which stops the group.
func ownGroup(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// interruptGroup asks the group to stop; go removes its temporary files then.
func interruptGroup(cmd *exec.Cmd) { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGINT) }

// killGroup ends what is left of the group. An error means that nothing is.
func killGroup(cmd *exec.Cmd) { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
