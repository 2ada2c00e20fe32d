package world

import (
	"net/netip"
	"time"
)

// World makes hosts and rules the network between them. Memory and Loopback
// implement it; both pass the same specs.
type World interface {
	// Host makes a host with its addresses and enters its name in the names.
	// Hosts cannot be made twice.
	Host(name string, addrs ...netip.Addr) Host
	// SetA enters (or replaces, or with no address deletes) a name's addresses.
	SetA(name string, addrs ...netip.Addr)
	// SetSRV enters (or replaces, or deletes) a service name.
	SetSRV(name string, records ...SRV)
	// Redirect brings TCP dials of the host from, to destinations that match
	// accepts, to the listener at to:port instead: transparent interception. The
	// accepted connection is a Redirected. Later redirects win. Call undo to end it.
	Redirect(from Host, match func(dst netip.AddrPort) bool, to Host, port uint16) (undo func())
	// Impose puts a fault on the network until lifted.
	Impose(f Fault) (lift func())
	// Close ends the world: listeners, connections, goroutines.
	Close() error
}

// FaultKind names what goes wrong.
type FaultKind string

// The network's faults.
const (
	NXDomain  FaultKind = "nxdomain"  // look-ups of Host fail as not found
	SlowNames FaultKind = "slow"      // look-ups of Host take Delay more
	WrongName FaultKind = "wrong"     // look-ups of Host give Addr
	Latency   FaultKind = "latency"   // Delay more each way to and from Host
	Loss      FaultKind = "loss"      // UDP datagrams are lost with probability Rate; TCP is delayed by a retransmission instead
	Reset     FaultKind = "reset"     // dials to Host:Port are refused by RST; open connections are reset
	Blackhole FaultKind = "blackhole" // nothing reaches Host:Port any more and nothing comes back
)

// Fault is something wrong with the network.
type Fault struct {
	Kind FaultKind
	Host string // host or, for the name faults, the name
	Peer string // only between Host and Peer; "" means everybody
	// Peers are many hosts in the place of Peer, by their names; nil is none.
	Peers map[string]bool
	Port  uint16 // 0 means all
	Proto string // "tcp", "udp" or "" for both
	Delay time.Duration
	Rate  float64 // 0 to 1
	Addr  netip.Addr
}
