package diagnose

import (
	"fmt"
	"strings"
	"time"

	"rehearse/reports/journal"
)

// vendors are words of issuers and pointers by which interceptors name themselves.
var vendors = [...]string{
	"zscaler", "blue coat", "bluecoat", "proxysg", "symantec web", "netskope", "fortinet", "fortigate", "palo alto", "forcepoint",
	"websense", "web gateway", "sophos", "umbrella", "check point", "avast", "kaspersky", "bitdefender", "eset ssl",
	"mitm", "charles proxy", "fiddler", "portswigger", "burp", "squid", "interception", "inspection",
}

// interception is what shows that a certificate is an interceptor's: another issuer
// on its own leg to the origin, which begins later, or a name of its own.
func (s *scene) interception(c *conn, leaf at[journal.CertificateSeen]) []Evidence {
	var out []Evidence
	const soon = time.Minute
	for _, o := range begun(s.ofHost[plain(c.host)], c.events[0].At-soon, c.last()+soon) {
		other, ok := o.leaf()
		if ok && o.client != c.client && o.events[0].Packet > c.events[0].Packet && other.body.Issuer != leaf.body.Issuer {
			out = append(out, said(other.packet, fmt.Sprintf("towards %s the certificate for %s is issued by %s: between them somebody intercepts", o.server, c.host, other.body.Issuer)))
			break
		}
	}
	names := strings.ToLower(strings.Join(append(append([]string{leaf.body.Issuer}, leaf.body.CDP...), leaf.body.OCSP...), " "))
	for _, v := range vendors {
		if strings.Contains(names, v) {
			out = append(out, said(leaf.packet, fmt.Sprintf("issuer or pointers name an interceptor (%q)", v)))
			break
		}
	}
	return out
}

// works tells of connections that were intercepted and went well, and of what else
// was completed, one line an issuer.
func (s *scene) works() []Evidence {
	type key struct{ issuer, pointers string }
	count := map[key]int{}
	var order []key
	firsts := map[key]Evidence{}
	for _, c := range s.conns {
		leaf, ok := c.leaf()
		if _, refused := c.refused(s); !ok || refused || !c.finished() || c.explained {
			continue
		}
		k := key{leaf.body.Issuer, pointerWords(leaf.body)}
		if count[k]++; count[k] > 1 {
			continue
		}
		order = append(order, k)
		text := fmt.Sprintf("%s: the client accepts the certificate of %s, which %s, and finishes the handshake", c.host, k.issuer, k.pointers)
		for _, e := range s.interception(c, leaf) {
			text += "; " + e.Text
		}
		firsts[k] = said(leaf.packet, text)
	}
	var out []Evidence
	for _, k := range order[:min(len(order), maxEvidence)] {
		e := firsts[k]
		if n := count[k]; n > 1 {
			e.Text += fmt.Sprintf(" (%d times)", n)
		}
		out = append(out, e)
	}
	return out
}

func pointerWords(c journal.CertificateSeen) string {
	switch {
	case len(c.CDP) > 0 && len(c.OCSP) > 0:
		return "points to a CRL and a responder"
	case len(c.CDP) > 0:
		return "points to a CRL"
	case len(c.OCSP) > 0:
		return "points to a responder"
	}
	return "has no revocation pointers"
}
