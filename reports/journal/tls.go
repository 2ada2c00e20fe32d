package journal

import (
	"fmt"
	"strings"
	"time"
)

// HelloSeen: a ClientHello was read on a flow.
type HelloSeen struct {
	SNI  string
	ALPN []string
}

func (HelloSeen) Kind() string { return "HelloSeen" }
func (e HelloSeen) String() string {
	if e.SNI == "" {
		return "ClientHello without SNI"
	}
	return "ClientHello for " + e.SNI
}

// HandshakeEnded: a TLS handshake of this actor came to its end.
type HandshakeEnded struct {
	Side    string // "client" or "server": the role of the actor
	Peer    string // name asked for
	Version string // "TLS 1.3", empty when it failed early
	Err     string // "" when it finished
}

func (HandshakeEnded) Kind() string { return "HandshakeEnded" }
func (e HandshakeEnded) String() string {
	what := fmt.Sprintf("TLS handshake (%s side)", e.Side)
	if e.Peer != "" {
		what += " for " + e.Peer
	}
	if e.Err != "" {
		return what + " failed: " + e.Err
	}
	return what + " finished, " + e.Version
}

// AlertSent: the actor sent a TLS alert, or (Received) read one.
type AlertSent struct {
	Received bool
	Code     uint8
	Name     string // "handshake_failure"
}

func (AlertSent) Kind() string { return "AlertSent" }
func (e AlertSent) String() string {
	verb := "sent"
	if e.Received {
		verb = "received"
	}
	return fmt.Sprintf("%s alert %d (%s)", verb, e.Code, e.Name)
}

// CertificateSeen: the client read the server's chain.
type CertificateSeen struct {
	Subject  string   // common name or first DNS name of the leaf
	Issuer   string   // common name of its issuer
	CDP      []string // CRL distribution point URLs of the leaf
	OCSP     []string // AIA OCSP URLs of the leaf
	Stapled  bool
	ChainLen int
	// Flaws are what is wrong with the leaf whoever signed it: "expired", "not yet
	// valid", "not for the name asked for".
	Flaws []string
	// Pointerless are the issuing certificates of the chain, roots left out, that have
	// neither.
	Pointerless []string
}

func (CertificateSeen) Kind() string { return "CertificateSeen" }
func (e CertificateSeen) String() string {
	ptr := "no CRL distribution point, no AIA OCSP"
	var have []string
	if len(e.CDP) > 0 {
		have = append(have, "CRL "+strings.Join(e.CDP, " "))
	}
	if len(e.OCSP) > 0 {
		have = append(have, "OCSP "+strings.Join(e.OCSP, " "))
	}
	if len(have) > 0 {
		ptr = strings.Join(have, ", ")
	}
	s := fmt.Sprintf("certificate %s issued by %s: %s", e.Subject, e.Issuer, ptr)
	if len(e.Flaws) > 0 {
		s += "; " + strings.Join(e.Flaws, ", ")
	}
	return s
}

// RecordsSeen: a TLS connection ended, and this can be told of its encrypted records
// by their number and length alone. Captures have it, rehearsals do not.
type RecordsSeen struct {
	// Client and Server are how many records of application data each sent. In TLS
	// 1.3 those of the handshake and those as long as an alert are left out; a
	// server's session tickets cannot be told from data.
	Client, Server int
	// First is what the client's first encrypted record of TLS 1.3 is as long as:
	// "alert", "Finished", "" for other lengths and versions.
	First string
}

func (RecordsSeen) Kind() string { return "RecordsSeen" }
func (e RecordsSeen) String() string {
	s := fmt.Sprintf("encrypted records: %d from the client, %d from the server", e.Client, e.Server)
	if e.First != "" {
		s += "; the client's first is as long as its " + e.First
	}
	return s
}

// CertificateEmulated: the interceptor minted (or took from its cache) a leaf.
type CertificateEmulated struct {
	Name   string
	Issuer string
	CDP    []string
	OCSP   []string
	Cached bool
}

func (CertificateEmulated) Kind() string { return "CertificateEmulated" }
func (e CertificateEmulated) String() string {
	how := "emulated certificate for " + e.Name
	if e.Cached {
		how += " (from cache)"
	}
	if len(e.CDP)+len(e.OCSP) == 0 {
		return how + " without revocation pointers"
	}
	return how + " with " + strings.Join(append(append([]string{}, e.CDP...), e.OCSP...), " ")
}

// RevocationFetched: one CRL or OCSP fetch ended.
type RevocationFetched struct {
	Method string // "GET" or "POST"
	What   string // "ocsp" or "crl"
	URL    string // without the encoded request
	For    string // subject of the certificate asked about
	Result string // "good", "revoked", "offline: connection refused", "bad signature" ...
	// Took is the time from request to answer, of captures only.
	Took time.Duration
}

func (RevocationFetched) Kind() string { return "RevocationFetched" }
func (e RevocationFetched) String() string {
	return fmt.Sprintf("%s %s for %s: %s", e.What, e.URL, e.For, e.Result)
}

// RevocationJudged: the verdict on a whole chain.
type RevocationJudged struct {
	Verdict string // "good", "no information", ...
	For     string // subject of the deciding certificate
	Code    string // HRESULT symbol, "" when accepted
	Accept  bool
}

func (RevocationJudged) Kind() string { return "RevocationJudged" }
func (e RevocationJudged) String() string {
	word := "accepted"
	if !e.Accept {
		word = "refused with " + e.Code
	}
	return fmt.Sprintf("revocation of %s: %s, %s", e.For, e.Verdict, word)
}
