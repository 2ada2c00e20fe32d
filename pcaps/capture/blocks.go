package capture

import (
	"bytes"
	"fmt"
	"net/netip"
)

// Options of an Interface Description Block.
const (
	optIfName        = 2
	optIfDescription = 3
	optIfTsresol     = 9
	optIfTsoffset    = 14
)

func (p *pcapng) iface(b *block) error {
	const fixed = 8
	if len(b.body) < fixed {
		return b.short("interface", fixed)
	}
	if len(p.about.Interfaces) >= maxInterfaces {
		return damage("pcapng file", "interfaces", b.at, "one more", fmt.Sprintf("at most %d", maxInterfaces))
	}
	i := Interface{
		Section:    p.about.Sections - 1,
		Link:       LinkType(b.order.Uint16(b.body)),
		SnapLength: int(b.order.Uint32(b.body[4:])),
	}
	c := clock{exp: 6}
	b.options(fixed, func(code uint16, value []byte) {
		switch {
		case code == optIfName:
			i.Name = text(value)
		case code == optIfDescription:
			i.Description = text(value)
		case code == optIfTsresol && len(value) >= 1:
			c.binary, c.exp = value[0]&0x80 != 0, value[0]&0x7f
		case code == optIfTsoffset && len(value) >= 8:
			c.offset = int64(b.order.Uint64(value))
		}
		p.about.comment(code, value)
	})
	p.about.Interfaces = append(p.about.Interfaces, i)
	p.clocks = append(p.clocks, c)
	return nil
}

// secretsTLS is "TLSK", the kind of secrets that is kept.
const secretsTLS = 0x544c534b

func (p *pcapng) secrets(b *block) error {
	const fixed = 8
	if len(b.body) < fixed {
		return b.short("secrets", fixed)
	}
	size := int(b.order.Uint32(b.body[4:]))
	if size > len(b.body)-fixed {
		return b.short("secrets", fixed+size)
	}
	if b.order.Uint32(b.body) == secretsTLS && len(p.about.Secrets)+size < maxSecrets {
		p.about.Secrets = append(append(p.about.Secrets, b.body[fixed:fixed+size]...), '\n')
	}
	return nil
}

// Names are what addresses are called.
type Names map[netip.Addr]string

// Records of a Name Resolution Block.
const (
	nameEnd  = 0
	nameIPv4 = 1
	nameIPv6 = 2
)

func (p *pcapng) names(b *block) {
	at := 0
	for at+4 <= len(b.body) {
		kind, size := b.order.Uint16(b.body[at:]), int(b.order.Uint16(b.body[at+2:]))
		at += 4
		if kind == nameEnd || at+size > len(b.body) {
			break
		}
		p.name(kind, b.body[at:at+size])
		at += (size + 3) &^ 3
	}
	b.options(at, p.about.comment)
}

// name keeps the first name of a record.
func (p *pcapng) name(kind uint16, value []byte) {
	size := map[uint16]int{nameIPv4: 4, nameIPv6: 16}[kind]
	if size == 0 || len(value) <= size || len(p.about.Names) >= maxNames {
		return
	}
	addr, _ := netip.AddrFromSlice(value[:size])
	name, _, _ := bytes.Cut(value[size:], []byte{0})
	if p.about.Names == nil {
		p.about.Names = Names{}
	}
	if _, known := p.about.Names[addr]; !known && len(name) > 0 {
		p.about.Names[addr] = text(name)
	}
}
