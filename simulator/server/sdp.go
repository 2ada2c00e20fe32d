package server

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/pion/sdp/v3"

	"rehearse/simulator/ice"
	"rehearse/simulator/srtp"
)

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
		if err := c.attribute(a); err != nil {
			return fmt.Errorf("SDP: %w", err)
		}
	}
	if !c.old && (c.remoteUfrag == "" || c.remotePassword == "") || len(c.remote) == 0 {
		return fmt.Errorf("SDP: got %d candidates, ice-ufrag %q; want candidates with ice-ufrag and ice-pwd", len(c.remote), c.remoteUfrag)
	}
	if strings.HasSuffix(c.profile, "/SAVP") && !c.sound.isProtected() {
		return fmt.Errorf("SDP: got %s without a key that is known, want a=crypto with %s", c.profile, srtp.Suite)
	}
	slices.SortStableFunc(c.remote, func(a, b ice.Candidate) int { return -cmp.Compare(a.Priority, b.Priority) })
	return nil
}

func (c *call) attribute(a sdp.Attribute) error {
	switch a.Key {
	case "ice-ufrag":
		c.remoteUfrag = a.Value
	case "ice-pwd":
		c.remotePassword = a.Value
	case "candidate":
		return c.candidate(a.Value)
	case "crypto":
		// Of several keys the first of a known suite counts (RFC 4568 5.1.2).
		if theirs, err := srtp.ParseCrypto(a.Value); err == nil && !c.sound.isProtected() {
			c.crypto = srtp.NewCrypto(theirs.Tag)
			c.sound.protect(c.crypto.Master, theirs.Master)
		}
	}
	return nil
}

// candidate takes one of the client's candidates, in either dialect of ICE.
func (c *call) candidate(value string) error {
	if f := strings.Fields(value); len(f) >= 7 && f[6] != "typ" {
		both, err := ice.ParseDraft6(value)
		c.old, c.remote = true, append(c.remote, both...)
		return err
	}
	r, err := ice.ParseCandidate(value)
	c.remote = append(c.remote, r)
	return err
}

// answer is the SDP answer.
func (c *call) answer() []byte {
	first := c.components[0].atUDP
	var b strings.Builder
	fmt.Fprintf(&b, "v=0\r\no=- 0 0 IN IP4 %[1]s\r\ns=session\r\nc=IN IP4 %[1]s\r\nb=CT:99980\r\nt=0 0\r\n", first.Addr())
	fmt.Fprintf(&b, "m=audio %d %s %s\r\n", first.Port(), c.answeredProfile(), strings.Join(c.spoken(), " "))
	if !c.old {
		fmt.Fprintf(&b, "a=ice-ufrag:%s\r\na=ice-pwd:%s\r\n", c.ufrag, c.password)
	}
	for _, p := range c.components {
		for _, line := range c.lines(p) {
			fmt.Fprintf(&b, "a=candidate:%s\r\n", line)
		}
	}
	if c.sound.isProtected() {
		fmt.Fprintf(&b, "a=crypto:%s\r\n", c.crypto)
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

// answeredProfile is the offer's; where it leaves SRTP open (RTP/AVP with a key),
// SRTP is taken.
func (c *call) answeredProfile() string {
	if c.sound.isProtected() {
		return strings.Replace(c.profile, "RTP/AVP", "RTP/SAVP", 1)
	}
	return c.profile
}

// lines are a component's ways in, in the client's dialect.
func (c *call) lines(p *component) (lines []string) {
	ways := []struct {
		transport string
		at        netip.AddrPort
	}{{ice.UDP, p.atUDP}, {ice.TCPPassive, p.atTCP}, {ice.TCPActive, p.atTCP}}
	for i, w := range ways {
		line := ice.Candidate{Foundation: fmt.Sprint(i + 1), Component: p.number, Transport: w.transport, Type: ice.Host,
			Priority: ice.Priority(ice.Host, w.transport, p.number), Addr: w.at}
		switch {
		case !c.old:
			lines = append(lines, line.String())
		case w.transport != ice.TCPActive: // the other TCP line stands for both
			const udp, tcp = 830, 150 // Modelled: the numbers of real clients vary
			line.User, line.Password, line.Priority = c.ufrag, c.password, udp
			if w.transport != ice.UDP {
				line.Priority = tcp
			}
			lines = append(lines, line.Draft6())
		}
	}
	return lines
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
