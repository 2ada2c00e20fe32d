package signature

import (
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"time"

	"rehearse/pcaps/story"
	"rehearse/reports/journal"
)

// View is who is who in a capture, and who wanted what.
type View struct {
	// Clients are hosts that wanted something for somebody, in order of appearance.
	Clients []netip.Addr
	// Proxy is where clients send CONNECT; with port 0 it is the address of one that
	// nobody names, whose connections follow others' to the same places. Invalid:
	// none is seen.
	Proxy netip.AddrPort
	// ProxyPacket is where that was first seen.
	ProxyPacket int

	wants  []Want
	talks  map[string]*talk
	byAddr map[netip.Addr]string // the last name looked up for an address
	asked  map[netip.Addr]bool   // hosts that take connections at a service's port
}

// talk is a flow: who wanted what.
type talk struct {
	client netip.Addr
	to     netip.AddrPort // invalid where only a name is known
	host   string         // "" until it is known
	port   uint16
	at     time.Duration
	packet int
	sni    bool // there was a ClientHello
	closed bool // its end was told
}

// target is what was wanted, "host:port".
func (t *talk) target() string { return net.JoinHostPort(t.host, strconv.Itoa(int(t.port))) }

// firstPrivate is where ports begin at which no well-known service is.
const firstPrivate = 10000

// Look finds out who is who in a capture that was read with its events.
func Look(s *story.Summary) *View {
	v := &View{talks: map[string]*talk{}, byAddr: map[netip.Addr]string{}, asked: map[netip.Addr]bool{}}
	for _, e := range s.Events {
		v.learn(e)
	}
	for _, t := range v.talks {
		if t.host == "" {
			t.host = v.nameOf(t.to.Addr())
		}
	}
	if !v.Proxy.IsValid() {
		v.follower(s.Events)
	}
	v.want(s.Events)
	for _, e := range s.Events {
		if addr := v.beginner(e); addr.IsValid() && addr != v.Proxy.Addr() && !v.asked[addr] && !slices.Contains(v.Clients, addr) {
			v.Clients = append(v.Clients, addr)
		}
	}
	return v
}

func (v *View) nameOf(addr netip.Addr) string {
	if name := v.byAddr[addr]; name != "" {
		return name
	}
	return addr.String()
}

// Who is what a host is called in fields, "" for who is neither.
func (v *View) Who(addr netip.Addr) string {
	if addr == v.Proxy.Addr() {
		return "proxy"
	}
	if i := slices.Index(v.Clients, addr); i >= 0 {
		return "client " + strconv.Itoa(i+1)
	}
	return ""
}

// talkOf is the flow of an event, which may be the first of it.
func (v *View) talkOf(e journal.Event) *talk {
	t := v.talks[e.Flow]
	if t == nil {
		at, _ := netip.ParseAddrPort(e.Flow)
		t = &talk{client: at.Addr(), at: e.At, packet: e.Packet}
		v.talks[e.Flow] = t
	}
	return t
}

// learn takes from an event what it says about hosts and targets.
func (v *View) learn(e journal.Event) {
	switch b := e.Body.(type) {
	case journal.NameResolved:
		for _, a := range b.Addrs {
			if addr, err := netip.ParseAddr(a); err == nil {
				v.byAddr[addr] = b.Name
			}
		}
	case journal.Connected:
		v.connected(e, b)
	case journal.ConnectAnswered:
		v.talkOf(e).aim(b.Target)
	case journal.HelloSeen:
		t := v.talkOf(e)
		t.sni = true
		if b.SNI != "" {
			t.host = b.SNI
		}
	case journal.HTTPExchanged:
		if u, err := url.Parse(b.URL); err == nil && u.Host != "" {
			if t := v.talkOf(e); t.host == "" {
				t.host, t.port = u.Hostname(), portOf(u)
			}
		}
	}
}

func portOf(u *url.URL) uint16 {
	if n, err := strconv.ParseUint(u.Port(), 10, 16); err == nil {
		return uint16(n)
	}
	if u.Scheme == "https" {
		return 443
	}
	return 80
}

