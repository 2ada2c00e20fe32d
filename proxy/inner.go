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
	case f.intercept.Mode == policy.ModeSTunnel:
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
		return f.refuse(no, "close")
	}
	f.record(journal.FlowHandled{How: "relay", Protocol: protocol, Upstream: f.dial})
	tunnel(f.inner, f.origin.tls)
	return nil
}

// showException answers the first request inside the TLS connection with the
// exception's page; a client that speaks no HTTP is closed on.
func showException(f *flow) stage {
	f.inner.SetReadDeadline(time.Now().Add(headerWait))
	if _, err := http.ReadRequest(f.inner.r); err != nil {
		return f.refuse(f.denied, "close")
	}
	f.send(f.inner, f.denied, "inside TLS")
	return nil
}

// readInnerRequest treats decrypted bytes as HTTP, whatever they are. What is
// none gets the invalid_request page and a close: Modelled: Q4.
func readInnerRequest(f *flow) stage {
	req, err := http.ReadRequest(f.inner.r)
	if err != nil {
		if !isEnd(err) {
			f.send(f.inner, newException("invalid_request", err.Error()), "inside TLS")
		}
		return nil
	}
	f.record(journal.FlowHandled{How: "http", Protocol: "https", Upstream: f.dial})
	x := exchanges{flow: f, client: f.inner, origin: newHTTPLeg(f.origin.tls, f.dial), fill: f.innerTransaction, where: "inside TLS"}
	return x.serve(req)
}

// innerTransaction is the https.forward-proxy transaction of a request.
func (f *flow) innerTransaction(req *http.Request) *policy.Transaction {
	tx := f.tlsTransaction(policy.HTTPSForwardProxy, "https", policy.No)
	fillRequest(tx, req, "https", f.host, f.port)
	f.categorise(tx)
	return tx
}
