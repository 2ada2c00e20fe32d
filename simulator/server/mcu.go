package server

import (
	"cmp"
	"context"
	"encoding/base64"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/pion/sdp/v3"

	"rehearse/reports/journal"
	"rehearse/simulator/ice"
	"rehearse/simulator/world"
)

// mcu is the A/V conferencing server: it takes calls, finds a path to each client
// by ICE, and sends every RTP packet back where it came from as its own, so that a
// client can measure its media.
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
	ufrag, password             string
	remoteUfrag, remotePassword string
	remote                      []ice.Candidate
	profile                     string
	source                      [4]byte // of the RTP sent: its SSRC
	formats                     []string
	components                  []*component

	ctx    context.Context // ends with the call
	cancel context.CancelFunc
	once   sync.Once // start

	mu    sync.Mutex
	paths []*path // that something came by, in order
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
	c := &call{mcu: m, ufrag: token(4), password: token(24), source: [4]byte(random(4))}
	if err := c.read(offer); err != nil {
		return nil, err
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

// token is random text for ICE: letters, digits, plus and slash.
func token(n int) string { return base64.StdEncoding.EncodeToString(random(n))[:n] }

// read takes the audio out of an offer.
func (c *call) read(offer []byte) error {
	var d sdp.SessionDescription
	if err := d.Unmarshal(offer); err != nil {
		return fmt.Errorf("SDP: %w", err)
	}
	i := slices.IndexFunc(d.MediaDescriptions, func(m *sdp.MediaDescription) bool { return m.MediaName.Media == "audio" })
	if i < 0 {
		return fmt.Errorf("SDP: got no m=audio")
	}
	m := d.MediaDescriptions[i]
	c.profile, c.formats = strings.Join(m.MediaName.Protos, "/"), m.MediaName.Formats
	for _, a := range append(slices.Clone(d.Attributes), m.Attributes...) {
		switch a.Key {
		case "ice-ufrag":
			c.remoteUfrag = a.Value
		case "ice-pwd":
			c.remotePassword = a.Value
		case "candidate":
			r, err := ice.ParseCandidate(a.Value)
			if err != nil {
				return fmt.Errorf("SDP: %w", err)
			}
			c.remote = append(c.remote, r)
		}
	}
	if c.remoteUfrag == "" || c.remotePassword == "" || len(c.remote) == 0 {
		return fmt.Errorf("SDP: got %d candidates, ice-ufrag %q; want candidates with ice-ufrag and ice-pwd", len(c.remote), c.remoteUfrag)
	}
	slices.SortStableFunc(c.remote, func(a, b ice.Candidate) int { return -cmp.Compare(a.Priority, b.Priority) })
	return nil
}

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

// answer is the SDP answer.
func (c *call) answer() []byte {
	first := c.components[0].atUDP
	var b strings.Builder
	fmt.Fprintf(&b, "v=0\r\no=- 0 0 IN IP4 %[1]s\r\ns=session\r\nc=IN IP4 %[1]s\r\nb=CT:99980\r\nt=0 0\r\n", first.Addr())
	fmt.Fprintf(&b, "m=audio %d %s %s\r\n", first.Port(), c.profile, strings.Join(c.spoken(), " "))
	fmt.Fprintf(&b, "a=ice-ufrag:%s\r\na=ice-pwd:%s\r\n", c.ufrag, c.password)
	for _, p := range c.components {
		for i, t := range []struct {
			transport string
			at        netip.AddrPort
		}{{ice.UDP, p.atUDP}, {ice.TCPPassive, p.atTCP}, {ice.TCPActive, p.atTCP}} {
			line := ice.Candidate{Foundation: fmt.Sprint(i + 1), Component: p.number, Transport: t.transport, Type: ice.Host,
				Priority: ice.Priority(ice.Host, t.transport, p.number), Addr: t.at}
			fmt.Fprintf(&b, "a=candidate:%s\r\n", line)
		}
	}
	if n := len(c.components); n > 1 {
		fmt.Fprintf(&b, "a=rtcp:%d\r\n", c.components[n-1].atUDP.Port())
	}
	for _, f := range c.spoken() {
		if name := map[string]string{"0": "PCMU/8000", "8": "PCMA/8000", "13": "CN/8000", "101": "telephone-event/8000"}[f]; name != "" {
			fmt.Fprintf(&b, "a=rtpmap:%s %s\r\n", f, name)
		}
	}
	return []byte(b.String())
}

// spoken are the offered payload types that this server takes too.
func (c *call) spoken() []string {
	var out []string
	for _, f := range c.formats {
		if slices.Contains([]string{"0", "8", "13", "101"}, f) {
			out = append(out, f)
		}
	}
	return out
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
			c.Recorder.Record(p.remote.String(), c.host.Name(), journal.MediaFlowed{Path: p.transport, Sent: p.sent, Received: p.heard})
		}
	}
}
