package policy

import (
	"cmp"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// urlPattern is a pattern of url=, url.domain=, a URL section, a URL list or a
// category: SCHEME://HOST:PORT/PATH?QUERY with everything optional (CPL guide,
// SGOS 3, p. 138). A part that is left out can have any value.
type urlPattern struct {
	scheme string
	host   string // lower case; "" for any
	port   uint16 // 0 for any
	path   string // prefix of the path, or the whole path where query is tested
	query  string // prefix of the query
	// whole: the host must be complete (url=); otherwise any name below it
	// matches too, on label boundaries (url.domain=).
	whole         bool
	queried       bool // the pattern has a '?'
	caseSensitive bool
}

// parseURLPattern reads a pattern; whole is for url=. The spellings //host/ of
// listings and .host are accepted.
func parseURLPattern(s string, whole bool) urlPattern {
	p := urlPattern{whole: whole}
	if scheme, rest, ok := strings.Cut(s, "://"); ok && !strings.ContainsAny(scheme, "/?.") {
		p.scheme, s = strings.ToLower(scheme), rest
	} else {
		s = strings.TrimPrefix(s, "//")
	}
	authority := s
	if i := strings.IndexAny(s, "/?"); i >= 0 {
		authority, p.path = s[:i], s[i:]
	}
	p.path, p.query, p.queried = strings.Cut(p.path, "?")
	switch {
	case p.queried && p.path == "":
		p.path = "/"
	case !p.queried && p.path == "/":
		p.path = "" // every URL has it
	case !p.queried:
		p.path = strings.TrimSuffix(p.path, "/") // as listings show it
	}
	p.host, p.port = splitPort(authority)
	if !whole {
		p.host = strings.TrimPrefix(p.host, ".")
	}
	return p
}

// splitPort reads "host:port", "host", "[v6]:port" or "v6".
func splitPort(s string) (host string, port uint16) {
	host = strings.ToLower(strings.TrimSuffix(s, "."))
	i := strings.LastIndexByte(host, ':')
	if i < 0 || strings.Count(host, ":") > 1 && !strings.HasPrefix(host, "[") {
		return host, 0
	}
	if n, err := strconv.ParseUint(host[i+1:], 10, 16); err == nil {
		host, port = host[:i], uint16(n)
	}
	return strings.Trim(host, "[]"), port
}

// fits tests everything but the host.
func (p *urlPattern) fits(u *URL) bool {
	switch {
	case p.scheme != "" && p.scheme != u.Scheme:
		return false
	case p.port != 0 && p.port != u.Port:
		return false
	case p.path == "":
		return true
	case !p.queried:
		return hasPrefix(u.Path, p.path, p.caseSensitive)
	}
	return len(u.Path) == len(p.path) && hasPrefix(u.Path, p.path, p.caseSensitive) && hasPrefix(u.Query, p.query, p.caseSensitive)
}

func hasPrefix(s, prefix string, caseSensitive bool) bool {
	if len(s) < len(prefix) {
		return false
	}
	if caseSensitive {
		return s[:len(prefix)] == prefix
	}
	return strings.EqualFold(s[:len(prefix)], prefix)
}

// specificity orders patterns of one host: a complete host before a domain, then
// the longer path.
func (p *urlPattern) specificity() int {
	n := 2 * (len(p.path) + len(p.query))
	if p.whole {
		n += 1 << 20
	}
	return n
}

// location is a URL prepared for look-ups: it is cut into labels once.
type location struct {
	url   *URL
	hosts []int32 // ids of the host and the domains above it that policy names, most specific first
	full  bool    // hosts[0] is the whole host
	addr  netip.Addr

	text      string // the whole URL, made when first asked for
	query     [1]string
	looked    bool // addresses have been looked for
	addresses []netip.Addr
	own       [1]netip.Addr

	sorted        bool    // categories have been looked for
	set           []bool  // categories by number
	within        []int32 // numbers that are true in set
	uncategorised bool
}

func (l *location) clear() {
	l.url, l.hosts, l.full, l.addr = nil, l.hosts[:0], false, netip.Addr{}
	l.looked, l.addresses, l.text, l.query[0] = false, nil, "", ""
	for _, c := range l.within {
		l.set[c] = false
	}
	l.sorted, l.within = false, l.within[:0]
}

// hostTable numbers the hosts and domains that policy names.
type hostTable map[string]int32

func (t hostTable) number(host string) int32 {
	n, ok := t[host]
	if !ok {
		n = int32(len(t))
		t[host] = n
	}
	return n
}

// locate looks a URL's host up, label by label. An address has no labels.
func (t hostTable) locate(l *location, u *URL) {
	l.url = u
	host := u.Host
	if host == "" {
		return
	}
	if c := host[len(host)-1]; c >= '0' && c <= '9' || strings.IndexByte(host, ':') >= 0 {
		l.addr, _ = netip.ParseAddr(host)
	}
	if id, ok := t[host]; ok {
		l.hosts, l.full = append(l.hosts, id), true
	}
	if l.addr.IsValid() {
		return
	}
	for i := strings.IndexByte(host, '.'); i >= 0; i = strings.IndexByte(host, '.') {
		host = host[i+1:]
		if id, ok := t[host]; ok {
			l.hosts = append(l.hosts, id)
		}
	}
}

// location is the prepared URL of the transaction, or the one sent to the server.
func (m *machine) location(server bool) *location {
	if server && m.tx.ServerURL != (URL{}) {
		if m.server.url == nil {
			m.policy.hosts.locate(&m.server, &m.tx.ServerURL)
		}
		return &m.server
	}
	if m.url.url == nil {
		m.policy.hosts.locate(&m.url, &m.tx.URL)
	}
	return &m.url
}

// urlTable finds what hangs on URL patterns by the host, in time that does not
// depend on the number of patterns.
type urlTable struct {
	byHost map[int32][]urlEntry // each most specific first, ties in source order
	any    []urlEntry           // patterns without a host
}

type urlEntry struct {
	pattern urlPattern
	item    int32
}

func (t *urlTable) add(hosts hostTable, p urlPattern, item int32) {
	if p.host == "" {
		t.any = append(t.any, urlEntry{p, item})
		return
	}
	if t.byHost == nil {
		t.byHost = map[int32][]urlEntry{}
	}
	id := hosts.number(p.host)
	t.byHost[id] = append(t.byHost[id], urlEntry{p, item})
}

// order puts the patterns of each host in the order in which each visits them.
func (t *urlTable) order() {
	for _, list := range t.byHost {
		slices.SortStableFunc(list, moreSpecific)
	}
	slices.SortStableFunc(t.any, moreSpecific)
}

func moreSpecific(a, b urlEntry) int {
	return cmp.Compare(b.pattern.specificity(), a.pattern.specificity())
}

// each visits the items whose pattern matches, most specific first: the host
// itself, then the domains above it, then patterns without a host. It stops when
// visit is true, and says so. Modelled: Q18.
func (t *urlTable) each(l *location, visit func(item int32) bool) bool {
	for i, id := range l.hosts {
		list := t.byHost[id]
		for j := range list {
			e := &list[j]
			if e.pattern.whole && (i > 0 || !l.full) || !e.pattern.fits(l.url) {
				continue
			}
			if visit(e.item) {
				return true
			}
		}
	}
	for j := range t.any {
		if e := &t.any[j]; l.url.Host != "" && e.pattern.fits(l.url) && visit(e.item) {
			return true
		}
	}
	return false
}

// has says whether any pattern matches.
func (t *urlTable) has(l *location) bool {
	return t.each(l, func(int32) bool { return true })
}
