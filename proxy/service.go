package proxy

import "net/netip"

// Kind is the proxy type of a service: what its listener takes the client's
// first bytes for.
type Kind string

// The kinds of services.
const (
	ExplicitHTTP Kind = "explicit-http" // requests and CONNECT from clients that know the proxy
	HTTP         Kind = "http"          // transparent, port 80
	SSL          Kind = "ssl"           // transparent, port 443
	TCPTunnel    Kind = "tcp-tunnel"    // transparent, anything
	SOCKS        Kind = "socks"         // explicit, SOCKS 4, 4a and 5
)

// Kinds lists every kind.
var Kinds = []Kind{ExplicitHTTP, HTTP, SSL, TCPTunnel, SOCKS}

// Transparent says whether clients of such a service dial the origin.
func (k Kind) Transparent() bool { return k != ExplicitHTTP && k != SOCKS }

// Service is a listener with its attributes. Traffic that no service takes is
// bypassed where it is transparent, refused where it is explicit.
type Service struct {
	Name  string // service.name: "Explicit HTTP"
	Group string // service.group: "Standard"
	Kind  Kind
	Port  uint16
	// DetectProtocol is the service's Detect Protocol attribute. Policy can only
	// take from it: Modelled: the attribute is the master switch (Q10).
	DetectProtocol bool
}

// Target says how a connection came to the interceptor.
type Target struct {
	Service Service
	// Dst is where the client dialled, for transparent services.
	Dst netip.AddrPort
}
