package proxy

import (
	"syscall"
	"time"
)

// tcpUserTimeout is TCP_USER_TIMEOUT of tcp(7), which package syscall lacks.
const tcpUserTimeout = 18

// boundUnsent has the kernel give up a connection whose peer takes nothing that is
// sent to it for so long: bytes on their way through the kernel have no deadline
// of ours.
func boundUnsent(c syscall.RawConn, wait time.Duration) {
	if wait <= 0 {
		return
	}
	c.Control(func(fd uintptr) {
		syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, tcpUserTimeout, int(wait/time.Millisecond))
	})
}
