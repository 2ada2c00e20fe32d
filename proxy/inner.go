package proxy

import (
	"net/http"
	"time"

	"rehearse/proxy/detect"
	"rehearse/proxy/policy"
	"rehearse/reports/journal"
)

// serveInner chooses what becomes of decrypted bytes.
func serveInner(f *flow) stage {
	switch {
	case f.denied != nil:
		return showException
	case f.intercept.Mode == policy.ModeSTunnel, f.innerState.NegotiatedProtocol == "h2":
		return f.relayInner("stunnel", policy.Yes)
	case f.intercept.Mode == policy.ModeAuto && f.connect.Detecting:
		return peekInner
	default:
		return readInnerRequest
	}
}

// peekInner classifies decrypted bytes under automatic protocol detection. What
// is neither HTTP nor SIP nor MS-TURN is STunnelled.
func peekInner(f *flow) stage {
	d := f.decide(f.connect, policy.AtRequest)
	table := detect.Inner().Only(func(protocol string) bool {
		return d.Detects(protocol) || protocol == "http" && d.Detects("https")
	})
	switch protocol := f.peek(f.inner, "inner", table); protocol {
	case "http":
		return readInnerRequest
	case "sips", "ms-turn":
		return f.relayInner(protocol, policy.No)
	default: // Modelled: RFC TURN has no name of its own in client.protocol
		return f.relayInner("stunnel", policy.Yes)
	}
}

// relayInner decides a decrypted flow by its protocol and copies its bytes
// between the two TLS connections. A denied one is closed without a page:
// Modelled: Q5.
func (f *flow) relayInner(protocol string, tunneled policy.Ternary) stage {
	tx := f.tlsTransaction(policy.SSLTunnel, protocol, tunneled)
	if _, no := f.verdict(tx, settled); no != nil {
		f.logTLS(protocol, tunneled, ending{failed: no})
		return f.refuse(no, "close")
	}
	f.record(journal.FlowHandled{How: "relay", Protocol: protocol, Upstream: f.dial})
	tunnel(f.inner, f.origin.tls, f.p.conf.Limits.Idle)
	f.logTLS(protocol, tunneled, ending{action: actionPlainTunneled, supplied: true})
	return nil
}

// unread says that nobody wants to know what is asked for: policy decides every request
// alike and lets all of them pass as they are, and no log or journal is kept of them.
func (f *flow) unread() bool {
	if f.explains() {
		return false
	}
	tx := f.innerTransaction(nil)
	if !f.policy.Alike(tx) {
		return false
	}
	d := f.policy.Decide(tx, settled)
	return d.Verdict.Kind == policy.Allow && d.AccessServer() && len(d.Actions()) == 0 && len(f.logsOf(tx, d)) == 0
}

// beginsUnread waits until a client's first bytes show that they begin a request.
func (f *flow) beginsUnread() bool {
	if wait := f.p.conf.Limits.Idle; wait > 0 {
		f.inner.deadline(time.Now().Add(wait))
		defer f.inner.deadline(time.Time{})
	}
	f.idle.Store(true)
	defer f.idle.Store(false)
	return !f.p.draining.Load() && f.inner.await() == nil && f.inner.beginsRequest() && f.inner.ahead() > 0
}

// carryUnread copies requests and responses without reading them.
func carryUnread(f *flow) stage {
	f.record(journal.FlowHandled{How: "http", Protocol: "https", Upstream: f.dial})
	f.logged = true // in no log
	f.connect, f.deniedBy, f.hello = nil, nil, nil
	t := newPair(f.inner, f.origin.tls, f.p.conf.Limits.Idle)
	if f.unreadPair.Store(t); f.p.draining.Load() {
		t.hurry(drainQuiet)
	}
	t.carry()
	return nil
}

// drainQuiet is how long nothing moves between a request and its answer, as a draining
// proxy sees it that reads neither.
const drainQuiet = 500 * time.Millisecond

// showException answers the first request inside the TLS connection with the
// exception's page; a client that speaks no HTTP is closed on.
func showException(f *flow) stage {
	req, s, err := f.nextRequest(f.inner, headerWait)
	if err != nil {
		f.logDenied()
		return f.refuse(f.denied, "close")
	}
	f.send(f.inner, f.denied, "inside TLS")
	tx := f.deniedBy
	if tx.Type != policy.HTTPProxy { // not the CONNECT's own denial: it is the request's
		tx = f.innerTransaction(req)
	}
	f.log(tx, ending{span: s, failed: f.denied, status: f.denied.status})
	return nil
}

// readInnerRequest treats decrypted bytes as HTTP, whatever they are. What is
// none gets the invalid_request page and a close: Modelled: Q4.
func readInnerRequest(f *flow) stage {
	if f.unread() && f.beginsUnread() {
		return carryUnread
	}
	x := exchanges{
		flow: f, client: f.inner, origin: f.newHTTPLeg(f.origin.tls),
		fill: f.innerTransaction, where: "inside TLS",
	}
	req, s, err := f.nextRequest(f.inner, f.p.conf.Limits.Idle)
	if err != nil {
		if !isEnd(err) {
			x.fail(f.innerTransaction(nil), s, newException("invalid_request", err.Error()))
		}
		return nil
	}
	f.record(journal.FlowHandled{How: "http", Protocol: "https", Upstream: f.dial})
	return x.serve(req, s)
}

// innerTransaction is the https.forward-proxy transaction of a request, nil being one
// that could not be read.
func (f *flow) innerTransaction(req *http.Request) *policy.Transaction {
	tx := f.tlsTransaction(policy.HTTPSForwardProxy, "https", policy.No)
	tx.URL.Scheme = "https"
	if req == nil {
		return tx
	}
	fillRequest(tx, req, "https", f.host, f.port)
	f.categorise(tx)
	return tx
}
