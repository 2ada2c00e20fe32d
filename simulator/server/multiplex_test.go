package server_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"net"
	"net/netip"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

const (
	version5     = "8008000400000005"
	version6     = "8008000400000006"
	videoQuality = "8055000400020002"
)

// signed256 adds Message Integrity as MS-Version 3 and later have it.
func (c *turnClient) signed256(b []byte) []byte {
	binary.BigEndian.PutUint16(b[2:], uint16(len(b)-20+36))
	return append(b, attribute(8, c.mac256(b))...)
}

func (c *turnClient) mac256(b []byte) []byte {
	key := sha256.Sum256(bytes.Join([][]byte{c.user, []byte("rtcmedia"), c.password}, []byte(":")))
	h := hmac.New(sha256.New, key[:])
	h.Write(b)
	if rest := len(b) % 64; rest != 0 {
		h.Write(make([]byte, 64-rest))
	}
	return h.Sum(nil)
}

// session allocates at a shared port as a client of a version and gives the session
// and the relay address.
func (c *turnClient) session(version string) (session []byte, relay netip.AddrPort) {
	GinkgoHelper()
	c.send(c.message(3, unhex(version), unhex(videoQuality)))
	kind, a, _ := c.receive()
	Expect(kind).To(Equal(uint16(0x0113)))
	c.nonce, c.realm, session = a[0x14], a[0x15], a[0x8095]
	Expect(session).To(HaveLen(8))
	c.send(c.signed256(c.message(3, unhex(version), unhex(videoQuality), attribute(0x8095, session), c.credentials())))
	kind, a, raw := c.receive()
	Expect(kind).To(Equal(uint16(0x0103)), "error %q", a[9])
	Expect(a[8]).To(Equal(c.mac256(raw[:len(raw)-36])))
	Expect(attribute(0x8008, a[0x8008])).To(Equal(unhex(version)))
	return session, plainAddr(a[1])
}

// multiplexed is a frame for a session.
func multiplexed(session []byte, data string) []byte {
	b := binary.BigEndian.AppendUint16([]byte{0xff, 0x10}, uint16(len(session)+len(data)))
	return append(append(b, session...), data...)
}

// sendTo256 is a Send request of version 3 and later.
func (c *turnClient) sendTo256(to netip.AddrPort, data string) {
	GinkgoHelper()
	c.send(c.signed256(c.message(0x0004, unhex(version6), attribute(6, c.user), attribute(0x11, addrValue(to)), attribute(0x13, []byte(data)))))
}

var _ = Describe("a relay port that many share", func() {
	It("takes UDP data for each session, from those that its client has sent to", func() {
		onStage(func(s *stage) {
			peer, err := s.world.Host("peer", netip.MustParseAddr("10.1.0.99")).ListenPacket("udp", ":6000")
			Expect(err).NotTo(HaveOccurred())
			defer peer.Close()
			here := netip.MustParseAddrPort("10.1.0.99:6000")
			one, two := s.relayClient("edge-udp"), s.relayClient("edge-udp")
			first, relay := one.session(version5)
			second, other := two.session(version5)
			Expect(relay.String()).To(Equal("52.112.0.13:3480"), "that of video")
			Expect(other).To(Equal(relay))
			say := func(b []byte) {
				_, err := peer.WriteTo(b, net.UDPAddrFromAddrPort(relay))
				Expect(err).NotTo(HaveOccurred())
			}
			say(multiplexed(first, "a stranger's"))
			time.Sleep(time.Second)
			one.sendTo256(here, "ping")
			Expect(receivePacket(peer)).To(BeEquivalentTo("ping"))
			two.sendTo256(here, "ping too")
			Expect(receivePacket(peer)).To(BeEquivalentTo("ping too"))
			say([]byte("no frame"))
			say(multiplexed([]byte("nobody's"), "lost"))
			say(multiplexed(second, "for the second"))
			say(multiplexed(first, "for the first"))
			from, data := one.indication()
			Expect(from).To(Equal(here))
			Expect(data).To(Equal("for the first"))
			_, data = two.indication()
			Expect(data).To(Equal("for the second"))
		})
	})

	It("takes frames over TCP, and answers go back on their connection", func() {
		onStage(func(s *stage) {
			c := s.relayClient("edge")
			session, relay := c.session(version6)
			host := s.world.Host("peer", netip.MustParseAddr("10.1.0.99"))
			p := dialPeer(host, relay)
			defer p.Close()
			here := addrOf(p.LocalAddr())
			write(p, string(multiplexed(session, "a stranger's")))
			time.Sleep(time.Second)
			other := netip.AddrPortFrom(here.Addr(), 9)
			c.sendTo256(other, "the address is known now") // nobody listens there
			time.Sleep(time.Second)
			write(p, string(multiplexed(session, "ping")))
			from, data := c.indication()
			Expect(from).To(Equal(here))
			Expect(data).To(Equal("ping"))
			c.sendTo256(here, "pong")
			Expect(readString(p)).To(Equal("pong"))
			write(p, "\x03\x00\x00\x00")
			_, err := p.Read(make([]byte, 1))
			Expect(err).To(HaveOccurred(), "such a frame has no place there")
		})
	})

	It("is not for who speaks an older version", func() {
		onStage(func(s *stage) {
			c := s.relayClient("edge")
			Expect(c.challenged()).NotTo(HaveKey(uint16(0x8095)))
			c.send(c.message(3, unhex(version5)))
			_, a, _ := c.receive()
			Expect(a).NotTo(HaveKey(uint16(0x8095)), "version 5 shares UDP ports only")
		})
	})
})

var _ = Describe("the A/V edge's limits", func() {
	It("grants a lifetime between one and ten minutes", func() {
		onStage(func(s *stage) {
			c := s.relayClient("edge-udp")
			c.allocate()
			for asked, granted := range map[string]string{"00000005": "0000003c", "00000100": "00000100", "00010000": "00000258"} {
				c.send(c.signed(c.message(3, unhex(version1), attribute(0x0d, unhex(asked)), c.credentials())))
				_, a, _ := c.receive()
				Expect(a[0x0d]).To(Equal(unhex(granted)))
			}
		})
	})

	It("gives one user name twenty allocations, and another when one is given up", func() {
		onStage(func(s *stage) {
			c := s.relayClient("edge-udp")
			all := []*turnClient{c}
			c.allocate()
			for range 19 {
				n := &turnClient{conn: s.dial("edge-udp"), user: c.user, password: c.password}
				n.allocate()
				all = append(all, n)
			}
			last := &turnClient{conn: s.dial("edge-udp"), user: c.user, password: c.password}
			last.challenged()
			last.send(last.signed(last.message(3, unhex(version1), last.credentials())))
			_, a, _ := last.receive()
			Expect(a[9][:4]).To(Equal([]byte{0, 0, 4, 86}))
			all[7].send(all[7].signed(all[7].message(3, unhex(version1), attribute(0x0d, make([]byte, 4)), all[7].credentials())))
			all[7].receive()
			last.allocate()
		})
	})
})
