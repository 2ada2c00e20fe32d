package server

import (
	"crypto/rand"
	"errors"
	"io"
	"net/netip"
	"strings"
	"time"

	"rehearse/reports/journal"
	"rehearse/simulator/pki"
	"rehearse/simulator/world"
)

// The names of the servers, for Endpoints and Faults.
const (
	SIP    = "sip"    // access edge with the front end behind it
	Web    = "web"    // discovery
	Meet   = "meet"   // meeting pages
	Edge   = "edge"   // A/V edge, MS-TURN
	TURN   = "turn"   // RFC TURN inside TLS
	MCU    = "mcu"    // A/V conferencing server
	Status = "status" // CRLs and OCSP answers of the public PKI

	// The front end's services, for faults only: what hands out relay credentials, what
	// tells clients about the others, and what takes them into conferences.
	MRAS         = "mras"
	Provisioning = "provisioning"
	Focus        = "focus"
)

// World is where hosts and names are made. Every world.World is one; world.Local is
// one for clients that are programs made elsewhere.
type World interface {
	Host(name string, addrs ...netip.Addr) world.Host
	SetA(name string, addrs ...netip.Addr)
	SetSRV(name string, records ...world.SRV)
}

// Config says what an estate is like. World, PKI and Now are needed.
type Config struct {
	World World
	// PKI issues the servers' certificates and is served on the status host.
	PKI *pki.PKI
	// Now is the clock for certificates, tickets and relay credentials.
	Now      func() time.Time
	Recorder journal.Recorder // nil: nothing is recorded

	Domain string // SIP domain; "" is "contoso.test"
	Zone   string // DNS zone of the servers; "" is "online.lync.com"
	// Users are SIP addresses without scheme, "alice@contoso.test", with their
	// passwords. Nil is alice, bob and carol, whose password is "Passw0rd!".
	Users map[string]string
	// WebTickets makes discovery ask for a web ticket, as Microsoft's does.
	WebTickets bool
	// Certificates lets users sign in by certificate as well (TLS-DSK), which they get
	// for a web ticket.
	Certificates bool
	// OldICE makes the front end one from before 2013, to which clients speak the older
	// dialect of ICE, [MS-ICE].
	OldICE bool
	// Open lets users register without credentials, and nothing is signed: for SIP
	// clients that do not know NTLM.
	Open bool
	// Addr gives each server's host its address; nil is a plan of public addresses.
	Addr func(server string) netip.Addr
	// Port gives each endpoint (see Estate.Endpoints) its port in place of the usual
	// one, 0 for one that the system picks; nil leaves the usual ones.
	Port func(endpoint string, usual uint16) uint16
	// Outside is where clients that are not in the world reach one of its addresses,
	// "tcp" or "udp"; all that the servers advertise goes through it. Nil is for
	// clients inside: addresses are what they are.
	Outside func(network string, at netip.AddrPort) netip.AddrPort
	// KeyLog gets the secrets of all TLS connections, in the format of SSLKEYLOGFILE;
	// nil keeps them.
	KeyLog io.Writer
}

// host is one row of the plan of hosts: name under the zone (or whole, when it
// has a dot at its end) and address. Microsoft's servers lie in networks of
// theirs (Office 365 endpoint list, ids 11 and 12).
type host struct{ server, name, addr string }

func hosts() []host {
	return []host{
		{SIP, "sipdir", "52.112.0.10"},
		{Web, "webdir", "52.112.0.11"},
		{Meet, "meet.lync.com.", "52.112.0.12"},
		{Edge, "avedge", "52.112.0.13"},
		{TURN, "turn", "52.112.0.14"},
		{MCU, "avmcu", "52.112.0.15"},
		{Status, "pki.test.", "198.51.100.80"},
	}
}

// in is the host's name in a zone.
func (h host) in(zone string) string {
	if name, whole := strings.CutSuffix(h.name, "."); whole {
		return name
	}
	return h.name + "." + zone
}

// HostNames are the names of an estate's hosts, by the zone of its servers.
func HostNames(zone string) []string {
	var names []string
	for _, h := range hosts() {
		names = append(names, h.in(zone))
	}
	return names
}

func (c Config) complete() (Config, error) {
	if c.World == nil || c.PKI == nil || c.Now == nil {
		return c, errors.New("server: configuration lacks World, PKI or Now")
	}
	if c.Recorder == nil {
		c.Recorder = journal.Discard
	}
	if c.Domain == "" {
		c.Domain = DefaultDomain
	}
	if c.Zone == "" {
		c.Zone = "online.lync.com"
	}
	if c.Users == nil {
		c.Users = DefaultUsers(c.Domain)
	}
	if c.Port == nil {
		c.Port = func(_ string, usual uint16) uint16 { return usual }
	}
	if c.Outside == nil {
		c.Outside = func(_ string, at netip.AddrPort) netip.AddrPort { return at }
	}
	users := make(map[string]string, len(c.Users))
	for user, password := range c.Users {
		users[strings.ToLower(user)] = password
	}
	c.Users = users
	if c.Addr == nil {
		c.Addr = plannedAddr
	}
	return c, nil
}

// DefaultDomain is the SIP domain of an estate that nobody gave another one.
const DefaultDomain = "contoso.test"

// DefaultUsers are the users of an estate that nobody gave others.
func DefaultUsers(domain string) map[string]string {
	const password = "Passw0rd!"
	return map[string]string{"alice@" + domain: password, "bob@" + domain: password, "carol@" + domain: password}
}

func plannedAddr(server string) netip.Addr {
	for _, h := range hosts() {
		if h.server == server {
			return netip.MustParseAddr(h.addr)
		}
	}
	return netip.Addr{}
}

// random gives n random bytes.
func random(n int) []byte {
	b := make([]byte, n)
	rand.Read(b) // never fails
	return b
}
