package journal_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/reports/journal"
)

// bodies has one of every kind.
func bodies() []journal.Body {
	return []journal.Body{
		journal.NameResolved{}, journal.Connected{}, journal.ConnectAnswered{}, journal.Closed{}, journal.HTTPExchanged{},
		journal.UpstreamOpened{}, journal.BytesReceived{},
		journal.HelloSeen{}, journal.HandshakeEnded{}, journal.AlertSent{}, journal.CertificateSeen{}, journal.CertificateEmulated{},
		journal.RevocationFetched{}, journal.RevocationJudged{}, journal.RecordsSeen{}, journal.CaptureLost{},
		journal.Detected{}, journal.RuleMatched{}, journal.Decided{}, journal.ExceptionSent{}, journal.FlowHandled{}, journal.TraceWritten{}, journal.ApplianceChanged{}, journal.ActionDone{},
		journal.SIPSent{}, journal.TURNSent{}, journal.MediaFlowed{}, journal.StageReached{}, journal.StepEnded{},
	}
}

// declared are the names of the types in the package's sources that have a
// method Kind.
func declared() []string {
	files, err := filepath.Glob("*.go")
	Expect(err).NotTo(HaveOccurred())
	var names []string
	for _, name := range files {
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		Expect(err).NotTo(HaveOccurred())
		for _, d := range f.Decls {
			if m, ok := d.(*ast.FuncDecl); ok && m.Recv != nil && m.Name.Name == "Kind" {
				names = append(names, m.Recv.List[0].Type.(*ast.Ident).Name)
			}
		}
	}
	slices.Sort(names)
	return names
}

