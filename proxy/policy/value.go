package policy

// value is the outcome of a condition. The zero value means not evaluated.
type value uint8

const (
	no value = iota + 1
	yes
	// unavailable: the value will not exist (nobody authenticated), so that the
	// condition and its negation both miss (CPL guide, SGOS 3, p. 51).
	unavailable
	// inapplicable: the trigger has nothing to do with such a transaction. It
	// misses likewise, and the trace says n/a.
	inapplicable
	// late: not known at this checkpoint.
	late
)

// misses says whether a rule with such a condition cannot match.
func (v value) misses() bool { return v != yes && v != late }

func of(b bool) value {
	if b {
		return yes
	}
	return no
}

// and is the conjunction of yes and late values and one more.
func and(a, b value) value {
	switch {
	case a.misses():
		return a
	case b.misses():
		return b
	case a == late:
		return late
	}
	return b
}

// not is the negation; what is not available stays so.
func not(v value) value {
	switch v {
	case yes:
		return no
	case no:
		return yes
	}
	return v
}

// scope is a set of kinds of transactions, for conditions that apply to some.
type scope uint8

const (
	anywhere    scope = 1 << iota
	inHTTP            // a request is there
	inResponse        // an origin's HTTP response will be there
	inServerTLS       // TLS towards the origin
	inClientTLS       // TLS from the client may be terminated
	inException       // an exception is being returned
)

// scopeOf is the set of all kinds that a transaction belongs to.
func scopeOf(tx *Transaction) scope {
	s := anywhere
	switch tx.Type {
	case HTTPProxy, "":
		s |= inHTTP
		if tx.Method != "CONNECT" {
			s |= inResponse
		}
	case HTTPSForwardProxy:
		s |= inHTTP | inResponse | inServerTLS | inClientTLS
	case SSLTunnel, SSLIntercept:
		s |= inServerTLS | inClientTLS
	case CacheRefresh:
		s |= inHTTP | inResponse
	}
	if tx.ExceptionID != "" {
		s |= inException
	}
	return s
}

// evaluated says whether layers of a kind take part in a transaction (facts:
// cpl-sgos 2.2). Modelled: <SSL> runs only where the SSL proxy sees the flow (Q24).
func evaluated(kind string, tx *Transaction) bool {
	switch kind {
	case "Proxy":
		return tx.Type != SSLIntercept && tx.Type != AdminConsole && tx.Type != CacheRefresh && tx.Type != Forwarding
	case "SSL":
		return tx.Type == SSLTunnel || tx.Type == HTTPSForwardProxy
	case "SSL-Intercept":
		return tx.Type == SSLIntercept
	case "Cache":
		return tx.Type == HTTPProxy || tx.Type == "" || tx.Type == HTTPSForwardProxy || tx.Type == CacheRefresh
	case "Forward":
		return tx.Type != SSLIntercept && tx.Type != AdminConsole
	case "Admin":
		return tx.Type == AdminConsole
	case "Exception":
		return tx.ExceptionID != ""
	}
	return false // DNS-Proxy, Diagnostic, Tenant: such transactions are not modelled
}
