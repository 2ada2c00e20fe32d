package story_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/binary"
	"io"
	"math/big"
	"net"
	"testing"
	"time"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"github.com/google/gopacket/pcapgo"

	"rehearse/pcaps/story"
)

// BenchmarkRead reads a capture made here: 2,000 TLS 1.2 connections of 60 full
// segments each, with as many RTP packets and look-ups beside them, 32 connections
// at a time. BenchmarkDecodingParser is the floor: gopacket's parser without
// allocations over the same bytes, which takes layers apart and no more.
func BenchmarkRead(b *testing.B) {
	file := synthetic(b)
	b.SetBytes(int64(len(file)))
	b.ReportAllocs()
	for b.Loop() {
		s, err := story.Read(bytes.NewReader(file), story.Options{})
		if err != nil || len(s.TLS) != connections {
			b.Fatal(err, len(s.TLS))
		}
	}
}

func BenchmarkDecodingParser(b *testing.B) {
	file := synthetic(b)
	b.SetBytes(int64(len(file)))
	b.ReportAllocs()
	for b.Loop() {
		r, err := pcapgo.NewReader(bytes.NewReader(file))
		if err != nil {
			b.Fatal(err)
		}
		var eth layers.Ethernet
		var ip layers.IPv4
		var tcp layers.TCP
		var udp layers.UDP
		var payload gopacket.Payload
		parser := gopacket.NewDecodingLayerParser(layers.LayerTypeEthernet, &eth, &ip, &tcp, &udp, &payload)
		parser.IgnoreUnsupported = true
		var found []gopacket.LayerType
		for {
			data, _, err := r.ZeroCopyReadPacketData()
			if err == io.EOF {
				break
			}
			if err := parser.DecodeLayers(data, &found); err != nil {
				b.Fatal(err)
			}
		}
	}
}

const (
	connections = 2000
	atATime     = 32
	segments    = 60
	segmentSize = 1380
)

// synthetic is the capture as a pcap file.
func synthetic(b *testing.B) []byte {
	said := handshake(b)
	var file bytes.Buffer
	w := writer{pcapgo.NewWriter(&file), time.Unix(1_700_000_000, 0), gopacket.NewSerializeBuffer()}
	if err := w.WriteFileHeader(65535, layers.LinkTypeEthernet); err != nil {
		b.Fatal(err)
	}
	for first := 0; first < connections; first += atATime {
		n := min(atATime, connections-first)
		ends := make([]connection, n)
		for i := range ends {
			ends[i] = connection{w: &w, number: first + i}
			w.udp(first+i, 53, query())
			ends[i].say(0, nil, true, false)
			ends[i].say(1, nil, true, false)
		}
		for _, m := range said {
			for i := range ends {
				ends[i].say(m.side, m.data, false, false)
			}
		}
		record := append([]byte{23, 3, 3, segmentSize >> 8, segmentSize & 0xff}, make([]byte, segmentSize)...)
		for k := range segments {
			for i := range ends {
				ends[i].say(1, record, false, false)
				w.udp(first+i, 50000, rtp(k))
			}
		}
		for i := range ends {
			ends[i].say(0, nil, false, true)
			ends[i].say(1, nil, false, true)
		}
	}
	return file.Bytes()
}

type writer struct {
	*pcapgo.Writer
	at  time.Time
	buf gopacket.SerializeBuffer
}

func (w *writer) packet(number int, side int, transport gopacket.SerializableLayer, protocol layers.IPProtocol, payload []byte) {
	client, server := net.IP{10, 1, byte(number >> 8), byte(number)}, net.IP{192, 0, 2, 1}
	if side == 1 {
		client, server = server, client
	}
	ip := &layers.IPv4{Version: 4, TTL: 64, Protocol: protocol, SrcIP: client, DstIP: server}
	eth := &layers.Ethernet{SrcMAC: make([]byte, 6), DstMAC: make([]byte, 6), EthernetType: layers.EthernetTypeIPv4}
	if err := gopacket.SerializeLayers(w.buf, gopacket.SerializeOptions{FixLengths: true}, eth, ip, transport, gopacket.Payload(payload)); err != nil {
		panic(err)
	}
	w.at = w.at.Add(time.Microsecond)
	data := w.buf.Bytes()
	if err := w.WritePacket(gopacket.CaptureInfo{Timestamp: w.at, CaptureLength: len(data), Length: len(data)}, data); err != nil {
		panic(err)
	}
}

func (w *writer) udp(number int, port uint16, payload []byte) {
	w.packet(number, 0, &layers.UDP{SrcPort: layers.UDPPort(20000 + number), DstPort: layers.UDPPort(port)}, layers.IPProtocolUDP, payload)
}

// connection is a TCP connection as it is being written.
type connection struct {
	w      *writer
	number int
	next   [2]uint32
}

func (c *connection) say(side int, data []byte, syn, fin bool) {
	for first := true; first || len(data) > 0; first = false {
		n := min(len(data), 1460)
		ports := [2]layers.TCPPort{layers.TCPPort(40000 + c.number%20000), 443}
		c.w.packet(c.number, side, &layers.TCP{
			SrcPort: ports[side], DstPort: ports[1-side], Seq: c.next[side], Ack: c.next[1-side], DataOffset: 5,
			SYN: syn, FIN: fin, ACK: !syn || side == 1, Window: 65535,
		}, layers.IPProtocolTCP, data[:n])
		c.next[side] += uint32(n)
		if syn || fin {
			c.next[side]++
		}
		data = data[n:]
	}
}

func rtp(number int) []byte {
	b := make([]byte, 172)
	b[0], b[1] = 0x80, 0
	binary.BigEndian.PutUint16(b[2:], uint16(number))
	binary.BigEndian.PutUint32(b[8:], 77)
	return b
}

func query() []byte {
	return append([]byte{0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 4, 't', 'e', 's', 't', 0, 0, 1, 0, 1}, []byte{}...)
}

type sideSaid struct {
	side int
	data []byte
}

// recorder notes what is written to a connection.
type recorder struct {
	net.Conn
	side int
	said *[]sideSaid
}

func (r recorder) Write(b []byte) (int, error) {
	*r.said = append(*r.said, sideSaid{r.side, bytes.Clone(b)})
	return r.Conn.Write(b)
}

// handshake is what the two sides of a TLS 1.2 handshake say. The two ends of a
// net.Pipe take turns, so nothing is written at the same time.
func handshake(b *testing.B) []sideSaid {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		b.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "server.test"}, DNSNames: []string{"server.test"},
		NotBefore: time.Unix(0, 0), NotAfter: time.Unix(1<<32, 0), CRLDistributionPoints: []string{"http://pki.test/a.crl"},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		b.Fatal(err)
	}
	var said []sideSaid
	here, there := net.Pipe()
	server := tls.Server(recorder{there, 1, &said}, &tls.Config{
		MaxVersion: tls.VersionTLS12, Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}},
	})
	done := make(chan error)
	go func() { done <- server.Handshake() }()
	if err := tls.Client(recorder{here, 0, &said}, &tls.Config{InsecureSkipVerify: true, ServerName: "server.test"}).Handshake(); err != nil {
		b.Fatal(err)
	}
	if err := <-done; err != nil {
		b.Fatal(err)
	}
	return said
}
