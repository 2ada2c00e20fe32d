package flow

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"net/netip"

	"rehearse/proxy"
	"rehearse/proxy/policy"
)

// Visit is one question to policy on the way of a flow, with its answer.
type Visit struct {
	Transaction *policy.Transaction
	At          policy.Checkpoint
	Decision    policy.Decision
}

// Walk leads a flow through a policy.
func Walk(p *policy.Policy, f *Flow) Outcome { return newWalk(p, f).run() }

// Follow is Walk with everything that policy was asked on the way, and the rules
// that matched.
func Follow(p *policy.Policy, f *Flow) (Outcome, []Visit) {
	w := newWalk(p, f)
	w.ask = p.Trail
	o := w.run()
	return o, w.visits
}

// Explain is Follow with the steps of each decision.
func Explain(p *policy.Policy, f *Flow) (Outcome, []Visit) {
	w := newWalk(p, f)
	w.ask = p.Explain
	o := w.run()
	return o, w.visits
}

// clientPort is the port that clients come from.
const clientPort = 40000

// settled is the checkpoint at which nothing is late any more.
const settled = policy.AtResponse

// walk is one flow under way.
type walk struct {
	p *policy.Policy
	*Flow
	ask    func(*policy.Transaction, policy.Checkpoint) policy.Decision // nil: nobody follows
	visits []Visit

	host      string // in policy's eyes
	connect   *policy.Transaction
	intercept policy.Interception
	denied    *denial
	untrusted bool
	server    bool // the origin's TLS is up
	inner     bool // the client's TLS is up
}

// denial is an exception that is to be shown.
type denial struct{ id, at string }

func newWalk(p *policy.Policy, f *Flow) *walk {
	w := &walk{p: p, Flow: f, host: f.Host}
	if f.Transparent() {
		w.host = f.Address.String()
	}
	return w
}

func (w *walk) run() Outcome {
	switch {
	case w.Service.Kind == proxy.SSL:
		return w.acceptSSL()
	case w.Service.Kind == proxy.TCPTunnel:
		return w.acceptTCP()
	case w.Connect && !w.Transparent():
		return w.readConnect()
	}
	return w.exchange(w.plainTransaction(), Page)
}

func (w *walk) has(feature proxy.Feature) bool { return feature.In(w.p.Release()) }

func (w *walk) decide(tx *policy.Transaction, at policy.Checkpoint) policy.Decision {
	if w.ask == nil {
		return w.p.Decide(tx, at)
	}
	d := w.ask(tx, at)
	seen := *tx
	w.visits = append(w.visits, Visit{&seen, at, d})
	return d
}

// verdict is decide for transactions whose allow or deny matters.
func (w *walk) verdict(tx *policy.Transaction, at policy.Checkpoint) (policy.Decision, *denial) {
	d := w.decide(tx, at)
	if v := d.Verdict; v.Kind == policy.Exception && (d.Final || v.Forced) {
		return d, &denial{v.ID, v.At}
	}
	if tx.Status == 0 && !d.AccessServer() {
		return d, &denial{"policy_denied", settingAt(d, "access_server")}
	}
	return d, nil
}

// transaction starts a transaction with what is known of the client.
func (w *walk) transaction(t policy.TransactionType) *policy.Transaction {
	return &policy.Transaction{
		Type: t, Time: w.Time, Client: netip.AddrPortFrom(w.Client, clientPort), Proxy: netip.AddrPortFrom(w.Proxy, w.Service.Port),
		Service: w.Service.Name, Group: w.Service.Group,
		User: w.User.User, Realm: w.User.Realm, GroupsOf: w.User.Groups,
		ResolveHost: w.resolve, Other: w.Other,
	}
}

func (w *walk) resolve(string) []netip.Addr {
	if !w.Address.IsValid() {
		return nil
	}
	return []netip.Addr{w.Address}
}

func tunnelURL(host string, port uint16) policy.URL {
	return policy.URL{Scheme: "tcp", Host: host, Port: port, Path: "/"}
}

// tunnel is a transaction that has only a host and a port.
func (w *walk) tunnel(t policy.TransactionType) *policy.Transaction {
	tx := w.transaction(t)
	tx.URL = tunnelURL(w.host, w.Port)
	w.categorise(tx)
	return tx
}

func (w *walk) categorise(tx *policy.Transaction) {
	if tx.URL.Host == w.Host {
		tx.Categories = w.Categories
	}
}

// tlsTransaction is a transaction about the TLS flow.
func (w *walk) tlsTransaction(t policy.TransactionType, protocol string, tunneled policy.Ternary) *policy.Transaction {
	tx := w.tunnel(t)
	tx.ClientProtocol, tx.Tunneled, tx.SNI = protocol, tunneled, w.sni()
	if w.server {
		tx.ServerCertificate = w.certificate()
		tx.ServerTLSVersion, tx.ServerCipher = w.Origin.TLS, w.Origin.Cipher
	}
	if w.inner {
		tx.ClientTLSVersion, tx.ClientCipher = w.ClientTLS, w.ClientCipher
	}
	return tx
}

func (w *walk) certificate() *x509.Certificate {
	c := &x509.Certificate{DNSNames: w.Origin.Names, Subject: pkix.Name{CommonName: w.Origin.CommonName}}
	if c.Subject.CommonName == "" {
		c.Subject.CommonName = w.Host
	}
	if w.Origin.Company != "" {
		c.Subject.Organization = []string{w.Origin.Company}
	}
	switch {
	case c.DNSNames != nil:
	case w.Origin.Fault == WrongName:
		c.DNSNames = []string{"another.invalid"}
	default:
		c.DNSNames = []string{w.Host}
	}
	return c
}

// request puts the client's request into a transaction.
func (w *walk) request(tx *policy.Transaction, scheme string) *policy.Transaction {
	tx.Method, tx.RequestHeader = w.Method, w.Header
	tx.URL = policy.URL{Scheme: scheme, Host: w.Host, Port: w.Port, Path: w.Path, Query: w.Query}
	w.categorise(tx)
	return tx
}

func (w *walk) plainTransaction() *policy.Transaction {
	tx := w.transaction(policy.HTTPProxy)
	tx.ClientProtocol, tx.Tunneled = "http", policy.No
	return w.request(tx, "http")
}