// connected is a connection that was begun, to a proxy or not.
func (v *View) connected(e journal.Event, b journal.Connected) {
	t := v.talkOf(e)
	to := b.To
	if b.Via != "" {
		t.aim(b.To)
		to = b.Via
	}
	at, err := netip.ParseAddrPort(to)
	if err != nil {
		return
	}
	if b.Via != "" && !v.Proxy.IsValid() {
		v.Proxy, v.ProxyPacket = at, e.Packet
	}
	if t.to = at; t.port == 0 {
		t.port = at.Port()
	}
	if at.Port() < firstPrivate {
		v.asked[at.Addr()] = true
	}
}

// aim says what a flow wants.
func (t *talk) aim(target string) {
	host, port, err := net.SplitHostPort(target)
	if err != nil {
		return
	}
	if n, err := strconv.ParseUint(port, 10, 16); err == nil {
		t.host, t.port = host, uint16(n)
	}
}

// late is how long after the end of what it belongs to a proxy still begins a
// connection.
const late = 200 * time.Millisecond

// follower looks for a proxy that nobody names: a host all of whose TLS begins while
// another one's connection for the same name is open.
func (v *View) follower(log journal.Log) {
	type hello struct {
		client netip.Addr
		host   string
		flow   string
	}
	var before []hello
	ended := map[string]time.Duration{}
	open := func(flow string, at time.Duration) bool {
		end, known := ended[flow]
		return !known || at-end <= late
	}
	total, behind, first := map[netip.Addr]int{}, map[netip.Addr]int{}, map[netip.Addr]int{}
	for _, e := range log {
		if _, ok := e.Body.(journal.Closed); ok {
			ended[e.Flow] = e.At
		}
		b, ok := e.Body.(journal.HelloSeen)
		if !ok || b.SNI == "" {
			continue
		}
		t := v.talkOf(e)
		total[t.client]++
		if slices.ContainsFunc(before, func(h hello) bool { return h.client != t.client && h.host == b.SNI && open(h.flow, e.At) }) {
			if behind[t.client]++; behind[t.client] == 1 {
				first[t.client] = e.Packet
			}
		}
		before = append(before, hello{t.client, b.SNI, e.Flow})
	}
	for addr, n := range total {
		if behind[addr] == n && (!v.Proxy.IsValid() || n > total[v.Proxy.Addr()]) {
			v.Proxy, v.ProxyPacket = netip.AddrPortFrom(addr, 0), first[addr]
		}
	}
}

// beginner is who does something for its own in an event; invalid for nobody.
func (v *View) beginner(e journal.Event) netip.Addr {
	switch e.Body.(type) {
	case journal.Connected, journal.HelloSeen, journal.HTTPExchanged:
		if t := v.talkOf(e); t.port < firstPrivate {
			return t.client
		}
	case journal.NameResolved:
		if at, err := netip.ParseAddrPort(e.Flow); err == nil {
			return at.Addr()
		}
	}
	return netip.Addr{}
}

// Want is something that a host wanted: a connection, or a name.
type Want struct {
	Client netip.Addr
	Host   string
	Port   uint16
	Type   string // of a look-up: "A", "SRV"; "" for a connection
	At     time.Duration
	Packet int
}

// Wants are what the hosts wanted, in order.
func (v *View) Wants() []Want { return v.wants }

// Target is the host that a flow wants.
func (v *View) Target(flow string) string {
	if t := v.talks[flow]; t != nil {
		return t.host
	}
	return ""
}

// want lists what was wanted.
func (v *View) want(log journal.Log) {
	seen := map[*talk]bool{}
	for _, e := range log {
		switch b := e.Body.(type) {
		case journal.NameResolved:
			if at, err := netip.ParseAddrPort(e.Flow); err == nil {
				v.wants = append(v.wants, Want{Client: at.Addr(), Host: b.Name, Type: b.Type, At: e.At, Packet: e.Packet})
			}
		case journal.Connected, journal.HelloSeen, journal.HTTPExchanged:
			if t := v.talkOf(e); !seen[t] {
				seen[t] = true
				v.wants = append(v.wants, Want{Client: t.client, Host: t.host, Port: t.port, At: t.at, Packet: t.packet})
			}
		}
	}
}
