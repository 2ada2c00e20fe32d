package proxy

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"crypto/tls"
	"io"
	"slices"

	"rehearse/proxy/wire/tlshello"
)

// sessionsKept bounds the TLS sessions with origins that are remembered.
const sessionsKept = 4096

// tlsConfig is what both sides' TLS has in common.
func (f *flow) tlsConfig() *tls.Config {
	conf := &tls.Config{Time: f.p.conf.Now, MinVersion: tls.VersionTLS10, MaxVersion: f.maxTLS(), KeyLogWriter: f.p.conf.KeyLog}
	if f.p.conf.MinTLS == 0 {
		return conf
	}
	if conf.MinVersion = f.p.conf.MinTLS; conf.MinVersion < tls.VersionTLS12 {
		conf.CipherSuites = f.p.oldSuites
	}
	conf.MaxVersion = max(conf.MaxVersion, conf.MinVersion)
	return conf
}

// allSuites are the cipher suites of old peers and of new ones.
func allSuites() []uint16 {
	var ids []uint16
	for _, s := range slices.Concat(tls.CipherSuites(), tls.InsecureCipherSuites()) {
		ids = append(ids, s.ID)
	}
	return ids
}

// classical are the groups that keys are exchanged over.
//
// Modelled: the releases know no post-quantum group. A client that offers nothing else
// is served over one all the same.
func classical() []tls.CurveID {
	return []tls.CurveID{tls.X25519, tls.CurveP256, tls.CurveP384, tls.CurveP521}
}

// clientGroups are the groups for a client, nil being all that there are.
func (f *flow) clientGroups() []tls.CurveID {
	groups := classical()
	if f.hello != nil && slices.ContainsFunc(f.hello.Groups, func(g tls.CurveID) bool { return slices.Contains(groups, g) }) {
		return groups
	}
	return nil
}

// clientConfig is the configuration of the client's TLS, with its certificate.
func (f *flow) clientConfig(cert *tls.Certificate) *tls.Config {
	conf := f.tlsConfig()
	conf.Certificates, conf.NextProtos = []tls.Certificate{*cert}, f.clientALPN()
	conf.SessionTicketsDisabled, conf.CurvePreferences = !f.p.conf.Resume, f.clientGroups()
	if f.p.conf.Resume {
		f.p.ticket(conf, sha256.Sum256(cert.Certificate[0]))
	}
	return conf
}

// ticket lets a client resume the session of a configuration, also on a connection
// with another one. A session belongs to the emulated certificate that it was begun
// with: a client that would get another one by now has to look at that.
func (p *Proxy) ticket(conf *tls.Config, certificate [sha256.Size]byte) {
	conf.WrapSession = func(cs tls.ConnectionState, s *tls.SessionState) ([]byte, error) {
		s.Extra = append(s.Extra, certificate[:])
		return p.tickets.EncryptTicket(cs, s)
	}
	conf.UnwrapSession = func(identity []byte, cs tls.ConnectionState) (*tls.SessionState, error) {
		s, err := p.tickets.DecryptTicket(identity, cs)
		if err != nil || s == nil {
			return nil, err
		}
		if !slices.ContainsFunc(s.Extra, func(b []byte) bool { return bytes.Equal(b, certificate[:]) }) {
			return nil, nil
		}
		return s, nil
	}
}

// originConfig is the configuration of the TLS with the origin. It verifies nothing:
// that is validate's part, by policy. The leg takes note of an origin that wants a
// certificate of the client's, and gets the one of policy's keyring.
func (f *flow) originConfig(leg *serverLeg) *tls.Config {
	conf := f.tlsConfig()
	conf.ServerName, conf.InsecureSkipVerify, conf.NextProtos = f.serverName(), true, f.upstreamALPN()
	conf.CurvePreferences = classical()
	conf.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
		leg.asked = true
		if f.keyring == nil {
			return new(tls.Certificate), nil
		}
		leg.answered = true
		return f.keyring, nil
	}
	if f.p.conf.Resume {
		conf.ClientSessionCache = sessions{f.p.sessions, f.dial + " ", &leg.asked}
	}
	return conf
}

// sessions are those with one origin in the cache of all. An origin that asks for
// certificates is not resumed with: it would not ask again.
type sessions struct {
	tls.ClientSessionCache
	origin string
	asked  *bool
}

// Get implements tls.ClientSessionCache.
func (s sessions) Get(key string) (*tls.ClientSessionState, bool) {
	return s.ClientSessionCache.Get(s.origin + key)
}

// Put implements tls.ClientSessionCache.
func (s sessions) Put(key string, cs *tls.ClientSessionState) {
	if *s.asked {
		cs = nil
	}
	s.ClientSessionCache.Put(s.origin+key, cs)
}

// upstreamALPN offers the origin what the client offers, but for h2, where policy does
// not let that pass: the interceptor itself serves HTTP/1.1.
func (f *flow) upstreamALPN() []string {
	if f.hello == nil || f.http2 {
		return f.offered()
	}
	return slices.DeleteFunc(slices.Clone(f.hello.ALPN), func(p string) bool { return p == "h2" })
}

// offered are the protocols that the client offers.
func (f *flow) offered() []string {
	if f.hello == nil {
		return nil
	}
	return f.hello.ALPN
}

// clientALPN answers the client's ALPN: what the origin chose, else HTTP/1.1
// where it is offered.
func (f *flow) clientALPN() []string {
	if p := f.origin.state.NegotiatedProtocol; p != "" && (p != "h2" || f.denied == nil) { // pages are HTTP/1.1
		return []string{p}
	}
	if slices.Contains(f.offered(), "http/1.1") {
		return []string{"http/1.1"}
	}
	return nil
}

func (f *flow) maxTLS() uint16 {
	if f.has(FeatureTLS13) {
		return tls.VersionTLS13
	}
	return tls.VersionTLS12
}

// versionName is "TLS 1.2", "" for a handshake that did not come so far.
func versionName(s tls.ConnectionState) string { return tlshello.VersionName(s.Version) }

// writer lends a buffer in front of a connection; release takes it back.
func (p *Proxy) writer(to io.Writer) *bufio.Writer {
	if w, ok := p.writers.Get().(*bufio.Writer); ok {
		w.Reset(to)
		return w
	}
	return bufio.NewWriterSize(to, smallBuffer)
}

func (p *Proxy) release(w *bufio.Writer) {
	w.Reset(nil)
	p.writers.Put(w)
}
