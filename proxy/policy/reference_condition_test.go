package policy_test

import (
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"rehearse/proxy/policy"
	"rehearse/proxy/policy/cpl"
)

// condition is the reference's outcome of one condition.
func (ref *reference) condition(c *cpl.Condition, tx *policy.Transaction, at policy.Checkpoint) truth {
	if c.Base == "condition" {
		return ref.named(c.Expr, tx, at)
	}
	entry, _ := cpl.Lookup(cpl.KindCondition, c.Base)
	if !applies(c.Base, tx) {
		return "n/a"
	}
	if at < entry.At {
		return "late"
	}
	values, known := ref.values(c, tx, at)
	if known != "yes" {
		return known
	}
	if ref.matches(c.Expr, func(p string) bool { return ref.pattern(c, entry, p, values, tx) }) {
		return "yes"
	}
	return "no"
}

func (ref *reference) matches(x cpl.Expr, pattern func(string) bool) bool {
	switch x := x.(type) {
	case *cpl.Not:
		return !ref.matches(x.X, pattern)
	case *cpl.And:
		return ref.matches(x.X, pattern) && ref.matches(x.Y, pattern)
	case *cpl.Or:
		return ref.matches(x.X, pattern) || ref.matches(x.Y, pattern)
	case *cpl.List:
		return slices.ContainsFunc(x.Items, func(i cpl.Expr) bool { return ref.matches(i, pattern) })
	case *cpl.Pattern:
		return pattern(x.Text)
	}
	return false
}

// named is condition=: what is not decided yet stays so unless the rest decides.
func (ref *reference) named(x cpl.Expr, tx *policy.Transaction, at policy.Checkpoint) truth {
	switch x := x.(type) {
	case *cpl.Not:
		return map[truth]truth{"yes": "no", "no": "yes", "late": "late"}[ref.named(x.X, tx, at)]
	case *cpl.And:
		a, b := ref.named(x.X, tx, at), ref.named(x.Y, tx, at)
		return lower(a, b)
	case *cpl.Or:
		return higher(ref.named(x.X, tx, at), ref.named(x.Y, tx, at))
	case *cpl.List:
		result := truth("no")
		for _, i := range x.Items {
			result = higher(result, ref.named(i, tx, at))
		}
		return result
	case *cpl.Pattern:
		result := truth("no")
		for _, d := range ref.defined("condition", x.Text) {
			for _, line := range d.Lines {
				result = higher(result, ref.line(d, line, tx, at))
			}
		}
		return result
	}
	return "no"
}

// line is a line of a named condition; what does not apply is false there.
func (ref *reference) line(d *cpl.Definition, l *cpl.Line, tx *policy.Transaction, at policy.Checkpoint) truth {
	value := ref.all(l.Terms, tx, at)
	if l.Pattern != nil {
		u := tx.URL
		if strings.HasPrefix(d.Type, "server_") && tx.ServerURL != (policy.URL{}) {
			u = tx.ServerURL
		}
		switch {
		case at < policy.AtRequest:
			return "late" // Modelled: a list about URLs is not looked at before there is one
		case !urlMatches(l.Pattern.Text, u, d.Type == "url condition", false):
			return "no"
		}
	}
	if value.misses() {
		return "no"
	}
	return value
}

func lower(a, b truth) truth {
	for _, t := range []truth{"no", "late"} {
		if a == t || b == t {
			return t
		}
	}
	return "yes"
}

func higher(a, b truth) truth {
	for _, t := range []truth{"yes", "late"} {
		if a == t || b == t {
			return t
		}
	}
	return "no"
}

