package proxy

import (
	"context"
	"crypto/tls"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"rehearse/proxy/accesslog"
	"rehearse/proxy/policy"
	"rehearse/proxy/wire/tlshello"
	"rehearse/reports/journal"
)

// A stage does one blocking thing on a flow and returns the next stage, or nil
// when the flow has ended.
type stage func(*flow) stage

// flow is one client connection on its way through the stages. It belongs to one
// goroutine, but for abort.
type flow struct {
	p      *Proxy
	ctx    context.Context
	policy *installed
	id     string // the client's address: the flow's name in the journal
	target Target
	peer   netip.AddrPort // the client
	client *peeked        // the one reader of what the client sends

	// host and port are the origin in policy's eyes; dial is where it is.
	host string
	port uint16
	dial string

	connect    *policy.Transaction // the http.proxy or tcp.tunnel transaction that began it
	denied     *exception          // what is to be shown in the origin's place
	hello      *tlshello.ClientHello
	intercept  policy.Interception
	origin     serverLeg // the upstream side, once its TLS is up
	inner      *peeked   // the client's decrypted bytes, once its TLS is up
	innerState tls.ConnectionState
	untrusted  bool             // the origin's issuer is not trusted and the client is to see that
	http2      bool             // policy lets it pass
	keyring    *tls.Certificate // for an origin that asks, by policy

	// What access logs say beside the transactions.
	number        uint64
	began         time.Time
	span, tlsSpan span                // of connect, and of the TLS in it
	deniedBy      *policy.Transaction // that denied comes from
	supplier      netip.Addr          // where the origin was connected to
	observed      []accesslog.CertificateError
	ocspError     string
	logged        bool

	socks uint8       // version that the client speaks, 0 for none
	idle  atomic.Bool // waiting for a request
	// unreadPair is what carries requests that nobody reads.
	unreadPair atomic.Pointer[pair]

	open   []*evaluation // transactions that have not ended, in the order of their beginnings
	latest *evaluation   // the one evaluated last

	mu    sync.Mutex
	conns []net.Conn // to be reset by abort
}

func newFlow(p *Proxy, ctx context.Context, client net.Conn, to Target) *flow {
	f := &flow{
		p: p, ctx: ctx, policy: p.policy.Load(), target: to,
		id: client.RemoteAddr().String(), peer: addrPort(client.RemoteAddr()),
	}
	f.number, f.began = p.numbers.Add(1), p.conf.Now()
	f.client = newPeeked(client, &p.readers)
	f.span = f.client.span()
	f.tlsSpan = f.span
	f.conns = append(f.conns, client)
	if to.Dst.IsValid() {
		f.setOrigin(to.Dst.Addr().Unmap().String(), to.Dst.Port())
	}
	return f
}

// setOrigin says where the flow is going.
func (f *flow) setOrigin(host string, port uint16) {
	f.host, f.port = host, port
	f.dial = net.JoinHostPort(host, strconv.Itoa(int(port)))
}

// own makes the flow responsible for a connection; false when it is being aborted.
func (f *flow) own(c net.Conn) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.conns = append(f.conns, c)
}

// endIdle closes the client's connection if the flow waits for a request on it, or soon
// if it may.
func (f *flow) endIdle() {
	if t := f.unreadPair.Load(); t != nil {
		t.hurry(drainQuiet)
	}
	if f.idle.Load() {
		f.client.Conn.Close()
	}
}

// abort resets every connection of the flow, from outside.
func (f *flow) abort() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, c := range f.conns {
		reset(c)
	}
}

// close ends whatever a stage left open.
func (f *flow) close() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, c := range f.conns {
		c.Close()
	}
}

func (f *flow) record(b journal.Body) {
	f.p.conf.Recorder.Record(f.id, f.p.conf.Host.Name(), b)
	if f.p.conf.Count != nil {
		f.p.conf.Count(b)
	}
}

// transaction starts a transaction of the flow with what is known of the client
// and the service.
func (f *flow) transaction(t policy.TransactionType) *policy.Transaction {
	s := f.target.Service
	tx := &policy.Transaction{
		Type: t, Time: f.p.conf.Now(), Client: f.peer, Service: s.Name, Group: s.Group,
		Proxy: addrPort(f.client.LocalAddr()),
		ResolveHost: func(name string) []netip.Addr {
			addrs, _ := f.p.conf.Host.Resolve(f.ctx, name)
			return addrs
		},
	}
	if f.p.conf.Identify != nil {
		who := f.p.conf.Identify(f.peer.Addr())
		tx.User, tx.Realm, tx.GroupsOf = who.User, who.Realm, who.Groups
	}
	return tx
}

// tunnelURL is the URL of a transaction that has only a host and a port.
func (f *flow) tunnelURL(tx *policy.Transaction) *policy.Transaction {
	tx.URL = policy.URL{Scheme: "tcp", Host: f.host, Port: f.port, Path: "/"}
	f.categorise(tx)
	return tx
}

func (f *flow) categorise(tx *policy.Transaction) {
	if f.p.conf.Categories != nil {
		tx.Categories = f.p.conf.Categories(tx.URL.Host)
	}
}

// categoriseCertificate gives the categories of the host that the origin's
// certificate names first.
func (f *flow) categoriseCertificate(tx *policy.Transaction) {
	if c := tx.ServerCertificate; f.p.conf.Categories != nil && c != nil && len(c.DNSNames) > 0 {
		tx.CertificateCategories = f.p.conf.Categories(strings.ToLower(strings.TrimPrefix(c.DNSNames[0], "*.")))
	}
}

// decide evaluates policy, and records what matched and what came of it.
func (f *flow) decide(tx *policy.Transaction, at policy.Checkpoint) policy.Decision {
	if !f.explains() {
		return f.policy.Decide(tx, at)
	}
	d := f.policy.Explain(tx, at)
	f.keep(tx, at, d)
	for _, s := range d.Steps {
		if s.Mark == policy.Match {
			f.record(journal.RuleMatched{Layer: s.Layer, At: s.At, Rule: s.Rule, Point: at.String()})
		}
	}
	return d
}

// settled is the checkpoint at which nothing is late any more: a transaction of
// which no more will be known is decided there. A condition on what never came
// to be known does not match.
const settled = policy.AtResponse

// verdict is decide for transactions whose allow or deny matters; it records the
// verdict. The exception is nil when the transaction may go on.
func (f *flow) verdict(tx *policy.Transaction, at policy.Checkpoint) (policy.Decision, *exception) {
	d := f.decide(tx, at)
	word := "allow"
	if d.Verdict.Kind == policy.Exception {
		word = "deny " + d.Verdict.ID
	}
	if !d.Final {
		word += ", not final"
	}
	unserved := tx.Status == 0 && !d.AccessServer()
	if unserved {
		word += ", access_server(no)"
	}
	f.record(journal.Decided{Transaction: string(tx.Type), Decision: word, Rule: d.Verdict.At})
	if d.Verdict.Kind == policy.Exception && (d.Final || d.Verdict.Forced) {
		e := newException(d.Verdict.ID, d.Verdict.Details)
		e.byPolicy = true
		return d, e
	}
	if unserved { // Modelled: the id; KB 218637 has the status and the words
		e := newException("policy_denied", "Request could not be handled")
		e.byPolicy = true
		return d, e
	}
	return d, nil
}

func addrPort(a net.Addr) netip.AddrPort {
	if t, ok := a.(*net.TCPAddr); ok {
		ap := t.AddrPort()
		return netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port())
	}
	ap, _ := netip.ParseAddrPort(a.String())
	return ap
}
