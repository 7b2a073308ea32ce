package story

import (
	"os/exec"
	"syscall"
)

// tie has the child killed when this process is, and keeps a terminal's Ctrl-C from it: the story stops it itself.
func tie(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
}
