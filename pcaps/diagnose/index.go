package diagnose

import (
	"path"
	"sort"
	"strings"
	"time"

	"rehearse/reports/journal"
)

// index finds connections and look-ups without going through all of them: captures
// have hundreds of thousands. Lists are in the order of packets.
type index struct {
	ofClient map[string][]*conn
	ofHost   map[string][]*conn
	failed   map[string][]*conn // by client: connections that were not made
	relays   map[string][]*conn // by client: connections to media relays
	hearing  map[string][]*conn // by client: with media
	heard    map[string][]*conn // by server: with media

	lookupsOf     map[string][]*lookup // by name
	failedLookups map[string][]*lookup // by client
	discoveries   map[pair][]*lookup   // by client and sign-in domain
	answered      map[string]bool      // clients of which a look-up was answered
	resolved      map[string]bool      // names with addresses

	fetchesOf    map[string][]fetch // by client
	fetchesOfURL map[string][]fetch
	issuersOf    map[string][]at[journal.HTTPExchanged] // by client: fetches of issuers' certificates

	reached  map[pair]bool  // by client and host, or client and address
	tunnels  map[pair]bool  // by client and the target of a CONNECT
	accepts  map[leaf]bool  // certificates that were accepted and used
	accepted map[pair]*conn // the first on which an issuer's was, by client and issuer; client "" is anybody
	verdicts map[pair]tally // by client and issuer
	lastUsed map[string]time.Duration
}

type pair [2]string

// leaf is a client's sight of a host's certificate; hidden ones have no names.
type leaf struct{ client, host, subject, issuer, pointers string }

type tally struct{ refused, all int }

func newIndex() index {
	return index{
		ofClient: map[string][]*conn{}, ofHost: map[string][]*conn{}, failed: map[string][]*conn{}, relays: map[string][]*conn{},
		hearing: map[string][]*conn{}, heard: map[string][]*conn{}, lookupsOf: map[string][]*lookup{}, failedLookups: map[string][]*lookup{},
		discoveries: map[pair][]*lookup{}, answered: map[string]bool{}, resolved: map[string]bool{}, fetchesOf: map[string][]fetch{},
		fetchesOfURL: map[string][]fetch{}, issuersOf: map[string][]at[journal.HTTPExchanged]{}, reached: map[pair]bool{},
		tunnels: map[pair]bool{}, accepts: map[leaf]bool{}, accepted: map[pair]*conn{}, verdicts: map[pair]tally{}, lastUsed: map[string]time.Duration{},
	}
}

// plain is a name as keys have it.
func plain(name string) string { return strings.ToLower(strings.TrimSuffix(name, ".")) }

func (x *index) addLookup(l *lookup) {
	name := plain(l.body.Name)
	x.lookupsOf[name] = append(x.lookupsOf[name], l)
	x.resolved[name] = x.resolved[name] || len(l.body.Addrs) > 0
	x.answered[l.client] = x.answered[l.client] || l.body.Err != noAnswer
	if failed(l.body) {
		x.failedLookups[l.client] = append(x.failedLookups[l.client], l)
	}
	if domain := discoveryDomain(l.body.Name); domain != "" {
		k := pair{l.client, domain}
		x.discoveries[k] = append(x.discoveries[k], l)
	}
}

func (x *index) addFetch(f fetch) {
	x.fetchesOf[f.conn.client] = append(x.fetchesOf[f.conn.client], f)
	x.fetchesOfURL[f.body.URL] = append(x.fetchesOfURL[f.body.URL], f)
}

// addConn takes over a connection whose names are known.
func (x *index) addConn(c *conn) {
	host := plain(c.host)
	x.ofClient[c.client] = append(x.ofClient[c.client], c)
	x.ofHost[host] = append(x.ofHost[host], c)
	if e, ok := first[journal.Connected](c); ok {
		if e.body.Err == "" {
			x.reached[pair{c.client, c.server}], x.reached[pair{c.client, host}] = true, true
		} else {
			x.failed[c.client] = append(x.failed[c.client], c)
		}
	}
	if a, ok := first[journal.ConnectAnswered](c); ok && a.body.Status/100 == 2 {
		x.tunnels[pair{c.client, a.body.Target}] = true
	}
	if c.relaying() {
		x.relays[c.client] = append(x.relays[c.client], c)
	}
	if _, ok := first[journal.MediaFlowed](c); ok {
		x.hearing[c.client] = append(x.hearing[c.client], c)
		x.heard[addrOf(c.server)] = append(x.heard[addrOf(c.server)], c)
	}
	for _, e := range each[journal.HTTPExchanged](c) {
		switch path.Ext(e.body.URL) {
		case ".crt", ".cer", ".p7c", ".p7b":
			x.issuersOf[c.client] = append(x.issuersOf[c.client], e)
		}
	}
}

// addVerdict takes over how the client found the certificate, once all connections
// are known.
func (x *index) addVerdict(s *scene, c *conn) {
	seen, ok := c.leaf()
	_, refused := c.refused(s)
	used := c.finished() && c.used()
	if used {
		x.accepts[c.sight()] = true
		x.lastUsed[c.client] = max(x.lastUsed[c.client], c.last())
	}
	if !ok {
		return
	}
	issuer := pair{c.client, seen.body.Issuer}
	t := x.verdicts[issuer]
	t.all++
	if refused {
		t.refused++
	}
	x.verdicts[issuer] = t
	for _, k := range []pair{issuer, {"", seen.body.Issuer}} {
		if used && !refused && x.accepted[k] == nil {
			x.accepted[k] = c
		}
	}
}

// sight is what the client saw of the certificate.
func (c *conn) sight() leaf {
	k := leaf{client: c.client, host: plain(c.host)}
	if seen, ok := c.leaf(); ok {
		b := seen.body
		k.subject, k.issuer, k.pointers = b.Subject, b.Issuer, strings.Join(append(append([]string{}, b.CDP...), b.OCSP...), " ")
	}
	return k
}

// begun are those of a list that began between two times, the last few of many.
func begun(list []*conn, from, to time.Duration) []*conn {
	const few = 256
	i := sort.Search(len(list), func(i int) bool { return list[i].events[0].At >= from })
	j := sort.Search(len(list), func(i int) bool { return list[i].events[0].At > to })
	return list[max(min(i, j), j-few):j]
}
