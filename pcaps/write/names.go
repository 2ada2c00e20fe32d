package write

import (
	"cmp"
	"net"
	"net/netip"
	"slices"
	"time"

	"github.com/miekg/dns"

	"rehearse/simulator/world"
)

// nameServer is whom every host asks. The world resolves names without one.
var nameServer = netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 1, 0, 53}), 53)

// names gives the questions and answers of look-ups.
func (w *wire) names(lookups []world.Lookup) []frame {
	lookups = slices.Clone(lookups)
	slices.SortStableFunc(lookups, func(a, b world.Lookup) int {
		return cmp.Or(a.At.Compare(b.At), a.From.Compare(b.From), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Type, b.Type))
	})
	var frames []frame
	for i, l := range lookups {
		if l.From.Is6() {
			continue
		}
		const firstPort, ports = 51000, 14000
		from := netip.AddrPortFrom(l.From, uint16(firstPort+i%ports))
		question := new(dns.Msg)
		question.SetQuestion(dns.Fqdn(l.Name), dns.StringToType[l.Type])
		question.Id = uint16(i*40503 + 1) // spread out, the same in every run
		for _, at := range lookupAgain(l.At, l.Took) {
			frames = append(frames, w.message(from, nameServer, question, l.From, at))
		}
		if !l.Unanswered {
			frames = append(frames, w.message(nameServer, from, answer(question, l), l.From, l.At.Add(l.Took)))
		}
	}
	return frames
}

func (w *wire) message(from, to netip.AddrPort, m *dns.Msg, place netip.Addr, at time.Time) frame {
	data, err := m.Pack()
	if err != nil {
		data = nil // a name that DNS cannot carry
	}
	return frame{at: at, place: place, src: from, dst: to, bytes: w.datagram(from, to, data)}
}

// answer is what came of a question.
func answer(question *dns.Msg, l world.Lookup) *dns.Msg {
	m := new(dns.Msg)
	m.SetReply(question)
	m.RecursionAvailable = true
	head := dns.RR_Header{Name: dns.Fqdn(l.Name), Class: dns.ClassINET, Ttl: 300}
	if l.Missing {
		m.Rcode = dns.RcodeNameError
	}
	for _, a := range l.Addrs {
		if head.Rrtype = dns.TypeA; a.Is6() {
			head.Rrtype = dns.TypeAAAA
			m.Answer = append(m.Answer, &dns.AAAA{Hdr: head, AAAA: net.IP(a.AsSlice())})
			continue
		}
		m.Answer = append(m.Answer, &dns.A{Hdr: head, A: net.IP(a.AsSlice())})
	}
	for _, s := range l.SRV {
		head.Rrtype = dns.TypeSRV
		m.Answer = append(m.Answer, &dns.SRV{Hdr: head, Priority: s.Priority, Weight: s.Weight, Port: s.Port, Target: dns.Fqdn(s.Target)})
	}
	return m
}
