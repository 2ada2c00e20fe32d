package capture

import (
	"encoding/binary"
	"fmt"
	"io"
	"time"
)

// Magic numbers of pcap files, read big-endian.
const (
	magicMicro = 0xa1b2c3d4
	magicNano  = 0xa1b23c4d
	// magicKuznetzov is that of Linux kernels of the 1990s, whose records have 8
	// bytes more.
	magicKuznetzov = 0xa1b2cd34
)

const (
	pcapFileHeader   = 24
	pcapRecordHeader = 16
)

// pcap reads the records of a pcap file.
type pcap struct {
	window *window
	order  binary.ByteOrder
	unit   int64 // nanoseconds
	header int   // of a record
	link   LinkType
	snap   int
}

func openPcap(w *window) (*pcap, error) {
	h := w.peek(pcapFileHeader)
	p := &pcap{window: w, unit: int64(time.Microsecond), header: pcapRecordHeader, order: binary.BigEndian}
	magic := binary.BigEndian.Uint32(h)
	if h[0] != 0xa1 {
		p.order = binary.LittleEndian
		magic = binary.LittleEndian.Uint32(h)
	}
	switch magic {
	case magicMicro:
	case magicNano:
		p.unit = 1
	case magicKuznetzov:
		p.header += 8
	default:
		return nil, fmt.Errorf("%w: it begins with % x", ErrNotCapture, h[:4])
	}
	if len(h) < pcapFileHeader {
		return nil, cut("pcap file", "header", int64(len(h)), len(h), pcapFileHeader)
	}
	p.snap = int(p.order.Uint32(h[16:]))
	p.link = LinkType(p.order.Uint32(h[20:]))
	w.skip(pcapFileHeader)
	return p, nil
}

func (p *pcap) next(out *Packet) error {
	at := p.window.offset
	h := p.window.peek(p.header)
	if len(h) < p.header {
		if err := p.window.failure(); err != nil {
			return broken(err, "pcap record", at+int64(len(h)))
		}
		if len(h) == 0 {
			return io.EOF
		}
		return cut("pcap record", "header", at+int64(len(h)), len(h), p.header)
	}
	size := int(p.order.Uint32(h[8:]))
	if size > maxPacket {
		return damage("pcap record", "captured length", at+8, fmt.Sprint(size), fmt.Sprintf("at most %d", maxPacket))
	}
	out.At = saturate(int64(p.order.Uint32(h)), int64(p.order.Uint32(h[4:]))*p.unit)
	out.Length = int(p.order.Uint32(h[12:]))
	out.Link = p.link
	b := p.window.peek(p.header + size)
	if len(b) < p.header+size {
		if err := p.window.failure(); err != nil {
			return broken(err, "pcap record", at+int64(len(b)))
		}
		return cut("pcap record", "data", at+int64(len(b)), len(b)-p.header, size)
	}
	out.Data = b[p.header:]
	p.window.skip(len(b))
	return nil
}
