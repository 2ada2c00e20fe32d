package proxy

import (
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"

	"rehearse/proxy/detect"
	"rehearse/proxy/policy"
	"rehearse/reports/journal"
)

// start chooses the first stage by the kind of service.
func start(f *flow) stage {
	switch f.target.Service.Kind {
	case SSL:
		return acceptSSL
	case TCPTunnel:
		return acceptTCP
	case SOCKS:
		return acceptSOCKS
	default:
		return readRequest
	}
}

// readRequest reads a request from a client that speaks HTTP to the proxy (or to
// what it takes for the origin, on a transparent HTTP service).
func readRequest(f *flow) stage {
	req, s, err := f.nextRequest(f.client, headerWait)
	switch {
	case err == nil:
	case isEnd(err):
		return nil
	default:
		f.failRequest(f.plainTransaction(nil), s, newException("invalid_request", err.Error()), "to request")
		return nil
	}
	if req.Method == http.MethodConnect && !f.target.Service.Kind.Transparent() && f.connect == nil {
		return f.readConnect(req, s)
	}
	return f.forwardRequest(req, s)
}

// failRequest answers a client's request with an exception and ends there.
func (f *flow) failRequest(tx *policy.Transaction, s span, e *exception, where string) {
	f.send(f.client, e, where)
	f.log(tx, ending{span: s, failed: e, status: e.status})
}

// readConnect starts the http.proxy transaction of a CONNECT.
func (f *flow) readConnect(req *http.Request, s span) stage {
	f.span = s
	tx := f.transaction(policy.HTTPProxy)
	tx.Method, tx.RequestHeader = req.Method, req.Header
	host, port, err := splitAuthority(req.Host)
	if err != nil {
		f.failRequest(tx, s, newException("invalid_request", err.Error()), "to CONNECT")
		return nil
	}
	f.setOrigin(host, port)
	f.tunnelURL(tx)
	tx.ClientProtocol, tx.Detecting = "http", f.target.Service.DetectProtocol
	f.connect = tx
	return decideConnect
}

// decideConnect evaluates policy at the CONNECT. With detection the decision
// waits for the first bytes, past the 200 (KB 173494); without, it is made now.
func decideConnect(f *flow) stage {
	tx := f.connect
	d := f.decide(tx, policy.AtRequest)
	if tx.Detecting && detecting(d) {
		return answerConnect
	}
	tx.Detecting, tx.Tunneled = false, policy.Yes
	if _, no := f.verdict(tx, settled); no != nil {
		f.failRequest(tx, f.span, no, "to CONNECT")
		return nil
	}
	server, failed := f.dialServer()
	if failed != nil {
		f.failRequest(tx, f.span, failed, "to CONNECT")
		return nil
	}
	if !f.established() {
		return nil
	}
	return f.tunnelTo(server, "http", tx)
}

// answerConnect sends the 200 before anything is known, and looks at what follows.
func answerConnect(f *flow) stage {
	if !f.established() {
		return nil
	}
	return peekOuter
}

// established writes the answer to CONNECT with the reason phrase seen on the
// wire (KB 166574).
func (f *flow) established() bool {
	f.answered(200)
	_, err := io.WriteString(f.client, "HTTP/1.1 200 Connection established\r\n\r\n")
	return err == nil
}

// detecting says whether policy leaves any protocol to detect.
func detecting(d policy.Decision) bool {
	for _, row := range detect.Outer() {
		if d.Detects(row.Protocol) {
			return true
		}
	}
	return false
}

// outerTable is what is detected among a client's first bytes: what policy
// leaves on and the release knows. Below the release that detects MS-TURN its
// pseudo-TLS hello is taken for TLS.
func (f *flow) outerTable(d policy.Decision) detect.Table {
	return detect.Outer().Only(func(protocol string) bool {
		return d.Detects(protocol) && (protocol == "ssl" || protocol == "http" || f.has(FeatureDetectSIPS))
	})
}

func (f *flow) has(feature Feature) bool { return feature.In(f.p.conf.Release) }

