package signature_test

import (
	"testing"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/pcaps/signature"
	"rehearse/pcaps/story"
	"rehearse/reports/journal"
	"rehearse/simulator/world/worldtest"
)

func TestSignature(t *testing.T) { worldtest.Suite(t, "signature") }

const (
	flow   = "10.0.0.5:50000"
	client = "10.0.0.5"
)

// captured is a client that hangs up on a certificate behind an explicit proxy.
func captured(more ...journal.Event) *story.Summary {
	log := journal.Log{
		{Flow: flow, Actor: client, Packet: 1, Body: journal.Connected{To: "sip.example.test:443", Via: "10.0.0.1:8080"}},
		{Flow: flow, Actor: client, Packet: 2, Body: journal.ConnectAnswered{Target: "sip.example.test:443", Status: 200}},
		{Flow: flow, Actor: client, Packet: 3, Body: journal.HelloSeen{SNI: "sip.example.test"}},
		{Flow: flow, Actor: client, Packet: 4, Body: journal.CertificateSeen{Subject: "sip.example.test", Issuer: "CA", ChainLen: 1}},
		{Flow: flow, Actor: client, Packet: 5, Body: journal.AlertSent{Code: 46, Name: "certificate_unknown"}},
		{Flow: flow, Actor: client, Packet: 6, Body: journal.HandshakeEnded{Version: "TLS 1.2", Err: "client alert after server certificate"}},
		{Flow: flow, Actor: client, Packet: 6, Body: journal.Closed{By: "client", How: "FIN", After: "ServerHelloDone"}},
	}
	return &story.Summary{Events: append(log, more...)}
}

// fields are the fields by name.
func fields(s signature.Signature) map[string][]string {
	m := map[string][]string{}
	for _, f := range s {
		m[f.Name()] = f.Values
	}
	return m
}

var _ = Describe("a signature", func() {
	It("says what was wanted and what came of it", func() {
		Expect(fields(signature.Of(captured()))).To(Equal(map[string][]string{
			"client 1: sip.example.test:443: CONNECT":     {"200"},
			"client 1: sip.example.test:443: alert":       {"client certificate_unknown"},
			"client 1: sip.example.test:443: certificate": {"no pointers, chain of 1"},
			"client 1: sip.example.test:443: close":       {"FIN by client after ServerHelloDone"},
			"client 1: sip.example.test:443: connect":     {"connected"},
			"client 1: sip.example.test:443: hello":       {"no ALPN"},
			"client 1: sip.example.test:443: tls":         {"TLS 1.2 client alert after server certificate"},
		}))
	})
	It("does not change with what is done again", func() {
		again := captured(captured().Events...)
		Expect(fields(signature.Of(again))).To(Equal(fields(signature.Of(captured()))))
	})
	It("knows the proxy, and the client of it", func() {
		v := signature.Look(captured())
		Expect(v.Proxy.String()).To(Equal("10.0.0.1:8080"))
		Expect(v.Clients).To(HaveLen(1))
	})
	It("is compared field by field, and not in what nobody could see", func() {
		proxied := captured(journal.Event{Flow: "10.0.0.1:40000", Actor: "10.0.0.1", Packet: 9, Body: journal.Connected{To: "192.0.2.1:443"}})
		differ, same := signature.Compare(signature.Of(proxied), signature.Of(captured()))
		Expect(differ).To(BeEmpty())
		Expect(same).To(Equal(7))
		differ, _ = signature.Compare(signature.Of(captured()), signature.Of(proxied))
		Expect(differ).To(HaveLen(1))
		Expect(differ[0].String()).To(Equal("proxy: 192.0.2.1:443: connect: got nothing of it, want connected"))
	})
})
