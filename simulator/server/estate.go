package server

import (
	"fmt"
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
	hosts     map[string]world.Host
	endpoints map[string]Endpoint
	tickets   *tickets // what MRAS and the edge share
	mcu       *mcu
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
		{SIP, startFrontEnd},
		{Web, startWeb},
	}
}

// Start makes the estate's hosts, enters its names, and serves. End it with
// Close.
func Start(c Config) (*Estate, error) {
	c, err := c.complete()
	if err != nil {
		return nil, err
	}
	e := &Estate{core: newCore(c), hosts: make(map[string]world.Host), endpoints: make(map[string]Endpoint)}
	for _, h := range hosts() {
		name, whole := strings.CutSuffix(h.name, ".")
		if !whole {
			name += "." + c.Zone
		}
		e.hosts[h.server] = c.World.Host(name, c.Addr(h.server))
	}
	for _, s := range starters() {
		if err := s.start(e, e.hosts[s.server]); err != nil {
			e.Close()
			return nil, err
		}
	}
	return e, nil
}

// Endpoints are the estate's ports by name: "sip" and "sip443" (access edge),
// "web" and "web80" (discovery), "meet", "edge" and "edge-udp" (MS-TURN),
// "turns" (TURN inside TLS), "status" (CRLs and OCSP).
func (e *Estate) Endpoints() map[string]Endpoint {
	out := make(map[string]Endpoint, len(e.endpoints))
	for name, ep := range e.endpoints {
		out[name] = ep
	}
	return out
}

// publish enters an endpoint.
func (e *Estate) publish(name string, h world.Host, network string, port uint16) {
	e.endpoints[name] = Endpoint{Host: h.Name(), Addr: h.Addr(), Port: port, Network: network}
}

// Impose puts a fault on until lifted. It fails on a fault that Check refuses, and
// on a server that the estate does not have.
func (e *Estate) Impose(f Fault) (lift func(), err error) {
	if err := f.Check(); err != nil {
		return nil, err
	}
	names := []string{MRAS}
	for server, h := range e.hosts {
		names = append(names, server, h.Name())
	}
	slices.Sort(names)
	if !slices.Contains(names, strings.ToLower(f.Server)) {
		return nil, fmt.Errorf("server fault %q: server %q, want one of %s", f.Kind, f.Server, strings.Join(names, ", "))
	}
	if f.Kind == certificateRevoked {
		return e.PKI.Revoke(e.hostName(f.Server))
	}
	return e.faults.add(f), nil
}

// hostName is the host of a server known by its name or by its host's.
func (e *Estate) hostName(server string) string {
	if h, ok := e.hosts[server]; ok {
		return h.Name()
	}
	return server
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
