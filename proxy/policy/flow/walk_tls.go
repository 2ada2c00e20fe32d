package flow

import (
	"rehearse/proxy"
	"rehearse/proxy/detect"
	"rehearse/proxy/policy"
)

// readHello reads the ClientHello. A service without detection gets here with
// whatever the client sends.
func (w *walk) readHello() Outcome {
	hello := w.Speaks == TLS || w.Speaks == PseudoTLS
	if name := w.sni(); hello && w.Transparent() && name != "" && w.has(proxy.FeatureSNIHost) {
		w.host = name
	}
	if w.connect.Type == policy.TCPTunnel {
		w.connect.URL = tunnelURL(w.host, w.Port)
		w.categorise(w.connect)
		_, w.denied = w.verdict(w.connect, settled)
	}
	if !hello {
		return Outcome{Way: Alert}
	}
	return w.decideInterception()
}

// decideInterception asks for the mode at the ClientHello.
func (w *walk) decideInterception() Outcome {
	w.decideMode(policy.AtClientHello)
	serviceable := w.Speaks == TLS
	switch {
	case serviceable && w.denied == nil:
		return w.askServer()
	case serviceable && w.intercept.Mode != policy.ModeNo:
		return w.serveInner()
	case w.denied != nil && w.intercept.Mode == policy.ModeNo:
		return refusal(Reset, w.denied.id, w.denied.at)
	case w.untouched():
		return Outcome{Way: Tunnelled, At: w.intercept.At}
	}
	return Outcome{Way: Alert, At: w.intercept.At}
}

func (w *walk) decideMode(at policy.Checkpoint) {
	w.intercept = w.decide(w.tlsTransaction(policy.SSLIntercept, "ssl", policy.Yes), at).Interception()
}

// untouched says whether the flow is to be tunnelled as it stands.
func (w *walk) untouched() bool {
	switch w.intercept.Mode {
	case policy.ModeNo:
		return true
	case policy.ModeOnException:
		return w.denied == nil
	}
	return w.intercept.OnException && w.denied == nil
}

// askServer has the origin's certificate, and settles mode and verdict by it.
func (w *walk) askServer() Outcome {
	w.server = true
	w.decideMode(policy.AtServerCertificate)
	at := policy.AtServerCertificate
	if w.untouched() {
		at = settled
	}
	d, no := w.verdict(w.tlsTransaction(policy.SSLTunnel, "ssl", policy.Yes), at)
	if w.denied = no; no == nil {
		w.denied = w.validate(d)
	}
	switch {
	case w.denied != nil && w.intercept.Mode == policy.ModeNo:
		return refusal(Reset, w.denied.id, w.denied.at)
	case w.untouched():
		return Outcome{Way: Tunnelled, At: w.intercept.At}
	}
	return w.serveInner()
}

// validate judges the origin's certificate as policy asks.
func (w *walk) validate(d policy.Decision) *denial {
	v := d.Validation()
	if !v.On {
		return nil
	}
	at := settingAt(d, "server.certificate.validate")
	switch w.Origin.Fault {
	case Expired:
		if !v.IgnoreExpiration {
			return &denial{"ssl_server_cert_expired", at}
		}
	case WrongName:
		if !v.IgnoreHostname {
			return &denial{"ssl_domain_invalid", at}
		}
	case Untrusted:
		if v.IgnoreUntrusted {
			return nil
		}
		if w.untrusted = w.intercept.PreserveUntrusted == "yes"; !w.untrusted {
			return &denial{"ssl_server_cert_untrusted_issuer", at}
		}
	case Revoked:
		if v.Revocation == "auto" {
			return &denial{"ssl_server_cert_revoked", at}
		}
	}
	return nil
}

// serveInner chooses what becomes of decrypted bytes.
func (w *walk) serveInner() Outcome {
	w.inner = true
	return w.certified(w.carryInner())
}

// certified adds whose certificate the client is shown.
func (w *walk) certified(o Outcome) Outcome {
	if o.Keyring = w.intercept.Keyring; o.Keyring == "default" {
		o.Keyring = ""
	}
	o.Untrusted = w.untrusted
	return o
}

func (w *walk) carryInner() Outcome {
	switch {
	case w.denied != nil && w.Inside == HTTP:
		return refusal(PageInside, w.denied.id, w.denied.at)
	case w.denied != nil:
		return refusal(ClosedInside, w.denied.id, w.denied.at)
	case w.intercept.Mode == policy.ModeSTunnel:
		return w.relay("stunnel", policy.Yes, STunnelled)
	case w.intercept.Mode == policy.ModeAuto && w.connect.Detecting:
		return w.peekInner()
	}
	return w.readInner()
}

// peekInner classifies decrypted bytes under automatic protocol detection.
func (w *walk) peekInner() Outcome {
	d := w.decide(w.connect, policy.AtRequest)
	switch {
	case w.Inside == HTTP && (d.Detects(detect.HTTP) || d.Detects("https")):
		return w.readInner()
	case w.Inside == SIP && d.Detects(detect.SIPS):
		return w.relay("sips", policy.No, Relayed)
	case w.Inside == MSTURN && d.Detects(detect.MSTURN):
		return w.relay("ms-turn", policy.No, Relayed)
	}
	return w.relay("stunnel", policy.Yes, STunnelled)
}

// relay decides a decrypted flow by its protocol.
func (w *walk) relay(protocol string, tunneled policy.Ternary, way Way) Outcome {
	d, no := w.verdict(w.tlsTransaction(policy.SSLTunnel, protocol, tunneled), settled)
	if no != nil {
		return refusal(ClosedInside, no.id, no.at)
	}
	return Outcome{Way: way, At: orElse(w.intercept.At, d.Verdict.At)}
}

// readInner takes decrypted bytes for HTTP, whatever they are.
func (w *walk) readInner() Outcome {
	if w.Inside != HTTP {
		return Outcome{Way: Mistaken, ID: "invalid_request", At: w.intercept.At}
	}
	tx := w.tlsTransaction(policy.HTTPSForwardProxy, "https", policy.No)
	return w.exchange(w.request(tx, "https"), PageInside)
}
