package lab

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net/netip"
	"strings"
	"time"

	"rehearse/reports/journal"
	"rehearse/simulator/pki"
	"rehearse/simulator/server"
	"rehearse/simulator/world"
)

// How the ports are chosen.
const (
	// Fixed ports are the usual ones: 5061, 443, 80, 3478, 53. Each server has an
	// address of its own in 127.112.0.0/24. Needs the right to bind low ports, and a
	// system that has all of 127.0.0.0/8.
	Fixed = "fixed"
	// Free ports are picked by the system, all at 127.0.0.1.
	Free = "free"
)

// The names of the lab's endpoints that are none of the estate's.
const (
	DNS  = "dns"
	OCSP = "ocsp"
	CRL  = "crl"
)

// Config says how to open a lab. The zero value is ready.
type Config struct {
	Ports    string            // Fixed or Free; "" is Free
	Users    map[string]string // as server.Config has them
	Recorder journal.Recorder  // nil: nothing is recorded
	Open     bool              // as server.Config has it: SIP users sign in without a password
	OldICE   bool              // as server.Config has it: clients speak the ICE of before 2013
}

// Lab is a running estate with its DNS server. It is safe for concurrent use.
type Lab struct {
	estate *server.Estate
	world  *world.Local
	pki    *pki.PKI
	names  *nameServer
	users  map[string]string
}

// plan is where the servers of a lab are.
type plan struct {
	addr func(server string) netip.Addr
	port func(endpoint string, usual uint16) uint16
}

func fixed() plan {
	return plan{addr: FixedAddr, port: func(_ string, usual uint16) uint16 { return usual }}
}

// FixedAddr is the address of a server, or of DNS, where the ports are Fixed.
func FixedAddr(name string) netip.Addr {
	last := map[string]byte{
		server.SIP: 10, server.Web: 11, server.Meet: 12, server.Edge: 13, server.TURN: 14, server.MCU: 15, DNS: 53, server.Status: 80,
	}
	return netip.AddrFrom4([4]byte{127, 112, 0, last[name]})
}

// free needs the status port beforehand, for it stands in certificates.
func free(status uint16) plan {
	return plan{
		addr: func(string) netip.Addr { return netip.AddrFrom4([4]byte{127, 0, 0, 1}) },
		port: func(endpoint string, _ uint16) uint16 {
			if endpoint == server.Status {
				return status
			}
			return 0
		},
	}
}

// Open starts a lab. End it with Close.
func Open(c Config) (*Lab, error) {
	if c.Recorder == nil {
		c.Recorder = journal.Discard
	}
	if c.Users == nil {
		c.Users = server.DefaultUsers(server.DefaultDomain)
	}
	l := &Lab{world: world.NewLocal(), users: maps.Clone(c.Users)}
	if err := l.start(c); err != nil {
		l.Close()
		if errors.Is(err, fs.ErrPermission) {
			err = fmt.Errorf("ports below 1024 are not for everybody on this system: %w", err)
		}
		return nil, fmt.Errorf("lab: %w", err)
	}
	return l, nil
}

func (l *Lab) start(c Config) error {
	p, err := l.plan(c.Ports)
	if err != nil {
		return err
	}
	status := netip.AddrPortFrom(p.addr(server.Status), p.port(server.Status, 80))
	host := strings.TrimSuffix(status.String(), ":80")
	if l.pki, err = pki.New(pki.Config{Now: time.Now, Host: host}); err != nil {
		return err
	}
	l.estate, err = server.Start(server.Config{
		World: l.world, PKI: l.pki, Now: time.Now, Recorder: c.Recorder, Users: c.Users, Open: c.Open, WebTickets: !c.Open, Certificates: !c.Open, OldICE: c.OldICE,
		Addr: p.addr, Port: p.port,
	})
	if err != nil {
		return err
	}
	h := l.world.Host("ns."+l.estate.Domain, p.addr(DNS))
	l.names, err = serveNames(h, p.port(DNS, 53), c.Recorder)
	return err
}

func (l *Lab) plan(ports string) (plan, error) {
	switch ports {
	case Fixed:
		return fixed(), nil
	case Free, "":
		status, err := l.world.Hold(free(0).addr(server.Status))
		return free(status), err
	}
	return plan{}, fmt.Errorf("ports %q, want %s or %s", ports, Fixed, Free)
}

// Close ends everything.
func (l *Lab) Close() error {
	if l.names != nil {
		l.names.Close()
	}
	if l.estate != nil {
		l.estate.Close()
	}
	return l.world.Close()
}

// Root is the certificate that clients have to trust, in PEM.
func (l *Lab) Root() []byte { return l.pki.RootPEM() }

// Users are the SIP addresses that can sign in, with their passwords.
func (l *Lab) Users() map[string]string { return maps.Clone(l.users) }

// MeetingURL is the page that leads to a user's meeting of any id.
func (l *Lab) MeetingURL(organizer, id string) string { return l.estate.MeetingURL(organizer, id) }
