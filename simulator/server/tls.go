package server

import (
	"crypto/tls"
	"fmt"
	"net"
	"sync"
	"time"

	"rehearse/proxy/emulate"
	"rehearse/reports/journal"
	"rehearse/simulator/pki"
)

// handshakeLimit is how long a server waits for a client's handshake.
const handshakeLimit = time.Minute

// identity is what a server shows in TLS: certificates for its names, the right
// one and those of faults, each made once.
type identity struct {
	core   *core
	server string   // for faults: role, or a site's host
	host   string   // the host's name
	names  []string // of the certificate
	alpn   []string

	mu   sync.Mutex
	made map[string]*tls.Certificate // by fault kind, "" is the right one
}

// newIdentity issues the right certificate.
func newIdentity(c *core, server string, names []string, alpn ...string) (*identity, error) {
	id := &identity{core: c, server: server, host: names[0], names: names, alpn: alpn, made: make(map[string]*tls.Certificate)}
	if _, err := id.certificate(); err != nil {
		return nil, fmt.Errorf("server %s: %w", names[0], err)
	}
	return id, nil
}

// certificate is the one to show now.
func (id *identity) certificate() (*tls.Certificate, error) {
	kind := ""
	if f, ok := id.core.faults.find(id.server, id.host, certificateExpired, certificateName, certificateUntrusted, certificateBare); ok {
		kind = f.Kind
	}
	id.mu.Lock()
	defer id.mu.Unlock()
	if c := id.made[kind]; c != nil {
		return c, nil
	}
	c, err := id.issue(kind)
	if err == nil {
		id.made[kind] = c
	}
	return c, err
}

func (id *identity) issue(kind string) (*tls.Certificate, error) {
	now := id.core.Now()
	t := emulate.Template{Names: id.names}
	from := id.core.PKI
	switch kind {
	case certificateExpired:
		t.NotBefore, t.NotAfter = now.AddDate(0, -3, 0), now.AddDate(0, 0, -1)
	case certificateName:
		t.Names = []string{"wrong-name." + id.core.Zone}
	case certificateBare:
		t.OCSP, t.CRL = []string{}, []string{}
	case certificateUntrusted:
		other, err := pki.New(pki.Config{Now: id.core.Now})
		if err != nil {
			return nil, err
		}
		from = other
	}
	return from.Issue(t)
}

// handshake is the server's side of TLS on an accepted connection, with its
// events and faults. It says false when that came to an end already.
func (id *identity) handshake(c *conn) (*conn, bool) {
	if id.core.spoil(id.server, c) {
		return nil, false
	}
	sni := ""
	conf := &tls.Config{
		NextProtos:     id.alpn,
		KeyLogWriter:   id.core.KeyLog,
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return id.certificate() },
		GetConfigForClient: func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
			sni = hello.ServerName
			c.record(journal.HelloSeen{SNI: sni, ALPN: hello.SupportedProtos})
			return nil, nil
		},
	}
	_ = c.SetDeadline(time.Now().Add(handshakeLimit))
	t := tls.Server(c, conf)
	if err := t.Handshake(); err != nil {
		c.end(err)
		c.record(journal.HandshakeEnded{Side: "server", Peer: sni, Err: plain(err)})
		return nil, false
	}
	_ = c.SetDeadline(time.Time{})
	c.record(journal.HandshakeEnded{Side: "server", Peer: sni, Version: tls.VersionName(t.ConnectionState().Version)})
	c.ended = true // from here on the TLS layer tells
	return &conn{Conn: t, actor: c.actor, flow: c.flow, to: c.to, after: "Finished"}, true
}

// plain is an error without the addresses that net.OpError puts in front.
func plain(err error) string {
	if op, ok := err.(*net.OpError); ok {
		return op.Op + ": " + op.Err.Error()
	}
	return err.Error()
}
