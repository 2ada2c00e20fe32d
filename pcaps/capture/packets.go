package capture

import (
	"fmt"
	"math"
	"math/bits"
)

// enhanced reads an Enhanced Packet Block.
func (p *pcapng) enhanced(b *block, out *Packet) error {
	const fixed = 20
	if len(b.body) < fixed {
		return b.short("packet", fixed)
	}
	return p.packet(b, out, int(b.order.Uint32(b.body)), fixed)
}

// obsolete reads a Packet Block, the forerunner of the enhanced one: the interface
// is 16 bits long and followed by a count of drops.
func (p *pcapng) obsolete(b *block, out *Packet) error {
	const fixed = 20
	if len(b.body) < fixed {
		return b.short("packet", fixed)
	}
	return p.packet(b, out, int(b.order.Uint16(b.body)), fixed)
}

// packet reads what both of them have: interface, time, lengths, data, options.
func (p *pcapng) packet(b *block, out *Packet, iface, fixed int) error {
	if err := p.known(b, iface); err != nil {
		return err
	}
	size := int(b.order.Uint32(b.body[12:]))
	if size > maxPacket || fixed+size > len(b.body) {
		return damage("pcapng packet", "captured length", b.at+blockHeader+12, fmt.Sprint(size),
			fmt.Sprintf("at most %d", min(maxPacket, len(b.body)-fixed)))
	}
	ticks := uint64(b.order.Uint32(b.body[4:]))<<32 | uint64(b.order.Uint32(b.body[8:]))
	out.At = p.clocks[iface].nanoseconds(ticks)
	out.Length = int(b.order.Uint32(b.body[16:]))
	out.Data = b.body[fixed : fixed+size]
	p.from(out, iface)
	if end := fixed + (size+3)&^3; end < len(b.body) {
		b.options(end, func(code uint16, value []byte) {
			if code == optComment {
				out.Comments = append(out.Comments, text(value))
			}
		})
	}
	return nil
}

// simple reads a Simple Packet Block: of the first interface, without a time.
func (p *pcapng) simple(b *block, out *Packet) error {
	const fixed = 4
	if len(b.body) < fixed {
		return b.short("packet", fixed)
	}
	if err := p.known(b, 0); err != nil {
		return err
	}
	out.Length = int(b.order.Uint32(b.body))
	size := min(out.Length, len(b.body)-fixed)
	if snap := p.about.Interfaces[p.base].SnapLength; snap > 0 {
		size = min(size, snap)
	}
	if size > maxPacket {
		return damage("pcapng packet", "length", b.at+blockHeader, fmt.Sprint(size), fmt.Sprintf("at most %d", maxPacket))
	}
	out.Data = b.body[fixed : fixed+size]
	p.from(out, 0)
	return nil
}

// known demands that the section has the interface.
func (p *pcapng) known(b *block, iface int) error {
	if iface < len(p.clocks) {
		return nil
	}
	return damage("pcapng packet", "interface", b.at+blockHeader, fmt.Sprint(iface),
		fmt.Sprintf("one of the section's %d", len(p.clocks)))
}

func (p *pcapng) from(out *Packet, iface int) {
	out.Interface = p.base + iface
	out.Link = p.about.Interfaces[out.Interface].Link
}

// nanoseconds turns an interface's units into nanoseconds since 1970. What does not
// fit becomes the first or last time that does.
func (c clock) nanoseconds(ticks uint64) int64 {
	const second = 1_000_000_000
	switch {
	case c.binary && c.exp < 64:
		hi, lo := bits.Mul64(ticks&(1<<c.exp-1), second)
		return saturate(int64(min(ticks>>c.exp, math.MaxInt64)), int64(lo>>c.exp|hi<<(64-c.exp)), c.offset)
	case c.binary || c.exp > 18:
		return saturate(0, 0, c.offset) // units so small that 64 bits of them are no time at all
	}
	unit := uint64(1)
	for range c.exp {
		unit *= 10
	}
	hi, lo := bits.Mul64(ticks%unit, second)
	fraction, _ := bits.Div64(hi, lo, unit)
	return saturate(int64(min(ticks/unit, math.MaxInt64)), int64(fraction), c.offset)
}

// saturate adds seconds and nanoseconds.
func saturate(seconds, nanoseconds int64, offset ...int64) int64 {
	const last = math.MaxInt64/1_000_000_000 - 10
	for _, o := range offset {
		if o = max(min(o, last), -last); seconds > last || seconds+o > last {
			seconds = last
		} else {
			seconds += o
		}
	}
	return max(min(seconds, last), -last)*1_000_000_000 + nanoseconds
}
