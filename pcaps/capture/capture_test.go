package capture_test

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"io"
	"net/netip"
	"testing"
	"testing/iotest"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/pcaps/capture"
	"rehearse/proxy/wire"
)

// builder writes capture files byte by byte, in either order.
type builder struct {
	bytes.Buffer
	order binary.AppendByteOrder
}

func (b *builder) put(values ...any) *builder {
	for _, v := range values {
		switch v := v.(type) {
		case uint16:
			b.Write(b.order.AppendUint16(nil, v))
		case uint32:
			b.Write(b.order.AppendUint32(nil, v))
		case uint64:
			b.Write(b.order.AppendUint64(nil, v))
		case string:
			b.WriteString(v)
		case []byte:
			b.Write(v)
		}
	}
	return b
}

// block writes a pcapng block around a body.
func (b *builder) block(kind uint32, body ...any) *builder {
	in := builder{order: b.order}
	in.put(body...)
	for in.Len()%4 != 0 {
		in.WriteByte(0)
	}
	size := uint32(12 + in.Len())
	return b.put(kind, size, in.Bytes(), size)
}

func (b *builder) section(options ...any) *builder {
	return b.block(0x0a0d0d0a, append([]any{uint32(0x1a2b3c4d), uint16(1), uint16(0), ^uint64(0)}, options...)...)
}

func pcapFile(order binary.AppendByteOrder, magic uint32) *builder {
	b := &builder{order: order}
	return b.put(magic, uint16(2), uint16(4), uint32(0), uint32(0), uint32(65535), uint32(1))
}

func (b *builder) record(seconds, fraction uint32, data string) *builder {
	return b.put(seconds, fraction, uint32(len(data)), uint32(len(data)), data)
}

// all reads a capture to its end and copies the packets.
func all(src io.Reader) ([]capture.Packet, *capture.Reader, error) {
	r, err := capture.Open(src)
	if err != nil {
		return nil, nil, err
	}
	var out []capture.Packet
	for {
		p, err := r.Next()
		if errors.Is(err, io.EOF) {
			return out, r, nil
		}
		if err != nil {
			return out, r, err
		}
		c := *p
		c.Data = bytes.Clone(p.Data)
		out = append(out, c)
	}
}

var _ = Describe("A pcap file", func() {
	DescribeTable("is read in either byte order and unit", func(order binary.AppendByteOrder, magic uint32, at int64) {
		got, r, err := all(pcapFile(order, magic).record(7, 5, "abc"))
		Expect(err).NotTo(HaveOccurred())
		Expect(r.Kind).To(Equal("pcap"))
		Expect(got).To(HaveLen(1))
		Expect(got[0].At).To(Equal(at))
		Expect(string(got[0].Data)).To(Equal("abc"))
		Expect(got[0].Link).To(Equal(capture.Ethernet))
	},
		Entry("little, microseconds", binary.LittleEndian, uint32(0xa1b2c3d4), int64(7_000_005_000)),
		Entry("big, microseconds", binary.BigEndian, uint32(0xa1b2c3d4), int64(7_000_005_000)),
		Entry("little, nanoseconds", binary.LittleEndian, uint32(0xa1b23c4d), int64(7_000_000_005)),
		Entry("big, nanoseconds", binary.BigEndian, uint32(0xa1b23c4d), int64(7_000_000_005)),
	)

	It("is read gzipped, in several members, from a reader of single bytes", func() {
		file := pcapFile(binary.LittleEndian, 0xa1b2c3d4).record(1, 0, "first").record(2, 0, "second").Bytes()
		var zipped bytes.Buffer
		for _, part := range [][]byte{file[:30], file[30:]} {
			z := gzip.NewWriter(&zipped)
			z.Write(part)
			Expect(z.Close()).To(Succeed())
		}
		got, r, err := all(iotest.OneByteReader(&zipped))
		Expect(err).NotTo(HaveOccurred())
		Expect(r.Zipped).To(BeTrue())
		Expect(got).To(HaveLen(2))
		Expect(string(got[1].Data)).To(Equal("second"))
	})

	It("gives the packets before a cut and says where it is", func() {
		file := pcapFile(binary.LittleEndian, 0xa1b2c3d4).record(1, 0, "whole").record(2, 0, "cut off").Bytes()
		got, _, err := all(bytes.NewReader(file[:len(file)-3]))
		Expect(got).To(HaveLen(1))
		Expect(err).To(MatchError("pcap record: data at byte 65: got 4 bytes, want 7 bytes, after packet 1"))
		Expect(errors.Is(err, wire.ErrShort)).To(BeTrue())
	})

	It("does not believe a record of impossible length", func() {
		file := pcapFile(binary.LittleEndian, 0xa1b2c3d4).put(uint32(0), uint32(0), uint32(1<<30), uint32(1<<30))
		_, _, err := all(file)
		Expect(err).To(MatchError("pcap record: captured length at byte 32: got 1073741824, want at most 262144, before the first packet"))
	})
})

