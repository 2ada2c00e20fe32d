package wiretest

import (
	"bufio"
	"cmp"
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"github.com/google/gopacket/pcapgo"
)

// Packets reads a capture, pcap or pcapng, gzipped or not. What cannot be read to
// its end gives the packets before.
func Packets(file string) ([]gopacket.Packet, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	source, link, err := open(f, strings.HasSuffix(file, ".gz"))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	var out []gopacket.Packet
	for {
		data, _, err := source.ReadPacketData()
		if err != nil {
			return out, nil
		}
		out = append(out, gopacket.NewPacket(data, link, gopacket.NoCopy))
	}
}

func open(f io.Reader, zipped bool) (gopacket.PacketDataSource, gopacket.Decoder, error) {
	if zipped {
		z, err := gzip.NewReader(f)
		if err != nil {
			return nil, nil, err
		}
		f = z
	}
	b := bufio.NewReader(f)
	if magic, _ := b.Peek(4); string(magic) == "\x0a\x0d\x0d\x0a" {
		r, err := pcapgo.NewNgReader(b, pcapgo.DefaultNgReaderOptions)
		if err != nil {
			return nil, nil, err
		}
		return r, r.LinkType(), nil
	}
	r, err := pcapgo.NewReader(b)
	if err != nil {
		return nil, nil, err
	}
	return r, r.LinkType(), nil
}

// Direction is one way of a TCP connection, "address:port" to "address:port",
// without brackets.
type Direction struct{ From, To string }

// Streams gives for each direction of each TCP connection the bytes from its start
// to the first gap. Of connections that use the same ports again, it gives the
// first.
func Streams(packets []gopacket.Packet) map[Direction][]byte {
	segments := map[Direction][]*layers.TCP{}
	for _, p := range packets {
		tcp, ok := p.Layer(layers.LayerTypeTCP).(*layers.TCP)
		if !ok || p.NetworkLayer() == nil {
			continue
		}
		ends := p.NetworkLayer().NetworkFlow()
		d := Direction{place(ends.Src(), tcp.SrcPort), place(ends.Dst(), tcp.DstPort)}
		segments[d] = append(segments[d], tcp)
	}
	streams := map[Direction][]byte{}
	for d, list := range segments {
		streams[d] = stitch(list)
	}
	return streams
}

func place(host gopacket.Endpoint, port layers.TCPPort) string {
	return fmt.Sprintf("%s:%d", host, port)
}

// stitch joins segments by their sequence numbers, from the first SYN's, else from
// the lowest of the first connection.
func stitch(list []*layers.TCP) []byte {
	start := list[0].Seq
	offset := func(t *layers.TCP) int32 { return int32(t.Seq - start) }
	if list[0].SYN {
		start++
	}
	again := slices.IndexFunc(list, func(t *layers.TCP) bool { return t.SYN && t.Seq+1 != start && list[0].SYN })
	if again > 0 {
		list = list[:again]
	}
	slices.SortStableFunc(list, func(a, b *layers.TCP) int { return cmp.Compare(offset(a), offset(b)) })
	if !list[0].SYN {
		start = list[0].Seq
	}
	var out []byte
	for _, t := range list {
		at := int(offset(t))
		if t.SYN || at > len(out) {
			continue
		}
		if end := at + len(t.Payload); end > len(out) {
			out = append(out, t.Payload[len(out)-at:]...)
		}
	}
	return out
}
