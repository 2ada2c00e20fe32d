package story_test

import (
	"bytes"
	"net"
	"time"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"github.com/google/gopacket/pcapgo"
	. "github.com/onsi/gomega"

	"rehearse/pcaps/story"
)

// The two sides of what a tape records.
const (
	client = 0
	server = 1
)

// tape is a capture that is being made. Client n is 10.1.x.y, the server is
// 192.0.2.1; each packet comes a microsecond after the one before.
type tape struct {
	file *bytes.Buffer
	pcap *pcapgo.Writer
	at   time.Time
	buf  gopacket.SerializeBuffer
}

func newTape() *tape {
	t := &tape{file: new(bytes.Buffer), at: time.Unix(1_700_000_000, 0), buf: gopacket.NewSerializeBuffer()}
	t.pcap = pcapgo.NewWriter(t.file)
	if err := t.pcap.WriteFileHeader(65535, layers.LinkTypeEthernet); err != nil {
		panic(err)
	}
	return t
}

// read tells what was recorded.
func (t *tape) read() *story.Summary {
	s, err := story.Read(bytes.NewReader(t.file.Bytes()), story.Options{})
	Expect(err).NotTo(HaveOccurred())
	Expect(s.Damage).To(BeEmpty())
	return s
}

func (t *tape) packet(number, side int, transport gopacket.SerializableLayer, protocol layers.IPProtocol, payload []byte) {
	src, dst := net.IP{10, 1, byte(number >> 8), byte(number)}, net.IP{192, 0, 2, 1}
	if side == server {
		src, dst = dst, src
	}
	ip := &layers.IPv4{Version: 4, TTL: 64, Protocol: protocol, SrcIP: src, DstIP: dst}
	eth := &layers.Ethernet{SrcMAC: make([]byte, 6), DstMAC: make([]byte, 6), EthernetType: layers.EthernetTypeIPv4}
	if err := gopacket.SerializeLayers(t.buf, gopacket.SerializeOptions{FixLengths: true}, eth, ip, transport, gopacket.Payload(payload)); err != nil {
		panic(err)
	}
	t.at = t.at.Add(time.Microsecond)
	data := t.buf.Bytes()
	if err := t.pcap.WritePacket(gopacket.CaptureInfo{Timestamp: t.at, CaptureLength: len(data), Length: len(data)}, data); err != nil {
		panic(err)
	}
}

// udp records a datagram of a client.
func (t *tape) udp(number int, port uint16, payload []byte) {
	t.datagram(number, client, port, payload)
}

func (t *tape) datagram(number, side int, port uint16, payload []byte) {
	ports := [2]layers.UDPPort{layers.UDPPort(20000 + number), layers.UDPPort(port)}
	t.packet(number, side, &layers.UDP{SrcPort: ports[side], DstPort: ports[1-side]}, layers.IPProtocolUDP, payload)
}

// connection is a TCP connection that is being recorded.
type connection struct {
	tape   *tape
	number int
	port   uint16
	next   [2]uint32
}

// connect records a handshake with the server's port.
func (t *tape) connect(number int, port uint16) *connection {
	c := &connection{tape: t, number: number, port: port}
	c.segment(client, layers.TCP{SYN: true}, nil)
	c.segment(server, layers.TCP{SYN: true, ACK: true}, nil)
	return c
}

// synOnly is the header of a SYN.
func synOnly() layers.TCP { return layers.TCP{SYN: true} }

// say records what a side says, in segments.
func (c *connection) say(side int, data []byte) *connection {
	for len(data) > 0 {
		n := min(len(data), 1460)
		c.segment(side, layers.TCP{ACK: true}, data[:n])
		data = data[n:]
	}
	return c
}

func (c *connection) end(side int) *connection {
	c.segment(side, layers.TCP{ACK: true, FIN: true}, nil)
	return c
}

// lose moves on as if n bytes of a side had not been captured.
func (c *connection) lose(side int, n uint32) *connection {
	c.next[side] += n
	return c
}

func (c *connection) segment(side int, h layers.TCP, data []byte) {
	ports := [2]layers.TCPPort{layers.TCPPort(40000 + c.number%20000), layers.TCPPort(c.port)}
	h.SrcPort, h.DstPort, h.DataOffset, h.Window = ports[side], ports[1-side], 5, 65535
	h.Seq, h.Ack = c.next[side], c.next[1-side]
	c.tape.packet(c.number, side, &h, layers.IPProtocolTCP, data)
	c.next[side] += uint32(len(data))
	if h.SYN || h.FIN {
		c.next[side]++
	}
}
