package write

import (
	"cmp"
	"net/netip"
	"slices"
	"time"

	"rehearse/simulator/world"
)

// conversation is a TCP connection, or the datagrams between two ends. The client is
// who began it.
type conversation struct {
	proto          string
	client, server netip.AddrPort
	packets        []world.Packet // in order
}

// conversations sorts packets by what they belong to, in the order of beginning.
func conversations(packets []world.Packet) []*conversation {
	packets = slices.Clone(packets)
	slices.SortStableFunc(packets, func(a, b world.Packet) int {
		return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Flow.Proto, b.Flow.Proto), a.Flow.From.Compare(b.Flow.From), a.Flow.To.Compare(b.Flow.To))
	})
	var all []*conversation
	open := map[world.Flow]*conversation{}
	for _, p := range packets {
		c := open[p.Flow]
		if c == nil || p.Kind == world.SYN && c.begun() {
			c = &conversation{proto: p.Flow.Proto, client: p.Flow.From, server: p.Flow.To}
			all = append(all, c)
			open[p.Flow], open[world.Flow{Proto: c.proto, From: c.server, To: c.client}] = c, c
		}
		c.packets = append(c.packets, p)
	}
	for _, c := range all {
		c.sort()
	}
	return all
}

// begun says that more than the client's SYN was sent.
func (c *conversation) begun() bool {
	return slices.ContainsFunc(c.packets, func(p world.Packet) bool { return p.Kind != world.SYN })
}

// sort puts what was sent at one instant into an order of its own: the client's
// before the server's.
func (c *conversation) sort() {
	slices.SortStableFunc(c.packets, func(a, b world.Packet) int {
		return cmp.Or(a.At.Compare(b.At), cmp.Compare(c.sideOf(a), c.sideOf(b)))
	})
}

// sideOf is 0 for what the client sent and 1 for what the server did.
func (c *conversation) sideOf(p world.Packet) int {
	if p.Flow.From == c.client {
		return 0
	}
	return 1
}

// The times of sending again (RFC 6298 5.5, as package world has them), and when a
// sender gives up.
const (
	firstAgain = 200 * time.Millisecond
	synAgain   = time.Second
	giveUp     = 2 * time.Minute
)

// sent are the times at which a packet was sent, the one that arrived last; released
// is when what was held went through, the zero time for never.
func sent(p world.Packet, released time.Time) []time.Time {
	times := []time.Time{p.At}
	until := p.At.Add(p.Again)
	held := p.Lost && p.Kind != world.SYN && p.Flow.Proto == "tcp"
	if held {
		until = p.At.Add(giveUp)
		if !released.IsZero() {
			until = released
		}
	}
	at := p.At
	for wait := firstAgain; at.Before(until); wait *= 2 {
		at = at.Add(wait)
		if at.After(until) {
			break
		}
		times = append(times, at)
	}
	if held && !released.IsZero() && !times[len(times)-1].Equal(released) {
		times = append(times, released)
	}
	return times
}
