package ice

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// The transports of candidates. A TCP candidate says who connects.
const (
	UDP        = "UDP"
	TCPActive  = "TCP-ACT"  // connects, never listens
	TCPPassive = "TCP-PASS" // listens
)

// The types of candidates.
const (
	Host            = "host"
	ServerReflexive = "srflx"
	PeerReflexive   = "prflx"
	Relay           = "relay"
)

// The components of a stream.
const (
	RTP  = 1
	RTCP = 2
)

// Candidate is one address at which an end may be reached.
type Candidate struct {
	Foundation string
	Component  int // RTP or RTCP
	Transport  string
	Priority   uint32
	Addr       netip.AddrPort
	Type       string
	Related    netip.AddrPort // raddr and rport; invalid when absent
	// User and Password are the candidate's own in the older dialect, raw; see
	// ParseDraft6.
	User, Password string
}

// Priority is a candidate's priority (RFC 8445 5.1.2.1), with a local preference
// that puts UDP above TCP.
func Priority(kind, transport string, component int) uint32 {
	preference := map[string]uint32{Host: 126, PeerReflexive: 110, ServerReflexive: 100, Relay: 0}[kind]
	local := uint32(0xffff)
	if transport != UDP {
		local = 0x7fff
	}
	return preference<<24 | local<<8 | uint32(256-component)
}

// ParseCandidate reads the value of an "a=candidate" line in the form of RFC 8445
// and [MS-ICE2]: what follows "candidate:".
func ParseCandidate(value string) (Candidate, error) {
	f := strings.Fields(strings.TrimPrefix(value, "candidate:"))
	const least = 8
	if len(f) < least || f[6] != "typ" {
		return Candidate{}, fmt.Errorf("candidate %q: want foundation, component, transport, priority, address, port, \"typ\" and a type", value)
	}
	c := Candidate{Foundation: f[0], Transport: strings.ToUpper(f[2]), Type: f[7]}
	component, err := strconv.ParseUint(f[1], 10, 8)
	if err != nil || component < RTP || component > RTCP {
		return Candidate{}, fmt.Errorf("candidate %q: component %q, want 1 or 2", value, f[1])
	}
	c.Component = int(component)
	if c.Transport != UDP && c.Transport != TCPActive && c.Transport != TCPPassive {
		return Candidate{}, fmt.Errorf("candidate %q: transport %q, want UDP, TCP-ACT or TCP-PASS", value, f[2])
	}
	priority, err := strconv.ParseUint(f[3], 10, 32)
	if err != nil {
		return Candidate{}, fmt.Errorf("candidate %q: priority %q, want a number of 32 bits", value, f[3])
	}
	c.Priority = uint32(priority)
	if c.Addr, err = parseAddr(f[4], f[5]); err != nil {
		return Candidate{}, fmt.Errorf("candidate %q: %w", value, err)
	}
	for i := least; i+3 < len(f); i += 2 {
		if f[i] == "raddr" && f[i+2] == "rport" {
			if c.Related, err = parseAddr(f[i+1], f[i+3]); err != nil {
				return Candidate{}, fmt.Errorf("candidate %q: %w", value, err)
			}
		}
	}
	return c, nil
}

func parseAddr(addr, port string) (netip.AddrPort, error) {
	a, err := netip.ParseAddr(addr)
	if err != nil {
		return netip.AddrPort{}, fmt.Errorf("address %q, want an IP address", addr)
	}
	p, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return netip.AddrPort{}, fmt.Errorf("port %q, want a number of 16 bits", port)
	}
	return netip.AddrPortFrom(a, uint16(p)), nil
}

// String is the value of the candidate's line, without "candidate:". As with real
// clients it ends in a space.
func (c Candidate) String() string {
	s := fmt.Sprintf("%s %d %s %d %s %d typ %s ", c.Foundation, c.Component, c.Transport, c.Priority, c.Addr.Addr(), c.Addr.Port(), c.Type)
	if c.Related.IsValid() {
		s += fmt.Sprintf("raddr %s rport %d ", c.Related.Addr(), c.Related.Port())
	}
	return s
}
