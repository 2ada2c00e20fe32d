package capture

import (
	"encoding/binary"
	"fmt"
	"io"

	"rehearse/proxy/wire"
)

// The blocks that are read (draft-ietf-opsawg-pcapng 4). Custom blocks and those
// that nobody knows are passed over.
const (
	blockSection   = 0x0a0d0d0a
	blockInterface = 1
	blockPacket    = 2 // obsolete
	blockSimple    = 3
	blockNames     = 4
	blockStats     = 5
	blockEnhanced  = 6
	blockSecrets   = 10
)

const (
	blockHeader = 8
	blockFrame  = 12 // header, and the length once more at the end
	orderMagic  = 0x1a2b3c4d
)

// pcapng reads the blocks of a pcapng file.
type pcapng struct {
	window *window
	about  *About
	order  binary.ByteOrder
	base   int     // of this section's interfaces in about.Interfaces
	clocks []clock // of this section's interfaces
	block  block   // the one at hand
}

// block is one block; body lies in the window.
type block struct {
	order binary.ByteOrder
	kind  uint32
	at    int64 // of its header in the file
	body  []byte
}

func (p *pcapng) next(out *Packet) error {
	for {
		if err := p.advance(); err != nil {
			return err
		}
		if found, err := p.read(out); found || err != nil {
			return err
		}
	}
}

// read reads the block at hand and says whether it holds a packet.
func (p *pcapng) read(out *Packet) (found bool, err error) {
	b := &p.block
	switch b.kind {
	case blockEnhanced:
		return true, p.enhanced(b, out)
	case blockSimple:
		return true, p.simple(b, out)
	case blockPacket:
		return true, p.obsolete(b, out)
	case blockSection:
		return false, p.section(b)
	case blockInterface:
		return false, p.iface(b)
	case blockNames:
		p.names(b)
	case blockSecrets:
		return false, p.secrets(b)
	case blockStats:
		b.options(12, p.about.comment) // nothing else there is of interest
	}
	return false, nil
}

// advance takes the next block from the window.
func (p *pcapng) advance() error {
	at := p.window.offset
	h := p.window.peek(blockHeader)
	if len(h) < blockHeader {
		if err := p.window.failure(); err != nil {
			return broken(err, "pcapng block", at+int64(len(h)))
		}
		if len(h) == 0 {
			return io.EOF
		}
		return cut("pcapng block", "header", at+int64(len(h)), len(h), blockHeader)
	}
	if binary.BigEndian.Uint32(h) == blockSection {
		if err := p.turn(at); err != nil {
			return err
		}
		h = p.window.peek(blockHeader)
	}
	size := int(p.order.Uint32(h[4:]))
	if size < blockFrame || size > maxBlock {
		return damage("pcapng block", "length", at+4, fmt.Sprint(size), fmt.Sprintf("%d to %d", blockFrame, maxBlock))
	}
	return p.whole(at, p.order.Uint32(h), size)
}

// whole takes a block whose header has been read.
func (p *pcapng) whole(at int64, kind uint32, size int) error {
	padded := (size + 3) &^ 3
	b := p.window.peek(padded)
	if len(b) < padded {
		if err := p.window.failure(); err != nil {
			return broken(err, "pcapng block", at+int64(len(b)))
		}
		return cut("pcapng block", fmt.Sprintf("body of type %d", kind), at+int64(len(b)), len(b), padded)
	}
	if again := int(p.order.Uint32(b[padded-4:])); again != size {
		return damage("pcapng block", "length at its end", at+int64(padded)-4, fmt.Sprint(again), fmt.Sprint(size))
	}
	p.window.skip(padded)
	p.block = block{order: p.order, kind: kind, at: at, body: b[blockHeader : padded-4]}
	return nil
}

// turn reads the byte order of the section that begins at the window.
func (p *pcapng) turn(at int64) error {
	h := p.window.peek(blockFrame)
	switch {
	case len(h) < blockFrame:
		return cut("pcapng section", "header", at+int64(len(h)), len(h), blockFrame)
	case binary.BigEndian.Uint32(h[8:]) == orderMagic:
		p.order = binary.BigEndian
	case binary.LittleEndian.Uint32(h[8:]) == orderMagic:
		p.order = binary.LittleEndian
	default:
		return damage("pcapng section", "byte-order magic", at+8, fmt.Sprintf("% x", h[8:12]), "1a 2b 3c 4d or turned round")
	}
	return nil
}

// section begins a new one: interfaces count from 0 again.
func (p *pcapng) section(b *block) error {
	const fixed = 16
	if len(b.body) < fixed {
		return b.short("section", fixed)
	}
	if major := b.order.Uint16(b.body[4:]); major != 1 {
		return damage("pcapng section", "major version", b.at+12, fmt.Sprint(major), "1")
	}
	p.about.Sections++
	p.base, p.clocks = len(p.about.Interfaces), nil
	b.options(fixed, p.about.comment)
	return nil
}

// short is damage in a block that is whole but smaller than its kind needs.
func (b *block) short(field string, want int) error {
	return damage("pcapng block", field, b.at, wire.Bytes(len(b.body)), fmt.Sprintf("at least %s", wire.Bytes(want)))
}
