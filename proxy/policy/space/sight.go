package space

import (
	"rehearse/proxy/policy"
	"rehearse/proxy/policy/flow"
)

// sight is a flow's classes as policy sees them in one transaction, and on whose
// choice each depends.
type sight struct {
	class []int
	from  []source
}

// source says what a class that policy sees follows from.
type source struct {
	axis int // the axis of choice; none: no choice changes it
	// whole: another class of that axis may show as any; otherwise the classes are
	// the axis's own.
	whole bool
}

// none is no axis.
const noAxis = -1

// see makes the sight of a transaction of a flow.
func (x *explorer) see(f *flow.Flow, a assignment, v *flow.Visit) *sight {
	s := x.s
	tx := v.Transaction
	out := &sight{class: make([]int, len(s.axes)), from: make([]source, len(s.axes))}
	for n := range s.axes {
		axis := &s.axes[n]
		own := n
		if axis.alias >= 0 {
			own = axis.alias
		}
		out.class[n], out.from[n] = a[own], source{axis: own}
		switch axis.of {
		case ofStage:
			out.class[n], out.from[n] = x.stage(n, tx), source{axis: noAxis}
		case ofHost:
			if tx.URL.Host != f.Host {
				out.class[n], out.from[n] = x.addressed(n, tx.URL.Host), x.addressSource(f)
			}
		case ofLabels:
			if tx.URL.Host != f.Host {
				out.class[n], out.from[n] = x.absent(n), source{axis: noAxis}
			}
		case ofAddress:
			if _, literal := addressOf(f.Host); literal {
				out.class[n], out.from[n] = x.resolved.classify(f.Address), source{x.host.main, true}
			}
		case ofPath:
			if tx.URL.Scheme == "tcp" {
				out.class[n], out.from[n] = x.rooted(n), source{axis: noAxis}
			}
		case ofServer:
			if tx.ServerCertificate == nil {
				out.class[n], out.from[n] = x.absent(n), source{axis: noAxis}
			}
		case ofClient:
			if tx.ClientTLSVersion == "" {
				out.class[n], out.from[n] = x.absent(n), source{axis: noAxis}
			}
		case ofURLText:
			out.class[n], out.from[n] = x.spelled(n, tx.URL), source{noAxis, true}
		}
	}
	return out
}

// absent is the class of a value that is not there; 0 where tests do not ask.
func (x *explorer) absent(n int) int { return max(x.s.axes[n].lack, 0) }

// addressSource is what the address of a transparent flow follows from.
func (x *explorer) addressSource(f *flow.Flow) source {
	if _, literal := addressOf(f.Host); literal {
		return source{x.host.main, true}
	}
	return source{x.resolved.main, true}
}

// addressed is the class of a host that is an address.
func (x *explorer) addressed(n int, host string) int {
	if n == x.host.main {
		return x.host.classify(host)
	}
	for i, t := range x.host.tests {
		if x.host.extras[i] == n && t.holds(host) {
			return 1
		}
	}
	return 0
}

// rooted is the class of the path of a tunnel, "/" without a query, found once.
func (x *explorer) rooted(n int) int {
	c, ok := x.roots[n]
	if !ok {
		c = x.findRoot(n)
		x.roots[n] = c
	}
	return c
}

func (x *explorer) findRoot(n int) int {
	for _, name := range []string{"url.path", "url.query", "url.extension"} {
		f, ok := x.s.fields[name].(*textField)
		if !ok {
			continue
		}
		text := ""
		if name == "url.path" {
			text = "/"
		}
		if n == f.main {
			if name == "url.query" {
				return x.absent(n)
			}
			return f.classify(text)
		}
		for i, t := range f.tests {
			if f.extras[i] == n && name != "url.query" && t.holds(text) {
				return 1
			}
		}
	}
	return 0
}

// stage is the class of what follows from the kind of transaction.
func (x *explorer) stage(n int, tx *policy.Transaction) int {
	for _, name := range []string{"client.protocol", "url.scheme", "exception.id", "health_check"} {
		f, ok := x.s.fields[name].(*textField)
		if !ok {
			continue
		}
		text := map[string]string{"client.protocol": tx.ClientProtocol, "url.scheme": tx.URL.Scheme, "exception.id": tx.ExceptionID, "health_check": "no"}[name]
		if c, mine := f.seen(n, text); mine {
			return c
		}
	}
	switch x.s.axes[n].Name {
	case "type":
		return x.kind.classify(kindOf(tx))
	case "tunneled":
		return map[policy.Ternary]int{policy.Yes: 0, policy.No: 1, policy.Unknown: 2}[tx.Tunneled]
	}
	return 0
}

// seen is the class of a text on one of a field's axes; false where the axis is
// not the field's.
func (f *textField) seen(n int, text string) (class int, mine bool) {
	if n == f.main {
		if text == "" && f.lacking {
			for c, v := range f.values {
				if v.kind == noText {
					return c, true
				}
			}
		}
		return f.classify(text), true
	}
	for i, t := range f.tests {
		if f.extras[i] == n {
			if t.holds(text) {
				return 1, true
			}
			return 0, true
		}
	}
	return 0, false
}

// kindOf is the class of a transaction on the axis "type".
func kindOf(tx *policy.Transaction) string {
	switch tx.Type {
	case policy.HTTPProxy, "":
		if tx.Method == "CONNECT" {
			return kindConnect
		}
		return kindRequest
	case policy.TCPTunnel:
		return kindTCP
	case policy.SSLIntercept:
		return kindIntercept
	case policy.SSLTunnel:
		return kindSSL
	case policy.HTTPSForwardProxy:
		return kindInner
	case policy.CacheRefresh:
		return kindRefresh
	case policy.Forwarding:
		return kindForward
	}
	return kindAdmin
}

// spelled is the class of a URL's text, or of its path with its query.
func (x *explorer) spelled(n int, u policy.URL) int {
	for _, name := range []string{"url", "url.path?query"} {
		f, ok := x.s.fields[name].(*textField)
		if !ok {
			continue
		}
		text := u.String()
		if name != "url" {
			text = u.Path
			if u.Query != "" {
				text += "?" + u.Query
			}
		}
		if c, mine := f.seen(n, text); mine {
			return c
		}
	}
	return 0
}
