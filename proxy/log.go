package proxy

import (
	"net/http"
	"strings"
	"time"

	"rehearse/proxy/accesslog"
	"rehearse/proxy/policy"
)

// AccessLog takes the records of transactions at their ends. It is safe for
// concurrent use; accesslog.Set is one.
type AccessLog interface {
	// Names are the logs there are: "main", "ssl", and those of an administrator.
	Names() []string
	// Write puts a record into the logs of these names.
	Write(logs []string, r *accesslog.Record)
}

// The logs that transactions go to where policy does not say otherwise.
const (
	mainLog = "main"
	sslLog  = "ssl"
)

// Values of s-action. Modelled: those of a CONNECT that is tunnelled and of requests
// that are carried are the harness mapping's; accelerated is what public samples of
// 6.7 have where a CONNECT was handed to another proxy.
const (
	actionAccelerated = "TCP_ACCELERATED"
	actionTunneled    = "TCP_TUNNELED"
	actionCarried     = "TCP_NC_MISS"
	actionRedirected  = "TCP_POLICY_REDIRECT"
	actionDenied      = "TCP_DENIED"
	actionFailed      = "TCP_ERR_MISS"

	actionPlainTunneled = "TUNNELED"
	actionPlainDenied   = "DENIED"
	actionPlainFailed   = "FAILED"
)

// span is when a transaction began and how much had come and gone until then.
type span struct {
	on      *peeked
	at      time.Time
	in, out int64
}

// span begins a transaction on a client's connection.
func (p *peeked) span() span { return span{on: p, at: time.Now(), in: p.consumed(), out: p.out} }

// ending is how a transaction ended.
type ending struct {
	span     span
	action   string // "" is that of failed
	status   int    // that the client got
	failed   *exception
	supplied bool // an origin was connected to
	response *http.Response
}

// speaksHTTP says whether a transaction is an HTTP request.
func speaksHTTP(t policy.TransactionType) bool {
	return t == policy.HTTPProxy || t == policy.HTTPSForwardProxy
}

// action is the s-action of a transaction that ended in an exception.
func (e *exception) action(t policy.TransactionType) string {
	switch web := speaksHTTP(t); {
	case e.location != "":
		return actionRedirected
	case e.byPolicy && web:
		return actionDenied
	case e.byPolicy:
		return actionPlainDenied
	case web:
		return actionFailed
	}
	return actionPlainFailed
}

// log hands the record of a transaction to the logs that policy and the kind of
// transaction choose.
func (f *flow) log(tx *policy.Transaction, e ending) {
	out := f.p.conf.AccessLog
	if out == nil || tx == nil {
		return
	}
	f.logged = true
	if to := f.logsOf(tx, f.policy.Decide(tx, settled)); len(to) > 0 {
		out.Write(to, f.accessRecord(tx, e))
	}
}

// logsOf are the logs that a transaction goes to.
func (f *flow) logsOf(tx *policy.Transaction, d policy.Decision) (to []string) {
	if f.p.conf.AccessLog == nil {
		return nil
	}
	usual := mainLog
	if tx.Type == policy.SSLTunnel {
		usual = sslLog
	}
	for _, name := range f.p.conf.AccessLog.Names() {
		if d.Logs(name, name == usual) {
			to = append(to, name)
		}
	}
	return to
}

