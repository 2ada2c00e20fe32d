package server_test

import (
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/pion/stun/v2"

	"rehearse/reports/journal"
	"rehearse/simulator/audio"
	"rehearse/simulator/ice"
	"rehearse/simulator/srtp"
)

const (
	focus    = "sip:alice@contoso.test;gruu;opaque=app:conf:focus:id:weekly"
	audioURI = "sip:alice@contoso.test;gruu;opaque=app:conf:audio-video:id:weekly"
	chatURI  = "sip:alice@contoso.test;gruu;opaque=app:conf:chat:id:weekly"
)

// addUser is what pidgin-sipe sends to a focus.
func (p *phone) addUser() string {
	return p.request("INVITE", focus, "<"+focus+">", "focus-"+p.user, []string{
		"Contact: <sip:" + p.user + ";gruu;opaque=user:epid:x>", "Supported: ms-delayed-accept", "Content-Type: application/cccp+xml"},
		`<?xml version="1.0"?><request xmlns="urn:ietf:params:xml:ns:cccp" xmlns:mscp="http://schemas.microsoft.com/rtc/2005/08/cccpextensions" C3PVersion="1" to="`+focus+`" from="sip:`+p.user+`" requestId="0">`+
			`<addUser><conferenceKeys confEntity="`+focus+`"/><ci:user xmlns:ci="urn:ietf:params:xml:ns:conference-info" entity="sip:`+p.user+`"><ci:roles><ci:entry>attendee</ci:entry></ci:roles>`+
			`<ci:endpoint entity="{34D859DB-6585-5F91-A3B4-DE853C15347D}" xmlns:msci="http://schemas.microsoft.com/rtc/2005/08/confinfoextensions"/></ci:user></addUser></request>`)
}

// join goes to the focus and subscribes to the conference, and gives its document.
func (p *phone) join() string {
	GinkgoHelper()
	res := p.ask(200, p.addUser())
	Expect(string(res.Body())).To(ContainSubstring(`code="success"`))
	Expect(value(res, "Content-Type")).To(Equal("application/cccp+xml"))
	p.say(p.request("ACK", focus, value(res, "To"), "focus-"+p.user, nil, ""))
	res = p.ask(200, p.subscribe("conference", focus, "watch-"+p.user, "", "Accept: application/conference-info+xml"))
	Expect(value(res, "ms-piggyback-cseq")).To(Equal("1"))
	return string(res.Body())
}

// offer is an SDP offer with a candidate for each address, RTP only.
func offer(candidates ...string) string {
	lines := []string{"v=0", "o=- 0 0 IN IP4 10.1.0.11", "s=session", "c=IN IP4 10.1.0.11", "b=CT:99980", "t=0 0",
		"m=audio 50000 RTP/AVP 0 8 101", "a=ice-ufrag:abcd", "a=ice-pwd:0123456789abcdefghijklmn"}
	for i, c := range candidates {
		lines = append(lines, fmt.Sprintf("a=candidate:%d 1 %s", i+1, c))
	}
	return strings.Join(append(lines, "a=rtpmap:0 PCMU/8000", "a=rtpmap:101 telephone-event/8000", "a=encryption:rejected", ""), "\r\n")
}

// call sends an INVITE to the A/V conferencing server, and the ACK.
func (p *phone) call(sdp string) (answer string) {
	GinkgoHelper()
	res := p.ask(200, p.request("INVITE", audioURI, "<"+audioURI+">", "av-"+p.user,
		[]string{"Contact: <sip:" + p.user + ";gruu;opaque=user:epid:x>", "Content-Type: application/sdp"}, sdp))
	Expect(value(res, "Content-Type")).To(Equal("application/sdp"))
	p.say(p.request("ACK", audioURI, value(res, "To"), "av-"+p.user, nil, ""))
	return string(res.Body())
}

// line is what follows a prefix in an SDP answer.
func line(sdp, prefix string) string {
	GinkgoHelper()
	for _, l := range strings.Split(sdp, "\r\n") {
		if rest, ok := strings.CutPrefix(l, prefix); ok {
			return rest
		}
	}
	Fail(fmt.Sprintf("no line %s in %s", prefix, sdp))
	return ""
}

