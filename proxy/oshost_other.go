//go:build !linux

package proxy

import (
	"syscall"
	"time"
)

// boundUnsent does nothing here: only Linux has such a limit for a socket.
func boundUnsent(syscall.RawConn, time.Duration) {}
