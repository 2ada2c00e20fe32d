package write

import (
	"encoding/binary"
	"net"
	"net/netip"
	"time"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"

	"rehearse/simulator/world"
)

// wire makes frames.
type wire struct {
	hosts map[netip.Addr]bool
	ids   map[netip.Addr]uint16 // the last IPv4 identification of each sender
}

// Windows of TCP, with a scale of 8 bits after the handshake.
const (
	synWindow = 64240
	window    = 1026
)

func synOptions() []layers.TCPOption {
	return []layers.TCPOption{
		{OptionType: layers.TCPOptionKindMSS, OptionLength: 4, OptionData: binary.BigEndian.AppendUint16(nil, maxSegment)},
		{OptionType: layers.TCPOptionKindNop},
		{OptionType: layers.TCPOptionKindWindowScale, OptionLength: 3, OptionData: []byte{8}},
		{OptionType: layers.TCPOptionKindNop},
		{OptionType: layers.TCPOptionKindNop},
		{OptionType: layers.TCPOptionKindSACKPermitted, OptionLength: 2},
	}
}

// segment is a frame with TCP.
func (w *wire) segment(from, to netip.AddrPort, tcp *layers.TCP, data []byte) []byte {
	tcp.SrcPort, tcp.DstPort = layers.TCPPort(from.Port()), layers.TCPPort(to.Port())
	return frameOf(from.Addr(), to.Addr(), layers.IPProtocolTCP, tcp, data)
}

// datagram is a frame with UDP.
func (w *wire) datagram(from, to netip.AddrPort, data []byte) []byte {
	udp := &layers.UDP{SrcPort: layers.UDPPort(from.Port()), DstPort: layers.UDPPort(to.Port())}
	return frameOf(from.Addr(), to.Addr(), layers.IPProtocolUDP, udp, data)
}

// transport is a layer whose checksum covers addresses.
type transport interface {
	gopacket.SerializableLayer
	SetNetworkLayerForChecksum(gopacket.NetworkLayer) error
}

// frameOf puts a transport layer into IP and Ethernet.
func frameOf(from, to netip.Addr, proto layers.IPProtocol, layer transport, data []byte) []byte {
	eth := ethernet(from, to)
	if from.Is6() {
		ip := &layers.IPv6{Version: 6, NextHeader: proto, HopLimit: hops(from), SrcIP: from.AsSlice(), DstIP: to.AsSlice()}
		eth.EthernetType = layers.EthernetTypeIPv6
		_ = layer.SetNetworkLayerForChecksum(ip) // it takes every IP layer
		return serialize(eth, ip, layer, gopacket.Payload(data))
	}
	ip := ipv4(from, to, proto)
	_ = layer.SetNetworkLayerForChecksum(ip)
	return serialize(eth, ip, layer, gopacket.Payload(data))
}

func ipv4(from, to netip.Addr, proto layers.IPProtocol) *layers.IPv4 {
	return &layers.IPv4{Version: 4, IHL: 5, TTL: hops(from), Protocol: proto, Flags: layers.IPv4DontFragment, SrcIP: from.AsSlice(), DstIP: to.AsSlice()}
}

// serialize writes layers; they are of our own making and always fit.
func serialize(all ...gopacket.SerializableLayer) []byte {
	b := gopacket.NewSerializeBuffer()
	if err := gopacket.SerializeLayers(b, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}, all...); err != nil {
		return nil
	}
	return b.Bytes()
}

// number gives IPv4 packets their identifications, in order for each sender, and
// makes the headers' checksums right again.
func (w *wire) number(frames []frame) {
	const at = 14
	for _, f := range frames {
		if !f.src.Addr().Is4() || len(f.bytes) < at+20 {
			continue
		}
		w.ids[f.src.Addr()]++
		head := f.bytes[at : at+20]
		binary.BigEndian.PutUint16(head[4:], w.ids[f.src.Addr()])
		binary.BigEndian.PutUint16(head[10:], 0)
		var sum uint32
		for i := 0; i < len(head); i += 2 {
			sum += uint32(binary.BigEndian.Uint16(head[i:]))
		}
		for sum > 0xffff {
			sum = sum>>16 + sum&0xffff
		}
		binary.BigEndian.PutUint16(head[10:], ^uint16(sum))
	}
}

