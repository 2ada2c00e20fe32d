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
	w := newTape()
	for first := 0; first < connections; first += atATime {
		n := min(atATime, connections-first)
		ends := make([]connection, n)
		for i := range ends {
			ends[i] = *w.connect(first+i, 443)
			w.udp(first+i, 53, query())
		}
		for _, m := range said {
			for i := range ends {
				ends[i].say(m.side, m.data)
			}
		}
		record := append([]byte{23, 3, 3, segmentSize >> 8, segmentSize & 0xff}, make([]byte, segmentSize)...)
		for k := range segments {
			for i := range ends {
				ends[i].say(1, record)
				w.udp(first+i, 50000, rtp(k))
			}
		}
		for i := range ends {
			ends[i].end(0)
			ends[i].end(1)
		}
	}
	return w.file.Bytes()
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