// binding is a Binding request as RFC 8489 has it, made by pion.
func binding(sdp string) []byte {
	GinkgoHelper()
	m, err := stun.Build(stun.BindingRequest, stun.TransactionID, stun.NewUsername(line(sdp, "a=ice-ufrag:")+":abcd"),
		stun.RawAttribute{Type: stun.AttrPriority, Value: []byte{1, 2, 3, 4}},
		stun.RawAttribute{Type: stun.AttrICEControlling, Value: make([]byte, 8)},
		stun.NewShortTermIntegrity(line(sdp, "a=ice-pwd:")), stun.Fingerprint)
	Expect(err).NotTo(HaveOccurred())
	return m.Raw
}

// rtp is a packet of 20 ms of silence.
func rtp(seq uint16) []byte {
	b := binary.BigEndian.AppendUint16([]byte{0x80, 0}, seq)
	return append(append(b, make([]byte, 8)...), strings.Repeat("\xff", 160)...)
}

// mixed is an RTP packet of the server's as the client had sent it: the client's
// source stands among those that contributed.
func mixed(packet []byte) []byte {
	GinkgoHelper()
	client := rtp(0)[8:12]
	Expect(packet[0]).To(Equal(byte(0x81)))
	Expect(packet[8:12]).NotTo(Equal(client))
	Expect(packet[12:16]).To(Equal(client))
	return slices.Concat([]byte{0x80}, packet[1:8], client, packet[16:])
}

var _ = Describe("a meeting", func() {
	It("is joined at its focus, and says who is there", func() {
		onStage(func(s *stage) {
			p := s.signedIn("alice@contoso.test", "secret")
			doc := p.join()
			Expect(doc).To(SatisfyAll(
				ContainSubstring(`entity="`+focus+`"`), ContainSubstring("<uri>"+chatURI+"</uri><purpose>chat</purpose>"),
				ContainSubstring("<uri>"+audioURI+"</uri><purpose>audio-video</purpose>"),
				ContainSubstring(`<user entity="sip:alice@contoso.test"`), ContainSubstring("<entry>presenter</entry>")))
		})
	})

	It("tells those who are there of others who come and go", func() {
		onStage(func(s *stage) {
			alice := s.signedIn("alice@contoso.test", "secret")
			alice.join()
			bob := s.signedIn("bob@contoso.test", "hidden")
			Expect(bob.join()).To(SatisfyAll(ContainSubstring("sip:alice@contoso.test"), ContainSubstring("sip:bob@contoso.test")))
			alice.hear()
			Expect(alice.read[len(alice.read)-1]).To(SatisfyAll(HavePrefix("BENOTIFY "), ContainSubstring("sip:bob@contoso.test")))
			bob.ask(200, bob.request("BYE", focus, "<"+focus+">", "focus-bob@contoso.test", nil, ""))
			alice.hear()
			Expect(alice.read[len(alice.read)-1]).NotTo(ContainSubstring(`user entity="sip:bob@contoso.test"`))
		})
	})

	It("is left when the connection ends", func() {
		onStage(func(s *stage) {
			alice := s.signedIn("alice@contoso.test", "secret")
			alice.join()
			bob := s.signedIn("bob@contoso.test", "hidden")
			bob.join()
			alice.hear()
			bob.conn.Close()
			alice.hear()
			Expect(alice.read[len(alice.read)-1]).NotTo(ContainSubstring(`user entity="sip:bob@contoso.test"`))
		})
	})

	It("is unknown where its organizer is", func() {
		onStage(func(s *stage) {
			p := s.signedIn("alice@contoso.test", "secret")
			other := "sip:nobody@contoso.test;gruu;opaque=app:conf:focus:id:weekly"
			p.ask(404, p.request("INVITE", other, "<"+other+">", "x", nil, ""))
			p.ask(404, p.request("INVITE", "sip:ocschat@contoso.test", "<sip:ocschat@contoso.test>", "y", nil, ""))
		})
	})

	It("refuses an offer that it cannot use", func() {
		onStage(func(s *stage) {
			p := s.signedIn("alice@contoso.test", "secret")
			res := p.ask(488, p.request("INVITE", audioURI, "<"+audioURI+">", "av", []string{"Content-Type: application/sdp"}, "v=0\r\no=- 0 0 IN IP4 10.1.0.11\r\ns=session\r\nt=0 0\r\n"))
			Expect(value(res, "ms-diagnostics")).To(HavePrefix(`7008;source="sipdir.online.lync.com";reason="SDP: got no m=audio`))
		})
	})

	It("takes the newer of two offers", func() {
		onStage(func(s *stage) {
			p := s.signedIn("alice@contoso.test", "secret")
			body := "--b\r\nContent-Type: application/sdp\r\nContent-Disposition: session; handling=optional; ms-proxy-2007fallback\r\n\r\nv=0\r\n\r\n" +
				"--b\r\nContent-Type: application/sdp\r\nContent-Disposition: session; handling=optional\r\n\r\n" + offer("UDP 1 10.1.0.11 50000 typ host ") + "\r\n--b--\r\n"
			res := p.ask(200, p.request("INVITE", audioURI, "<"+audioURI+">", "av", []string{`Content-Type: multipart/alternative;boundary="b"`}, body))
			Expect(string(res.Body())).To(ContainSubstring("m=audio "))
		})
	})
})

