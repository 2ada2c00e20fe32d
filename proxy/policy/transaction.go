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
)

// Checkpoint is a point in the life of a flow at which policy is evaluated.
// Each condition has a first checkpoint at which its value exists, each property
// a last one at which setting it matters (facts: cpl-sgos 3.4).
type Checkpoint int

// The checkpoints, in order.
const (
	AtAccept            Checkpoint = iota // C0: client address, service, time, release
	AtRequest                             // C1: CONNECT or request line read, or the transparent destination is known
	AtUser                                // C2: authenticated
	AtFirstBytes                          // C3: outer protocol classified: client.protocol and tunneled of the outer flow
	AtClientHello                         // C4: SNI
	AtServerCertificate                   // C5: upstream TLS done
	AtClientTLS                           // C6: client TLS done
	AtInner                               // C7: inner protocol classified
	AtInnerRequest                        // C8: request inside
	AtResponse                            // response headers
)

// String names the checkpoint in events: "request", "client hello".
func (c Checkpoint) String() string {
	return [...]string{"accept", "request", "user", "first bytes", "client hello", "server certificate",
		"client TLS", "inner protocol", "inner request", "response"}[c]
}

// TransactionType is the vendor's name of a transaction (KB 278633).
type TransactionType string

// The transaction types.
const (
	HTTPProxy         TransactionType = "http.proxy"          // explicit requests, CONNECT included
	TCPTunnel         TransactionType = "tcp.tunnel"          // transparent entry
	SSLIntercept      TransactionType = "ssl.intercept"       // decides interception of one TLS flow
	SSLTunnel         TransactionType = "ssl.tunnel"          // carries the TLS flow
	HTTPSForwardProxy TransactionType = "https.forward-proxy" // a request inside intercepted TLS
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
	if u.Port != defaultPorts[u.Scheme] {
		s += ":" + strconv.Itoa(int(u.Port))
	}
	s += u.Path
	if u.Query != "" {
		s += "?" + u.Query
	}
	return s
}

var defaultPorts = map[string]uint16{"http": 80, "https": 443}

// Transaction is what is known of one transaction so far. Zero values mean "not
// available" unless the field says otherwise. A Transaction belongs to one flow
// and is not safe for concurrent use.
type Transaction struct {
	Type    TransactionType
	Time    time.Time // on the scenario's clock
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
	// "tcp", ...; "" while not known.
	ClientProtocol string
	Tunneled       Ternary
	// Detecting says that detection is on for this transaction: the service's
	// attribute, less what detect_protocol took from it. It chooses which of the
	// two built-in denials of CONNECT applies (KB 176397).
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
	// ResolveHost gives the addresses of URL.Host for url.address; nil means
	// that look-ups are not possible.
	ResolveHost func(name string) []netip.Addr
	// ExceptionID is set when <Exception> layers are evaluated.
	ExceptionID string
	// Other holds values of conditions that have no field of their own, by
	// condition name, as a scenario or a transaction file gives them.
	Other map[string][]string
}
