package client

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"time"

	"rehearse/proxy/revocation"
	"rehearse/proxy/wire/tlshello"
	"rehearse/reports/journal"
)

// secure makes a TLS connection for host on a flow and judges the server's
// certificate as the profile does. When that ends the step, the flow is closed,
// in the way of the client's Ending.
//
// Modelled: the hello asks for a stapled answer whatever the profile, as crypto/tls always
// does (status_request); a profile that does not heed staples ignores it.
func (w *walk) secure(f *flow, host string) (*tls.Conn, error) {
	w.reach(f.name, journal.StageTLS)
	h := &handshake{walk: w, flow: f, host: host}
	conn, err := h.run()
	if err != nil {
		return nil, err
	}
	return conn, nil
}

// handshake is one TLS handshake under way.
type handshake struct {
	*walk
	flow *flow
	host string
	stop *stop  // the client's own refusal
	lift func() // ends the time limit
}

func (h *handshake) run() (*tls.Conn, error) {
	p := h.conf.Profile
	wire := &refusal{flow: h.flow}
	conf := &tls.Config{
		ServerName: h.host, InsecureSkipVerify: true, // judged by h.judge
		MinVersion: p.MinVersion, MaxVersion: p.MaxVersion, NextProtos: p.ALPN,
		Time: h.conf.Now, KeyLogWriter: h.conf.KeyLog,
	}
	if h.conf.Ending == EndAlert {
		conf.VerifyConnection = func(cs tls.ConnectionState) error {
			if h.stop = h.judge(cs); h.stop == nil {
				return nil
			}
			wire.alert = alertFor(h.stop.code)
			return h.stop
		}
	}
	conn := tls.Client(wire, conf)
	h.lift = h.limit(h.flow, handshakeLimit)
	defer func() { h.lift() }()
	err := conn.Handshake()
	cs := conn.ConnectionState()
	switch {
	case h.stop != nil:
		return nil, h.alerted(cs.Version)
	case err != nil:
		return nil, h.failed(cs.Version, err)
	}
	h.record(h.flow.name, journal.HandshakeEnded{Side: "client", Peer: h.host, Version: tls.VersionName(cs.Version)})
	if h.conf.Ending != EndAlert {
		if s := h.judge(cs); s != nil {
			return nil, h.hungUp(s)
		}
	}
	return conn, nil
}

// failed is a handshake that the peer, the network or crypto/tls ended.
func (h *handshake) failed(version uint16, err error) error {
	end := journal.HandshakeEnded{Side: "client", Peer: h.host}
	after := "ClientHello"
	if version != 0 {
		end.Version, after = tls.VersionName(version), "ServerHello"
	}
	_, end.Err = classify(err)
	if code, received, ok := tlshello.AlertOf(err); ok {
		h.record(h.flow.name, journal.AlertSent{Received: received, Code: code, Name: tlshello.AlertName(code)})
	}
	h.broke(h.flow, after, err)
	h.record(h.flow.name, end)
	h.flow.Close()
	return h.fail(err)
}

// alerted is a handshake that the client ended by an alert.
func (h *handshake) alerted(version uint16) error {
	code := alertFor(h.stop.code)
	if version >= tls.VersionTLS13 {
		code = alertBadCertificate // encrypted by crypto/tls, which knows no other here
	}
	h.record(h.flow.name, journal.AlertSent{Code: code, Name: tlshello.AlertName(code)})
	h.record(h.flow.name, journal.HandshakeEnded{
		Side: "client", Peer: h.host, Version: tls.VersionName(version), Err: h.stop.code,
	})
	h.flow.finish()
	h.record(h.flow.name, journal.Closed{By: "client", How: "FIN", After: "Certificate"})
	return h.stop
}

// hungUp is a client that closes behind a finished handshake, without a word.
func (h *handshake) hungUp(s *stop) error {
	how := "FIN"
	if h.conf.Ending == EndRST {
		how = "RST"
		h.flow.reset()
	} else {
		h.flow.finish()
	}
	h.record(h.flow.name, journal.Closed{By: "client", How: how, After: "Finished"})
	return s
}

// judge holds the server's chain against trust, name and revocation. The client's
// own fetches are no fault of the peer, so the handshake's limit rests meanwhile; it
// does not come back for a refusal, which is bounded by itself and has to go out even
// where the step was given up.
func (h *handshake) judge(cs tls.ConnectionState) (refused *stop) {
	h.lift()
	defer func() {
		if refused == nil {
			h.lift = h.limit(h.flow, handshakeLimit)
		} else {
			h.flow.SetDeadline(time.Now().Add(handshakeLimit))
		}
	}()
	certs := cs.PeerCertificates
	leaf := certs[0] // crypto/tls refuses an empty list
	h.record(h.flow.name, journal.CertificateSeen{
		Subject: subject(leaf), Issuer: leaf.Issuer.CommonName, CDP: leaf.CRLDistributionPoints, OCSP: leaf.OCSPServer,
		Stapled: len(cs.OCSPResponse) > 0, ChainLen: len(certs),
	})
	chain, err := revocation.Chain(leaf, certs[1:], h.conf.Roots, h.host, h.conf.Now())
	var path *revocation.PathError
	if errors.As(err, &path) {
		return h.abort(path.Code, path.Detail)
	}
	return h.revoked(h.flow.name, chain, cs.OCSPResponse)
}

// The alerts of a client that refuses a certificate (RFC 5246 7.2.2).
const (
	alertBadCertificate     = 42
	alertCertificateRevoked = 44
	alertCertificateExpired = 45
	alertCertificateUnknown = 46
	alertUnknownCA          = 48
)

// alertFor is the alert for a code. The revoked, expired and untrusted ones are
// the inverse of Schannel's table of received alerts; Modelled: the rest.
func alertFor(code string) uint8 {
	switch code {
	case revocation.CodeRevoked:
		return alertCertificateRevoked
	case revocation.CodeExpired:
		return alertCertificateExpired
	case revocation.CodeUntrustedRoot, revocation.CodeChaining:
		return alertUnknownCA
	case revocation.CodeNoCheck, revocation.CodeOffline:
		return alertCertificateUnknown
	default:
		return alertBadCertificate
	}
}

// refusal is the transport below a handshake. crypto/tls answers every refusal of
// VerifyConnection with bad_certificate; before TLS 1.3 that alert is in the clear,
// and refusal puts the client's own in its place.
type refusal struct {
	*flow
	alert uint8 // 0: nothing is replaced
}

func (r *refusal) Write(p []byte) (int, error) {
	const recordAlert, fatal = 21, 2
	inClear := len(p) == 7 && p[0] == recordAlert && p[5] == fatal && p[6] == alertBadCertificate
	if r.alert != 0 && inClear {
		p = bytes.Clone(p)
		p[6] = r.alert
	}
	return r.flow.Write(p)
}

// subject is how a certificate is called in events.
func subject(c *x509.Certificate) string {
	if c.Subject.CommonName == "" && len(c.DNSNames) > 0 {
		return c.DNSNames[0]
	}
	return c.Subject.CommonName
}