var _ = Describe("audio", func() {
	It("is SRTP where the client offers a key, and refused where it wants SRTP without one", func() {
		onStage(func(s *stage) {
			p := s.signedIn("alice@contoso.test", "secret")
			p.join()
			here, err := s.client.ListenPacket("udp", ":50000")
			Expect(err).NotTo(HaveOccurred())
			defer here.Close()
			open := offer("UDP 2130706431 10.1.0.11 50000 typ host ")
			savp := strings.Replace(open, "RTP/AVP", "RTP/SAVP", 1)
			res := p.ask(488, p.request("INVITE", audioURI, "<"+audioURI+">", "no-key", []string{"Content-Type: application/sdp"}, savp))
			Expect(value(res, "ms-diagnostics")).To(ContainSubstring("got RTP/SAVP without a key that is known"))

			mine := srtp.NewCrypto(3)
			answer := p.call(strings.Replace(open, "a=encryption", "a=crypto:"+mine.String()+"\r\na=encryption", 1))
			Expect(answer).To(ContainSubstring("RTP/SAVP 0 8 101"))
			theirs, err := srtp.ParseCrypto(line(answer, "a=crypto:"))
			Expect(err).NotTo(HaveOccurred())
			Expect(theirs.Tag).To(Equal(3))
			Expect(theirs.Master).NotTo(Equal(mine.Master))
			candidate, err := ice.ParseCandidate(line(answer, "a=candidate:"))
			Expect(err).NotTo(HaveOccurred())
			to := net.UDPAddrFromAddrPort(candidate.Addr)
			receivePacket(here) // the server's own check
			_, err = here.WriteTo(binding(answer), to)
			Expect(err).NotTo(HaveOccurred())
			receivePacket(here)
			out, in := srtp.NewSender(mine.Master), srtp.NewReceiver(theirs.Master)
			for _, packet := range [][]byte{rtp(0), {0x80, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1}} { // the second in the clear: not heard
				if packet[len(packet)-1] == 0xff {
					packet, err = out.Protect(packet)
					Expect(err).NotTo(HaveOccurred())
				}
				_, err = here.WriteTo(packet, to)
				Expect(err).NotTo(HaveOccurred())
			}
			plain, err := in.Open(receivePacket(here))
			Expect(err).NotTo(HaveOccurred())
			Expect(mixed(plain)).To(Equal(rtp(0)))
			p.hear() // the roster
			p.ask(200, p.request("BYE", audioURI, "<"+audioURI+">", "av-alice@contoso.test", nil, ""))
			Expect(of[journal.MediaFlowed](s, "avmcu.online.lync.com")).To(ConsistOf(journal.MediaFlowed{Path: "udp-relay", Sent: 1, Received: 1, Protected: true}))
		})
	})

	It("comes back over UDP once a check went through", func() {
		onStage(func(s *stage) {
			p := s.signedIn("alice@contoso.test", "secret")
			p.join()
			here, err := s.client.ListenPacket("udp", ":50000")
			Expect(err).NotTo(HaveOccurred())
			answer := p.call(offer("UDP 2130706431 10.1.0.11 50000 typ host "))
			there, err := ice.ParseCandidate(line(answer, "a=candidate:"))
			Expect(err).NotTo(HaveOccurred())
			to := net.UDPAddrFromAddrPort(there.Addr)

			// The server's own check, in Microsoft's dialect.
			got := receivePacket(here)
			check, err := ice.Parse(got, func(user string) (string, bool) {
				return "0123456789abcdefghijklmn", user == "abcd:"+line(answer, "a=ice-ufrag:")
			})
			Expect(err).NotTo(HaveOccurred())
			Expect(check.Controlling).To(BeFalse())
			Expect(check.Microsoft).To(BeTrue())

			_, err = here.WriteTo(rtp(1), to)
			Expect(err).NotTo(HaveOccurred())
			_, err = here.WriteTo(binding(answer), to)
			Expect(err).NotTo(HaveOccurred())
			got = receivePacket(here)
			m := &stun.Message{Raw: got}
			Expect(m.Decode()).To(Succeed())
			Expect(m.Type).To(Equal(stun.BindingSuccess), "and not the packet sent before the check")
			Expect(stun.NewShortTermIntegrity(line(answer, "a=ice-pwd:")).Check(m)).To(Succeed())
			var mapped stun.XORMappedAddress
			Expect(mapped.GetFrom(m)).To(Succeed())
			Expect(mapped.String()).To(Equal("10.1.0.11:50000"))

			for seq := range uint16(5) {
				_, err = here.WriteTo(rtp(seq), to)
				Expect(err).NotTo(HaveOccurred())
				Expect(mixed(receivePacket(here))).To(Equal(rtp(seq)))
			}
			_, err = here.WriteTo(rtp(9), to) // two are lost
			Expect(err).NotTo(HaveOccurred())
			Expect(mixed(receivePacket(here))).To(Equal(rtp(5)), "the server counts by itself")
			_, err = here.WriteTo((audio.Report{}).AppendSender(nil, &audio.Source{}, 0), to)
			Expect(err).NotTo(HaveOccurred())
			report, ok := audio.ParseReport(receivePacket(here), 0)
			Expect(ok).To(BeTrue())
			Expect(report).To(HaveField("Lost", 2))
			Expect(report).To(HaveField("Newest", uint32(9)))
			p.hear() // the roster
			p.ask(200, p.request("BYE", audioURI, "<"+audioURI+">", "av-alice@contoso.test", nil, ""))
			Expect(of[journal.MediaFlowed](s, "avmcu.online.lync.com")).To(ConsistOf(journal.MediaFlowed{Path: "udp-relay", Sent: 6, Received: 7, Lost: 2}))
		})
	})

	It("comes back to a client of the older dialect of ICE", func() {
		onStage(func(s *stage) {
			p := s.signedIn("alice@contoso.test", "secret")
			p.join()
			here, err := s.client.ListenPacket("udp", ":50000")
			Expect(err).NotTo(HaveOccurred())
			defer here.Close()
			const own = "YWxpY2UtYWxpY2UtYWxpY2UtYWxpY2UtYWxpY2UtYWw 1 c2VjcmV0LXNlY3JldC1zZQ UDP 0.830 10.1.0.11 50000"
			mine, err := ice.ParseDraft6(own)
			Expect(err).NotTo(HaveOccurred())
			answer := p.call(strings.ReplaceAll(offer(), "a=ice-ufrag:abcd\r\na=ice-pwd:0123456789abcdefghijklmn", "a=candidate:"+own))
			Expect(answer).NotTo(ContainSubstring("ice-ufrag"))
			theirs, err := ice.ParseDraft6(line(answer, "a=candidate:"))
			Expect(err).NotTo(HaveOccurred())
			to := net.UDPAddrFromAddrPort(theirs[0].Addr)

			asked, err := ice.ParseDraft6Check(receivePacket(here), func(user string) (string, bool) {
				return mine[0].Password, user == ice.Draft6Username(mine[0].User, theirs[0].User, 1)
			})
			Expect(err).NotTo(HaveOccurred())
			reply := ice.Draft6Check{Response: true, Transaction: asked.Transaction, Username: asked.Username, Mapped: theirs[0].Addr}
			_, err = here.WriteTo(reply.Append(nil, mine[0].Password), to)
			Expect(err).NotTo(HaveOccurred())

			check := ice.Draft6Check{Transaction: [16]byte{7}, Username: ice.Draft6Username(theirs[0].User, mine[0].User, 1)}
			_, err = here.WriteTo(check.Append(nil, theirs[0].Password), to)
			Expect(err).NotTo(HaveOccurred())
			got, err := ice.ParseDraft6Check(receivePacket(here), func(user string) (string, bool) { return theirs[0].Password, user == check.Username })
			Expect(err).NotTo(HaveOccurred())
			Expect(got.Response).To(BeTrue())
			Expect(got.Mapped.String()).To(Equal("10.1.0.11:50000"))

			_, err = here.WriteTo(rtp(0), to)
			Expect(err).NotTo(HaveOccurred())
			Expect(mixed(receivePacket(here))).To(Equal(rtp(0)))
		})
	})

	It("comes back through the client's relay over pseudo-TLS", func() {
		onStage(func(s *stage) {
			p := s.signedIn("alice@contoso.test", "secret")
			p.join()
			user, password := p.relayCredentials()
			c := &turnClient{conn: s.dial("edge"), framed: true, user: user, password: password}
			c.greet()
			relay := c.allocate()
			answer := p.call(offer(fmt.Sprintf("TCP-PASS 6556159 %s %d typ relay raddr 10.1.0.11 rport 50000 ", relay.Addr(), relay.Port())))
			mcu := netip.MustParseAddr("52.112.0.15")

			// A check of ours, to where nobody may listen, opens the relay for the server.
			var stream ice.Packets
			c.sendTo(netip.AddrPortFrom(mcu, 9), string(ice.AppendPacket(nil, binding(answer))))
			from, data := c.indication()
			Expect(from.Addr()).To(Equal(mcu))
			packets := stream.Add([]byte(data))
			Expect(packets).To(HaveLen(1))
			check, err := ice.Parse(packets[0], func(string) (string, bool) { return "0123456789abcdefghijklmn", true })
			Expect(err).NotTo(HaveOccurred())
			c.sendTo(from, string(ice.AppendPacket(nil, ice.Check{Response: true, Transaction: check.Transaction, Mapped: from, Microsoft: true}.Append(nil, "0123456789abcdefghijklmn"))))
			c.sendTo(from, string(ice.AppendPacket(ice.AppendPacket(nil, rtp(1)), rtp(2))))
			for packets = nil; len(packets) < 2; {
				_, data = c.indication()
				packets = append(packets, stream.Add([]byte(data))...)
			}
			Expect([][]byte{mixed(packets[0]), mixed(packets[1])}).To(Equal([][]byte{rtp(0), rtp(1)}))
			p.conn.Close()
			time.Sleep(time.Second)
			Expect(of[journal.MediaFlowed](s, "avmcu.online.lync.com")).To(ConsistOf(journal.MediaFlowed{Path: "tcp-relay", Sent: 2, Received: 2}))
		})
	})

	It("comes back on a connection that the relay makes", func() {
		onStage(func(s *stage) {
			p := s.signedIn("alice@contoso.test", "secret")
			p.join()
			user, password := p.relayCredentials()
			c := &turnClient{conn: s.dial("edge"), framed: true, user: user, password: password}
			c.greet()
			relay := c.allocate()
			answer := p.call(offer(fmt.Sprintf("TCP-ACT 6556159 %s %d typ relay raddr 10.1.0.11 rport 50000 ", relay.Addr(), relay.Port())))
			var passive ice.Candidate
			for _, l := range strings.Split(answer, "\r\n") {
				if v, ok := strings.CutPrefix(l, "a=candidate:"); ok && strings.Contains(v, "TCP-PASS") {
					var err error
					passive, err = ice.ParseCandidate(v)
					Expect(err).NotTo(HaveOccurred())
				}
			}
			c.sendTo(passive.Addr, string(ice.AppendPacket(nil, binding(answer))))
			from, data := c.indication()
			Expect(from).To(Equal(passive.Addr))
			Expect(ice.IsSTUN([]byte(data)[2:])).To(BeTrue())
			c.sendTo(passive.Addr, string(ice.AppendPacket(nil, rtp(9))))
			_, data = c.indication()
			Expect(mixed([]byte(data)[2:])).To(Equal(rtp(0)))
		})
	})
})

func receivePacket(p net.PacketConn) []byte {
	GinkgoHelper()
	b := make([]byte, 2048)
	n, _, err := p.ReadFrom(b)
	Expect(err).NotTo(HaveOccurred())
	return b[:n]
}
