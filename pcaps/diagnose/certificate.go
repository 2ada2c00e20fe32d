package diagnose

import (
	"fmt"
	"slices"
	"sort"
	"strings"
	"time"

	"rehearse/reports/journal"
)

// suspect is a cause that a refused certificate may have, and what speaks for and
// against it.
type suspect struct {
	cause      string
	confidence Confidence
	why        []Evidence
	against    []Evidence
}

// refusedCertificates lays each certificate that a client refused to its cause.
func refusedCertificates(s *scene) {
	for _, c := range s.conns {
		r, ok := c.refused(s)
		if !ok || c.explained || c.pseudo() {
			continue
		}
		if r.alert == "" && (c.acceptedElsewhere(s) || c.follows(s, r.time)) {
			continue // it was not the certificate
		}
		found := c.suspects(s, r)
		slices.SortStableFunc(found, func(a, b suspect) int { return b.confidence.rank() - a.confidence.rank() })
		f := s.begin(found[0].cause, found[0].confidence, c, r.packet)
		f.For = append(f.For, r.shown)
		f.For = append(f.For, found[0].why...)
		f.Against = append(f.Against, found[0].against...)
		for _, other := range found[1:] {
			f.Could = append(f.Could, Alternative{other.cause, reason(other)})
		}
		s.found(f)
	}
}

// reason is why a suspect is not the first, or is one at all.
func reason(u suspect) string {
	for _, e := range append(slices.Clone(u.against), u.why...) {
		return e.Text
	}
	return "nothing speaks against it"
}

// suspects are the causes that a refusal may have, at least one.
func (c *conn) suspects(s *scene, r refusal) []suspect {
	var found []suspect
	leaf, seen := c.leaf()
	found = append(found, c.byAlert(s, r)...)
	if !seen {
		return append(found, c.hidden(s, r))
	}
	found = append(found, flawed(leaf)...)
	found = append(found, c.byStatus(s, r, leaf)...)
	switch {
	case len(leaf.body.CDP)+len(leaf.body.OCSP) == 0 && !leaf.body.Stapled:
		found = append(found, c.pointerless(s, r, leaf))
	case len(leaf.body.Pointerless) > 0 && len(found) == 0:
		found = append(found, c.pointerlessIssuer(s, r, leaf))
	case len(found) == 0:
		found = append(found, c.distrusted(s, r, leaf))
	}
	return dedup(found)
}

// dedup leaves the surest of each cause, with what the others know as well.
func dedup(all []suspect) []suspect {
	var out []suspect
	for _, u := range all {
		i := slices.IndexFunc(out, func(o suspect) bool { return o.cause == u.cause })
		if i < 0 {
			out = append(out, u)
			continue
		}
		if u.confidence.rank() > out[i].confidence.rank() {
			out[i].confidence = u.confidence
		}
		out[i].why = append(out[i].why, u.why...)
	}
	return out
}

// byAlert is what the alert itself says. Alerts that say no more than "no" say
// nothing here.
func (c *conn) byAlert(s *scene, r refusal) []suspect {
	says := func(cause string) []suspect { return []suspect{{cause: cause, confidence: High}} }
	switch r.alert {
	case "unknown_ca":
		u := suspect{cause: UntrustedRoot, confidence: High}
		if leaf, ok := c.leaf(); ok {
			u.why = append(u.why, saw(leaf))
			u.against = c.trusts(s, leaf.body.Issuer)
		}
		return []suspect{u}
	case "certificate_expired":
		return says(Expired)
	case "certificate_revoked":
		return says(Revoked)
	case "bad_certificate_status_response":
		return says(StatusUnusable)
	}
	return nil
}

// flawed is what is wrong with a leaf whoever signed it.
func flawed(leaf at[journal.CertificateSeen]) []suspect {
	var found []suspect
	for _, flaw := range leaf.body.Flaws {
		cause := Expired
		if strings.HasPrefix(flaw, "not for") {
			cause = NameMismatch
		}
		found = append(found, suspect{cause: cause, confidence: High, why: []Evidence{said(leaf.packet, fmt.Sprintf("the certificate %s of %s is %s", leaf.body.Subject, leaf.body.Issuer, flaw))}})
	}
	return found
}

// pointerless judges a certificate that names neither a CRL nor a responder.
func (c *conn) pointerless(s *scene, r refusal, leaf at[journal.CertificateSeen]) suspect {
	u := suspect{cause: NoPointers, confidence: Medium, why: []Evidence{said(leaf.packet, leaf.body.String())}}
	asked := s.fetchesBy(c.client, leaf.time, r.time)
	if len(asked) == 0 {
		u.why = append(u.why, absent("the client asks nobody for the status of the certificate: no fetch of a CRL or OCSP answer between certificate and end",
			statusFilter(c.client)))
	} else {
		u.confidence = Low
		u.against = append(u.against, saw(asked[0].at))
	}
	trusted := s.trusted(leaf.body.Issuer)
	intercepted := s.interception(c, leaf)
	u.why = append(u.why, intercepted...)
	switch {
	case r.alert == "unknown_ca":
		u.confidence = Low
	case len(asked) > 0:
	case len(trusted) > 0:
		u.confidence = High
		u.why = append(u.why, trusted...)
	case len(intercepted) > 0 && (r.alert == "certificate_unknown" || r.alert == "bad_certificate"):
		u.confidence = High // most clients that do not trust the issuer say unknown_ca
	default:
		u.against = append(u.against, absent("nobody in the capture accepts a certificate of "+leaf.body.Issuer+": the issuer may be untrusted as well", "tls.handshake.type == 11"))
	}
	return u
}

