package packet

import "github.com/google/gopacket/layers"

// Limits on what is kept of datagrams that are not whole.
const (
	maxWhole     = 1 << 16 // no datagram is longer
	maxFragments = 1 << 12 // of one datagram
	maxPartial   = 256     // datagrams; the oldest makes room
)

// fragmentKey is what fragments of one datagram share (RFC 791 3.2, RFC 8200 4.5).
type fragmentKey struct {
	src, dst [16]byte
	id       uint32
	protocol layers.IPProtocol
	v6       bool
}

// fragments keeps datagrams until they are whole.
type fragments struct {
	partial map[fragmentKey]*partial
	order   []fragmentKey // oldest first
}

// partial is a datagram of which fragments are missing.
type partial struct {
	data  []byte
	holes []hole
	count int
}

// hole is data[from:to]; the last one has no end until the last fragment comes.
type hole struct{ from, to int }

// add takes a fragment and gives the datagram if that makes it whole. Where
// fragments overlap, the first one's bytes stay.
func (f *fragments) add(key fragmentKey, at int, b []byte, more bool) []byte {
	if at+len(b) > maxWhole {
		return nil
	}
	p := f.find(key)
	p.count++
	p.fill(at, b, more)
	if len(p.holes) > 0 && p.count < maxFragments {
		return nil
	}
	f.forget(key)
	if len(p.holes) > 0 {
		return nil
	}
	return p.data
}

func (f *fragments) find(key fragmentKey) *partial {
	if p := f.partial[key]; p != nil {
		return p
	}
	if f.partial == nil {
		f.partial = map[fragmentKey]*partial{}
	}
	if len(f.order) >= maxPartial {
		f.forget(f.order[0])
	}
	p := &partial{holes: []hole{{0, maxWhole}}}
	f.partial[key] = p
	f.order = append(f.order, key)
	return p
}

func (f *fragments) forget(key fragmentKey) {
	delete(f.partial, key)
	for i, k := range f.order {
		if k == key {
			f.order = append(f.order[:i], f.order[i+1:]...)
			return
		}
	}
}

// fill puts a fragment into the holes it covers.
func (p *partial) fill(at int, b []byte, more bool) {
	end := at + len(b)
	var left []hole
	for _, h := range p.holes {
		from, to := max(h.from, at), min(h.to, end)
		if from >= to {
			left = append(left, h)
			continue
		}
		p.grow(to)
		copy(p.data[from:to], b[from-at:])
		if h.from < from {
			left = append(left, hole{h.from, from})
		}
		if to < h.to {
			left = append(left, hole{to, h.to})
		}
	}
	if !more {
		left = clip(left, end)
	}
	p.holes = left
}

func (p *partial) grow(n int) {
	if n > len(p.data) {
		p.data = append(p.data, make([]byte, n-len(p.data))...)
	}
}

// clip takes from holes what lies behind the datagram's end.
func clip(holes []hole, end int) []hole {
	var out []hole
	for _, h := range holes {
		if h.to = min(h.to, end); h.from < h.to {
			out = append(out, h)
		}
	}
	return out
}
