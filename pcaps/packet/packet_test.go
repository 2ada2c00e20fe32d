package packet_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/pcaps/capture"
	"rehearse/pcaps/packet"
)

// seen is a Handler that writes down what it is told.
type seen struct{ lines []string }

func (s *seen) Segment(g *packet.Segment) {
	s.lines = append(s.lines, fmt.Sprintf("tcp %s>%s %q/%d", g.Src, g.Dst, g.Payload, g.Length))
}

func (s *seen) Datagram(d *packet.Datagram) {
	s.lines = append(s.lines, fmt.Sprintf("udp %s>%s %q/%d", d.Src, d.Dst, d.Payload, d.Length))
}

func (s *seen) Complaint(c *packet.Complaint) {
	s.lines = append(s.lines, fmt.Sprintf("%s from %s about %s>%s", c, c.From, c.Src, c.Dst))
}

// decode takes packets of one link type apart.
func decode(link capture.LinkType, packets ...[]byte) []string {
	s := new(seen)
	d := packet.NewDecoder(s)
	for _, p := range packets {
		d.Decode(&capture.Packet{Link: link, Data: p, Length: len(p)})
	}
	return s.lines
}

func serialize(l ...gopacket.SerializableLayer) []byte {
	buf := gopacket.NewSerializeBuffer()
	Expect(gopacket.SerializeLayers(buf, gopacket.SerializeOptions{FixLengths: true}, l...)).To(Succeed())
	return bytes.Clone(buf.Bytes())
}

func ip4(protocol layers.IPProtocol) *layers.IPv4 {
	return &layers.IPv4{Version: 4, TTL: 64, Protocol: protocol, SrcIP: net.IP{10, 0, 0, 1}, DstIP: net.IP{10, 0, 0, 2}}
}

func ip6(next layers.IPProtocol) *layers.IPv6 {
	return &layers.IPv6{Version: 6, HopLimit: 64, NextHeader: next, SrcIP: net.ParseIP("2001:db8::1"), DstIP: net.ParseIP("2001:db8::2")}
}

func tcp() *layers.TCP { return &layers.TCP{SrcPort: 1000, DstPort: 443, DataOffset: 5, ACK: true} }

func udp(port layers.UDPPort) *layers.UDP { return &layers.UDP{SrcPort: 2000, DstPort: port} }

func ethernet(t layers.EthernetType) *layers.Ethernet {
	return &layers.Ethernet{SrcMAC: make(net.HardwareAddr, 6), DstMAC: make(net.HardwareAddr, 6), EthernetType: t}
}

func raw(b ...byte) gopacket.Payload { return b }

const (
	data    = "data"
	inside4 = `tcp 10.0.0.1:1000>10.0.0.2:443 "data"/4`
	inside6 = `tcp [2001:db8::1]:1000>[2001:db8::2]:443 "data"/4`
)

// over4 and over6 are the packets that every wrapping here carries.
func over4() []byte { return serialize(ip4(layers.IPProtocolTCP), tcp(), gopacket.Payload(data)) }

func over6() []byte { return serialize(ip6(layers.IPProtocolTCP), tcp(), gopacket.Payload(data)) }

var _ = Describe("Link types", func() {
	DescribeTable("lead to the segment", func(link capture.LinkType, header string, v6 bool) {
		body, want := over4(), inside4
		if v6 {
			body, want = over6(), inside6
		}
		Expect(decode(link, append([]byte(header), body...))).To(Equal([]string{want}))
	},
		Entry("Ethernet", capture.Ethernet, strings.Repeat("m", 12)+"\x08\x00", false),
		Entry("802.1Q", capture.Ethernet, strings.Repeat("m", 12)+"\x81\x00\x00\x05\x86\xdd", true),
		Entry("QinQ", capture.Ethernet, strings.Repeat("m", 12)+"\x88\xa8\x00\x05\x81\x00\x00\x06\x08\x00", false),
		Entry("PPPoE", capture.Ethernet, strings.Repeat("m", 12)+"\x88\x64\x11\x00\x00\x01\x00\x2e\x00\x21", false),
		Entry("MPLS", capture.Ethernet, strings.Repeat("m", 12)+"\x88\x47\x00\x01\x00\x40\x00\x01\x01\x40", false),
		Entry("SNAP", capture.Ethernet, strings.Repeat("m", 12)+"\x00\x34\xaa\xaa\x03\x00\x00\x00\x08\x00", false),
		Entry("raw IPv4", capture.Raw, "", false),
		Entry("raw IPv6", capture.Raw, "", true),
		Entry("IPv4", capture.IPv4, "", false),
		Entry("BSD loopback, little", capture.Null, "\x02\x00\x00\x00", false),
		Entry("BSD loopback, big", capture.Null, "\x00\x00\x00\x1e", true),
		Entry("OpenBSD loopback", capture.Loop, "\x00\x00\x00\x02", false),
		Entry("Linux cooked", capture.LinuxSLL, strings.Repeat("x", 14)+"\x08\x00", false),
		Entry("Linux cooked 2", capture.LinuxSLL2, "\x86\xdd"+strings.Repeat("x", 18), true),
		Entry("netfilter log", capture.NFLog, "\x02\x00\x00\x00\x08\x00\x01\x00abcd\x30\x00\x09\x00", false),
		Entry("PPP", capture.PPP, "\xff\x03\x00\x21", false),
		Entry("PPP, short", capture.PPP, "\x21", false),
	)
	It("that nobody knows are counted", func() {
		d := packet.NewDecoder(new(seen))
		d.Decode(&capture.Packet{Link: 147, Data: over4()})
		Expect(d.Undecoded).To(Equal(1))
	})
})

