package write

import (
	"encoding/binary"
	"fmt"
	"io"
	"net/netip"
)

// Block types and options of pcapng (draft-ietf-opsawg-pcapng).
const (
	blockSection   = 0x0a0d0d0a
	blockInterface = 1
	blockNames     = 4
	blockEnhanced  = 6
	blockSecrets   = 10

	optComment     = 1
	optIfName      = 2
	optIfAbout     = 3
	optIfClock     = 9
	optApplication = 4

	secretsTLS = 0x544c534b // "TLSK"

	linkEthernet = 1
	nanoseconds  = 9
)

var order = binary.LittleEndian

// file writes a file with these frames, each of whose places is one of places.
func (c *Capture) file(w io.Writer, frames []frame, places []netip.Addr) (int64, error) {
	out := &blocks{w: w}
	out.section(c.About)
	number := map[netip.Addr]uint32{}
	for i, at := range places {
		number[at] = uint32(i)
		out.iface(c.hostName(at), fmt.Sprintf("beside %s (%s)", c.hostName(at), at))
	}
	out.names(c.Hosts)
	if s := c.secrets(); len(s) > 0 {
		out.secrets(s)
	}
	for i := range frames {
		f := &frames[i]
		out.packet(number[f.place], uint64(c.Clock(f.at).UnixNano()), f)
	}
	return out.n, out.err
}

// blocks writes blocks until one fails.
type blocks struct {
	w    io.Writer
	body []byte
	n    int64
	err  error
}

// flush writes the body as a block.
func (b *blocks) flush(kind uint32) {
	b.pad()
	size := uint32(len(b.body) + 12)
	block := order.AppendUint32(order.AppendUint32(nil, kind), size)
	block = order.AppendUint32(append(block, b.body...), size)
	b.body = b.body[:0]
	if b.err != nil {
		return
	}
	n, err := b.w.Write(block)
	b.n, b.err = b.n+int64(n), err
}

func (b *blocks) u16(v uint16) { b.body = order.AppendUint16(b.body, v) }
func (b *blocks) u32(v uint32) { b.body = order.AppendUint32(b.body, v) }

func (b *blocks) pad() {
	for len(b.body)%4 != 0 {
		b.body = append(b.body, 0)
	}
}

// maxOption is what an option can hold.
const maxOption = 0xffff

func (b *blocks) option(code uint16, value []byte) {
	value = value[:min(len(value), maxOption)]
	b.u16(code)
	b.u16(uint16(len(value)))
	b.body = append(b.body, value...)
	b.pad()
}

func (b *blocks) endOptions() { b.u32(0) }

func (b *blocks) section(about []string) {
	b.u32(0x1a2b3c4d)
	b.u16(1)
	b.u16(0)
	b.u32(0xffffffff) // the section's length is not told
	b.u32(0xffffffff)
	for _, text := range about {
		b.option(optComment, []byte(text))
	}
	b.option(optApplication, []byte("rehearse"))
	b.endOptions()
	b.flush(blockSection)
}

func (b *blocks) iface(name, about string) {
	b.u16(linkEthernet)
	b.u16(0)
	b.u32(0) // no limit on a packet's length
	b.option(optIfName, []byte(name))
	b.option(optIfAbout, []byte(about))
	b.option(optIfClock, []byte{nanoseconds})
	b.endOptions()
	b.flush(blockInterface)
}

func (b *blocks) names(hosts []Host) {
	if len(hosts) == 0 {
		return
	}
	for _, h := range hosts {
		kind := uint16(1)
		if h.Addr.Is6() {
			kind = 2
		}
		b.option(kind, append(append(h.Addr.AsSlice(), h.Name...), 0)) // a record has an option's form
	}
	b.u32(0) // the end of the records
	b.flush(blockNames)
}

func (b *blocks) secrets(text []byte) {
	b.u32(secretsTLS)
	b.u32(uint32(len(text)))
	b.body = append(b.body, text...)
	b.flush(blockSecrets)
}

func (b *blocks) packet(iface uint32, ns uint64, f *frame) {
	b.u32(iface)
	b.u32(uint32(ns >> 32))
	b.u32(uint32(ns))
	b.u32(uint32(len(f.bytes)))
	b.u32(uint32(len(f.bytes)))
	b.body = append(b.body, f.bytes...)
	b.pad()
	if len(f.comments) > 0 {
		for _, text := range f.comments {
			b.option(optComment, []byte(text))
		}
		b.endOptions()
	}
	b.flush(blockEnhanced)
}
