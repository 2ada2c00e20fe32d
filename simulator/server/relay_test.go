package server_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha1"
	"encoding/binary"
	"encoding/hex"
	"io"
	"net"
	"net/netip"
	"syscall"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/reports/journal"
	"rehearse/simulator/server"
	"rehearse/simulator/world"
)

// The bytes below are written down from the tables of [MS-TURN] and from what
// libnice 0.1.21 sends, without our own codec.

const (
	relayHost   = "avedge.online.lync.com"
	magicCookie = "000f000472c64bc6"
	version1    = "8008000400000001"
	// niceHello is libnice's pseudo-TLS hello, whole.
	niceHello = "160301002d010000290301c1fcd5a36d93dd7e0b45673fec7985fbbc3fd660c2ce8485081b8121bcaa10fb000002001801" + "00"
)

// turnClient is an MS-TURN client by hand, over framed TCP or over UDP.
type turnClient struct {
	conn           net.Conn
	framed         bool
	user, password []byte
	nonce, realm   []byte
	number         byte // of the transaction
}

// greet does the pseudo-TLS exchange.
func (c *turnClient) greet() {
	GinkgoHelper()
	c.write(unhex(niceHello))
	answer := make([]byte, 4096)
	n, err := c.conn.Read(answer)
	Expect(err).NotTo(HaveOccurred())
	Expect(n).To(Equal(83), "in one piece, or libnice gives up")
	answer = answer[:n]
	Expect(hex.EncodeToString(answer[:11])).To(Equal("160301004e020000460301"))
	Expect(answer[43]).To(Equal(byte(0x20)))
	Expect(hex.EncodeToString(answer[76:])).To(Equal("0018000e000000"))
}

func (c *turnClient) write(b []byte) {
	GinkgoHelper()
	_, err := c.conn.Write(b)
	Expect(err).NotTo(HaveOccurred())
}

// message is a message without integrity. attributes are hexadecimal.
func (c *turnClient) message(kind uint16, attributes ...[]byte) []byte {
	c.number++
	body := append(unhex(magicCookie), bytes.Join(attributes, nil)...)
	b := binary.BigEndian.AppendUint16(nil, kind)
	b = binary.BigEndian.AppendUint16(b, uint16(len(body)))
	b = append(b, bytes.Repeat([]byte{c.number}, 16)...)
	return append(b, body...)
}

func attribute(number uint16, value []byte) []byte {
	b := binary.BigEndian.AppendUint16(nil, number)
	b = binary.BigEndian.AppendUint16(b, uint16(len(value)))
	return append(b, value...)
}

// signed adds Message Integrity.
func (c *turnClient) signed(b []byte) []byte {
	binary.BigEndian.PutUint16(b[2:], uint16(len(b)-20+24))
	return append(b, attribute(8, c.mac(b))...)
}

// mac is the HMAC of a message whose length already counts it.
func (c *turnClient) mac(b []byte) []byte {
	key := md5.Sum(bytes.Join([][]byte{c.user, []byte("rtcmedia"), c.password}, []byte(":")))
	h := hmac.New(sha1.New, key[:])
	h.Write(b)
	if rest := len(b) % 64; rest != 0 {
		h.Write(make([]byte, 64-rest))
	}
	return h.Sum(nil)
}

func (c *turnClient) send(b []byte) {
	GinkgoHelper()
	if c.framed {
		b = append([]byte{2, 0, byte(len(b) >> 8), byte(len(b))}, b...)
	}
	c.write(b)
}

// receive reads one message and gives its type and attributes by number.
func (c *turnClient) receive() (kind uint16, attributes map[uint16][]byte, raw []byte) {
	GinkgoHelper()
	raw = c.packet(2)
	Expect(hex.EncodeToString(raw[20:28])).To(Equal(magicCookie))
	attributes = map[uint16][]byte{}
	for rest := raw[20:]; len(rest) > 0; {
		n := int(binary.BigEndian.Uint16(rest[2:]))
		attributes[binary.BigEndian.Uint16(rest)] = rest[4 : 4+n]
		rest = rest[4+n:]
	}
	return binary.BigEndian.Uint16(raw), attributes, raw
}

