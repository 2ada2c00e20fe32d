package diagnose

import (
	"fmt"
	"slices"
	"sort"
	"strings"
	"time"

	"rehearse/reports/journal"
)

// slow is how long a client waits for one answer about a certificate's status
// before it gives up: 15 seconds a URL, half of 20 where the time is accumulated.
const slow = 10 * time.Second

// revocationLimit is how long a client asks for status before it gives up.
const revocationLimit = 40 * time.Second

// memory is for how long a client is taken to remember what came of a fetch.
const memory = 10 * time.Minute

// fetchesBy are a client's fetches that ended between two times.
func (s *scene) fetchesBy(client string, from, to time.Duration) []fetch {
	var out []fetch
	list := s.fetchesOf[client]
	for _, f := range list[sort.Search(len(list), func(i int) bool { return list[i].time >= from }):] {
		if f.time-f.body.Took <= to+time.Second {
			out = append(out, f)
		}
		if f.time > to+memory {
			break
		}
	}
	return out
}

// tries says whether a client tried in vain to look up or reach something between
// two times.
func (s *scene) tries(client string, from, to time.Duration) bool {
	list := s.failedLookups[client]
	i := sort.Search(len(list), func(i int) bool { return list[i].time >= from })
	return i < len(list) && list[i].time <= to || len(begun(s.failed[client], from, to)) > 0
}

// points says whether a certificate names what was fetched.
func points(leaf journal.CertificateSeen, url string) bool {
	return slices.ContainsFunc(slices.Concat(leaf.CDP, leaf.OCSP), func(p string) bool {
		return strings.EqualFold(strings.TrimSuffix(p, "/"), strings.TrimSuffix(url, "/"))
	})
}

// byStatus is what came of asking for the status of the certificate.
func (c *conn) byStatus(s *scene, r refusal, leaf at[journal.CertificateSeen]) []suspect {
	var found []suspect
	good := false
	for _, f := range s.fetchesBy(c.client, leaf.time-memory, r.time) {
		named := points(leaf.body, f.body.URL)
		if !named && f.time < leaf.time {
			continue // of another certificate, for another connection
		}
		u := statusSuspect(f)
		if u.cause == "" {
			good = good || named && f.body.Result != "not captured"
			continue
		}
		if !named {
			u.confidence = Medium // of another certificate of the chain
		}
		s.explain(f)
		found = append(found, u)
	}
	found = append(found, c.unreached(s, r, leaf)...)
	if good {
		for i := range found {
			if found[i].cause != Revoked {
				found[i].confidence = Low // one good answer is enough
			}
		}
	}
	return dedup(found)
}

// explain marks all that failed because of what a fetch failed for: whoever made it.
func (s *scene) explain(f fetch) {
	if f.conn.explained {
		return
	}
	for _, o := range s.fetchesOfURL[f.body.URL] {
		o.conn.explained = true
	}
	for _, l := range s.lookupsOf[plain(hostOf(f.body.URL))] {
		l.explained = true
	}
}

// named are the fetches that a client made because of a certificate, before it
// refused it.
func (c *conn) named(s *scene, r refusal, leaf at[journal.CertificateSeen]) []fetch {
	return slices.DeleteFunc(s.fetchesBy(c.client, leaf.time-memory, r.time), func(f fetch) bool { return !points(leaf.body, f.body.URL) })
}

// statusSuspect is what one fetch makes suspicious; without a cause if it is good.
func statusSuspect(f fetch) suspect {
	u := suspect{confidence: High, why: []Evidence{said(f.packet, f.told())}}
	result := f.body.Result
	switch {
	case result == "not captured":
		u.confidence = Low
	case result == "good", strings.HasPrefix(result, "read"):
		if f.body.Took >= slow {
			u.cause, u.confidence = ResponderSlow, Medium
		}
	case strings.HasPrefix(result, "revoked"):
		u.cause = Revoked
	case strings.HasPrefix(result, "stale"), strings.HasPrefix(result, "not yet valid"):
		u.cause = Stale
	case strings.HasPrefix(result, "offline: HTTP 401"), strings.HasPrefix(result, "offline: HTTP 403"), strings.HasPrefix(result, "offline: HTTP 407"):
		u.cause = ResponderForbidden
	case strings.HasPrefix(result, "offline: no answer"):
		u.cause = ResponderSlow
	case strings.HasPrefix(result, "offline"):
		u.cause = ResponderUnreachable
	default:
		u.cause = StatusUnusable
	}
	return u
}

// told is a fetch in words.
func (f fetch) told() string {
	text := fmt.Sprintf("%s %s: %s", strings.ToUpper(f.body.What), f.body.URL, f.body.Result)
	if f.body.Took >= time.Second {
		text += fmt.Sprintf(", after %s", f.body.Took.Round(100*time.Millisecond))
	}
	return text
}

// unreached looks for attempts to reach a host that the certificate points to which
// led nowhere: names that are not known, connections that are not made.
func (c *conn) unreached(s *scene, r refusal, leaf at[journal.CertificateSeen]) []suspect {
	var found []suspect
	for _, url := range slices.Concat(leaf.body.CDP, leaf.body.OCSP) {
		host := hostOf(url)
		for _, l := range s.lookupsOf[plain(host)] {
			if l.client == c.client && failed(l.body) && l.time <= r.time+time.Second && !s.resolves(host) {
				l.explained = true
				found = append(found, suspect{ResponderUnreachable, High, []Evidence{said(l.packet, l.body.String()+": "+url+" stands in the certificate")}, nil})
			}
		}
		for _, o := range begun(s.failed[c.client], leaf.time-memory, r.time+time.Second) {
			if e, ok := first[journal.Connected](o); ok && s.called(addrOf(o.server), host) {
				o.explained = true
				found = append(found, suspect{ResponderUnreachable, High, []Evidence{said(e.packet, e.body.String()+": "+url+" stands in the certificate")}, nil})
			}
		}
	}
	return found
}

func addrOf(hostport string) string {
	host, _ := split(hostport)
	return host
}

// failed says whether a look-up gave nothing for a reason.
func failed(n journal.NameResolved) bool { return n.Err != "" && n.Err != "NOERROR" }

// resolves says whether a name gave an address at any time.
func (s *scene) resolves(name string) bool {
	return s.resolved[plain(name)]
}

// strayStatus tells of bad answers about certificates whose connections are not in
// the capture, or did not fail.
func strayStatus(s *scene) {
	for _, fe := range s.fetches {
		if fe.conn.explained || fe.conn.oneSided() {
			continue
		}
		u := statusSuspect(fe)
		if u.cause == "" || u.cause != Revoked && s.tolerated(fe) {
			continue
		}
		confidence := Low
		if u.cause == Revoked {
			confidence = Medium
		}
		f := s.begin(u.cause, confidence, fe.conn, fe.packet)
		f.For = u.why
		f.Against = append(f.Against, absent("no connection is seen that was refused for it", "tls.handshake.type == 11"))
		s.found(f)
	}
}

// tolerated says whether the client made a TLS connection after the fetch.
func (s *scene) tolerated(f fetch) bool {
	return s.lastUsed[f.conn.client] >= f.time
}
