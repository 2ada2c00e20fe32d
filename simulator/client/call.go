package client

import (
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"

	"github.com/pion/sdp/v3"

	"rehearse/reports/journal"
	"rehearse/simulator/ice"
)

const sdpType = "application/sdp"

// call is a client in a meeting.
type call struct {
	session  *session
	meeting  string // focus URI
	audioURI string
	focus    *dialog
	watch    *dialog // subscription to the conference
	audio    *dialog

	socket      net.PacketConn // of the host candidate
	allocations []*allocation  // in order of preference
	keys        iceKeys
	remote      []ice.Candidate

	path    *allocation // that audio takes, nil without
	to      netip.AddrPort
	trouble *stop // why there is no audio
	sound   sound
}

// gather collects candidates: the client's own address, a relay address over UDP
// where that is to be had, and one over TCP. Without a relay address the failure over
// TCP is the call's trouble: over UDP many networks let nothing out.
func (c *call) gather(w *walk, relays []relayAt) {
	if socket, err := w.conf.Host.ListenPacket("udp", ":0"); err == nil {
		c.socket = socket
	}
	for _, r := range relays {
		for _, get := range []func(*walk) (*allocation, error){
			func(e *walk) (*allocation, error) { return e.allocateUDP(r, 2) },
			func(e *walk) (*allocation, error) { return e.allocateTCP(r, 2) },
		} {
			a, err := get(w.errand(w.ctx))
			if err == nil {
				c.allocations = append(c.allocations, a)
				continue
			}
			c.trouble = w.fail(err) // TCP's comes last
			c.trouble.stage = journal.StageRelay
		}
	}
	switch {
	case len(c.allocations) > 0:
		c.trouble = nil
	case c.trouble == nil:
		c.trouble = w.refuse(codeNoRelay, "")
	}
	if c.trouble != nil {
		c.trouble.degraded()
	}
}

// mediaName is the path through an allocation, as outcomes name it.
func (a *allocation) mediaName() string {
	if a.stream {
		return journal.MediaTCPRelay
	}
	return journal.MediaUDPRelay
}

// candidates are the lines of the offer. RTCP travels with RTP, so there is one
// component.
//
// Modelled: the host candidate is offered but not used; client and conferencing
// server cannot reach each other but through the A/V edge.
func (c *call) candidates() []ice.Candidate {
	add := func(kind, transport string, addr, related netip.AddrPort, foundation int) ice.Candidate {
		return ice.Candidate{Foundation: fmt.Sprint(foundation), Component: ice.RTP, Transport: transport,
			Priority: ice.Priority(kind, transport, ice.RTP), Addr: addr, Type: kind, Related: related}
	}
	all := []ice.Candidate{add(ice.Host, ice.UDP, c.local(), netip.AddrPort{}, 1)}
	for i, a := range c.allocations {
		if !a.stream {
			all = append(all, add(ice.Relay, ice.UDP, a.relay, a.reflexive, 2+i))
			continue
		}
		all = append(all, add(ice.Relay, ice.TCPPassive, a.relay, a.reflexive, 2+i), add(ice.Relay, ice.TCPActive, a.relay, a.reflexive, 3+i))
	}
	return all
}

// local is the address of the host candidate.
func (c *call) local() netip.AddrPort {
	port := uint16(9) // discard: no socket was to be had
	if c.socket != nil {
		if at, err := netip.ParseAddrPort(c.socket.LocalAddr().String()); err == nil {
			port = at.Port()
		}
	}
	return netip.AddrPortFrom(c.session.conf.Host.Addr(), port)
}

// offer is the SDP of the call's INVITE.
func (c *call) offer() string {
	all := c.candidates()
	chosen := all[len(all)-1].Addr
	var b strings.Builder
	fmt.Fprintf(&b, "v=0\r\no=- 0 0 %[1]s\r\ns=session\r\nc=%[1]s\r\nb=CT:99980\r\nt=0 0\r\n", endpoint(chosen.Addr().String()))
	fmt.Fprintf(&b, "m=audio %d %s 0 101\r\na=rtcp-mux\r\na=ice-ufrag:%s\r\na=ice-pwd:%s\r\n", chosen.Port(), c.sound.profile(), c.keys.ufrag, c.keys.password)
	for _, candidate := range all {
		fmt.Fprintf(&b, "a=candidate:%s\r\n", candidate)
	}
	if c.path != nil {
		fmt.Fprintf(&b, "a=remote-candidates:1 %s %d\r\n", c.to.Addr(), c.to.Port())
	}
	fmt.Fprintf(&b, "a=crypto:%s\r\n", c.sound.crypto)
	b.WriteString("a=encryption:optional\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-16\r\na=ptime:20\r\n")
	return b.String()
}

// answered takes the candidates and credentials of the answer.
func (c *call) answered(w *walk, body []byte) error {
	var d sdp.SessionDescription
	if err := d.Unmarshal(body); err != nil {
		return w.abort(codeProtocol, "SDP answer: "+err.Error())
	}
	i := slices.IndexFunc(d.MediaDescriptions, func(m *sdp.MediaDescription) bool { return m.MediaName.Media == "audio" })
	if i < 0 || d.MediaDescriptions[i].MediaName.Port.Value == 0 {
		return w.refuse(codeNoMedia, "the answer takes no audio")
	}
	c.remote = nil
	for _, a := range slices.Concat(d.Attributes, d.MediaDescriptions[i].Attributes) {
		switch a.Key {
		case "ice-ufrag":
			c.keys.remoteUfrag = a.Value
		case "ice-pwd":
			c.keys.remotePassword = a.Value
		case "candidate":
			candidate, err := ice.ParseCandidate(a.Value)
			if err != nil {
				return w.abort(codeProtocol, "SDP answer: "+err.Error())
			}
			c.remote = append(c.remote, candidate)
		case "crypto":
			if err := c.sound.agree(a.Value); err != nil {
				return w.abort(codeProtocol, err.Error())
			}
		}
	}
	for _, a := range c.allocations {
		a.mu.Lock()
		a.keys = c.keys
		a.mu.Unlock()
	}
	return nil
}

// release gives everything back that the call holds; with good manners, or in a
// hurry.
func (c *call) release(w *walk, manners bool) {
	for _, a := range c.allocations {
		a.rest()
		if manners && a.lost() == nil {
			_ = a.refresh(w, 0, true) // the edge forgets it anyway
		}
		a.close()
	}
	if c.socket != nil {
		c.socket.Close()
	}
}
