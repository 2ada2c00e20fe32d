package server

import (
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"

	"rehearse/simulator/world"
)

// Endpoint is where a server can be reached.
type Endpoint struct {
	Host    string // the name that certificates are for
	Addr    netip.Addr
	Port    uint16
	Network string // "tcp" or "udp"
}

// Target is "host:port".
func (e Endpoint) Target() string { return fmt.Sprintf("%s:%d", e.Host, e.Port) }

// Estate is a running Skype for Business estate. It is safe for concurrent use.
type Estate struct {
	*core
	hosts      map[string]world.Host
	endpoints  map[string]Endpoint
	tickets    *tickets // what MRAS and the edge share
	webTickets *webTickets
	userCA     *userCA
	mcu        *mcu
	opened     []func() // serve what is bound; nobody is served before all is
}

// starter starts one server of an estate, on its host.
type starter struct {
	server string
	start  func(e *Estate, h world.Host) error
}

// starters has the order in which servers start: what is advertised by another
// comes first.
func starters() []starter {
	return []starter{
		{Status, startStatus},
		{Edge, startEdge},
		{TURN, startTURN},
		{MCU, startMCU},
		{Meet, startMeet},
		{Web, startWeb},
		{SIP, startFrontEnd},
	}
}

// Start makes the estate's hosts, enters its names, and serves. End it with
// Close.
func Start(c Config) (*Estate, error) {
	c, err := c.complete()
	if err != nil {
		return nil, err
	}
	e := &Estate{core: newCore(c), hosts: make(map[string]world.Host), endpoints: make(map[string]Endpoint),
		webTickets: &webTickets{issued: make(map[string]webTicket)}}
	for _, h := range hosts() {
		e.hosts[h.server] = c.World.Host(h.in(c.Zone), c.Addr(h.server))
	}
	for _, s := range starters() {
		if err := s.start(e, e.hosts[s.server]); err != nil {
			e.Close()
			return nil, err
		}
	}
	for _, open := range e.opened {
		e.spawn(open)
	}
	return e, nil
}

// Endpoints are the estate's ports by name: "sip" and "sip443" (access edge),
// "web" and "web80" (discovery), "meet", "edge" and "edge-udp" (MS-TURN),
// "edge-audio", "edge-video", "edge-sharing" and each with "-udp" (shared relay ports),
// "turn" and "turn-udp" (TURN in the clear), "turns" (TURN inside TLS), "status"
// (CRLs and OCSP).
func (e *Estate) Endpoints() map[string]Endpoint {
	out := make(map[string]Endpoint, len(e.endpoints))
	for name, ep := range e.endpoints {
		out[name] = ep
	}
	return out
}

// serve opens an endpoint's TCP port on a host and publishes it.
func (e *Estate) serve(name string, h world.Host, usual uint16, handle func(*conn)) error {
	l, port, err := e.listen(h, e.Port(name, usual))
	if err != nil {
		return err
	}
	e.publish(name, h, "tcp", port)
	e.opened = append(e.opened, func() { e.accept(l, h, handle) })
	return nil
}

// servePackets opens an endpoint's UDP port on a host and publishes it.
func (e *Estate) servePackets(name string, h world.Host, usual uint16, handle func(net.PacketConn)) error {
	p, err := e.listenPacket(name, h, usual)
	if err != nil {
		return err
	}
	e.opened = append(e.opened, func() { handle(p) })
	return nil
}

func (e *Estate) listenPacket(name string, h world.Host, usual uint16) (net.PacketConn, error) {
	p, err := h.ListenPacket("udp", fmt.Sprintf(":%d", e.Port(name, usual)))
	if err != nil {
		return nil, fmt.Errorf("server %s: %w", h.Name(), err)
	}
	e.keep(p)
	e.publish(name, h, "udp", addrPort(p.LocalAddr()).Port())
	return p, nil
}

// publish enters an endpoint, as clients reach it.
func (e *Estate) publish(name string, h world.Host, network string, port uint16) {
	at := e.Outside(network, netip.AddrPortFrom(h.Addr(), port))
	e.endpoints[name] = Endpoint{Host: h.Name(), Addr: at.Addr(), Port: at.Port(), Network: network}
}

// Impose puts a fault on until lifted. It fails on a fault that Check refuses, on a
// server that the estate does not have, and on one that cannot have such a fault.
func (e *Estate) Impose(f Fault) (lift func(), err error) {
	if err := f.Check(); err != nil {
		return nil, err
	}
	server, err := e.server(f.Server)
	if err != nil {
		return nil, fmt.Errorf("server fault %q: %w", f.Kind, err)
	}
	if err := f.fits(server); err != nil {
		return nil, err
	}
	if f.Kind == certificateRevoked {
		return e.PKI.Revoke(e.hosts[server].Name())
	}
	f.Server = server
	return e.faults.add(f), nil
}

// server is the name of a server known by it or by its host's name.
func (e *Estate) server(name string) (string, error) {
	allowed := services()
	for _, service := range allowed {
		if strings.EqualFold(name, service) {
			return service, nil
		}
	}
	for _, h := range hosts() {
		host := e.hosts[h.server].Name()
		if strings.EqualFold(name, h.server) || strings.EqualFold(name, host) {
			return h.server, nil
		}
		allowed = append(allowed, h.server, host)
	}
	slices.Sort(allowed)
	return "", fmt.Errorf("server %q, want one of %s", name, strings.Join(allowed, ", "))
}

// FocusURI is the SIP address of a user's meeting.
func FocusURI(organizer, id string) string {
	return "sip:" + organizer + ";gruu;opaque=app:conf:focus:id:" + id
}

// MeetingURL is the address of the page that leads to a user's meeting.
func (e *Estate) MeetingURL(organizer, id string) string {
	user, _, _ := strings.Cut(organizer, "@")
	return "https://" + e.authority("meet", 443) + "/" + e.Domain + "/" + user + "/" + id
}

// authority is host and, where it is not the usual one, port of an endpoint.
func (e *Estate) authority(endpoint string, usual uint16) string {
	ep := e.endpoints[endpoint]
	if ep.Port == usual {
		return ep.Host
	}
	return ep.Target()
}
