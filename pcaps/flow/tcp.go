package flow

import (
	"cmp"
	"slices"

	"rehearse/pcaps/packet"
)

// Limits on what waits behind a hole.
const (
	maxWaiting    = 64 << 20 // bytes in all flows
	maxWaitingOne = 1 << 20  // bytes of one side of one flow
	maxPieces     = 1 << 11  // of one side of one flow

	// reach is how far from what has been told a segment may lie. What lies farther
	// belongs to another stream: one whose numbers a device on the way has changed
	// (both are seen if the capture has both its sides), or a later one whose SYN was
	// not captured. After strangers of the latter kind in a row the stream is theirs.
	reach     = 1 << 24
	strangers = 4

	// patience is for how many more packets of a flow a hole that the receiver has
	// acknowledged is kept open: captures can have the acknowledgement before the
	// segment.
	patience = 32
)

// half is what one side sent.
type half struct {
	known  bool   // next is
	next   uint32 // the first byte that has not been told
	first  uint32 // sequence number of the SYN, or what it would have been
	spoke  bool   // first is known
	told   bool   // bytes or a gap have been told
	pieces []piece
	size   int // of all pieces
	since  int // packets of the flow when the first piece began to wait
	acked  uint32
	heard  bool // acked is known
	fin    bool
	finAt  uint32 // the sequence number behind the last byte
	finIn  Moment
	ended  bool // its ending has been told

	strangeNext uint32 // what would follow the last segment out of reach
	strange     int    // segments out of reach that followed one another
}

// piece is a segment that waits for what comes before it.
type piece struct {
	seq    uint32
	data   []byte
	length int
	at     Moment
}

// after is how far b lies behind a.
func after(a, b uint32) int { return int(int32(b - a)) }

// reused says whether a segment begins another connection between the same ends.
func (f *Flow) reused(s Side, seg *packet.Segment) bool {
	h := &f.half[s]
	return seg.Flags&(packet.SYN|packet.ACK) == packet.SYN && h.spoke && h.first != seg.Seq
}

// greet takes what a segment says about who began it.
func (f *Flow) greet(s Side, seg *packet.Segment) {
	h := &f.half[s]
	if seg.Flags.Has(packet.SYN) {
		f.Begun[s] = true
		if seg.Flags.Has(packet.ACK) {
			f.Orient(s.Other(), BySynAck)
		} else {
			f.Orient(s, BySyn)
		}
		if !h.told { // a second SYN/ACK with another number counts, too
			h.first, h.next, h.known = seg.Seq, seg.Seq+1, true
		}
	}
	if !h.spoke {
		h.spoke = true
		if !seg.Flags.Has(packet.SYN) {
			h.first = seg.Seq - 1
		}
	}
}

// segment reads what a segment carries and ends.
func (t *Table) segment(f *Flow, s Side, seg *packet.Segment) {
	if seg.Flags.Has(packet.ACK) {
		f.half[s.Other()].acknowledge(seg.Ack)
	}
	seq := seg.Seq
	if seg.Flags.Has(packet.SYN) {
		seq++
	}
	h := &f.half[s]
	if seg.Length > 0 && !seg.Flags.Has(packet.RST) { // a RST may carry an explanation
		t.payload(f, s, seq, seg)
	}
	if seg.Flags.Has(packet.FIN) && !h.fin {
		h.fin, h.finAt, h.finIn = true, seq+uint32(seg.Length), t.now
	}
	if len(h.pieces) > 0 || len(f.half[1-s].pieces) > 0 {
		t.giveUp(f, s)
		t.giveUp(f, s.Other())
	}
	t.conclude(f, s)
	if seg.Flags.Has(packet.RST) {
		t.flush(f)
		t.end(f, s, t.now, true)
	}
}

func (h *half) acknowledge(n uint32) {
	if !h.heard || after(h.acked, n) > 0 {
		h.acked, h.heard = n, true
	}
}

// payload tells what follows what has been told, and keeps the rest.
func (t *Table) payload(f *Flow, s Side, seq uint32, seg *packet.Segment) {
	h := &f.half[s]
	if !h.known {
		h.known, h.next = true, seq
	}
	ahead := after(h.next, seq)
	if (ahead > reach || ahead < -reach) && h.stranger(seq, seg.Length) {
		return
	}
	h.strange = 0
	if ahead > reach || ahead < -reach {
		t.restart(f, s, seq)
		ahead = 0
	}
	switch {
	case ahead > 0:
		t.keep(f, s, seq, seg)
	case ahead+seg.Length > 0:
		t.tell(f, s, t.now, -ahead, seg.Payload, seg.Length)
		t.drain(f, s)
	}
}

// stranger says whether a segment out of reach is to be passed over.
func (h *half) stranger(seq uint32, length int) bool {
	if h.strangeNext != seq {
		h.strange = 0
	}
	h.strange++
	h.strangeNext = seq + uint32(length)
	return h.strange < strangers
}

// restart goes on at another place of the stream than the one that was told last.
func (t *Table) restart(f *Flow, s Side, seq uint32) {
	for len(f.half[s].pieces) > 0 {
		t.skip(f, s)
	}
	f.half[s].next, f.half[s].told = seq, true
	if r := t.reader(f); r != nil {
		r.Gap(s, t.now, 1<<32)
	}
}

