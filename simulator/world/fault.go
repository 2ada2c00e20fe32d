package world

import (
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// retransmit is how long a lost TCP segment takes to be sent again, the first
// time; each further loss doubles it (RFC 6298 5.5, with a kernel's floor).
const retransmit = 200 * time.Millisecond

// faults is what is wrong with a world now. Reading takes no lock.
type faults struct {
	mu   sync.Mutex
	list atomic.Pointer[[]*Fault]
}

func (fs *faults) now() []*Fault {
	if p := fs.list.Load(); p != nil {
		return *p
	}
	return nil
}

func (fs *faults) add(f *Fault) {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	list := append(slices.Clone(fs.now()), f)
	fs.list.Store(&list)
}

func (fs *faults) remove(f *Fault) {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	list := slices.DeleteFunc(slices.Clone(fs.now()), func(g *Fault) bool { return g == f })
	fs.list.Store(&list)
}

// onName says whether the fault concerns look-ups of name by host.
func (f *Fault) onName(name, host string) bool {
	switch f.Kind {
	case NXDomain, SlowNames, WrongName:
		concerns := f.Peer == "" || f.Peer == host
		if f.Peers != nil {
			concerns = f.Peers[host]
		}
		return concerns && (f.Host == "" || canonical(f.Host) == canonical(name))
	}
	return false
}

// side is one side of a flow: a host, known by its name and the names that lead
// to it, and its port.
type side struct {
	host   string
	isHost func(name string) bool
	port   uint16
}

func (s side) is(name string) bool {
	return name == "" || strings.EqualFold(name, s.host) || s.isHost(name)
}

// onFlow says whether the fault concerns what travels between two sides.
func (f *Fault) onFlow(proto string, a, b side) bool {
	if f.Proto != "" && f.Proto != proto {
		return false
	}
	return f.between(a, b) || f.between(b, a)
}

func (f *Fault) between(host, peer side) bool {
	if f.Port != 0 && f.Port != host.port || !host.is(f.Host) {
		return false
	}
	if f.Peers != nil {
		return f.Peers[peer.host]
	}
	return peer.is(f.Peer)
}

// path is one direction of a flow as the faults of a world let it be.
type path struct {
	faults *faults
	proto  string
	from   side
	to     side
	base   time.Duration
	dice   *rand.Rand // drawn from only while loss is imposed

	tape     *Tape // nil where nothing is recorded
	src, dst netip.AddrPort
}

// carry implements carrier for TCP: what is lost is sent again, later.
func (p *path) carry() transit {
	t := transit{delay: p.base}
	list := p.faults.now()
	if len(list) == 0 {
		return t
	}
	for _, f := range list {
		if !f.onFlow(p.proto, p.from, p.to) {
			continue
		}
		switch f.Kind {
		case Latency:
			t.delay += f.Delay
		case Blackhole:
			t.held = true
		case Loss:
			again := p.retransmissions(f.Rate)
			t.again += again
			t.delay, t.held = t.delay+again, t.held || again >= retransmitLimit
		}
	}
	return t
}

func (p *path) retransmissions(rate float64) (total time.Duration) {
	for wait := retransmit; total < retransmitLimit && p.dice.Float64() < rate; wait *= 2 {
		total += wait
	}
	return total
}

// toss says how long a datagram takes, and whether it is lost.
func (p *path) toss() (delay time.Duration, lost bool) {
	delay = p.base
	for _, f := range p.faults.now() {
		if !f.onFlow(p.proto, p.from, p.to) {
			continue
		}
		switch f.Kind {
		case Latency:
			delay += f.Delay
		case Blackhole:
			lost = true
		case Loss:
			lost = p.dice.Float64() < f.Rate || lost
		}
	}
	return delay, lost
}

// reset says whether a Reset is imposed on the flow.
func (p *path) reset() bool {
	return slices.ContainsFunc(p.faults.now(), func(f *Fault) bool {
		return f.Kind == Reset && f.onFlow(p.proto, p.from, p.to)
	})
}
