package story

import (
	"fmt"
	"net/netip"
	"strings"

	"golang.org/x/net/dns/dnsmessage"

	"rehearse/pcaps/flow"
	"rehearse/reports/journal"
)

// DNS is what was seen of DNS over UDP.
type DNS struct {
	Queries   int `json:"queries"`
	Responses int `json:"responses"`
	// Failures counts responses by their code, successes left out: "NXDOMAIN".
	Failures map[string]int `json:"failures"`
}

const maxKnownNames = 1 << 16

// dnsTold is the story of a flow of DNS.
type dnsTold struct {
	asked map[string]string // question: answer
	order []string
	more  int
}

func (t *dnsTold) story() string {
	var parts []string
	for _, q := range t.order {
		answer := t.asked[q]
		if answer == "" {
			answer = "no answer"
		}
		parts = append(parts, q+": "+answer)
	}
	if t.more > 0 {
		parts = append(parts, fmt.Sprintf("%d more", t.more))
	}
	return strings.Join(parts, "; ")
}

func (t *dnsTold) tell(q, answer string) {
	if old, known := t.asked[q]; known {
		if old == "" {
			t.asked[q] = answer
		}
		return
	}
	if len(t.order) >= maxLines {
		t.more++
		return
	}
	if t.asked == nil {
		t.asked = map[string]string{}
	}
	t.asked[q] = answer
	t.order = append(t.order, q)
}

// dns reads a message and says whether it is one.
func (r *reading) dns(sc *scene, s flow.Side, at flow.Moment, b []byte, t *dnsTold) bool {
	var p dnsmessage.Parser
	h, err := p.Start(b)
	if err != nil || h.OpCode > 6 {
		return false
	}
	questions, err := p.AllQuestions()
	if err != nil || len(questions) == 0 && !h.Response {
		return false
	}
	q := ""
	if len(questions) > 0 {
		q = strings.TrimPrefix(questions[0].Type.String(), "Type") + " " + dnsName(questions[0].Name)
	}
	if !h.Response {
		r.DNS.Queries++
		sc.flow.Orient(s, flow.ByHello)
		t.tell(q, "")
		return true
	}
	r.DNS.Responses++
	sc.flow.Orient(s.Other(), flow.ByAnswer)
	addrs := r.answers(&p, questions)
	answer, failure := shortened(addrs), ""
	if h.RCode != dnsmessage.RCodeSuccess {
		failure = rcode(h.RCode)
		answer = failure
		count(&r.DNS.Failures, answer)
	}
	if q != "" {
		t.tell(q, answer)
		kind, name, _ := strings.Cut(q, " ")
		sc.note(s.Other(), at, journal.NameResolved{Name: name, Type: kind, Addrs: addrs, Err: failure})
	}
	return true
}

// answers reads the answers' addresses and remembers whose they are.
func (r *reading) answers(p *dnsmessage.Parser, questions []dnsmessage.Question) []string {
	var found []string
	for n := 0; n < maxAsked; n++ {
		a, err := p.Answer()
		if err != nil {
			break
		}
		var addr netip.Addr
		switch body := a.Body.(type) {
		case *dnsmessage.AResource:
			addr = netip.AddrFrom4(body.A)
		case *dnsmessage.AAAAResource:
			addr = netip.AddrFrom16(body.AAAA)
		case *dnsmessage.SRVResource:
			found = append(found, fmt.Sprintf("%s:%d", dnsName(body.Target), body.Port))
			continue
		default:
			continue
		}
		found = append(found, addr.String())
		if len(questions) > 0 && len(r.names) < maxKnownNames {
			if _, known := r.names[addr]; !known {
				r.names[addr] = dnsName(questions[0].Name)
			}
		}
	}
	return found
}

// shortened is a list of answers for people.
func shortened(found []string) string {
	if len(found) == 0 {
		return "nothing of that type"
	}
	if more := len(found) - maxLines; more > 0 {
		found = append(found[:maxLines:maxLines], fmt.Sprintf("%d more", more))
	}
	return strings.Join(found, ", ")
}

func dnsName(n dnsmessage.Name) string {
	return strings.TrimSuffix(printable(n.Data[:n.Length]), ".")
}

// rcode names a response code as RFC 2136 2.2 does.
func rcode(c dnsmessage.RCode) string {
	names := [...]string{"NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED"}
	if int(c) < len(names) {
		return names[c]
	}
	return fmt.Sprintf("response code %d", c)
}