func applies(name string, tx *policy.Transaction) bool {
	isHTTP := tx.Type == policy.HTTPProxy || tx.Type == policy.HTTPSForwardProxy || tx.Type == policy.CacheRefresh
	isTLS := tx.Type == policy.SSLIntercept || tx.Type == policy.SSLTunnel || tx.Type == policy.HTTPSForwardProxy
	has := func(prefixes ...string) bool {
		return slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(name, p) })
	}
	switch {
	case has("http.response.code", "response.header", "response.x_header"):
		return isHTTP && (tx.Method != "CONNECT" || tx.Type != policy.HTTPProxy)
	case has("http.method", "method", "http.connect", "request.header", "request.x_header"):
		return isHTTP
	case has("client.connection.negotiated", "client.connection.ssl", "server.connection.negotiated", "server.certificate"):
		return isTLS
	case name == "exception.id":
		return tx.ExceptionID != ""
	case name == "bitrate":
		return len(tx.Other["bitrate"]) > 0
	}
	return true
}

// pattern compares one pattern with the values of a trigger: any that fits.
func (ref *reference) pattern(c *cpl.Condition, e cpl.Entry, p string, values []string, tx *policy.Transaction) bool {
	kind, how := e.Value, "exact"
	switch c.Base {
	case "url.path", "server_url.path":
		how = "prefix"
	case "url.query", "server_url.query":
		how = "regex"
	case "url.extension", "server_url.extension":
		p = strings.TrimPrefix(p, ".")
	case "exception.id":
		p = strings.Replace(p, "user_defined.", "user-defined.", 1)
	}
	sensitive := false
	for _, m := range c.Modifiers {
		row, _ := cpl.Lookup(cpl.KindModifier, m)
		if row.Value != cpl.ValueAny {
			kind = row.Value
		}
		switch m {
		case "exact", "prefix", "substring", "suffix", "regex":
			how = m
		case "case_sensitive":
			sensitive = true
		}
	}
	switch kind {
	case cpl.ValueURL, cpl.ValueDomain:
		if strings.HasPrefix(c.Base, "server.certificate") {
			return slices.ContainsFunc(values, func(v string) bool { return below(v, strings.TrimPrefix(p, ".")) })
		}
		u := tx.URL
		if strings.HasPrefix(c.Base, "server_") && tx.ServerURL != (policy.URL{}) {
			u = tx.ServerURL
		}
		return urlMatches(p, u, kind == cpl.ValueURL, sensitive)
	case cpl.ValueNumber, cpl.ValueTime, cpl.ValueDate, cpl.ValueBitrate:
		return slices.ContainsFunc(values, func(v string) bool { return inRange(v, p) })
	case cpl.ValueFlag:
		return flag(values[0]) == flag(p)
	case cpl.ValueAddress:
		return slices.ContainsFunc(values, func(v string) bool { return ref.inSubnet(v, p) })
	case cpl.ValueRegex:
		how = "regex"
	case cpl.ValueCategory:
		return ref.inCategory(values[0], p, tx, strings.HasPrefix(c.Base, "server_"))
	}
	return slices.ContainsFunc(values, func(v string) bool { return compare(v, p, how, sensitive) })
}

func compare(v, p, how string, sensitive bool) bool {
	if how == "regex" {
		if !sensitive {
			p = "(?i)" + p
		}
		return regexp.MustCompile(p).MatchString(v)
	}
	if !sensitive {
		v, p = strings.ToLower(v), strings.ToLower(p)
	}
	switch how {
	case "prefix":
		return strings.HasPrefix(v, p)
	case "suffix":
		return strings.HasSuffix(v, p)
	case "substring":
		return strings.Contains(v, p)
	}
	return v == p
}

func flag(s string) bool { return s == "yes" || s == "true" || s == "on" }

func inRange(v, p string) bool {
	n, err := strconv.ParseUint(v, 10, 64)
	if err != nil {
		return false
	}
	number := func(s string, empty uint64) uint64 {
		if s == "" {
			return empty
		}
		if k, ok := strings.CutSuffix(s, "k"); ok {
			f, _ := strconv.ParseFloat(k, 64)
			return uint64(f*1000 + 0.5)
		}
		x, _ := strconv.ParseUint(s, 10, 64)
		return x
	}
	low, high, ok := strings.Cut(p, "..")
	if !ok {
		return n == number(p, 0)
	}
	from, to := number(low, 0), number(high, 1<<64-1)
	if from > to {
		return n >= from || n <= to
	}
	return n >= from && n <= to
}