var _ = Describe("A pcapng file", func() {
	It("has sections with byte orders, interfaces and clocks of their own", func() {
		b := &builder{order: binary.LittleEndian}
		b.section(uint16(1), uint16(5), "hello\x00\x00\x00", uint32(0))
		b.block(1, uint16(1), uint16(0), uint32(0), uint16(2), uint16(4), "eth0", uint32(0))
		b.block(1, uint16(113), uint16(0), uint32(0), uint16(9), uint16(1), "\x09\x00\x00\x00", uint16(14), uint16(8), uint64(100), uint32(0))
		b.block(6, uint32(1), uint32(0), uint32(5), uint32(3), uint32(99), "abc\x00", uint16(1), uint16(4), "note", uint32(0))
		b.order = binary.BigEndian
		b.section().block(1, uint16(101), uint16(0), uint32(2)).block(3, uint32(4), "wxyz")
		got, r, err := all(b)
		Expect(err).NotTo(HaveOccurred())
		Expect(r.Kind).To(Equal("pcapng"))
		Expect(r.Sections).To(Equal(2))
		Expect(r.Comments).To(Equal([]string{"hello"}))
		Expect(r.Interfaces).To(HaveLen(3))
		Expect(r.Interfaces[0].Name).To(Equal("eth0"))
		Expect(got).To(HaveLen(2))
		Expect(got[0]).To(Equal(capture.Packet{Number: 1, At: 100_000_000_005, Link: capture.LinuxSLL, Length: 99,
			Data: []byte("abc"), Interface: 1, Comments: []string{"note"}}))
		Expect(got[1]).To(Equal(capture.Packet{Number: 2, Link: capture.Raw, Length: 4, Data: []byte("wx"), Interface: 2}))
	})

	It("counts time in powers of two as well", func() {
		b := &builder{order: binary.LittleEndian}
		b.section().block(1, uint16(1), uint16(0), uint32(0), uint16(9), uint16(1), "\x8a\x00\x00\x00", uint32(0))
		got, _, err := all(b.block(6, uint32(0), uint32(0), uint32(1024+512), uint32(0), uint32(0)))
		Expect(err).NotTo(HaveOccurred())
		Expect(got[0].At).To(Equal(int64(1_500_000_000)))
	})

	It("keeps TLS secrets and names", func() {
		b := &builder{order: binary.LittleEndian}
		b.section().block(10, uint32(0x544c534b), uint32(3), "key").block(10, uint32(0x57474b4c), uint32(2), "wg")
		b.block(4, uint16(1), uint16(12), "\x0a\x00\x00\x01a.test\x00\x00", uint16(0), uint16(0))
		_, r, err := all(b)
		Expect(err).NotTo(HaveOccurred())
		Expect(string(r.Secrets)).To(Equal("key\n"))
		Expect(r.Names).To(Equal(capture.Names{netip.MustParseAddr("10.0.0.1"): "a.test"}))
	})

	It("says which interface a packet names in vain", func() {
		b := &builder{order: binary.LittleEndian}
		_, _, err := all(b.section().block(6, uint32(3), uint32(0), uint32(0), uint32(0), uint32(0)))
		Expect(err).To(MatchError("pcapng packet: interface at byte 36: got 3, want one of the section's 0, before the first packet"))
	})

	It("says where the two lengths of a block differ", func() {
		b := &builder{order: binary.LittleEndian}
		b.section().put(uint32(1), uint32(20), uint16(1), uint16(0), uint32(0), uint32(24))
		_, _, err := all(b)
		Expect(err).To(MatchError("pcapng block: length at its end at byte 44: got 24, want 20, before the first packet"))
	})
})

var _ = Describe("A file of another kind", func() {
	DescribeTable("is refused", func(text, want string) {
		_, _, err := all(bytes.NewReader([]byte(text)))
		Expect(errors.Is(err, capture.ErrNotCapture)).To(BeTrue())
		Expect(err).To(MatchError(want))
	},
		Entry("empty", "", "not a capture file: it has 0 bytes"),
		Entry("text", "hello", "not a capture file: it begins with 68 65 6c 6c"),
	)
	It("may be one that only fails to be read", func() {
		_, _, err := all(iotest.ErrReader(errors.New("no such disk")))
		Expect(err).To(MatchError(ContainSubstring("no such disk")))
	})
})

func FuzzReader(f *testing.F) {
	f.Add(pcapFile(binary.LittleEndian, 0xa1b2c3d4).record(7, 5, "abc").Bytes())
	b := &builder{order: binary.BigEndian}
	b.section(uint16(1), uint16(2), "hi\x00\x00").block(1, uint16(1), uint16(0), uint32(0)).block(3, uint32(3), "abc")
	b.block(10, uint32(0x544c534b), uint32(3), "key").block(4, uint16(1), uint16(6), "\x0a\x00\x00\x01a\x00\x00\x00")
	f.Add(b.block(6, uint32(0), uint32(0), uint32(5), uint32(3), uint32(99), "abc\x00").Bytes())
	f.Fuzz(func(t *testing.T, file []byte) {
		packets, _, err := all(bytes.NewReader(file))
		var damage *capture.Damage
		if err != nil && !errors.Is(err, capture.ErrNotCapture) && !errors.As(err, &damage) {
			t.Errorf("error of another kind: %v", err)
		}
		if damage != nil && damage.After != len(packets) {
			t.Errorf("damage after packet %d, but there were %d", damage.After, len(packets))
		}
	})
}