// pointerlessIssuer judges a chain in which an issuing certificate names neither.
func (c *conn) pointerlessIssuer(s *scene, r refusal, leaf at[journal.CertificateSeen]) suspect {
	u := suspect{cause: NoPointers, confidence: Medium, why: []Evidence{said(leaf.packet, fmt.Sprintf(
		"the chain's issuing certificate %s has no revocation pointers, though the leaf has", strings.Join(leaf.body.Pointerless, ", ")))}}
	u.why = append(u.why, s.interception(c, leaf)...)
	if r.alert == "unknown_ca" {
		u.confidence = Low
	}
	return u
}

// distrusted judges a refused certificate that has pointers which nobody followed:
// chains are built before revocation is checked.
func (c *conn) distrusted(s *scene, r refusal, leaf at[journal.CertificateSeen]) suspect {
	trusts := c.trusts(s, leaf.body.Issuer)
	if asked := c.named(s, r, leaf); len(asked) > 0 {
		u := suspect{cause: StatusUnusable, confidence: Medium, why: []Evidence{saw(leaf)}}
		for _, f := range asked {
			u.why = append(u.why, said(f.packet, f.told()+": it looks fine, but whether its signature and signer are right cannot be told from a capture"))
		}
		return u
	}
	if len(trusts) > 0 {
		return suspect{cause: Refused, confidence: Low, why: append([]Evidence{saw(leaf)}, trusts...)}
	}
	u := suspect{cause: UntrustedRoot, confidence: Medium, why: []Evidence{saw(leaf)}}
	if len(s.fetchesBy(c.client, leaf.time, r.time)) == 0 {
		u.why = append(u.why, absent("the client does not follow the certificate's pointers: it never comes to check revocation",
			statusFilter(c.client)))
	}
	u.why = append(u.why, s.issuersFetched(c.client, leaf.time, r.time)...)
	if r.late && !s.allRefused(c, leaf.body.Issuer) {
		u.confidence = Low // browsers open connections that they do not use
	}
	return u
}

// allRefused says whether the client refuses the certificates of an issuer time and
// again.
func (s *scene) allRefused(c *conn, issuer string) bool {
	t := s.verdicts[pair{c.client, issuer}]
	return t.refused > 1 && t.refused == t.all
}

// hidden judges a refusal of a certificate that was not seen: TLS 1.3 without keys,
// or bytes that were not captured.
func (c *conn) hidden(s *scene, r refusal) suspect {
	u := suspect{cause: Refused, confidence: Low}
	if r.alert != "" {
		u.confidence = Medium
	}
	if r.late {
		u.against = append(u.against, absent("clients also open connections that they do not use", filterOf([]string{c.flow})))
	}
	asked := s.fetchesBy(c.client, r.time-time.Minute, r.time)
	if len(asked) == 0 {
		u.why = append(u.why, absent("the client asks nobody for the status of a certificate: none that names a CRL or responder, or one whose issuer is not trusted",
			statusFilter(c.client)))
	}
	for _, f := range asked {
		u.why = append(u.why, saw(f.at))
	}
	return u
}

// acceptedElsewhere says whether the same client accepted the very certificate, or
// for what is hidden the same host's, on another connection.
func (c *conn) acceptedElsewhere(s *scene) bool {
	return s.accepts[c.sight()]
}

// trusts is evidence that this client accepts certificates of an issuer.
func (c *conn) trusts(s *scene, issuer string) []Evidence {
	return s.acceptance(c.client, issuer)
}

// trusted is evidence that somebody accepts certificates of an issuer.
func (s *scene) trusted(issuer string) []Evidence {
	return s.acceptance("", issuer)
}

// acceptance is the first connection of a client, or of any, on which a certificate
// of an issuer was accepted and the connection used.
func (s *scene) acceptance(client, issuer string) []Evidence {
	o := s.accepted[pair{client, issuer}]
	if o == nil {
		return nil
	}
	leaf, _ := o.leaf()
	return []Evidence{said(leaf.packet, fmt.Sprintf("%s accepts a certificate of the same issuer, %s, for %s", o.client, issuer, o.host))}
}

// issuersFetched is evidence that a client fetched certificates of issuers between
// two times, as the server's chain lacks them or ends elsewhere (RFC 5280 4.2.2.1).
func (s *scene) issuersFetched(client string, from, to time.Duration) []Evidence {
	list := s.issuersOf[client]
	i := sort.Search(len(list), func(i int) bool { return list[i].time >= from })
	if i == len(list) || list[i].time > to {
		return nil
	}
	return []Evidence{said(list[i].packet, "the client looks for the issuer's certificate: "+list[i].body.String())}
}
