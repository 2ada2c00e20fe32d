package flow

import (
	"slices"

	"rehearse/pcaps/packet"
)

// maxLive is how many flows are followed at a time. Past it the one that was
// silent for longest is done with.
const maxLive = 1 << 16

// maxComplaints is how many kinds of ICMP errors are kept of a flow.
const maxComplaints = 8

// Opener makes the readers of flows. Either method may give nil for a flow that is
// only counted; that of TCP is asked when the first byte is there to be read.
type Opener interface {
	OpenTCP(*Flow) Reader
	OpenUDP(*Flow) DatagramReader
	// Closed is told of every flow at its end, after its reader's Done. The reader
	// is nil for a flow without one.
	Closed(f *Flow, reader any)
}

// Table follows flows. Make it with NewTable, and call At before each packet. It is
// not safe for concurrent use.
type Table struct {
	opener  Opener
	now     Moment
	flows   map[key]*Flow
	last    *Flow // of the last packet, which often is that of the next
	newest  *Flow
	oldest  *Flow
	opened  [2]int
	quoted  [2]int // of those opened, those that ICMP errors alone have shown
	waiting int    // bytes that wait behind holes, in all flows
}

// NewTable makes an empty table.
func NewTable(o Opener) *Table { return &Table{opener: o, flows: map[key]*Flow{}} }

// At says which packet comes next.
func (t *Table) At(now Moment) { t.now = now }

// Opened is how many flows of a transport there were. Those that only an ICMP error
// quotes have a number, as Wireshark gives them one, but are not counted.
func (t *Table) Opened(tr Transport) int { return t.opened[tr] - t.quoted[tr] }

// Complaint implements packet.Handler.
func (t *Table) Complaint(c *packet.Complaint) {
	tr := UDP
	if c.TCP {
		tr = TCP
	}
	k := keyOf(tr, &c.Src, &c.Dst)
	f := t.find(k)
	if f == nil {
		f = t.open(k, c.Src, c.Dst)
		f.quoted = true
		t.quoted[tr]++
	}
	if text := c.String(); len(f.Complaints) < maxComplaints && !slices.Contains(f.Complaints, text) {
		f.Complaints = append(f.Complaints, text)
	}
}

// real is told that a flow's own packet was seen.
func (t *Table) real(f *Flow) {
	if f.quoted {
		f.quoted = false
		t.quoted[f.Transport]--
	}
}

// Segment implements packet.Handler.
func (t *Table) Segment(s *packet.Segment) {
	k := keyOf(TCP, &s.Src, &s.Dst)
	f := t.find(k)
	side := Side(0)
	if f != nil && f.Ends[0] != s.Src {
		side = 1
	}
	if f != nil && f.reused(side, s) {
		t.close(f)
		f, side = nil, 0
	}
	if f == nil {
		f = t.open(k, s.Src, s.Dst)
	}
	t.count(f, side, s.Length)
	f.greet(side, s)
	t.segment(f, side, s)
}

// Datagram implements packet.Handler.
func (t *Table) Datagram(d *packet.Datagram) {
	k := keyOf(UDP, &d.Src, &d.Dst)
	f := t.find(k)
	if f == nil {
		f = t.open(k, d.Src, d.Dst)
	}
	if f.reader == nil {
		if r := t.opener.OpenUDP(f); r != nil {
			f.reader = r
		}
	}
	side := Side(0)
	if f.Ends[0] != d.Src {
		side = 1
	}
	t.count(f, side, d.Length)
	if r, ok := f.reader.(DatagramReader); ok {
		r.Datagram(side, t.now, d.Payload, d.Length)
	}
}

// find looks a flow up and makes it the newest.
func (t *Table) find(k key) *Flow {
	if t.last != nil && t.last.key == k {
		return t.last
	}
	f := t.flows[k]
	if f != nil && f != t.newest {
		t.unlink(f)
		t.link(f)
	}
	t.last = f
	return f
}

// open begins a flow whose first packet went from src to dst.
func (t *Table) open(k key, src, dst packet.Endpoint) *Flow {
	f := &Flow{Transport: k.transport, Number: t.opened[k.transport], Ends: [2]packet.Endpoint{src, dst}, First: t.now, key: k}
	if src.Port < dst.Port {
		f.client = 1
	}
	t.opened[k.transport]++
	if len(t.flows) >= maxLive {
		t.close(t.oldest)
	}
	t.flows[k] = f
	t.link(f)
	t.last = f
	return f
}

func (t *Table) count(f *Flow, s Side, length int) {
	t.real(f)
	f.Last = t.now
	f.Packets[s]++
	f.Bytes[s] += int64(length)
}

// Close ends all flows, in the order of their numbers within each transport.
func (t *Table) Close() {
	all := make([]*Flow, 0, len(t.flows))
	for _, f := range t.flows {
		all = append(all, f)
	}
	sortFlows(all)
	for _, f := range all {
		t.close(f)
	}
}

// close ends a flow: what waits is told, then its reader is done.
func (t *Table) close(f *Flow) {
	t.unlink(f)
	delete(t.flows, f.key)
	if t.last == f {
		t.last = nil
	}
	if f.quoted {
		return
	}
	if f.Transport == TCP {
		t.flush(f)
	}
	reader := f.reader
	f.reader = nil
	if r, ok := reader.(interface{ Done() }); ok {
		r.Done()
	}
	t.opener.Closed(f, reader)
}

func (t *Table) link(f *Flow) {
	f.older = t.newest
	if t.newest != nil {
		t.newest.newer = f
	}
	t.newest = f
	if t.oldest == nil {
		t.oldest = f
	}
}

func (t *Table) unlink(f *Flow) {
	if f.newer != nil {
		f.newer.older = f.older
	} else {
		t.newest = f.older
	}
	if f.older != nil {
		f.older.newer = f.newer
	} else {
		t.oldest = f.newer
	}
	f.newer, f.older = nil, nil
}