// hops is the time to live that is left of a sender's: a Windows client's on the
// same network, a server's some routers away.
func hops(from netip.Addr) uint8 {
	if from.IsPrivate() {
		return 128
	}
	return 52
}

// ethernet addresses a frame. What is not on the same network goes by way of the
// router.
func ethernet(from, to netip.Addr) *layers.Ethernet {
	return &layers.Ethernet{SrcMAC: hardware(from, to), DstMAC: hardware(to, from), EthernetType: layers.EthernetTypeIPv4}
}

// hardware is the Ethernet address under which a host is seen by another one. They
// are locally administered ones.
func hardware(of, by netip.Addr) net.HardwareAddr {
	const router = 0xfe
	a := of.As16()
	if near, err := by.Prefix(24); !of.IsPrivate() && (err != nil || !near.Contains(of)) {
		b := by.As16()
		return net.HardwareAddr{0x02, 0, b[12], b[13], b[14], router}
	}
	return net.HardwareAddr{0x02, 0, a[12], a[13], a[14], a[15]}
}

// udp gives the frames of datagrams as the wire of who sent the first saw them.
func (w *wire) udp(talk *conversation) []frame {
	var frames []frame
	for _, p := range talk.packets {
		place, seen := talk.client.Addr(), p.At
		switch {
		case p.Kind == world.Unreachable:
			frames = append(frames, w.unreachable(p, place))
			continue
		case talk.sideOf(p) == 1 && p.Lost:
			continue
		case talk.sideOf(p) == 1:
			seen = p.At.Add(p.Travels)
		}
		frames = append(frames, frame{at: seen, place: place, src: p.Flow.From, dst: p.Flow.To, bytes: w.datagram(p.Flow.From, p.Flow.To, p.Data)})
	}
	return frames
}

// unreachable is the ICMP message about a packet, as it came back to its sender.
func (w *wire) unreachable(p world.Packet, place netip.Addr) frame {
	from, code := p.Flow.To.Addr(), uint8(layers.ICMPv4CodePort)
	if !w.hosts[from] {
		from, code = routerOf(p.Flow.From.Addr()), layers.ICMPv4CodeHost
	}
	f := frame{at: p.At.Add(p.Travels), place: place, src: netip.AddrPortFrom(from, 0), dst: netip.AddrPortFrom(p.Flow.From.Addr(), 0)}
	f.bytes = serialize(ethernet(from, p.Flow.From.Addr()), ipv4(from, p.Flow.From.Addr(), layers.IPProtocolICMPv4),
		&layers.ICMPv4{TypeCode: layers.CreateICMPv4TypeCode(layers.ICMPv4TypeDestinationUnreachable, code)}, gopacket.Payload(w.quoted(p)))
	return f
}

// quoted is the head of a packet: IP and eight bytes (RFC 792).
func (w *wire) quoted(p world.Packet) []byte {
	const ethernet, head = 14, 28
	whole := w.datagram(p.Flow.From, p.Flow.To, p.Data)
	if p.Flow.Proto == "tcp" {
		whole = w.segment(p.Flow.From, p.Flow.To, &layers.TCP{SYN: true, Seq: isn(p.Flow.From, p.Flow.To), Window: synWindow, Options: synOptions()}, nil)
	}
	return whole[ethernet : ethernet+head]
}

// routerOf is the address of the router of a host's network.
func routerOf(host netip.Addr) netip.Addr {
	a := host.As4()
	a[3] = 254
	return netip.AddrFrom4(a)
}

// lookupAgain are the times after which a question is asked again.
func lookupAgain(at time.Time, took time.Duration) []time.Time {
	times := []time.Time{at}
	for again := time.Second; again < took && len(times) < 5; again = 2*again + time.Second {
		times = append(times, at.Add(again))
	}
	return times
}