var _ = Describe("every kind of event", func() {
	It("is named as its type, so each name is there once", func() {
		var kinds []string
		for _, b := range bodies() {
			Expect(b.Kind()).To(Equal(reflect.TypeOf(b).Name()))
			kinds = append(kinds, b.Kind())
		}
		slices.Sort(kinds)
		Expect(kinds).To(Equal(declared()))
	})
	It("says something in one line, with nothing set too", func() {
		for _, b := range bodies() {
			Expect(b.String()).NotTo(BeEmpty(), b.Kind())
			Expect(strings.ContainsAny(b.String(), "\r\n")).To(BeFalse(), b.Kind())
		}
	})
	DescribeTable("is told in plain words", func(b journal.Body, want string) {
		Expect(b.String()).To(Equal(want))
	},
		Entry(nil, journal.NameResolved{Name: "sip.test", Type: "A", Addrs: []string{"10.0.0.1", "10.0.0.2"}}, "look-up A sip.test: 10.0.0.1, 10.0.0.2"),
		Entry(nil, journal.NameResolved{Name: "_sip._tls.x", Type: "SRV", Err: "NXDOMAIN"}, "look-up SRV _sip._tls.x: NXDOMAIN"),
		Entry(nil, journal.Connected{To: "a:443", Via: "10.1.0.1:8080"}, "connect to a:443 at proxy 10.1.0.1:8080"),
		Entry(nil, journal.Connected{To: "a:443", Err: "connection refused"}, "connect to a:443: connection refused"),
		Entry(nil, journal.ConnectAnswered{Target: "a:443", Status: 403, Reason: "Forbidden"}, "CONNECT a:443: 403 Forbidden"),
		Entry(nil, journal.Closed{By: "client", How: "RST", After: "Certificate"}, "RST by client after Certificate"),
		Entry(nil, journal.Closed{By: "server", How: "FIN"}, "FIN by server"),
		Entry(nil, journal.HTTPExchanged{Method: "GET", URL: "http://a/", Status: 200}, "GET http://a/: 200"),
		Entry(nil, journal.HTTPExchanged{Method: "GET", URL: "http://a/", Err: "reset"}, "GET http://a/: reset"),
		Entry(nil, journal.UpstreamOpened{To: "a:443"}, "connected to origin a:443"),
		Entry(nil, journal.UpstreamOpened{To: "a:443", Err: "tcp_error"}, "connection to origin a:443 failed: tcp_error"),
		Entry(nil, journal.BytesReceived{Hex: "15 03 01"}, "received bytes 15 03 01"),
		Entry(nil, journal.HelloSeen{SNI: "a"}, "ClientHello for a"),
		Entry(nil, journal.HelloSeen{}, "ClientHello without SNI"),
		Entry(nil, journal.HandshakeEnded{Side: "client", Peer: "a", Version: "TLS 1.3"}, "TLS handshake (client side) for a finished, TLS 1.3"),
		Entry(nil, journal.HandshakeEnded{Side: "server", Peer: "a", Err: "EOF"}, "TLS handshake (server side) for a failed: EOF"),
		Entry(nil, journal.AlertSent{Code: 40, Name: "handshake_failure"}, "sent alert 40 (handshake_failure)"),
		Entry(nil, journal.AlertSent{Received: true, Code: 46, Name: "certificate_unknown"}, "received alert 46 (certificate_unknown)"),
		Entry(nil, journal.CertificateSeen{Subject: "a", Issuer: "CA"}, "certificate a issued by CA: no CRL distribution point, no AIA OCSP"),
		Entry(nil, journal.CertificateSeen{Subject: "a", Issuer: "CA", CDP: []string{"c1", "c2"}, OCSP: []string{"o"}}, "certificate a issued by CA: CRL c1 c2, OCSP o"),
		Entry(nil, journal.CertificateEmulated{Name: "a"}, "emulated certificate for a without revocation pointers"),
		Entry(nil, journal.CertificateEmulated{Name: "a", CDP: []string{"c"}, OCSP: []string{"o"}, Cached: true}, "emulated certificate for a (from cache) with c o"),
		Entry(nil, journal.RevocationFetched{What: "ocsp", URL: "http://o", For: "a", Result: "good"}, "ocsp http://o for a: good"),
		Entry(nil, journal.CaptureLost{Server: 1460}, "not captured: 0 bytes of the client, 1460 bytes of the server"),
		Entry(nil, journal.RecordsSeen{Client: 1, Server: 2, First: "Finished"}, "encrypted records: 1 from the client, 2 from the server; the client's first is as long as its Finished"),
		Entry(nil, journal.CertificateSeen{Subject: "a", Issuer: "CA", Flaws: []string{"expired"}}, "certificate a issued by CA: no CRL distribution point, no AIA OCSP; expired"),
		Entry(nil, journal.RevocationJudged{Verdict: "good", For: "a", Accept: true}, "revocation of a: good, accepted"),
		Entry(nil, journal.RevocationJudged{Verdict: "revoked", For: "a", Code: "CRYPT_E_REVOKED"}, "revocation of a: revoked, refused with CRYPT_E_REVOKED"),
		Entry(nil, journal.Detected{Leg: "inner", Protocol: "sips", End: "yes"}, "detected inner protocol sips (yes)"),
		Entry(nil, journal.RuleMatched{Layer: "<Proxy>", At: "a.cpl:3", Rule: "DENY"}, "rule a.cpl:3 <Proxy>: DENY"),
		Entry(nil, journal.Decided{Transaction: "http.proxy", Decision: "allow"}, "http.proxy: allow by default"),
		Entry(nil, journal.Decided{Transaction: "http.proxy", Decision: "deny policy_denied", Rule: "a.cpl:3"}, "http.proxy: deny policy_denied by a.cpl:3"),
		Entry(nil, journal.ExceptionSent{ID: "policy_denied", Status: 403, Where: "to CONNECT"}, "exception policy_denied 403 to CONNECT"),
		Entry(nil, journal.ExceptionSent{ID: "policy_denied", Where: "close"}, "exception policy_denied: close"),
		Entry(nil, journal.FlowHandled{How: "relay", Protocol: "sips", Upstream: "a:443"}, "relay sips to a:443"),
		Entry(nil, journal.TraceWritten{ID: 3, Transaction: "http.proxy", Destination: "a.html"}, "trace of transaction 3 (http.proxy) written to a.html"),
		Entry(nil, journal.ApplianceChanged{What: "upgrade 6.5.10.1"}, "appliance: upgrade 6.5.10.1"),
		Entry(nil, journal.ActionDone{Call: "set(request.header.X, 1)", At: "a.cpl:9"}, "action a.cpl:9: set(request.header.X, 1)"),
		Entry(nil, journal.SIPSent{Line: "REGISTER sip:a"}, "sent SIP REGISTER sip:a"),
		Entry(nil, journal.SIPSent{Received: true, Line: "401 Unauthorized", Note: "NTLM"}, "received SIP 401 Unauthorized (NTLM)"),
		Entry(nil, journal.TURNSent{Message: "Allocate request"}, "sent Allocate request"),
		Entry(nil, journal.TURNSent{Received: true, Message: "Allocate error", Note: "401"}, "received Allocate error (401)"),
		Entry(nil, journal.MediaFlowed{Path: "tcp-relay", Sent: 50, Received: 49}, "media over tcp-relay: 50 packets sent, 49 came back"),
		Entry(nil, journal.MediaFlowed{Path: "udp-relay", Sent: 50, Received: 40, Protected: true, LostThere: 6, Lost: 4, JitterMS: 3},
			"media over udp-relay: 50 packets sent, 40 came back, SRTP, 6 lost on the way there, 4 lost on the way back, jitter 3 ms"),
		Entry(nil, journal.MediaFlowed{Path: "udp-relay", Sent: 50, OneWay: "not heard"}, "media over udp-relay: 50 packets sent, 0 came back, one way: not heard"),
		Entry(nil, journal.StageReached{Stage: journal.StageTLS}, "stage tls"),
		Entry(nil, journal.StepEnded{Step: "sign in", Outcome: journal.Outcome{Stage: "done", Result: "ok"}}, "sign in: done ok"),
	)
})