// packet is the payload of the next frame, of the type given, or datagram.
func (c *turnClient) packet(frame byte) []byte {
	GinkgoHelper()
	if !c.framed {
		b := make([]byte, 65536)
		n, err := c.conn.Read(b)
		Expect(err).NotTo(HaveOccurred())
		return b[:n]
	}
	head := make([]byte, 4)
	_, err := io.ReadFull(c.conn, head)
	Expect(err).NotTo(HaveOccurred())
	Expect(head[:2]).To(Equal([]byte{frame, 0}))
	b := make([]byte, binary.BigEndian.Uint16(head[2:]))
	_, err = io.ReadFull(c.conn, b)
	Expect(err).NotTo(HaveOccurred())
	return b
}

// challenged sends a first Allocate and learns nonce and realm.
func (c *turnClient) challenged() map[uint16][]byte {
	GinkgoHelper()
	c.send(c.message(0x0003, unhex(version1)))
	kind, a, _ := c.receive()
	Expect(kind).To(Equal(uint16(0x0113)))
	Expect(a[9][:4]).To(Equal([]byte{0, 0, 4, 1}))
	c.nonce, c.realm = a[0x14], a[0x15]
	return a
}

// credentials are user name, realm and nonce, as attributes.
func (c *turnClient) credentials() []byte {
	return bytes.Join([][]byte{attribute(6, c.user), attribute(0x15, c.realm), attribute(0x14, c.nonce)}, nil)
}

// allocate goes through both rounds and gives the relay address.
func (c *turnClient) allocate() netip.AddrPort {
	GinkgoHelper()
	c.challenged()
	c.send(c.signed(c.message(0x0003, unhex(version1), c.credentials())))
	kind, a, raw := c.receive()
	Expect(kind).To(Equal(uint16(0x0103)), "error %x", a[9])
	Expect(a[8]).To(Equal(c.mac(raw[:len(raw)-24])))
	Expect(a[0x0d]).To(Equal([]byte{0, 0, 0, 60}))
	Expect(a[0x8008]).To(Equal([]byte{0, 0, 0, 1}))
	Expect(a[0x8050]).To(HaveLen(24))
	// XOR Mapped is masked with the transaction id, all of whose bytes are one number.
	here := c.conn.LocalAddr().String()
	masked := a[0x8020]
	for i := 2; i < len(masked); i++ {
		masked[i] ^= c.number
	}
	Expect(plainAddr(masked).String()).To(Equal(here))
	return plainAddr(a[1])
}

// plainAddr reads an address that is not masked.
func plainAddr(v []byte) netip.AddrPort {
	GinkgoHelper()
	Expect(v).To(HaveLen(8))
	Expect(v[:2]).To(Equal([]byte{0, 1}))
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte(v[4:])), binary.BigEndian.Uint16(v[2:]))
}

func addrValue(a netip.AddrPort) []byte {
	ip := a.Addr().As4()
	return append(binary.BigEndian.AppendUint16([]byte{0, 1}, a.Port()), ip[:]...)
}

// sendTo is a Send request, as Teams sends it: without nonce and realm.
func (c *turnClient) sendTo(to netip.AddrPort, data string) {
	GinkgoHelper()
	c.send(c.signed(c.message(0x0004, unhex(version1), attribute(6, c.user), attribute(0x11, addrValue(to)), attribute(0x13, []byte(data)))))
}

// indication wants a Data indication.
func (c *turnClient) indication() (from netip.AddrPort, data string) {
	GinkgoHelper()
	kind, a, _ := c.receive()
	Expect(kind).To(Equal(uint16(0x0115)))
	Expect(a).NotTo(HaveKey(uint16(8)))
	return plainAddr(a[0x12]), string(a[0x13])
}

// relayClient has credentials and a connection over "edge" or "edge-udp".
func (s *stage) relayClient(endpoint string) *turnClient {
	GinkgoHelper()
	p := s.signedIn("alice@contoso.test", "secret")
	user, password := p.relayCredentials()
	c := &turnClient{conn: s.dial(endpoint), framed: endpoint == "edge", user: user, password: password}
	if c.framed {
		c.greet()
	}
	return c
}