// peekOuter classifies the first bytes inside a CONNECT or on a TCP tunnel
// service with detection.
func peekOuter(f *flow) stage {
	d := f.decide(f.connect, policy.AtRequest)
	switch protocol := f.peek(f.client, "outer", f.outerTable(d)); protocol {
	case "ssl":
		f.connect.Tunneled = policy.No
		if f.connect.Type == policy.HTTPProxy {
			f.decideEntry()
		}
		return readHello
	case "ms-turn", "turn":
		return f.carry("ms-turn", policy.No)
	case "http":
		if f.connect.Type != policy.HTTPProxy {
			return readRequest // which is judged by its own host
		}
		f.connect.Tunneled = policy.No
		if _, no := f.verdict(f.connect, settled); no != nil {
			f.failRequest(f.connect, f.span, no, "to request")
			return nil
		}
		f.logHandedOver()
		return readRequest
	default:
		return f.carry(f.plainProtocol(), policy.Yes)
	}
}

// plainProtocol is client.protocol of bytes that are neither TLS nor known: a
// CONNECT goes on as tunnelled HTTP (KB 176397), a TCP tunnel as tcp, one of SOCKS as socks.
func (f *flow) plainProtocol() string {
	switch {
	case f.connect.Type == policy.HTTPProxy:
		return "http"
	case f.socks != 0:
		return "socks"
	}
	return "tcp"
}

// carry decides a flow that is not decrypted by its protocol, and tunnels it.
func (f *flow) carry(protocol string, tunneled policy.Ternary) stage {
	f.connect.ClientProtocol, f.connect.Tunneled = protocol, tunneled
	_, no := f.verdict(f.connect, settled)
	var server net.Conn
	if no == nil {
		server, no = f.dialServer()
	}
	if no != nil {
		f.denied, f.deniedBy = no, f.connect
		f.logDenied()
		return f.refuse(no, "close")
	}
	return f.tunnelTo(server, protocol, f.connect)
}

// tunnelTo carries bytes untouched until the flow ends, which ends its transaction.
func (f *flow) tunnelTo(server net.Conn, protocol string, tx *policy.Transaction) stage {
	f.record(journal.FlowHandled{How: "tunnel", Protocol: protocol, Upstream: f.dial})
	tunnel(f.client, server, f.p.conf.Limits.Idle)
	e := ending{span: f.spanOf(tx), action: actionPlainTunneled, supplied: true}
	if tx.Type == policy.HTTPProxy {
		e.action, e.status = actionTunneled, http.StatusOK
	}
	f.log(tx, e)
	return nil
}

// acceptTCP starts the tcp.tunnel transaction of a transparent TCP tunnel service.
func acceptTCP(f *flow) stage {
	f.connect = f.tunnelURL(f.transaction(policy.TCPTunnel))
	f.connect.Detecting = f.target.Service.DetectProtocol
	if f.connect.Detecting && detecting(f.decide(f.connect, policy.AtRequest)) {
		return peekOuter
	}
	f.connect.Detecting = false
	return f.carry("tcp", policy.Yes)
}

// acceptSSL starts the tcp.tunnel transaction of a transparent SSL service. Such
// a service takes its clients for TLS; with Detect Protocol it looks first.
func acceptSSL(f *flow) stage {
	f.connect = f.tunnelURL(f.transaction(policy.TCPTunnel))
	f.connect.Detecting = f.target.Service.DetectProtocol
	if f.connect.Detecting && detecting(f.decide(f.connect, policy.AtRequest)) {
		return peekOuter
	}
	f.connect.Detecting = false
	f.connect.ClientProtocol, f.connect.Tunneled = "ssl", policy.Yes
	return readHello
}

// decideEntry decides the transaction that began a flow of TLS. What it denies is
// told inside the TLS, where that can be.
func (f *flow) decideEntry() {
	if _, f.denied = f.verdict(f.connect, settled); f.denied != nil {
		f.deniedBy = f.connect
		return
	}
	f.logHandedOver()
}

// splitAuthority reads the "host:port" of a CONNECT. The port is needed.
func splitAuthority(s string) (host string, port uint16, err error) {
	host, p, err := net.SplitHostPort(s)
	if err != nil {
		return "", 0, err
	}
	n, err := strconv.ParseUint(p, 10, 16)
	if err != nil || n == 0 {
		return "", 0, errors.New("CONNECT " + strconv.Quote(s) + ": want HOST:PORT with a port from 1 to 65535")
	}
	if a, err := netip.ParseAddr(host); err == nil {
		return a.Unmap().String(), uint16(n), nil
	}
	return strings.ToLower(strings.TrimSuffix(host, ".")), uint16(n), nil
}
