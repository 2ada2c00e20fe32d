package policy

// URLPattern is a pattern of url=, url.domain=, a URL section, a URL list or a
// category taken apart, for those who reason about conditions. Parts that the
// pattern leaves out are zero and admit any value.
type URLPattern struct {
	Scheme string
	Host   string // lower case
	Port   uint16
	// Path is a prefix of the path; where Queried, it is the whole path and Query
	// is a prefix of the query.
	Path, Query string
	Queried     bool
	Whole       bool // the host has to be complete; otherwise names below it match too
}

// ParseURLPattern takes a pattern apart as the engine does; whole is for url=.
func ParseURLPattern(text string, whole bool) URLPattern {
	p := parseURLPattern(text, whole)
	return URLPattern{p.scheme, p.host, p.port, p.path, p.query, p.queried, p.whole}
}

// MoreSpecific says whether a hashed section tries p before o where the URL's
// host leads to both at once; false also for equals, which keep their order.
func (p URLPattern) MoreSpecific(o URLPattern) bool {
	a := urlPattern{path: p.Path, query: p.Query, whole: p.Whole}
	b := urlPattern{path: o.Path, query: o.Query, whole: o.Whole}
	return a.specificity() > b.specificity()
}

// CipherStrength is the word of negotiated_cipher.strength for a cipher suite.
func CipherStrength(cipher string) string { return strength(cipher) }
