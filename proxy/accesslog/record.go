// Package accesslog writes access logs as the appliance writes them: extended log
// file format (W3C ELFF), one line a transaction.
//
// In goes a Record, what there is to say about a transaction at its end; out comes
// a line in one of the appliance's formats, byte for byte as in public samples of
// SGOS 6.6 and 7.3: "-" for what is missing, quotes around some fields whether they
// need them or not, and the two spaces that bcreportermain_v1 has after the
// referrer.
package accesslog

import (
	"net/netip"
	"time"
)

// Record is one transaction. Zero values are missing ones and written as "-".
type Record struct {
	Time  time.Time // the transaction's end
	Taken time.Duration

	Client netip.Addr
	Server netip.Addr // the appliance's address that the client connected to
	User   string
	Group  string

	// Supplier is where the answer came from: the origin's name and address.
	Supplier     string
	SupplierAddr netip.Addr

	Exception  string // id of an exception, "policy_denied"
	Denied     bool   // by policy
	Categories []string

	Method    string // "" is not HTTP
	Status    int    // to the client; 0 where there is none
	Action    string // "TCP_TUNNELED"
	Scheme    string
	Host      string
	Port      uint16
	Path      string
	Query     string // without "?"
	Referer   string
	UserAgent string
	// ContentType is the response's, with its parameters.
	ContentType string
	// Sent and Received are bytes to and from the client.
	Sent, Received int64
	// Site is the kind of transaction, "http.proxy".
	Site string

	// Flow numbers the client's connection and FlowBegan is its time: transactions of
	// one connection have one transaction UUID.
	Flow      uint64
	FlowBegan time.Time

	// ServerTLS and ClientTLS are the connections to the origin and from the client.
	ServerTLS, ClientTLS TLS
	// CertificateHost is the name in the origin's certificate, "" where none was seen.
	CertificateHost       string
	CertificateCategories []string
	CertificateErrors     []CertificateError
	// OCSPError is why the certificate's revocation could not be told.
	OCSPError string
}

// TLS is what a handshake came to; the zero value is none.
type TLS struct {
	Version uint16 // of package crypto/tls
	Cipher  uint16
}

// CertificateError is something wrong with an origin's certificate.
type CertificateError string

// The errors.
const (
	Expired         CertificateError = "expired"
	HostMismatch    CertificateError = "hostname-mismatch"
	UntrustedIssuer CertificateError = "untrusted-issuer"
	Revoked         CertificateError = "revoked"
)
