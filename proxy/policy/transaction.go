// Package policy decides transactions by a compiled policy.
//
// In comes a Transaction (what the interceptor knows of a flow so far) and the
// checkpoint it stands at; out comes a Decision: the verdict, whether it is
// final, the properties that are set, and the rules that did it. Deciding never
// touches a connection.
package policy

import (
	"crypto/x509"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"rehearse/proxy/policy/cpl"
)

// Checkpoint is a point in the life of a flow at which policy is evaluated.
// Each condition has a first checkpoint at which its value exists, each property
// a last one at which setting it matters (facts: cpl-sgos 3.4).
type Checkpoint = cpl.When

// The checkpoints, in order. At AtResponse everything that will ever be known is
// known: no rule is late there.
const (
	AtAccept            = cpl.AtAccept            // C0: client address, service, time, release
	AtRequest           = cpl.AtRequest           // C1: CONNECT or request line read, or the transparent destination is known
	AtUser              = cpl.AtUser              // C2: authenticated
	AtFirstBytes        = cpl.AtFirstBytes        // C3: outer protocol classified: client.protocol and tunneled of the outer flow
	AtClientHello       = cpl.AtClientHello       // C4: SNI
	AtServerCertificate = cpl.AtServerCertificate // C5: upstream TLS done
	AtClientTLS         = cpl.AtClientTLS         // C6: client TLS done
	AtInner             = cpl.AtInner             // C7: inner protocol classified
	AtInnerRequest      = cpl.AtInnerRequest      // C8: request inside
	AtResponse          = cpl.AtResponse          // response headers
)

// TransactionType is the vendor's name of a transaction (KB 278633).
type TransactionType string

// The transaction types.
const (
	HTTPProxy         TransactionType = "http.proxy"          // explicit requests, CONNECT included
	TCPTunnel         TransactionType = "tcp.tunnel"          // transparent entry
	SSLIntercept      TransactionType = "ssl.intercept"       // decides interception of one TLS flow
	SSLTunnel         TransactionType = "ssl.tunnel"          // carries the TLS flow
	HTTPSForwardProxy TransactionType = "https.forward-proxy" // a request inside intercepted TLS
	AdminConsole      TransactionType = "admin"               // management traffic
	CacheRefresh      TransactionType = "cache"               // refresh without a client
	Forwarding        TransactionType = "forwarding"          // health checks
)

// Ternary is yes, no or not known yet.
type Ternary int

// The values of a Ternary.
const (
	Unknown Ternary = iota
	No
	Yes
)

// URL is the URL of a transaction in policy's eyes. For CONNECT and TCP tunnels
// Scheme is "tcp", Path "/" (facts: 3.1).
//
// In ssl.intercept transactions Host decides what url.host and url.domain see.
// Modelled (Q13): explicit flows have the host of the CONNECT; transparent flows
// have the SNI from release 6.5.6.1 on, and before it, or where the hello has no
// SNI, the destination's address. The interceptor fills it accordingly.
type URL struct {
	Scheme string
	Host   string // host name or IP literal, lower case, no brackets
	Port   uint16
	Path   string
	Query  string // without '?'
}

// String is the URL as a trace writes it; CONNECT and tunnels are "tcp://host:port/".
func (u URL) String() string {
	host := u.Host
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	s := u.Scheme + "://" + host
	if u.Port != usualPort(u.Scheme) {
		s += ":" + strconv.Itoa(int(u.Port))
	}
	s += u.Path
	if u.Query != "" {
		s += "?" + u.Query
	}
	return s
}

// usualPort is the port that a URL of the scheme leaves out, 0 for none.
func usualPort(scheme string) uint16 {
	switch scheme {
	case "http":
		return 80
	case "https":
		return 443
	}
	return 0
}

// Transaction is what is known of one transaction so far. Zero values mean "not
// available" unless the field says otherwise. A Transaction belongs to one flow
// and is not safe for concurrent use.
type Transaction struct {
	Type    TransactionType // "" is HTTPProxy
	Time    time.Time       // on the scenario's clock
	Client  netip.AddrPort
	Proxy   netip.AddrPort // where the client connected
	Service string         // service.name, "Explicit HTTP"
	Group   string         // service.group, "Standard"

	Method         string // "CONNECT", "GET"; "" where HTTP does not apply
	URL            URL
	ServerURL      URL // after rewriting; zero means as URL
	RequestHeader  http.Header
	Status         int // of the origin's response
	ResponseHeader http.Header

	// ClientProtocol is "http", "ssl", "https", "sips", "ms-turn", "stunnel",
	// "tcp", ...; "" while not known. With Tunneled it follows this table (facts:
	// cpl-sgos 3.2 as corpus findings 3 and 4 correct it):
	//
	//	transaction                               ClientProtocol  Tunneled
	//	CONNECT, no detection                     http            Yes
	//	CONNECT, detection on, nothing read yet   http            Unknown
	//	CONNECT, then TLS                         http            No
	//	CONNECT, then pseudo-TLS and MS-TURN      ms-turn         No
	//	CONNECT, then plain HTTP                  http            No
	//	CONNECT, then anything else               http            Yes
	//	ssl.tunnel of TLS that is not decrypted   ssl             Yes
	//	TLS decrypted: HTTP, SIP, MS-TURN inside  https, sips, ms-turn  No
	//	TLS decrypted: anything else (STunnel)    stunnel         Yes
	//	tcp.tunnel, no detection                  tcp             Yes
	ClientProtocol string
	Tunneled       Ternary
	// Detecting says that protocol detection is on for this flow: the service has
	// it and no detect_protocol takes it away. It only matters to CONNECT, whose
	// built-in denial depends on it (see Decide).
	Detecting bool

	SNI               string // "" when the hello had none
	ServerCertificate *x509.Certificate
	ServerTLSVersion  string // "TLSV1.2", as CPL spells it
	ServerCipher      string
	ClientTLSVersion  string
	ClientCipher      string

	User     string // "" when not authenticated
	Realm    string
	GroupsOf []string // groups of the user

	// Categories are the labels given by the scenario for the URL's host, beside
	// those defined in policy.
	Categories []string
	// CertificateCategories are likewise those of the host name in
	// ServerCertificate.
	CertificateCategories []string
	// ResolveHost gives the addresses of URL.Host for url.address; nil means
	// that look-ups are not possible.
	ResolveHost func(name string) []netip.Addr
	// ExceptionID is set when <Exception> layers are evaluated.
	ExceptionID string
	// Other holds values of conditions that have no field of their own, by
	// condition name, as a scenario or a transaction file gives them.
	Other map[string][]string
}