var _ = Describe("the A/V edge", func() {
	for _, endpoint := range []string{"edge", "edge-udp"} {
		It("allocates, refreshes and releases over "+endpoint, func() {
			onStage(func(s *stage) {
				c := s.relayClient(endpoint)
				a := c.challenged()
				Expect(string(c.realm)).To(Equal(`"rtcmedia"`))
				Expect(c.nonce).To(HaveLen(20))
				Expect(a).To(HaveKey(uint16(0x000e)))
				Expect(a).NotTo(HaveKey(uint16(0x0008)))

				relay := c.allocate()
				Expect(relay.Addr().String()).To(Equal("52.112.0.13"))
				Expect(relay.Port()).To(BeNumerically(">=", 50000))
				Expect(relay.Port()).To(BeNumerically("<=", 59999))

				time.Sleep(45 * time.Second)
				Expect(c.allocate()).To(Equal(relay), "a refresh keeps the address")
				time.Sleep(45 * time.Second)
				Expect(c.allocate()).To(Equal(relay), "and lets it live longer")

				c.send(c.signed(c.message(0x0003, unhex(version1), c.credentials(), attribute(0x0d, []byte{0, 0, 0, 0}))))
				kind, a, _ := c.receive()
				Expect(kind).To(Equal(uint16(0x0103)))
				Expect(a[0x0d]).To(Equal([]byte{0, 0, 0, 0}))
				Expect(c.allocate()).NotTo(Equal(relay))
			})
		})
	}

	It("records each message", func() {
		onStage(func(s *stage) {
			s.relayClient("edge").allocate()
			Expect(of[journal.TURNSent](s, relayHost)).To(HaveExactElements(
				journal.TURNSent{Received: true, Message: "pseudo-TLS hello"},
				journal.TURNSent{Message: "pseudo-TLS answer"},
				journal.TURNSent{Received: true, Message: "Allocate request"},
				journal.TURNSent{Message: "Allocate error response", Note: "error 401 Unauthorized"},
				journal.TURNSent{Received: true, Message: "Allocate request"},
				journal.TURNSent{Message: "Allocate response", Note: "allocated"},
			))
		})
	})

	It("forgets an allocation after its minute", func() {
		onStage(func(s *stage) {
			c := s.relayClient("edge")
			relay := c.allocate()
			peer := s.world.Host("peer", netip.MustParseAddr("192.0.2.7"))
			time.Sleep(59 * time.Second)
			dialPeer(peer, relay).Close()
			time.Sleep(2 * time.Second)
			_, err := peer.Dial(s.ctx(), "tcp", relay.String())
			Expect(err).To(MatchError(syscall.ECONNREFUSED))
		})
	})

	It("checks in the order of the specification", func() {
		onStage(func(s *stage) {
			c := s.relayClient("edge-udp")
			c.challenged()
			user, realm, nonce := attribute(6, c.user), attribute(0x15, c.realm), attribute(0x14, c.nonce)
			refused := func(message []byte) int {
				GinkgoHelper()
				c.send(message)
				kind, a, _ := c.receive()
				Expect(kind).To(Equal(uint16(0x0113)))
				return int(a[9][2])*100 + int(a[9][3])
			}
			Expect(refused(c.signed(c.message(3, realm, nonce)))).To(Equal(432), "no user name")
			Expect(refused(c.signed(c.message(3, attribute(6, []byte("mallory")), realm, nonce)))).To(Equal(436), "unknown user")
			Expect(refused(c.signed(c.message(3, user, nonce)))).To(Equal(434), "no realm")
			Expect(refused(c.signed(c.message(3, user, realm)))).To(Equal(435), "no nonce")
			Expect(refused(c.signed(c.message(3, user, realm, attribute(0x14, make([]byte, 20)))))).To(Equal(438), "stale nonce")
			wrong := *c
			wrong.password = []byte("wrong")
			Expect(refused(wrong.signed(wrong.message(3, user, realm, nonce)))).To(Equal(431), "wrong integrity")
			Expect(refused(c.signed(c.message(3, user, realm, nonce, attribute(0x7001, nil))))).To(Equal(420), "unknown mandatory attribute")
			time.Sleep(11 * time.Minute)
			Expect(refused(c.signed(c.message(3, user, realm, nonce)))).To(Equal(438), "a nonce of long ago")
		})
	})

	It("ends a user name's life when MRAS said", func() {
		onStage(func(s *stage) {
			c := s.relayClient("edge-udp")
			time.Sleep(8*time.Hour + time.Minute)
			c.challenged()
			c.send(c.signed(c.message(0x0003, unhex(version1), c.credentials())))
			_, a, _ := c.receive()
			Expect(a[9][:4]).To(Equal([]byte{0, 0, 4, 36}))
		})
	})

	It("relays over TCP: Send requests out, Data indications in, as a stream", func() {
		onStage(func(s *stage) {
			c := s.relayClient("edge")
			relay := c.allocate()
			peer := s.world.Host("peer", netip.MustParseAddr("192.0.2.7"))
			conn := dialPeer(peer, relay)
			write(conn, "before anything was sent")
			time.Sleep(time.Second)
			at := addrOf(conn.LocalAddr())
			c.sendTo(at, "hello, peer")
			Expect(readString(conn)).To(Equal("hello, peer"))
			from, data := c.indication()
			Expect(from).To(Equal(at))
			Expect(data).To(Equal("before anything was sent"), "it waited for the client's first")
			write(conn, "hello, client")
			_, data = c.indication()
			Expect(data).To(Equal("hello, client"))
		})
	})

	It("connects to a peer that listens", func() {
		onStage(func(s *stage) {
			c := s.relayClient("edge")
			c.allocate()
			peer := s.world.Host("peer", netip.MustParseAddr("192.0.2.7"))
			l, err := peer.Listen("tcp", ":7000")
			Expect(err).NotTo(HaveOccurred())
			c.sendTo(netip.MustParseAddrPort("192.0.2.7:7000"), "first, ")
			c.sendTo(netip.MustParseAddrPort("192.0.2.7:7000"), "second")
			conn, err := l.Accept()
			Expect(err).NotTo(HaveOccurred())
			got := make([]byte, len("first, second"))
			_, err = io.ReadFull(conn, got)
			Expect(string(got), err).To(Equal("first, second"))
			write(conn, "back")
			from, data := c.indication()
			Expect(from.String()).To(Equal("192.0.2.7:7000"))
			Expect(data).To(Equal("back"))
		})
	})

	It("relays over UDP, from those only that the client has sent to", func() {
		onStage(func(s *stage) {
			c := s.relayClient("edge-udp")
			relay := c.allocate()
			peer := s.world.Host("peer", netip.MustParseAddr("192.0.2.7"))
			conn, err := peer.Dial(s.ctx(), "udp", relay.String())
			Expect(err).NotTo(HaveOccurred())
			write(conn, "lost")
			time.Sleep(time.Second)
			c.sendTo(addrOf(conn.LocalAddr()), "hello, peer")
			Expect(readString(conn)).To(Equal("hello, peer"))
			write(conn, "hello, client")
			from, data := c.indication()
			Expect(from).To(Equal(addrOf(conn.LocalAddr())))
			Expect(data).To(Equal("hello, client"))
		})
	})

	It("carries an active destination's data raw", func() {
		onStage(func(s *stage) {
			c := s.relayClient("edge")
			relay := c.allocate()
			conn := dialPeer(s.world.Host("peer", netip.MustParseAddr("192.0.2.7")), relay)
			at := addrOf(conn.LocalAddr())
			c.sendTo(at, "x")
			Expect(readString(conn)).To(Equal("x"))
			c.send(c.signed(c.message(0x0006, attribute(6, c.user), attribute(0x15, c.realm), attribute(0x11, addrValue(at)))))
			kind, _, _ := c.receive()
			Expect(kind).To(Equal(uint16(0x0106)))
			c.write([]byte{3, 0, 0, 3, 'r', 'a', 'w'})
			Expect(readString(conn)).To(Equal("raw"))
			write(conn, "raw back")
			Expect(string(c.packet(3))).To(Equal("raw back"))
		})
	})

	It("refuses a Set Active Destination that is not signed, and drops such a Send request", func() {
		onStage(func(s *stage) {
			c := s.relayClient("edge")
			relay := c.allocate()
			conn := dialPeer(s.world.Host("peer", netip.MustParseAddr("192.0.2.7")), relay)
			at := addrOf(conn.LocalAddr())
			c.send(c.message(0x0006, attribute(6, c.user), attribute(0x15, c.realm), attribute(0x11, addrValue(at))))
			kind, a, _ := c.receive()
			Expect(kind).To(Equal(uint16(0x0116)))
			Expect(a[9][:4]).To(Equal([]byte{0, 0, 4, 31}))
			c.send(c.message(0x0004, attribute(6, c.user), attribute(0x11, addrValue(at)), attribute(0x13, []byte("forged"))))
			c.sendTo(at, "right")
			Expect(readString(conn)).To(Equal("right"))
		})
	})

	for name, first := range map[string]string{
		"a real TLS hello":                   "1603010200010001fc0303",
		"HTTP":                               hex.EncodeToString([]byte("GET / HTTP/1.1\r\n\r\n")),
		"a hello of Google's fake TLS":       "80460103010" + "02d0000001001008003",
		"a message without pseudo-TLS first": "02000024" + "00030010" + "00000000000000000000000000000000" + magicCookie + version1,
	} {
		It("hangs up on "+name, func() {
			onStage(func(s *stage) {
				conn := s.dial("edge")
				_, err := conn.Write(unhex(first))
				Expect(err).NotTo(HaveOccurred())
				rest, err := io.ReadAll(conn)
				Expect(rest, err).To(BeEmpty())
				Expect(of[journal.Closed](s, relayHost)).To(ConsistOf(journal.Closed{By: "server", How: "FIN", After: "bytes that are no pseudo-TLS hello"}))
			})
		})
	}

	It("hangs up on a client that says half of its hello and no more", func() {
		onStage(func(s *stage) {
			conn := s.dial("edge")
			_, err := conn.Write(unhex(niceHello)[:49])
			Expect(err).NotTo(HaveOccurred())
			rest, err := io.ReadAll(conn)
			Expect(rest, err).To(BeEmpty())
		})
	})

	It("takes a hello that comes in two segments", func() {
		onStage(func(s *stage) {
			conn := s.dial("edge")
			_, err := conn.Write(unhex(niceHello)[:20])
			Expect(err).NotTo(HaveOccurred())
			time.Sleep(time.Second)
			_, err = conn.Write(unhex(niceHello)[20:])
			Expect(err).NotTo(HaveOccurred())
			b := make([]byte, 100)
			Expect(conn.Read(b)).To(Equal(83))
		})
	})

	It("lives through the frame without a length that libnice sends on its other connection", func() {
		onStage(func(s *stage) {
			c := s.relayClient("edge")
			c.write(append([]byte{3, 0}, c.message(3, unhex(version1))...))
			_, err := io.ReadAll(c.conn)
			Expect(err).NotTo(HaveOccurred())
			s.relayClientAgain(c).allocate()
		})
	})

	It("can be full, and can send clients elsewhere", func() {
		onStage(func(s *stage) {
			c := s.relayClient("edge")
			lift := s.mustImpose(server.Fault{Server: server.Edge, Kind: "edge_full"})
			c.challenged()
			c.send(c.signed(c.message(3, unhex(version1), c.credentials())))
			_, a, _ := c.receive()
			Expect(a[9][:4]).To(Equal([]byte{0, 0, 4, 86}))
			lift()

			lift = s.mustImpose(server.Fault{Server: relayHost, Kind: "alternate_server", Value: "52.112.0.99:443"})
			a = c.challenged()
			Expect(plainAddr(a[0x0e]).String()).To(Equal("52.112.0.99:443"))
			c.send(c.signed(c.message(3, unhex(version1), c.credentials())))
			_, a, _ = c.receive()
			Expect(a[9][:4]).To(Equal([]byte{0, 0, 3, 0}))
			lift()
			c.allocate()
		})
	})
})

// relayClientAgain is another connection with the same credentials.
func (s *stage) relayClientAgain(c *turnClient) *turnClient {
	GinkgoHelper()
	n := &turnClient{conn: s.dial("edge"), framed: true, user: c.user, password: c.password}
	n.greet()
	return n
}

func dialPeer(peer world.Host, to netip.AddrPort) net.Conn {
	GinkgoHelper()
	c, err := peer.Dial((&stage{}).ctx(), "tcp", to.String())
	Expect(err).NotTo(HaveOccurred())
	return c
}

func write(c net.Conn, s string) {
	GinkgoHelper()
	_, err := io.WriteString(c, s)
	Expect(err).NotTo(HaveOccurred())
}

func readString(c net.Conn) string {
	GinkgoHelper()
	b := make([]byte, 65536)
	n, err := c.Read(b)
	Expect(err).NotTo(HaveOccurred())
	return string(b[:n])
}

func addrOf(a net.Addr) netip.AddrPort { return netip.MustParseAddrPort(a.String()) }

func unhex(s string) []byte {
	b, err := hex.DecodeString(s)
	if err != nil {
		panic(err)
	}
	return b
}
