// Package world is the network of a rehearsal: hosts, names, TCP with FIN and
// RST told apart, UDP, latency, loss, blackholes and resets.
//
// Two worlds stand behind the same Host seam: Memory, where everything happens
// inside the process and, in a synctest bubble, in virtual time; and Loopback,
// where the same hosts are real sockets on 127.0.0.0/8 in real time. Actors get a
// Host and nothing else; nothing dials, listens or resolves behind its back.
package world

import (
	"context"
	"net"
	"net/netip"
)

// Host is one machine of the world: the seam to the network.
type Host interface {
	// Name is the host's name, unique in its world: "alice", "appliance".
	Name() string
	// Addr is the host's (first) address.
	Addr() netip.Addr
	// Dial connects to "host:port" over "tcp" or "udp". Names are resolved as by
	// Resolve. A refused port gives an error that is syscall.ECONNREFUSED, a
	// blackhole ends with ctx or after two minutes.
	Dial(ctx context.Context, network, addr string) (net.Conn, error)
	// Listen takes TCP connections at ":port" of this host. ":0" picks a port.
	Listen(network, addr string) (net.Listener, error)
	// ListenPacket takes UDP datagrams at ":port" of this host.
	ListenPacket(network, addr string) (net.PacketConn, error)
	// Resolve looks up the addresses of a name. An IP literal is itself. Unknown
	// names give a *net.DNSError with IsNotFound.
	Resolve(ctx context.Context, name string) ([]netip.Addr, error)
	// ResolveSRV looks up a service name such as "_sip._tls.contoso.test", in
	// order of priority.
	ResolveSRV(ctx context.Context, name string) ([]SRV, error)
}

// SRV is one service record.
type SRV struct {
	Target   string // host name without a final dot
	Port     uint16
	Priority uint16
	Weight   uint16
}

// Conn is what a TCP connection of any world can do, *net.TCPConn included.
type Conn interface {
	net.Conn
	// CloseWrite sends FIN and keeps reading.
	CloseWrite() error
	// SetLinger(0) makes the next Close send RST: the peer's reads fail with
	// syscall.ECONNRESET, where after a FIN they end with io.EOF.
	SetLinger(sec int) error
}

// Redirected is a connection that the network brought to another host than the
// client dialled: transparent interception.
type Redirected interface {
	// OriginalDst is where the client dialled.
	OriginalDst() netip.AddrPort
}
