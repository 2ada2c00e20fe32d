// Package flow tells what comes of a client's flow by policy alone, without
// clients, connections or certificates.
//
// In comes a Flow: how the client reaches the interceptor, what it says and what
// its origin is. Walk leads it through a compiled policy in the stages of package
// proxy, asking policy the same questions in the same order, and out comes an
// Outcome: what the client sees. One thing to know: nothing here decides by
// itself; where package proxy learns a new turn, Walk has to learn it too, and
// the specs hold the two against each other.
package flow

import (
	"net/http"
	"net/netip"
	"strconv"
	"time"

	"rehearse/proxy"
)

// Bytes are what a client sends, as detection would tell them apart.
type Bytes string

// What clients send first, or inside TLS.
const (
	TLS       Bytes = "TLS"        // a hello that can be answered
	PseudoTLS Bytes = "pseudo-TLS" // the hello of MS-TURN, which nobody answers as TLS
	HTTP      Bytes = "HTTP"       // a request in clear
	SIP       Bytes = "SIP"
	MSTURN    Bytes = "MS-TURN"
	Unknown   Bytes = "unknown bytes" // or a client that waits for the server
)

// Flow is one client connection from its first byte on, with all that policy
// may ask about it. The origin is there and speaks what the client does.
type Flow struct {
	Service proxy.Service
	Client  netip.Addr
	Proxy   netip.Addr // the appliance's
	Time    time.Time
	User    proxy.Identity

	// Connect says that an explicit client asks for a tunnel. Without it an
	// explicit client sends its request, as the clients of a transparent HTTP
	// service do.
	Connect bool
	Speaks  Bytes // inside the CONNECT, or to a transparent service
	Inside  Bytes // inside TLS: HTTP, SIP, MSTURN or Unknown

	Host       string // name or address that the client wants, lower case
	Port       uint16
	Address    netip.Addr // what Host resolves to; where transparent clients connect; invalid: it does not resolve
	NoSNI      bool       // the hello has no server name though Host is one
	Categories []string   // of Host, beside those that policy defines

	Origin Origin
	// ClientTLS and ClientCipher are negotiated when the flow is intercepted.
	ClientTLS, ClientCipher string

	// The first request, in clear or inside TLS.
	Method, Path, Query string
	Header              http.Header
	Status              int // of its response
	ResponseHeader      http.Header

	// Other are values of conditions that no flow has by itself, by name.
	Other map[string][]string
}

// Origin is the server's side of TLS.
type Origin struct {
	Names       []string // in its certificate; nil: Host
	CommonName  string   // "" is Host
	Company     string   // the O of its subject
	TLS, Cipher string
	Fault       Fault
}

// Fault is what is wrong with the origin's certificate.
type Fault string

// The faults, in the words of outcomes.
const (
	Sound     Fault = ""
	Expired   Fault = "expired"
	WrongName Fault = "for another name"
	Untrusted Fault = "from an untrusted issuer"
	Revoked   Fault = "revoked"
)

// Transparent says whether the client does not know of the interceptor.
func (f *Flow) Transparent() bool { return f.Service.Kind.Transparent() }

// named says whether the host is a name.
func (f *Flow) named() bool {
	_, err := netip.ParseAddr(f.Host)
	return err != nil
}

// sni is the server name of the client's hello.
func (f *Flow) sni() string {
	if f.NoSNI || f.Speaks == PseudoTLS || !f.named() {
		return ""
	}
	return f.Host
}

// Opening is how the client begins, in a word: "CONNECT www.a.test:443".
func (f *Flow) Opening() string {
	at := f.Host
	if port := strconv.Itoa(int(f.Port)); f.Connect || f.Transparent() && f.Service.Kind != proxy.HTTP {
		at += ":" + port
	}
	switch {
	case f.Connect:
		return "CONNECT " + at
	case f.Service.Kind == proxy.ExplicitHTTP || f.Service.Kind == proxy.HTTP:
		return f.Method + " " + f.url("http")
	}
	return "connects to " + at
}

func (f *Flow) url(scheme string) string {
	u := tunnelURL(f.Host, f.Port)
	u.Scheme, u.Path, u.Query = scheme, f.Path, f.Query
	return u.String()
}