// accessRecord is what there is to say about a transaction that has ended.
func (f *flow) accessRecord(tx *policy.Transaction, e ending) *accesslog.Record {
	r := &accesslog.Record{
		Time: f.p.conf.Now(), Taken: time.Since(e.span.at),
		Client: tx.Client.Addr(), Server: tx.Proxy.Addr(), User: tx.User, Group: strings.Join(tx.GroupsOf, ","),
		Categories: f.policy.Categories(tx),
		Method:     tx.Method, Status: e.status, Action: e.action, Scheme: tx.URL.Scheme,
		Host: tx.URL.Host, Port: tx.URL.Port, Path: tx.URL.Path, Query: tx.URL.Query,
		Referer: tx.RequestHeader.Get("Referer"), UserAgent: tx.RequestHeader.Get("User-Agent"),
		Sent: e.span.on.out - e.span.out, Received: e.span.on.consumed() - e.span.in,
		Site: string(tx.Type), Flow: f.number, FlowBegan: f.began,
	}
	if tx.Type == policy.SSLTunnel {
		r.Scheme = "ssl"
	}
	if e.failed != nil {
		r.Exception, r.Denied = e.failed.id, e.failed.byPolicy
		if r.Action == "" {
			r.Action = e.failed.action(tx.Type)
		}
	}
	if e.supplied {
		r.Supplier, r.SupplierAddr = f.host, f.supplier
	}
	if e.response != nil {
		r.ContentType = e.response.Header.Get("Content-Type")
	}
	f.fillTLS(r)
	return r
}

// fillTLS puts both sides' TLS and the origin's certificate into a record.
func (f *flow) fillTLS(r *accesslog.Record) {
	if f.origin.tls != nil {
		r.ServerTLS = accesslog.TLS{Version: f.origin.state.Version, Cipher: f.origin.state.CipherSuite}
	}
	if f.inner != nil {
		r.ClientTLS = accesslog.TLS{Version: f.innerState.Version, Cipher: f.innerState.CipherSuite}
	}
	leaf := f.origin.certificate()
	if leaf == nil {
		return
	}
	r.CertificateHost = leaf.Subject.CommonName
	if r.CertificateHost == "" && len(leaf.DNSNames) > 0 {
		r.CertificateHost = leaf.DNSNames[0]
	}
	r.CertificateErrors, r.OCSPError = f.observed, f.ocspError
	r.CertificateCategories = f.policy.Categories(&policy.Transaction{URL: policy.URL{Scheme: "https", Host: r.CertificateHost, Port: 443, Path: "/"}})
}

// logDenied is the record of the transaction that f.denied came from, where the
// client was not shown a page. An explicit client has had its 200 by then (KB
// 173494, row 3); elsewhere there is no status.
func (f *flow) logDenied() {
	e := ending{span: f.spanOf(f.deniedBy), failed: f.denied}
	if f.deniedBy.Type == policy.HTTPProxy {
		e.status = http.StatusOK
	}
	f.log(f.deniedBy, e)
}

// logUnshaken is the record of a flow whose client did not finish its handshake.
func (f *flow) logUnshaken() {
	if f.denied != nil {
		f.logDenied()
		return
	}
	f.logTLS("ssl", policy.Yes, ending{action: actionPlainFailed, supplied: f.origin.tls != nil})
}

// logTLS is the record of the TLS flow itself.
func (f *flow) logTLS(protocol string, tunneled policy.Ternary, e ending) {
	e.span = f.tlsSpan
	f.log(f.tlsTransaction(policy.SSLTunnel, protocol, tunneled), e)
}

// spanOf is that of the flow's outer transaction, or of its TLS.
func (f *flow) spanOf(tx *policy.Transaction) span {
	if tx == f.connect {
		return f.span
	}
	return f.tlsSpan
}

// logHandedOver is the record of an explicit client's CONNECT that goes on in another
// proxy, by the protocol that was detected.
func (f *flow) logHandedOver() {
	if f.connect.Type == policy.HTTPProxy {
		f.log(f.connect, ending{span: f.span, action: actionAccelerated, status: http.StatusOK})
	}
}

// logEnd is the record of a flow of which nothing else was recorded: one that was
// decrypted, say, and then brought no request.
func (f *flow) logEnd() {
	switch {
	case f.logged || f.connect == nil:
	case f.inner != nil:
		f.logTLS("ssl", policy.Yes, ending{action: actionPlainTunneled, supplied: true})
	default:
		f.log(f.connect, ending{span: f.span, action: actionPlainFailed})
	}
}
