package flow

import (
	"net/http"

	"rehearse/proxy"
	"rehearse/proxy/detect"
	"rehearse/proxy/policy"
)

// readConnect is the http.proxy transaction of a CONNECT.
func (w *walk) readConnect() Outcome {
	tx := w.tunnel(policy.HTTPProxy)
	tx.Method, tx.RequestHeader = http.MethodConnect, w.Header
	tx.ClientProtocol, tx.Detecting = "http", w.Service.DetectProtocol
	w.connect = tx
	d := w.decide(tx, policy.AtRequest)
	if tx.Detecting && detecting(d) {
		return w.peekOuter(d)
	}
	tx.Tunneled = policy.Yes
	off := ""
	if tx.Detecting {
		off = settingAt(d, "detect_protocol")
	}
	tx.Detecting = false
	d, no := w.verdict(tx, settled)
	if no != nil {
		return refusal(Page, no.id, no.at)
	}
	return Outcome{Way: Tunnelled, At: orElse(d.Verdict.At, off)}
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

// peekOuter classifies the first bytes; d is the decision that says what is
// looked for.
func (w *walk) peekOuter(d policy.Decision) Outcome {
	switch w.outer(d) {
	case detect.SSL:
		w.connect.Tunneled = policy.No
		if w.connect.Type == policy.HTTPProxy {
			_, w.denied = w.verdict(w.connect, settled)
		}
		return w.readHello()
	case detect.MSTURN:
		return w.carry("ms-turn", policy.No)
	case detect.HTTP:
		w.connect.Tunneled = policy.No
		if w.connect.Type == policy.HTTPProxy {
			if _, no := w.verdict(w.connect, settled); no != nil {
				return refusal(Page, no.id, no.at)
			}
		}
		return w.exchange(w.plainTransaction(), Page)
	}
	o := w.carry(w.plainProtocol(), policy.Yes)
	if o.At == "" && w.Speaks != Unknown {
		o.At = settingAt(d, "detect_protocol")
	}
	return o
}

// outer is what detection makes of the first bytes, "" where nothing knows them.
// Where MS-TURN is not looked for, its pseudo-TLS hello passes for TLS.
func (w *walk) outer(d policy.Decision) string {
	knows := func(protocol string) bool {
		return d.Detects(protocol) && (protocol == detect.SSL || protocol == detect.HTTP || w.has(proxy.FeatureDetectSIPS))
	}
	var could []string
	switch w.Speaks {
	case TLS:
		could = []string{detect.SSL}
	case PseudoTLS:
		could = []string{detect.MSTURN, detect.SSL}
	case HTTP:
		could = []string{detect.HTTP}
	case MSTURN:
		could = []string{detect.MSTURN}
	}
	for _, protocol := range could {
		if knows(protocol) {
			return protocol
		}
	}
	return ""
}

// plainProtocol is client.protocol of bytes that nothing knows.
func (w *walk) plainProtocol() string {
	if w.connect.Type == policy.HTTPProxy {
		return "http"
	}
	return "tcp"
}

// carry decides a flow that is not decrypted by its protocol.
func (w *walk) carry(protocol string, tunneled policy.Ternary) Outcome {
	w.connect.ClientProtocol, w.connect.Tunneled = protocol, tunneled
	d, no := w.verdict(w.connect, settled)
	if no != nil {
		return refusal(Closed, no.id, no.at)
	}
	return Outcome{Way: Tunnelled, At: d.Verdict.At}
}

// acceptTCP is the tcp.tunnel transaction of a TCP tunnel service.
func (w *walk) acceptTCP() Outcome {
	w.connect = w.tunnel(policy.TCPTunnel)
	if o, ok := w.detectTransparent(); ok {
		return o
	}
	return w.carry("tcp", policy.Yes)
}

// acceptSSL is the tcp.tunnel transaction of an SSL service, which takes its
// clients for TLS where it does not look first.
func (w *walk) acceptSSL() Outcome {
	w.connect = w.tunnel(policy.TCPTunnel)
	if o, ok := w.detectTransparent(); ok {
		return o
	}
	w.connect.ClientProtocol, w.connect.Tunneled = "ssl", policy.Yes
	return w.readHello()
}

// detectTransparent looks at the first bytes where service and policy want it.
func (w *walk) detectTransparent() (Outcome, bool) {
	w.connect.Detecting = w.Service.DetectProtocol
	if w.connect.Detecting {
		if d := w.decide(w.connect, policy.AtRequest); detecting(d) {
			// the interceptor asks once more at the same point; it gets the same answer
			return w.peekOuter(d), true
		}
	}
	w.connect.Detecting = false
	return Outcome{}, false
}

// settingAt is where a property was last set, in its whole or for a part.
func settingAt(d policy.Decision, name string) string {
	at := ""
	for _, s := range d.Settings() {
		if s.Name == name || len(s.Name) > len(name) && s.Name[:len(name)+1] == name+"." {
			at = s.At
		}
	}
	return at
}

func orElse(at, other string) string {
	if at != "" {
		return at
	}
	return other
}
