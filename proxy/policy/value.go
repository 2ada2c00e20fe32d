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

// kinds is a set of types of layers.
type kinds uint16

const (
	proxyLayer kinds = 1 << iota
	sslLayer
	sslInterceptLayer
	cacheLayer
	forwardLayer
	adminLayer
	exceptionLayer
)

// kindOf is the type of a layer; none for DNS-Proxy, Diagnostic and Tenant, whose
// transactions are not modelled.
func kindOf(layer string) kinds {
	switch layer {
	case "Proxy":
		return proxyLayer
	case "SSL":
		return sslLayer
	case "SSL-Intercept":
		return sslInterceptLayer
	case "Cache":
		return cacheLayer
	case "Forward":
		return forwardLayer
	case "Admin":
		return adminLayer
	case "Exception":
		return exceptionLayer
	}
	return 0
}

// evaluated are the types of layers that take part in a transaction (facts:
// cpl-sgos 2.2). Modelled: <SSL> runs only where the SSL proxy sees the flow (Q24).
func evaluated(tx *Transaction) kinds {
	var k kinds
	switch tx.Type {
	case HTTPProxy, "":
		k = proxyLayer | cacheLayer | forwardLayer
	case TCPTunnel:
		k = proxyLayer | forwardLayer
	case SSLIntercept:
		k = sslInterceptLayer
	case SSLTunnel:
		k = proxyLayer | sslLayer | forwardLayer
	case HTTPSForwardProxy:
		k = proxyLayer | sslLayer | cacheLayer | forwardLayer
	case AdminConsole:
		k = adminLayer
	case CacheRefresh:
		k = cacheLayer | forwardLayer
	case Forwarding:
		k = forwardLayer
	}
	if tx.ExceptionID != "" {
		k |= exceptionLayer
	}
	return k
}
