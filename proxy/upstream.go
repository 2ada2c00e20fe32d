package proxy

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/netip"

	"rehearse/proxy/policy"
	"rehearse/proxy/revocation"
	"rehearse/reports/journal"
)

// serverLeg is the upstream side of an intercepted flow.
type serverLeg struct {
	tls   *tls.Conn
	state tls.ConnectionState
	asked bool // for a certificate of the client's
	// answered says that it got one, from a keyring.
	answered bool
}

// certificate is the origin's leaf, nil when there is none.
func (s serverLeg) certificate() *x509.Certificate {
	if len(s.state.PeerCertificates) == 0 {
		return nil
	}
	return s.state.PeerCertificates[0]
}

// dialServer connects to the origin over TCP.
func (f *flow) dialServer() (net.Conn, *exception) {
	ctx, cancel := context.WithTimeout(f.ctx, f.p.conf.DialTimeout)
	defer cancel()
	var c net.Conn
	var err error
	aside(func() { c, err = f.p.conf.Host.Dial(ctx, "tcp", f.dial) })
	if err != nil {
		failed := dialException(err)
		f.record(journal.UpstreamOpened{To: f.dial, Err: failed.id})
		return nil, failed
	}
	f.supplier = addrPort(c.RemoteAddr()).Addr()
	f.record(journal.UpstreamOpened{To: f.dial, Leg: c.LocalAddr().String()})
	f.own(c)
	return c, nil
}

func dialException(err error) *exception {
	var dns *net.DNSError
	switch {
	case errors.As(err, &dns) && dns.IsNotFound:
		return newException("dns_unresolved_hostname", "The host name could not be resolved.")
	case errors.As(err, &dns):
		return newException("dns_server_failure", "The name server did not answer.")
	default:
		return newException("tcp_error", "The origin could not be reached.")
	}
}

// serverName is the name to ask the origin for: the client's SNI, else the host
// when it is a name.
func (f *flow) serverName() string {
	if f.hello != nil && f.hello.ServerName != "" {
		return f.hello.ServerName
	}
	if _, err := netip.ParseAddr(f.host); err == nil {
		return ""
	}
	return f.host
}

// handshakeServer makes the upstream TLS connection.
func (f *flow) handshakeServer(c net.Conn) (serverLeg, error) {
	ctx, cancel := context.WithTimeout(f.ctx, f.p.conf.DialTimeout)
	defer cancel()
	var leg serverLeg
	t := tls.Client(&batched{peeked: newPeeked(c, nil), bufs: &f.p.buffers}, f.originConfig(&leg))
	var err error
	aside(func() { err = t.HandshakeContext(ctx) })
	end := journal.HandshakeEnded{Side: "client", Peer: f.peerName()}
	if err != nil {
		end.Err = handshakeError(err)
		f.record(end)
		return leg, err
	}
	leg.tls, leg.state = t, t.ConnectionState()
	end.Version = versionName(leg.state)
	f.record(end)
	return leg, nil
}

func (f *flow) peerName() string {
	if n := f.serverName(); n != "" {
		return n
	}
	return f.host
}

const untrustedIssuer = "ssl_server_cert_untrusted_issuer"

// validate judges the origin's certificate as policy asks. nil means it passed.
func (f *flow) validate(leg serverLeg, v policy.Validation) *exception {
	leaf := leg.certificate()
	if !v.On || leaf == nil {
		return nil
	}
	chain, err := f.p.paths.find(leaf, leg.state.PeerCertificates[1:], f.p.conf.Roots, f.serverName(), f.p.conf.Now())
	e := chainException(err, v)
	if e != nil && e.id == untrustedIssuer && f.intercept.PreserveUntrusted == "yes" {
		f.untrusted = true // the client is left to see for itself; Modelled: Q29
		return nil
	}
	if e != nil {
		return e
	}
	// Modelled: "local" asks the CRLs installed on the appliance, and there are none.
	if chain == nil || v.Revocation == "no" || v.Revocation == "local" {
		return nil
	}
	checker := revocation.Checker{
		Fetcher: f.p.fetcher, Now: f.p.conf.Now, Cache: &f.p.cache,
		Behaviour: f.p.conf.Revocation, Record: f.record,
	}
	return revocationException(checker.Check(f.ctx, chain, leg.state.OCSPResponse))
}

// chainException maps what is wrong with a path to the appliance's exception,
// unless policy overlooks it.
func chainException(err error, v policy.Validation) *exception {
	var path *revocation.PathError
	if !errors.As(err, &path) {
		return nil
	}
	switch path.Code {
	case revocation.CodeExpired:
		if v.IgnoreExpiration {
			return nil
		}
		return newException("ssl_server_cert_expired", "The server's certificate is not valid at this time.")
	case revocation.CodeWrongName:
		if v.IgnoreHostname {
			return nil
		}
		return newException("ssl_domain_invalid", "The server's certificate is for another host.")
	}
	if v.IgnoreUntrusted {
		return nil
	}
	return newException(untrustedIssuer, "The server's certificate leads to no trusted authority.")
}

// revocationException is what a revocation check comes to. Of the answers that
// leave the matter open only "unknown" is the responder's own word, and refused
// whatever else is overlooked (KB 171148).
func revocationException(r revocation.Result) *exception {
	switch r.Verdict {
	case revocation.Revoked:
		return newException("ssl_server_cert_revoked", "The server's certificate is revoked.")
	case revocation.Unknown:
		return newException("ssl_server_cert_ocsp_status_unknown", "The responder does not know the server's certificate.")
	}
	if r.Accept {
		return nil
	}
	return newException("ssl_server_cert_ocsp_check_failed", "The revocation of the server's certificate could not be checked.")
}
