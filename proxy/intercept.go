package proxy

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"slices"
	"syscall"
	"time"

	"rehearse/proxy/emulate"
	"rehearse/proxy/policy"
	"rehearse/proxy/wire/tlshello"
	"rehearse/reports/journal"
)

// clientHandshakeWait is how long a client may take over its handshake: a strict
// one fetches CRLs and OCSP answers in the middle of it.
const clientHandshakeWait = 2 * time.Minute

// readHello reads the whole ClientHello without consuming it. On transparent
// flows its SNI is what policy tests as the host, where the release knows that;
// their tcp.tunnel transaction is decided only then (KB 166574: without SNI there
// is nothing but the address).
func readHello(f *flow) stage {
	hello, err := peekHello(f.client, headerWait)
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return nil
	}
	if err == nil {
		f.hello, f.tlsSpan = hello, f.client.span()
		f.record(journal.HelloSeen{SNI: hello.ServerName, ALPN: hello.ALPN})
		if f.target.Dst.IsValid() && hello.ServerName != "" && f.has(FeatureSNIHost) {
			f.host = hello.ServerName
		}
	}
	if f.connect.Type == policy.TCPTunnel {
		f.tunnelURL(f.connect)
		f.decideEntry()
	}
	if err != nil {
		return refuseHello
	}
	return decideInterception
}

// decideInterception evaluates the ssl.intercept transaction at the ClientHello.
func decideInterception(f *flow) stage {
	f.decideMode(policy.AtClientHello)
	switch {
	case f.serviceable() && f.denied == nil:
		return askServer
	case f.serviceable() && f.intercept.Mode != policy.ModeNo:
		return emulateCertificate // the page needs no origin
	case f.denied != nil && f.intercept.Mode == policy.ModeNo:
		f.logDenied()
		return f.refuse(f.denied, "reset") // KB 173494, row 3
	case f.untouched():
		return passTLS
	default:
		return refuseHello
	}
}

// decideMode asks policy what to do with the TLS flow, as far as is known now.
func (f *flow) decideMode(at policy.Checkpoint) {
	tx := f.tlsTransaction(policy.SSLIntercept, "ssl", policy.Yes)
	f.intercept = f.decide(tx, at).Interception()
	word := "ssl.forward_proxy(" + string(f.intercept.Mode)
	if f.intercept.OnException && f.intercept.Mode != policy.ModeOnException {
		word += ", on_exception"
	}
	f.record(journal.Decided{Transaction: string(tx.Type), Decision: word + ")", Rule: f.intercept.At})
}