func (ref *reference) inSubnet(v, p string) bool {
	a, err := netip.ParseAddr(v)
	if err != nil {
		return false
	}
	if prefix, err := netip.ParsePrefix(p); err == nil {
		return prefix.Contains(a)
	}
	if b, err := netip.ParseAddr(p); err == nil {
		return a == b
	}
	if low, high, ok := strings.Cut(p, "-"); ok {
		x, err1 := netip.ParseAddr(low)
		y, err2 := netip.ParseAddr(high)
		if err1 == nil && err2 == nil {
			return a.Compare(x) >= 0 && a.Compare(y) <= 0
		}
	}
	for _, d := range ref.defined("subnet", p) {
		for _, l := range d.Lines {
			if slices.ContainsFunc(l.Values, func(e cpl.Value) bool { return ref.inSubnet(v, e.Text) }) {
				return true
			}
		}
	}
	return false
}

// inCategory: by name given with the transaction, or by policy's own definition.
func (ref *reference) inCategory(host, category string, tx *policy.Transaction, server bool) bool {
	u := tx.URL
	if server && tx.ServerURL != (policy.URL{}) {
		u = tx.ServerURL
	}
	given := tx.Categories
	if u.Host != tx.URL.Host {
		given = nil
	}
	if strings.EqualFold(category, "none") {
		return len(given) == 0 && !slices.ContainsFunc(ref.definitions, func(d *cpl.Definition) bool {
			return d.Type == "category" && ref.inCategory(host, d.Name, tx, server)
		})
	}
	for _, g := range given {
		name, _, _ := strings.Cut(g, "@")
		if strings.EqualFold(g, category) || strings.EqualFold(name, category) {
			return true
		}
	}
	for _, d := range ref.defined("category", category) {
		for _, l := range d.Lines {
			e := l.Pattern.Text
			if urlMatches(strings.TrimPrefix(e, "*."), u, false, false) || !strings.ContainsAny(e, "./:") && ref.inCategory(host, e, tx, server) {
				return true
			}
		}
	}
	return false
}

// cutURL is the host and the rest of a pattern.
func cutURL(p string) (host, rest string) {
	if _, after, ok := strings.Cut(p, "://"); ok {
		p = after
	}
	p = strings.TrimPrefix(p, "//")
	i := strings.IndexAny(p, "/?")
	if i < 0 {
		i = len(p)
	}
	host, rest = p[:i], p[i:]
	host, _, _ = strings.Cut(host, ":")
	return strings.ToLower(strings.TrimPrefix(host, ".")), strings.TrimSuffix(rest, "/")
}

func below(name, domain string) bool {
	name, domain = strings.ToLower(name), strings.ToLower(domain)
	return name == domain || strings.HasSuffix(name, "."+domain)
}

// urlMatches compares a URL with a pattern, part by part.
func urlMatches(p string, u policy.URL, whole, sensitive bool) bool {
	if u.Host == "" {
		return false
	}
	host, rest := cutURL(p)
	if scheme, _, ok := strings.Cut(p, "://"); ok && !strings.EqualFold(scheme, u.Scheme) {
		return false
	}
	authority := strings.TrimPrefix(p[strings.Index(p, "//")+1:], "/")
	if strings.HasPrefix(p, "/") && !strings.HasPrefix(p, "//") {
		authority = p
	}
	if i := strings.IndexAny(authority, "/?"); i >= 0 {
		authority = authority[:i]
	}
	if _, port, ok := strings.Cut(authority, ":"); ok && port != strconv.Itoa(int(u.Port)) {
		return false
	}
	_, err := netip.ParseAddr(u.Host)
	switch {
	case host == "":
	case whole || err == nil:
		if host != u.Host {
			return false
		}
	case !below(u.Host, host):
		return false
	}
	text := u.Path
	if strings.Contains(rest, "?") {
		text += "?" + u.Query
	}
	return compare(text, rest, "prefix", sensitive)
}
