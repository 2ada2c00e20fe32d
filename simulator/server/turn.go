package server

import (
	"fmt"
	"net"
	"strings"

	"github.com/pion/logging"
	"github.com/pion/turn/v3"

	"rehearse/reports/journal"
	"rehearse/simulator/world"
)

// turnALPN are the names of TURN in TLS (RFC 7443).
const turnALPN = "stun.turn"

// startTURN serves RFC 8656 TURN: over UDP and TCP, and inside TLS. Users sign in as
// they do for SIP.
func startTURN(e *Estate, h world.Host) error {
	id, err := newIdentity(e.core, TURN, []string{h.Name()}, turnALPN)
	if err != nil {
		return err
	}
	p, err := e.listenPacket("turn-udp", h, 3478)
	if err != nil {
		return err
	}
	f, err := serveTURN(e.core, h, turn.PacketConnConfig{PacketConn: muted{p, e.core}, RelayAddressGenerator: &relays{h}})
	if err != nil {
		return err
	}
	if err := e.serve("turns", h, 443, overTLS(f, id)); err != nil {
		return err
	}
	return e.serve("turn", h, 3478, func(c *conn) {
		if !e.spoil(TURN, c) {
			f.hand(c, "turn")
		}
	})
}

// overTLS gives a feed what comes inside TLS.
func overTLS(f *feed, id *identity) func(*conn) {
	return func(c *conn) {
		if c, ok := id.handshake(c); ok {
			f.hand(c, "turns")
		}
	}
}

// muted is the UDP port of the TURN server: with the fault "silent" it hears nothing.
type muted struct {
	net.PacketConn
	core *core
}

// ReadFrom implements net.PacketConn.
func (m muted) ReadFrom(b []byte) (int, net.Addr, error) {
	for {
		n, from, err := m.PacketConn.ReadFrom(b)
		if _, silent := m.core.faults.find(TURN, "", serverSilent); err != nil || !silent {
			return n, from, err
		}
	}
}

// serveTURN runs a TURN server that gets its connections from a feed, and datagrams
// as configured.
func serveTURN(c *core, h world.Host, packets ...turn.PacketConnConfig) (*feed, error) {
	f := newFeed()
	auth := func(user, realm string, from net.Addr) ([]byte, bool) {
		password, ok := c.Users[strings.ToLower(user)]
		note := user
		if !ok {
			note += ", unknown"
		}
		c.Recorder.Record(from.String(), h.Name(), journal.TURNSent{Received: true, Message: "TURN request", Note: note})
		return turn.GenerateAuthKey(user, realm, password), ok
	}
	s, err := turn.NewServer(turn.ServerConfig{
		Realm: edgeRealm, AuthHandler: auth, LoggerFactory: quiet{},
		ListenerConfigs:   []turn.ListenerConfig{{Listener: f, RelayAddressGenerator: &relays{h}}},
		PacketConnConfigs: packets,
	})
	if err != nil {
		return nil, fmt.Errorf("server %s: %w", h.Name(), err)
	}
	c.keep(s)
	return f, nil
}

// relays makes the relay addresses of a TURN server, on its host.
type relays struct{ host world.Host }

// Validate implements turn.RelayAddressGenerator.
func (*relays) Validate() error { return nil }

// AllocatePacketConn implements turn.RelayAddressGenerator.
func (r *relays) AllocatePacketConn(_ string, port int) (net.PacketConn, net.Addr, error) {
	p, err := r.host.ListenPacket("udp", fmt.Sprintf(":%d", port))
	if err != nil {
		return nil, nil, err
	}
	return p, &net.UDPAddr{IP: r.host.Addr().AsSlice(), Port: int(addrPort(p.LocalAddr()).Port())}, nil
}

// AllocateConn implements turn.RelayAddressGenerator. RFC 6062 is not served.
func (*relays) AllocateConn(string, int) (net.Conn, net.Addr, error) {
	return nil, nil, fmt.Errorf("TCP relays: %w", net.UnknownNetworkError("tcp"))
}

// quiet is a logger that says nothing: what matters is in the journal.
type quiet struct{}

// NewLogger implements logging.LoggerFactory.
func (quiet) NewLogger(scope string) logging.LeveledLogger {
	return logging.NewDefaultLeveledLoggerForScope(scope, logging.LogLevelDisabled, nil)
}
