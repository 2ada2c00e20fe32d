package run

import (
	"strings"

	"rehearse/reports/journal"
)

// Remedy says what an outcome's code means at a stage, and what mends it.
type Remedy struct {
	Code  string        // as in an outcome; a code that ends in "_" stands for its family
	Stage journal.Stage // "" means any
	Means string
	Mends []string
	See   string // sources
}

// Remedies lists what is known of codes, the more special rows first.
func Remedies() []Remedy {
	return []Remedy{
		{
			Code: "CRYPT_E_NO_REVOCATION_CHECK", Means: "the certificate carries no CRL distribution point and no AIA OCSP pointer, so a client that enforces revocation has nothing to ask and hangs up; browsers do not ask and go on working",
			Mends: []string{"upgrade the appliance to 6.5.10.1 or later and give emulated certificates pointers: revocation_pointers: [crl, ocsp]", "an issuing intermediate needs pointers of its own", "on 6.5.6.1 and later, bypass by name: url.host.substring=lync.com ssl.forward_proxy(no)"},
			See:   "KB 169283; [wincrypt] 0x80092012",
		},
		{
			Code: "CRYPT_E_REVOCATION_OFFLINE", Means: "the certificate points to a CRL or a responder, but nothing usable came back: unreachable, silent, stale, wrongly signed, or forbidden by the policy itself",
			Mends: []string{"let clients fetch from the endpoint over plain HTTP: no denial, no interception, no authentication", "look at the fetches in the evidence: each says why it was no good", "publish CRLs and OCSP answers that are in force and signed by the authority that issues the emulated certificates"},
			See:   "[wincrypt] 0x80092013",
		},
		{
			Code: "CRYPT_E_REVOKED", Means: "a CRL or an OCSP answer lists the certificate as revoked",
			Mends: []string{"if it is an emulated certificate: reissue it, and see why it was revoked", "if it is the origin's: nothing on the appliance mends that"},
			See:   "[wincrypt] 0x80092010",
		},
		{
			Code: "CERT_E_UNTRUSTEDROOT", Means: "the chain ends in a root that the client does not trust: the interceptor's root is not installed there, or the origin's issuer is unknown",
			Mends: []string{"install the appliance's root certificate on the client"}, See: "[wincrypt] 0x800B0109",
		},
		{Code: "CERT_E_CHAINING", Means: "an intermediate certificate is missing", Mends: []string{"have the server send its intermediates"}, See: "[wincrypt] 0x800B010A"},
		{Code: "CERT_E_CN_NO_MATCH", Means: "the certificate does not name the host that was asked for", Mends: []string{"emulated certificates must keep the origin's names; check the origin's own"}, See: "[wincrypt] 0x800B010F"},
		{Code: "CERT_E_EXPIRED", Means: "a certificate is outside its validity period", Mends: []string{"check the clocks, then the origin's certificate"}, See: "[wincrypt] 0x800B0101"},
		{
			Code: "http_400", Stage: journal.StageRegister, Means: "the interceptor decrypted SIP and took it for HTTP: it answered the REGISTER with an HTTP error",
			Mends: []string{"use automatic protocol detection, ssl.forward_proxy(yes), on 6.5.10.1 or later", "switch Detect Protocol on for the service"}, See: "KB 169283",
		},
		{
			Code: "alert_handshake_failure", Stage: journal.StageRelay, Means: "the interceptor took the pseudo-TLS hello of MS-TURN for TLS; there is no common cipher suite, so it answered with the alert 15 03 01 00 02 02 28",
			Mends: []string{"detect MS-TURN: release 6.5.10.1 or later with Detect Protocol on for the service", "below that, exempt the edge's addresses: pseudo-TLS has no SNI, so no rule by name can match it"}, See: "KB 169284",
		},
		{
			Code: "policy_denied", Means: "a policy rule denied the request or tunnel",
			Mends: []string{"the evidence names the rule by file and line", "a DENY for client.protocol=!ssl tunneled=yes hits every tunnel without detection: exempt hosts above it, in the same layer"}, See: "KB 169283, KB 166602",
		},
		{
			Code: "connect_method_denied", Means: "a CONNECT that carries no TLS, or leads to another port than 443, is denied unless a rule allows it",
			Mends: []string{"ALLOW the host in a <Proxy> layer"}, See: "KB 176397",
		},
		{Code: "invalid_request", Means: "the interceptor expected HTTP and got something else", Mends: []string{"use ssl.forward_proxy(yes) so that other protocols are detected or STunnelled"}, See: "KB 168234"},
		{Code: "ssl_server_cert_revoked", Means: "the interceptor found the origin's certificate revoked", Mends: []string{"nothing on the appliance mends that; server.certificate.validate(no) hides it"}, See: "KB 169432"},
		{Code: "ssl_server_cert_untrusted_issuer", Means: "the interceptor does not trust the origin's issuer", Mends: []string{"import the issuer into the appliance's CA list"}, See: "KB 169432"},
		{Code: "ssl_server_cert_expired", Means: "the origin's certificate is outside its validity period", Mends: []string{"tell the origin's owner"}, See: "KB 169432"},
		{Code: "ssl_domain_invalid", Means: "the origin's certificate names another host", Mends: []string{"tell the origin's owner"}, See: "KB 169432"},
		{Code: "ssl_failed", Means: "the interceptor could not make TLS with the origin", Mends: []string{"see the upstream handshake in the evidence"}, See: "KB 168234"},
		{Code: pointersRelease, Means: "the release cannot put revocation pointers into emulated certificates", Mends: []string{"upgrade to 6.5.10.1 or later"}, See: "KB 169283"},
		{Code: "reset", Means: "the other end, or the interceptor, reset the connection", Mends: []string{"the evidence says who: an interceptor resets flows that policy denies without decrypting them"}, See: "KB 173494"},
		{Code: "closed", Means: "the other end closed the connection without an answer", Mends: []string{"look for a refusal of the appliance in the evidence: denied protocols inside TLS are closed on without a page"}, See: "KB 169283"},
		{Code: "alert_", Means: "the other end broke off the TLS handshake", Mends: []string{"see the handshake events in the evidence"}, See: "RFC 8446 6.2"},
		{Code: "http_", Means: "the answer was an HTTP status", Mends: []string{"see who sent it in the evidence"}, See: "RFC 9110 15"},
		{Code: "sip_", Means: "the server answered with a SIP status", Mends: []string{"see its ms-diagnostics in the evidence"}, See: "[MS-OCER], RFC 3261 21"},
		{Code: "msturn_", Means: "the media relay answered with an error", Mends: []string{"see the messages in the evidence"}, See: "[MS-TURN] 2.2.2.9"},
	}
}

// RemedyFor is what is known of a code at a stage.
func RemedyFor(code string, stage journal.Stage) (Remedy, bool) {
	for _, r := range Remedies() {
		if r.Stage != "" && stage != "" && r.Stage != stage {
			continue
		}
		if r.Code == code || strings.HasSuffix(r.Code, "_") && strings.HasPrefix(code, r.Code) {
			return r, true
		}
	}
	return Remedy{}, false
}

// hints are what to try next after a step that went otherwise than expected.
func hints(p played) []string {
	r, ok := RemedyFor(p.outcome.Code, p.outcome.Stage)
	if !ok {
		return nil
	}
	return append([]string{r.Means}, r.Mends...)
}
