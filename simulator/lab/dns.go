package lab

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strings"
	"sync"
	"syscall"

	"github.com/miekg/dns"

	"rehearse/reports/journal"
	"rehearse/simulator/world"
)

// nameTTL is how long resolvers may keep an answer, in seconds.
const nameTTL = 60

// nameServer answers for the names of the world that its host is in, with authority
// for everything: what the world does not know does not exist.
type nameServer struct {
	host     world.Host
	at       netip.AddrPort
	recorder journal.Recorder
	ttl      uint32
	servers  []*dns.Server
	wg       sync.WaitGroup
}

// ServeNames answers at a port of a host, over UDP and TCP, for the names of the
// host's world, until it is closed. Resolvers may keep no answer.
func ServeNames(h world.Host, port uint16) (io.Closer, error) {
	n, err := serveNames(h, port, journal.Discard)
	if err != nil {
		return nil, err
	}
	n.ttl = 0
	return n, nil
}

// serveNames answers at a port of a host over UDP and TCP, 0 for one that the system
// picks.
func serveNames(h world.Host, port uint16, r journal.Recorder) (*nameServer, error) {
	packets, listener, err := bindBoth(h, port)
	if err != nil {
		return nil, fmt.Errorf("DNS server: %w", err)
	}
	n := &nameServer{host: h, recorder: r, ttl: nameTTL, at: listener.Addr().(*net.TCPAddr).AddrPort()}
	for _, s := range []*dns.Server{{PacketConn: packets}, {Listener: listener}} {
		s.Handler = n
		started := make(chan struct{})
		s.NotifyStartedFunc = func() { close(started) }
		n.servers = append(n.servers, s)
		n.wg.Go(func() { _ = s.ActivateAndServe() }) // ends with Shutdown
		<-started
	}
	return n, nil
}

// bindBoth binds one port for UDP and TCP.
func bindBoth(h world.Host, port uint16) (net.PacketConn, net.Listener, error) {
	const tries = 20
	var last error
	for range tries {
		p, err := h.ListenPacket("udp", fmt.Sprintf(":%d", port))
		if err != nil {
			return nil, nil, err
		}
		l, err := h.Listen("tcp", fmt.Sprintf(":%d", p.LocalAddr().(*net.UDPAddr).Port))
		if err == nil {
			return p, l, nil
		}
		p.Close()
		last = err
		if port != 0 || !errors.Is(err, syscall.EADDRINUSE) {
			break
		}
	}
	return nil, nil, last
}

// Close ends the server.
func (n *nameServer) Close() error {
	for _, s := range n.servers {
		_ = s.Shutdown()
	}
	n.wg.Wait()
	return nil
}

// ServeDNS implements dns.Handler.
func (n *nameServer) ServeDNS(w dns.ResponseWriter, q *dns.Msg) {
	m := new(dns.Msg).SetReply(q)
	m.Authoritative, m.RecursionAvailable = true, true
	switch {
	case q.Opcode != dns.OpcodeQuery:
		m.Rcode = dns.RcodeNotImplemented
	case len(q.Question) != 1:
		m.Rcode = dns.RcodeFormatError
	default:
		n.answer(m, q.Question[0])
		n.record(w.RemoteAddr().String(), m)
	}
	_ = w.WriteMsg(m) // nobody to tell when the client is gone
}

// answer fills in what the world knows of a name.
func (n *nameServer) answer(m *dns.Msg, q dns.Question) {
	addrs := n.addrs(q.Name)
	services, _ := n.host.ResolveSRV(context.Background(), q.Name)
	if len(addrs) == 0 && len(services) == 0 {
		m.Rcode = dns.RcodeNameError
		return
	}
	if q.Qclass != dns.ClassINET {
		return
	}
	if q.Qtype == dns.TypeA || q.Qtype == dns.TypeAAAA || q.Qtype == dns.TypeANY {
		m.Answer = n.addressRecords(q.Name, addrs, q.Qtype)
	}
	if q.Qtype != dns.TypeSRV && q.Qtype != dns.TypeANY {
		return
	}
	for _, s := range services {
		target := dns.Fqdn(s.Target)
		m.Answer = append(m.Answer, &dns.SRV{Hdr: n.header(q.Name, dns.TypeSRV), Target: target, Port: s.Port, Priority: s.Priority, Weight: s.Weight})
		m.Extra = append(m.Extra, n.addressRecords(target, n.addrs(target), dns.TypeANY)...)
	}
}

// addrs are a name's addresses; text that is an address is no name.
func (n *nameServer) addrs(name string) []netip.Addr {
	name = strings.TrimSuffix(name, ".")
	if _, err := netip.ParseAddr(name); err == nil {
		return nil
	}
	addrs, _ := n.host.Resolve(context.Background(), name)
	return addrs
}

func (n *nameServer) addressRecords(name string, addrs []netip.Addr, want uint16) (out []dns.RR) {
	for _, a := range addrs {
		switch {
		case a.Is4() && want != dns.TypeAAAA:
			out = append(out, &dns.A{Hdr: n.header(name, dns.TypeA), A: a.AsSlice()})
		case a.Is6() && want != dns.TypeA:
			out = append(out, &dns.AAAA{Hdr: n.header(name, dns.TypeAAAA), AAAA: a.AsSlice()})
		}
	}
	return out
}

func (n *nameServer) header(name string, kind uint16) dns.RR_Header {
	return dns.RR_Header{Name: name, Rrtype: kind, Class: dns.ClassINET, Ttl: n.ttl}
}

// record says what was asked and answered.
func (n *nameServer) record(flow string, m *dns.Msg) {
	q := m.Question[0]
	seen := journal.NameResolved{Name: strings.TrimSuffix(q.Name, "."), Type: dns.TypeToString[q.Qtype]}
	for _, rr := range m.Answer {
		switch rr := rr.(type) {
		case *dns.A:
			seen.Addrs = append(seen.Addrs, rr.A.String())
		case *dns.AAAA:
			seen.Addrs = append(seen.Addrs, rr.AAAA.String())
		case *dns.SRV:
			seen.Addrs = append(seen.Addrs, fmt.Sprintf("%s:%d", strings.TrimSuffix(rr.Target, "."), rr.Port))
		}
	}
	if m.Rcode != dns.RcodeSuccess {
		seen.Err = dns.RcodeToString[m.Rcode]
	}
	n.recorder.Record(flow, n.host.Name(), seen)
}