var _ = Describe("Tunnels", func() {
	DescribeTable("give what they carry, over UDP after the datagram", func(want string, l ...gopacket.SerializableLayer) {
		got := decode(capture.Raw, serialize(l...))
		Expect(got[len(got)-1]).To(Equal(want))
	},
		Entry("IPv4 in IPv4", inside4, ip4(layers.IPProtocolIPv4), gopacket.Payload(over4())),
		Entry("IPv6 in IPv4", inside6, ip4(layers.IPProtocolIPv6), gopacket.Payload(over6())),
		Entry("IPv4 in IPv6", inside4, ip6(layers.IPProtocolIPv4), gopacket.Payload(over4())),
		Entry("GRE", inside4, ip4(layers.IPProtocolGRE), raw(0x20, 0, 8, 0, 1, 2, 3, 4), gopacket.Payload(over4())),
		Entry("GRE of PPTP", inside4, ip4(layers.IPProtocolGRE), raw(0x30, 0x81, 0x88, 0x0b, 0, 46, 0, 1, 0, 0, 0, 1, 0, 0, 0, 2, 0xff, 3, 0, 0x21), gopacket.Payload(over4())),
		Entry("VXLAN", inside4, ip4(layers.IPProtocolUDP), udp(4789), raw(8, 0, 0, 0, 0, 0, 1, 0),
			ethernet(layers.EthernetTypeIPv4), gopacket.Payload(over4())),
		Entry("GENEVE", inside6, ip4(layers.IPProtocolUDP), udp(6081), raw(1, 0, 0x65, 0x58, 0, 0, 1, 0, 'o', 'p', 't', 's'),
			ethernet(layers.EthernetTypeIPv6), gopacket.Payload(over6())),
		Entry("GTP-U", inside4, ip4(layers.IPProtocolUDP), udp(2152), raw(0x32, 255, 0, 0, 0, 0, 0, 1, 0, 1, 0, 0), gopacket.Payload(over4())),
		Entry("GTP-U, extended", inside4, ip4(layers.IPProtocolUDP), udp(2152),
			raw(0x34, 255, 0, 0, 0, 0, 0, 1, 0, 1, 0, 0x85, 1, 0x10, 9, 0), gopacket.Payload(over4())),
		Entry("Teredo", inside6, ip4(layers.IPProtocolUDP), udp(3544), raw(0, 0, 1, 2, 3, 4, 5, 6), gopacket.Payload(over6())),
		Entry("AH", inside4, ip4(layers.IPProtocolAH), raw(6, 4, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0),
			tcp(), gopacket.Payload(data)),
	)
	It("are not followed without end", func() {
		b := over4()
		for range 50 {
			b = serialize(ip4(layers.IPProtocolIPv4), gopacket.Payload(b))
		}
		Expect(decode(capture.Raw, b)).To(BeEmpty())
	})
})

var _ = Describe("Lengths", func() {
	It("leave out what stands behind the packet in the frame", func() {
		b := append(serialize(ethernet(layers.EthernetTypeIPv4), gopacket.Payload(over4())), "padding"...)
		Expect(decode(capture.Ethernet, b)).To(Equal([]string{inside4}))
	})
	It("tell what was on the wire of a packet recorded in part", func() {
		s := new(seen)
		b := over4()
		packet.NewDecoder(s).Decode(&capture.Packet{Link: capture.Raw, Data: b[:len(b)-2], Length: len(b)})
		Expect(s.lines).To(Equal([]string{`tcp 10.0.0.1:1000>10.0.0.2:443 "da"/4`}))
	})
	It("are not believed past the frame", func() {
		b := over4()
		binary.BigEndian.PutUint16(b[2:], 4000)
		Expect(decode(capture.Raw, b)).To(Equal([]string{inside4}))
	})
	It("of zero are what segmentation by the network card leaves", func() {
		b := over4()
		binary.BigEndian.PutUint16(b[2:], 0)
		Expect(decode(capture.Raw, b)).To(Equal([]string{inside4}))
	})
})

