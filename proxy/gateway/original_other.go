//go:build !linux

package gateway

import (
	"errors"
	"net"
	"net/netip"
)

// originalDst needs netfilter.
func originalDst(*net.TCPConn) (netip.AddrPort, error) {
	return netip.AddrPort{}, errors.New("transparent interception needs Linux")
}
