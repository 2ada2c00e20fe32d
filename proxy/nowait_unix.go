//go:build unix

package proxy

import (
	"net"
	"syscall"
)

// readNow reads what a socket has and does not wait; 0 or less is nothing.
func readNow(c net.Conn, p []byte) (n int) {
	s, ok := c.(syscall.Conn)
	if !ok {
		return 0
	}
	raw, err := s.SyscallConn()
	if err != nil {
		return 0
	}
	raw.Read(func(fd uintptr) bool {
		n, _ = syscall.Read(int(fd), p) // sockets of package net do not block
		return true
	})
	return n
}
