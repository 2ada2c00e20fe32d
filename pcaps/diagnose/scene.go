package diagnose

import (
	"net"
	"slices"
	"strings"
	"time"

	"rehearse/reports/journal"
)

// scene is a log put in order for the rules.
type scene struct {
	conns   []*conn
	lookups []*lookup
	// names are what addresses are called, by the answers to look-ups.
	names map[string][]string
	// fetches are the fetches of the status of certificates, in order.
	fetches  []fetch
	findings []Finding
	end      time.Duration // of the capture, as far as events tell
	index
}

// lookup is a look-up that ended.
type lookup struct {
	at[journal.NameResolved]
	client    string
	explained bool
}

// fetch is a fetch of the status of a certificate.
type fetch struct {
	at[journal.RevocationFetched]
	conn *conn
}

// at is a body and where it stands.
type at[T any] struct {
	body   T
	packet int
	time   time.Duration
	actor  string
}

// newScene sorts a log by connections. A new one begins where a client's end
// connects anew.
func newScene(log journal.Log) *scene {
	s := &scene{names: map[string][]string{}, index: newIndex()}
	open := map[string]*conn{}
	for _, e := range log {
		s.end = max(s.end, e.At)
		if n, ok := e.Body.(journal.NameResolved); ok {
			s.lookUp(e, n)
			continue
		}
		key := e.Flow + " " + e.Peer
		c := open[key]
		if _, begins := e.Body.(journal.Connected); c == nil || begins && len(c.events) > 0 {
			c = newConn(e)
			open[key] = c
			s.conns = append(s.conns, c)
		}
		c.events = append(c.events, e)
		if f, ok := e.Body.(journal.RevocationFetched); ok {
			s.fetches = append(s.fetches, fetch{at[journal.RevocationFetched]{f, e.Packet, e.At, e.Actor}, c})
			s.addFetch(s.fetches[len(s.fetches)-1])
		}
	}
	for _, c := range s.conns {
		c.settle(s)
		s.addConn(c)
	}
	for _, c := range s.conns {
		s.addVerdict(s, c)
	}
	return s
}

func (s *scene) lookUp(e journal.Event, n journal.NameResolved) {
	client, _ := split(e.Flow)
	l := &lookup{at: at[journal.NameResolved]{n, e.Packet, e.At, e.Actor}, client: client}
	s.lookups = append(s.lookups, l)
	s.addLookup(l)
	for _, a := range n.Addrs {
		if !slices.Contains(s.names[a], n.Name) {
			s.names[a] = append(s.names[a], n.Name)
		}
	}
}

// called says whether an address is known by a name.
func (s *scene) called(addr, name string) bool {
	return addr == name || slices.ContainsFunc(s.names[addr], func(n string) bool { return sameName(n, name) })
}

func sameName(a, b string) bool {
	return strings.EqualFold(strings.TrimSuffix(a, "."), strings.TrimSuffix(b, "."))
}

// split takes "host:port" apart; what has no port is all host.
func split(hostport string) (host, port string) {
	host, port, err := net.SplitHostPort(hostport)
	if err != nil {
		return hostport, "0"
	}
	return host, port
}

// hostOf is the host of a URL.
func hostOf(url string) string {
	_, rest, found := strings.Cut(url, "://")
	if !found {
		rest = url
	}
	rest, _, _ = strings.Cut(rest, "/")
	host, _ := split(rest)
	return host
}
