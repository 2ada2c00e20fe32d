package signature

import (
	"fmt"
	"math/bits"
	"net/netip"
	"net/url"
	"strings"

	"rehearse/reports/journal"
)

// event puts what an event says into fields.
func (v *View) event(b *builder, e journal.Event) {
	at, err := netip.ParseAddrPort(e.Flow)
	if err != nil {
		return
	}
	who := v.Who(at.Addr())
	if who == "" {
		return
	}
	if name, ok := e.Body.(journal.NameResolved); ok {
		b.add(who, "names", name.Type+" "+name.Name, found(name), e.Packet)
		return
	}
	v.talked(b, who, e)
}

func found(name journal.NameResolved) string {
	if name.Err != "" {
		return name.Err
	}
	return "found"
}

// talked is what an event says about a flow.
func (v *View) talked(b *builder, who string, e journal.Event) {
	t := v.talkOf(e)
	if v.Proxy.IsValid() && t.host == v.Proxy.Addr().String() {
		return // nothing was asked of the proxy
	}
	side := "server"
	if e.Actor == t.client.String() || strings.HasPrefix(e.Actor, t.client.String()+":") {
		side = "client"
	}
	add := func(key, value string) { b.add(who, t.target(), key, value, e.Packet) }
	switch body := e.Body.(type) {
	case journal.Connected:
		add("connect", or(body.Err, "connected"))
	case journal.ConnectAnswered:
		add("CONNECT", fmt.Sprint(body.Status))
	case journal.HelloSeen:
		add("hello", or(strings.Join(body.ALPN, " "), "no ALPN"))
	case journal.CertificateSeen:
		add("certificate", pointers(body))
	case journal.HandshakeEnded:
		add("tls", strings.TrimSpace(body.Version+" "+or(body.Err, "finished")))
	case journal.AlertSent:
		if body.Name != "close_notify" {
			add("alert", side+" "+body.Name)
		}
	case journal.Closed:
		if own := who == "proxy" && (body.By == "client" || body.After == "Finished"); !own && !t.closed && early(body.After) {
			add("close", fmt.Sprintf("%s by %s after %s", body.How, body.By, or(body.After, "nothing")))
		}
		t.closed = true
	case journal.HTTPExchanged:
		add("http", strings.TrimSpace(fmt.Sprintf("%s %s", body.Method, or(body.Err, fmt.Sprint(body.Status)))))
	case journal.SIPSent:
		add("sip", side+" "+sipWord(body))
	case journal.RecordsSeen:
		add("records", fmt.Sprintf("client %s, server %s", about(body.Client), about(body.Server)))
	case journal.RevocationFetched:
		b.add(who, "revocation", body.What+" "+hostOf(body.URL), body.Result, e.Packet)
	case journal.TURNSent:
		b.add(who, "relay", "messages", strings.TrimSpace(side+" "+body.Message+" "+body.Note), e.Packet)
	case journal.MediaFlowed:
		b.add(who, "relay", "media", body.Path+" "+ways(body), e.Packet)
	}
}

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

func hostOf(raw string) string {
	if u, err := url.Parse(raw); err == nil {
		return u.Hostname()
	}
	return raw
}

// pointers is what a certificate is for those who check revocation.
func pointers(c journal.CertificateSeen) string {
	var have []string
	if len(c.CDP) > 0 {
		have = append(have, "CRL")
	}
	if len(c.OCSP) > 0 {
		have = append(have, "OCSP")
	}
	if c.Stapled {
		have = append(have, "staple")
	}
	if have == nil {
		have = []string{"no pointers"}
	}
	return strings.Join(append(have, c.Flaws...), ", ") + fmt.Sprintf(", chain of %d", c.ChainLen)
}

// early says that a connection ended before anything was said in it.
func early(after string) bool {
	switch after {
	case "", "ClientHello", "ServerHello", "Certificate", "ServerKeyExchange", "ServerHelloDone", "Finished":
		return true
	}
	return false
}

// sipWord is a request's method, or an answer's line.
func sipWord(s journal.SIPSent) string {
	word := s.Line
	if !strings.HasPrefix(word, "1") && (len(word) == 0 || word[0] < '0' || word[0] > '9') {
		word, _, _ = strings.Cut(word, " ")
	}
	return strings.TrimSpace(word + " " + s.Note)
}

// about is a number as a power of two.
func about(n int) string {
	if n < 2 {
		return fmt.Sprint(n)
	}
	low := 1 << (bits.Len(uint(n)) - 1)
	return fmt.Sprintf("%d to %d", low, 2*low-1)
}

// ways says which ways media went.
func ways(m journal.MediaFlowed) string {
	switch {
	case m.Sent > 0 && m.Received > 0:
		return "both ways"
	case m.Sent > 0:
		return "one way"
	case m.Received > 0:
		return "back only"
	}
	return "nothing"
}