// tell gives the reader a segment without its first bytes, which it had already.
func (t *Table) tell(f *Flow, s Side, at Moment, had int, b []byte, length int) {
	h := &f.half[s]
	h.told = true
	h.next += uint32(length - had)
	r := t.reader(f)
	b = b[min(had, len(b)):]
	if missing := length - had - len(b); missing > 0 {
		f.Lost[s] += int64(missing)
		defer func() {
			if r != nil {
				r.Gap(s, at, int64(missing))
			}
		}()
	}
	if r != nil && len(b) > 0 {
		r.Data(s, at, b)
	}
}

func (t *Table) reader(f *Flow) Reader {
	if f.reader == nil {
		if r := t.opener.OpenTCP(f); r != nil {
			f.reader = r
		}
	}
	r, _ := f.reader.(Reader)
	return r
}

// keep stores a segment behind a hole, in order; of equal ones the first.
func (t *Table) keep(f *Flow, s Side, seq uint32, seg *packet.Segment) {
	h := &f.half[s]
	i, found := slices.BinarySearchFunc(h.pieces, seq, func(p piece, seq uint32) int { return cmp.Compare(after(seq, p.seq), 0) })
	if found {
		if len(h.pieces[i].data) >= len(seg.Payload) {
			return
		}
		i++
	}
	if len(h.pieces) == 0 {
		h.since = f.Packets[0] + f.Packets[1]
	}
	h.pieces = slices.Insert(h.pieces, i, piece{seq, slices.Clone(seg.Payload), seg.Length, t.now})
	h.size += len(seg.Payload)
	t.waiting += len(seg.Payload)
	for len(h.pieces) > 0 && (h.size > maxWaitingOne || len(h.pieces) > maxPieces || t.waiting > maxWaiting) {
		t.skip(f, s)
	}
}

// drain tells the pieces that follow what has been told.
func (t *Table) drain(f *Flow, s Side) {
	h := &f.half[s]
	done := 0
	for ; done < len(h.pieces); done++ {
		p := &h.pieces[done]
		ahead := after(h.next, p.seq)
		if ahead > 0 {
			break
		}
		h.size -= len(p.data)
		t.waiting -= len(p.data)
		if ahead+p.length > 0 {
			t.tell(f, s, p.at, -ahead, p.data, p.length)
		}
	}
	if done > 0 {
		h.pieces = slices.Delete(h.pieces, 0, done)
		h.since = f.Packets[0] + f.Packets[1]
	}
}

// skip gives up the hole before the first piece.
func (t *Table) skip(f *Flow, s Side) {
	h := &f.half[s]
	p := &h.pieces[0]
	missing := after(h.next, p.seq)
	h.next, h.told = p.seq, true
	f.Lost[s] += int64(missing)
	if r := t.reader(f); r != nil {
		r.Gap(s, p.at, int64(missing))
	}
	t.drain(f, s)
}

// giveUp skips a hole that the receiver has acknowledged some time ago.
func (t *Table) giveUp(f *Flow, s Side) {
	h := &f.half[s]
	for len(h.pieces) > 0 && h.heard && after(h.pieces[0].seq, h.acked) >= 0 && f.Packets[0]+f.Packets[1]-h.since >= patience {
		t.skip(f, s)
	}
}

// flush tells all that waits, holes as gaps.
func (t *Table) flush(f *Flow) {
	for s := range f.half {
		for len(f.half[s].pieces) > 0 {
			t.skip(f, Side(s))
		}
		t.missed(f, Side(s))
		t.conclude(f, Side(s))
	}
}

// missed tells as a gap what a side sent last and the capture has not: what stands
// before its FIN, or what the other side has acknowledged.
func (t *Table) missed(f *Flow, s Side) {
	h := &f.half[s]
	end := h.acked
	if h.fin {
		end = h.finAt
	}
	missing := after(h.next, end)
	if !h.known || !h.fin && !h.heard || missing <= 0 || missing > reach {
		return
	}
	h.next, h.told = end, true
	f.Lost[s] += int64(missing)
	if r := t.reader(f); r != nil {
		r.Gap(s, f.Last, int64(missing))
	}
}

// conclude tells a FIN once all before it has been told.
func (t *Table) conclude(f *Flow, s Side) {
	h := &f.half[s]
	if h.fin && !h.ended && len(h.pieces) == 0 {
		t.end(f, s, h.finIn, false)
	}
}

// end tells a side's ending, once; a RST after a FIN is told as well.
func (t *Table) end(f *Flow, s Side, at Moment, reset bool) {
	h := &f.half[s]
	if h.ended && len(f.Endings) >= 3 {
		return
	}
	h.ended = true
	f.Endings = append(f.Endings, Ending{at, s, reset})
	if r, ok := f.reader.(Reader); ok {
		r.Ended(s, at, reset)
	}
}

func sortFlows(all []*Flow) {
	slices.SortFunc(all, func(a, b *Flow) int {
		return cmp.Or(cmp.Compare(a.Transport, b.Transport), cmp.Compare(a.Number, b.Number))
	})
}