// tlsTransaction is a transaction about the TLS flow, with all that is known of it.
func (f *flow) tlsTransaction(t policy.TransactionType, protocol string, tunneled policy.Ternary) *policy.Transaction {
	tx := f.tunnelURL(f.transaction(t))
	tx.ClientProtocol, tx.Tunneled = protocol, tunneled
	if f.hello != nil {
		tx.SNI = f.hello.ServerName
	}
	if f.origin.tls != nil {
		s := f.origin.state
		tx.ServerCertificate = f.origin.certificate()
		f.categoriseCertificate(tx)
		tx.Other = map[string][]string{"client.certificate.requested": {yesNo(f.origin.asked)}}
		tx.ServerTLSVersion, tx.ServerCipher = cplVersion(s.Version), f.p.suites[s.CipherSuite]
	}
	if f.inner != nil {
		tx.ClientTLSVersion, tx.ClientCipher = cplVersion(f.innerState.Version), f.p.suites[f.innerState.CipherSuite]
	}
	return tx
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

// untouched says whether the flow is to be tunnelled as it stands.
func (f *flow) untouched() bool {
	switch f.intercept.Mode {
	case policy.ModeNo:
		return true
	case policy.ModeOnException:
		return f.denied == nil
	}
	return f.intercept.OnException && f.denied == nil
}

// serviceable says whether the interceptor could finish this client's handshake:
// whether they share a cipher suite. A pseudo-TLS hello offers only
// DH_anon_WITH_RC4_128_MD5, which nobody serves.
func (f *flow) serviceable() bool {
	return slices.ContainsFunc(f.p.oldSuites, func(id uint16) bool { return slices.Contains(f.hello.CipherSuites, id) })
}

// refuseHello lets a TLS server read a hello that it cannot serve: the client
// gets that server's alert. For a pseudo-TLS hello it is the seven bytes
// 15 03 01 00 02 02 28.
func refuseHello(f *flow) stage {
	cert, _, err := f.p.conf.Forge.Emulate(emulate.Request{Name: f.peerName()})
	if err != nil {
		return f.failTLS(newException("ssl_failed", err.Error()))
	}
	return f.handshakeClient(cert)
}

// askServer makes the upstream connection and its TLS handshake, and decides once
// more with the origin's certificate in hand.
//
// Differs from SGOS: where a flow ends up tunnelled, the appliance reads the
// origin's certificate as it passes; this one has asked for it on a connection
// of its own.
func askServer(f *flow) stage {
	f.decideUpstream()
	conn, failed := f.dialServer()
	if failed == nil {
		leg, err := f.handshakeServer(conn)
		if err != nil {
			conn.Close()
			if f.untouched() || leg.asked && !leg.answered {
				return passTLS
			}
			failed = newException("ssl_failed", "The TLS handshake with the origin failed.")
		}
		f.origin = leg
	}
	if failed != nil {
		f.denied, f.deniedBy = failed, f.tlsTransaction(policy.SSLTunnel, "ssl", policy.Yes)
		if f.intercept.Mode == policy.ModeNo {
			f.logDenied()
			return f.refuse(failed, "close")
		}
		return emulateCertificate
	}
	return decideServer
}

// decideUpstream asks policy how to shake hands with the origin. A keyring that is not
// there answers nothing.
func (f *flow) decideUpstream() {
	if !f.policy.shakes {
		return
	}
	d := f.policy.Decide(f.tlsTransaction(policy.SSLTunnel, "ssl", policy.Yes), policy.AtClientHello)
	f.keyring = f.p.conf.Keyrings[d.ClientKeyring()]
	f.http2 = d.HTTP2() || f.policy.Decide(f.tlsTransaction(policy.SSLIntercept, "ssl", policy.Yes), policy.AtClientHello).HTTP2()
}

// decideServer settles the mode and the verdict by the origin's certificate.
//
// Modelled: an origin that asks for a certificate of the client's is tunnelled to,
// unless policy denies; nobody but the client could answer it. Policy can test that
// with client.certificate.requested=.
func decideServer(f *flow) stage {
	f.decideMode(policy.AtServerCertificate)
	tx := f.tlsTransaction(policy.SSLTunnel, "ssl", policy.Yes)
	at := policy.AtServerCertificate
	if f.untouched() {
		at = settled // the client's TLS stays unknown
	}
	d, no := f.verdict(tx, at)
	if f.denied, f.deniedBy = no, tx; no == nil {
		if f.denied = f.validate(f.origin, d.Validation()); f.denied == nil {
			f.deniedBy = nil
		}
	}
	switch {
	case f.denied != nil && f.intercept.Mode == policy.ModeNo:
		f.logDenied()
		return f.refuse(f.denied, "reset")
	case f.untouched(), f.denied == nil && f.origin.asked && !f.origin.answered:
		f.origin.tls.NetConn().Close()
		return passTLS
	default:
		return emulateCertificate
	}
}

// passTLS tunnels the flow as it came.
func passTLS(f *flow) stage {
	server, failed := f.dialServer()
	if failed != nil {
		return f.failTLS(failed)
	}
	return f.tunnelTo(server, "ssl", f.tlsTransaction(policy.SSLTunnel, "ssl", policy.Yes))
}

// failTLS closes a TLS flow that cannot go on.
func (f *flow) failTLS(e *exception) stage {
	f.logTLS("ssl", policy.Yes, ending{failed: e})
	return f.refuse(e, "close")
}

// emulateCertificate makes the certificate that the client gets in the origin's
// place: with the origin's names where it was asked, else with the host's.
func emulateCertificate(f *flow) stage {
	var cert *tls.Certificate
	var cached bool
	var err error
	aside(func() {
		cert, cached, err = f.p.conf.Forge.Emulate(emulate.Request{
			Origin: f.origin.certificate(), Name: f.peerName(), RSA: f.needsRSA(), Untrusted: f.untrusted,
			Keyring: f.intercept.Keyring,
		})
	})
	if err != nil {
		return f.failTLS(newException("ssl_failed", err.Error())) // Modelled: Q26
	}
	f.record(journal.CertificateEmulated{
		Name: f.peerName(), Issuer: cert.Leaf.Issuer.CommonName,
		CDP: cert.Leaf.CRLDistributionPoints, OCSP: cert.Leaf.OCSPServer, Cached: cached,
	})
	return f.handshakeClient(cert)
}

// needsRSA says whether the client offers nothing that an ECDSA certificate would do for.
func (f *flow) needsRSA() bool {
	return emulate.NeedsRSA(&tls.ClientHelloInfo{
		CipherSuites: f.hello.CipherSuites, SignatureSchemes: f.hello.SignatureSchemes, SupportedVersions: f.hello.Versions,
	})
}

// handshakeClient is the TLS server's side towards the client.
func (f *flow) handshakeClient(cert *tls.Certificate) stage {
	ctx, cancel := context.WithTimeout(f.ctx, clientHandshakeWait)
	defer cancel()
	t := tls.Server(&batched{peeked: f.client, bufs: &f.p.buffers}, f.clientConfig(cert))
	var err error
	aside(func() { err = t.HandshakeContext(ctx) })
	end := journal.HandshakeEnded{Side: "server", Peer: f.peerName(), Version: versionName(t.ConnectionState())}
	if err != nil {
		end.Err, end.Version = handshakeError(err), ""
		f.record(end)
		f.recordRefusal(err)
		f.logUnshaken()
		return nil
	}
	f.record(end)
	f.client.shed()
	if f.hello != nil { // the rest of it has been of use
		f.hello = &tlshello.ClientHello{ServerName: f.hello.ServerName, ALPN: f.hello.ALPN}
	}
	f.inner, f.innerState = newPeeked(t, &f.p.readers), t.ConnectionState()
	return serveInner
}

// recordRefusal tells how a client ended its handshake with us.
func (f *flow) recordRefusal(err error) {
	code, received, isAlert := tlshello.AlertOf(err)
	switch {
	case isAlert:
		f.record(journal.AlertSent{Received: received, Code: code, Name: tlshello.AlertName(code)})
	case errors.Is(err, syscall.ECONNRESET):
		f.record(journal.Closed{By: "client", How: "RST", After: "Certificate"})
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		f.record(journal.Closed{By: "client", How: "FIN", After: "Certificate"})
	}
}

// handshakeError is a handshake's failure without addresses or ports.
func handshakeError(err error) string {
	if code, received, ok := tlshello.AlertOf(err); ok {
		if received {
			return "peer's alert " + tlshello.AlertName(code)
		}
		return "alert " + tlshello.AlertName(code)
	}
	switch {
	case errors.Is(err, syscall.ECONNRESET):
		return "reset"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "closed"
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return "timed out"
	}
	return "no TLS: " + errorText(err)
}

func errorText(err error) string {
	var record tls.RecordHeaderError
	if errors.As(err, &record) {
		return record.Msg
	}
	return err.Error()
}

// cplVersion is a TLS version as CPL spells it.
func cplVersion(v uint16) string {
	switch v {
	case tls.VersionTLS10:
		return "TLSV1"
	case tls.VersionTLS11:
		return "TLSV1.1"
	case tls.VersionTLS12:
		return "TLSV1.2"
	case tls.VersionTLS13:
		return "TLSV1.3"
	}
	return ""
}
