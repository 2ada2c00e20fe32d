package server

import (
	"context"
	"encoding/base64"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"

	"rehearse/simulator/ice"
	"rehearse/simulator/srtp"
	"rehearse/simulator/world"
)

// mcu is the A/V conferencing server: it takes calls, finds a path to each client
// by ICE, says something there, and sends every RTP packet back where it came from
// as its own, so that a client can measure its media.
//
// Modelled: a real one mixes the participants' audio.
type mcu struct {
	*Estate
	host world.Host
}

func startMCU(e *Estate, h world.Host) error {
	e.mcu = &mcu{Estate: e, host: h}
	return nil
}

// call is one client's audio. Its components have ports of their own.
type call struct {
	*mcu
	old                         bool // the client speaks [MS-ICE], where each candidate has its own
	ufrag, password             string
	remoteUfrag, remotePassword string
	remote                      []ice.Candidate
	profile                     string
	formats                     []string
	crypto                      srtp.Crypto // the key of what is sent, with SRTP
	components                  []*component

	ctx    context.Context // ends with the call
	cancel context.CancelFunc
	once   sync.Once // start

	mu    sync.Mutex
	paths []*path // that something came by, in order
	sound sound
}

// component is RTP or RTCP of a call: a UDP port, and a TCP port for clients that
// connect.
type component struct {
	number       int
	udp          net.PacketConn
	tcp          net.Listener
	atUDP, atTCP netip.AddrPort // as clients reach them
}

// call takes an offer: it opens ports but sends nothing before start.
func (m *mcu) call(offer []byte) (*call, error) {
	c := &call{mcu: m, ufrag: token(4), password: token(24), sound: newSound()}
	if err := c.read(offer); err != nil {
		return nil, err
	}
	if c.old {
		c.ufrag, c.password = string(random(draft6User)), string(random(draft6Password))
	}
	c.ctx, c.cancel = context.WithCancel(m.ctx)
	for _, n := range []int{ice.RTP, ice.RTCP} {
		if !slices.ContainsFunc(c.remote, func(r ice.Candidate) bool { return r.Component == n }) {
			continue
		}
		p, err := m.open(n)
		if err != nil {
			c.Close()
			return nil, err
		}
		c.components = append(c.components, p)
		m.spawn(func() { c.fromUDP(p) })
		m.spawn(func() { c.accept(p) })
	}
	return c, nil
}

// The sizes of a user name and a password in [MS-ICE].
const draft6User, draft6Password = 32, 16

// token is random text for ICE: letters, digits, plus and slash.
func token(n int) string { return base64.StdEncoding.EncodeToString(random(n))[:n] }

// open binds a component's ports.
func (m *mcu) open(number int) (*component, error) {
	udp, err := m.host.ListenPacket("udp", ":0")
	if err != nil {
		return nil, err
	}
	m.keep(udp)
	tcp, err := m.host.Listen("tcp", ":0")
	if err != nil {
		m.drop(udp)
		return nil, err
	}
	m.keep(tcp)
	return &component{number: number, udp: udp, tcp: tcp,
		atUDP: m.Outside("udp", netip.AddrPortFrom(m.host.Addr(), addrPort(udp.LocalAddr()).Port())),
		atTCP: m.Outside("tcp", netip.AddrPortFrom(m.host.Addr(), addrPort(tcp.Addr()).Port())),
	}, nil
}

// start begins the connectivity checks, once.
func (c *call) start() {
	c.once.Do(func() {
		for i, r := range c.remote {
			p := c.component(r.Component)
			if p == nil || r.Transport == ice.TCPActive {
				continue // such a client connects to us
			}
			c.spawn(func() {
				if c.pauseCall(time.Duration(i) * pacing) {
					c.check(p, r)
				}
			})
		}
	})
}

func (c *call) component(number int) *component {
	for _, p := range c.components {
		if p.number == number {
			return p
		}
	}
	return nil
}

// Close ends the call. It is safe to call again.
func (c *call) Close() {
	c.cancel()
	c.mu.Lock()
	paths := c.paths
	c.paths = nil
	c.mu.Unlock()
	for _, p := range c.components {
		c.drop(p.udp)
		c.drop(p.tcp)
	}
	for _, p := range paths {
		if p.conn != nil {
			c.drop(p.conn)
		}
		if p.heard > 0 {
			c.Recorder.Record(p.remote.String(), c.host.Name(), c.flowed(p))
		}
	}
}
