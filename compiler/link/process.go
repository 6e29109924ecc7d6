package link

import (
	"context"
	"os/exec"
	"time"
)

// grace is how long go may clean up after an interrupt before it is killed.
const grace = 2 * time.Second

// process is a go command and all that it starts.
type process struct {
	*exec.Cmd
	done chan struct{}
}

// command is a go command in the program's module.
func (b *build) command(env []string, args ...string) *process {
	cmd := exec.Command(b.tool.Path, args...)
	cmd.Dir = b.dir()
	cmd.Env = env
	ownGroup(cmd)
	return &process{cmd, make(chan struct{})}
}

// start starts the process. When the context ends, the whole group is
// interrupted, and killed if it does not obey.
func (p *process) start(ctx context.Context) error {
	if err := p.Start(); err != nil {
		return err
	}
	go func() {
		select {
		case <-p.done:
			return
		case <-ctx.Done():
			interruptGroup(p.Cmd)
		}
		select {
		case <-p.done:
		case <-time.After(grace):
			killGroup(p.Cmd)
		}
	}()
	return nil
}

// wait waits for the process, and sees that nothing of its group is left when
// the context ended.
func (p *process) wait(ctx context.Context) error {
	err := p.Wait()
	close(p.done)
	if ctx.Err() != nil {
		killGroup(p.Cmd)
	}
	return err
}