// pieces cuts an IPv4 packet into fragments of at most size bytes.
func pieces(id uint16, payload []byte, size int) [][]byte {
	var out [][]byte
	for at := 0; at < len(payload); at += size {
		end := min(at+size, len(payload))
		h := ip4(layers.IPProtocolUDP)
		h.Id, h.FragOffset = id, uint16(at/8)
		if end < len(payload) {
			h.Flags = layers.IPv4MoreFragments
		}
		out = append(out, serialize(h, gopacket.Payload(payload[at:end])))
	}
	return out
}

var _ = Describe("Fragments", func() {
	text := strings.Repeat("fragmented ", 20)
	want := []string{fmt.Sprintf("udp 10.0.0.1:2000>10.0.0.2:9 %q/%d", text, len(text))}

	It("of IPv4 are put together in any order, interleaved and repeated", func() {
		whole := serialize(udp(9), gopacket.Payload(text))
		a, b := pieces(1, whole, 64), pieces(2, whole, 32)
		slices.Reverse(a)
		mixed := slices.Concat(b[:1], a, a[:2], b[1:])
		Expect(decode(capture.Raw, mixed...)).To(Equal(slices.Concat(want, want)))
	})
	It("of IPv6 are put together", func() {
		whole := serialize(udp(9), gopacket.Payload(text))
		header := func(at int, more byte) gopacket.Payload {
			return raw(17, 0, byte(at>>8), byte(at)|more, 0, 0, 0, 7)
		}
		first := serialize(ip6(layers.IPProtocolIPv6Fragment), header(0, 1), gopacket.Payload(whole[:80]))
		last := serialize(ip6(layers.IPProtocolIPv6Fragment), header(80, 0), gopacket.Payload(whole[80:]))
		Expect(decode(capture.Raw, last, first)).To(HaveExactElements(ContainSubstring("fragmented fragmented")))
	})
	It("that are missing give nothing, and do not pile up", func() {
		whole := serialize(udp(9), gopacket.Payload(text))
		var first [][]byte
		for id := range uint16(5000) {
			first = append(first, pieces(id, whole, 64)[0])
		}
		Expect(decode(capture.Raw, first...)).To(BeEmpty())
	})
})

var _ = Describe("ICMP errors", func() {
	It("name the flow they are about", func() {
		quoted := serialize(ip4(layers.IPProtocolUDP), udp(9), gopacket.Payload(data))
		b := serialize(ip4(layers.IPProtocolICMPv4), raw(3, 3, 0, 0, 0, 0, 0, 0), gopacket.Payload(quoted))
		Expect(decode(capture.Raw, b)).To(Equal([]string{"port unreachable from 10.0.0.1 about 10.0.0.1:2000>10.0.0.2:9"}))
	})
	It("of IPv6 do so as well", func() {
		b := serialize(ip6(layers.IPProtocolICMPv6), raw(1, 1, 0, 0, 0, 0, 0, 0), gopacket.Payload(over6()))
		Expect(decode(capture.Raw, b)).To(Equal([]string{
			"administratively prohibited from 2001:db8::1 about [2001:db8::1]:1000>[2001:db8::2]:443"}))
	})
})

func FuzzDecoder(f *testing.F) {
	RegisterTestingT(f)
	f.Add(uint16(1), append([]byte(strings.Repeat("m", 12)+"\x81\x00\x00\x05\x08\x00"), over4()...))
	f.Add(uint16(101), serialize(ip4(layers.IPProtocolGRE), raw(0xb0, 0x81, 8, 0, 1, 2, 3, 4), gopacket.Payload(over4())))
	f.Add(uint16(101), serialize(ip4(layers.IPProtocolUDP), udp(2152), raw(0x34, 255, 0, 0, 0, 0, 0, 1, 0, 1, 0, 0x85, 1, 0x10, 9, 0), gopacket.Payload(over4())))
	f.Add(uint16(101), serialize(ip4(layers.IPProtocolUDP), udp(6081), raw(1, 0, 0x65, 0x58, 0, 0, 1, 0, 'o', 'p', 't', 's'), gopacket.Payload(over6())))
	f.Add(uint16(239), []byte("\x02\x00\x00\x00\x08\x00\x01\x00abcd\x30\x00\x09\x00"))
	f.Add(uint16(101), serialize(ip6(layers.IPProtocolIPv6HopByHop), raw(6, 0, 1, 4, 0, 0, 0, 0), tcp()))
	f.Fuzz(func(t *testing.T, link uint16, b []byte) {
		s := new(seen)
		d := packet.NewDecoder(s)
		for n := range 3 {
			d.Decode(&capture.Packet{Link: capture.LinkType(link), Data: b[:len(b)-min(n, len(b))], Length: len(b)})
		}
	})
}
