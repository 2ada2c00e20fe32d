package revocation

import (
	"slices"
	"time"
)

// Behaviours lists the known verifiers, in the order in which they are shown.
// The rows named after real programs give those programs' verdicts in the cases
// of the measured record (55 chains, each shown to each program).
func Behaviours() []Behaviour { return append(clients(), programs()...) }

// clients are the verifiers that a simulated person may sit at.
func clients() []Behaviour {
	return []Behaviour{
		{
			Name: "skype-strict", Doc: "enforces: the whole chain must be shown to be good",
			Claims: []Claim{
				{"Scope", "the chain without its root", "Skype for Business enforces strictly (KB of SGOS 6.5.10.1); CertGetCertificateChain 0x40000000"},
				{"LeafFirst", "from the root down", "learn.microsoft.com ee619754(v=ws.10); measured with Java PKIX"},
				{"Order", "all AIA OCSP URLs before any CRL distribution point", "learn.microsoft.com ee619783(v=ws.10)"},
				{"NoFallback", "the CRL is tried after every OCSP failure", "measured with Java PKIX and an unrelated strict verifier"},
				{"Staple", "a staple takes the responder's place", "measured with Java PKIX; modelled for Windows"},
				{"AllowMissing", "no pointer is fatal, CRYPT_E_NO_REVOCATION_CHECK", "wincrypt; curl issue 3727"},
				{"AllowUndetermined", "no answer is fatal, CRYPT_E_REVOCATION_OFFLINE", "wincrypt; mitmproxy issue 7712"},
				{"Limits", "15 s a URL", "CertGetCertificateChain, dwUrlRetrievalTimeout"},
				{"Method", "GET when it fits in 255 bytes", "RFC 5019 5"},
				{"Hash", "SHA-1", "RFC 5019 2.1.1"},
				{"Nonce", "none", "RFC 5019 2.1.1"},
				{"Skew", "15 minutes", "modelled after Java PKIX"},
			},
			Limits: DefaultLimits(),
		},
		{
			Name: "skype-2010", Doc: "does not enforce revocation",
			Claims: []Claim{
				{"Scope", "nothing is asked", "blog.schertz.name 2013/02: the desktop clients of that time did not enforce"},
			},
			Scope: Nothing,
		},
		{
			Name: "best-effort", Doc: "checks, but goes on when nothing can be learnt; revoked is refused",
			Claims: []Claim{
				{"AllowMissing", "no pointer is overlooked", "SCHANNEL_CRED 0x800, SCH_CRED_IGNORE_NO_REVOCATION_CHECK"},
				{"AllowUndetermined", "no usable answer is overlooked", "SCHANNEL_CRED 0x1000, SCH_CRED_IGNORE_REVOCATION_OFFLINE"},
				{"Limits", "15 s a URL", "CertGetCertificateChain, dwUrlRetrievalTimeout"},
			},
			AllowMissing: true, AllowUndetermined: true, Limits: DefaultLimits(),
		},
		{
			Name: "browser", Doc: "asks nobody; a stapled answer is heeded",
			Claims: []Claim{
				{"Scope", "the leaf, for which alone a staple comes", "RFC 6066 8"},
				{"Order", "nothing is fetched", "Chromium and Edge by default: textslashplain.com 2022"},
				{"Staple", "a stapled revocation is refused", "measured with Chromium (online checks on)"},
				{"AllowMissing", "no staple is overlooked", "textslashplain.com 2022"},
				{"AllowUndetermined", "a staple that does not help is overlooked", "modelled"},
			},
			Scope: LeafOnly, Order: StapleOnly, Staple: StapleFirst, AllowMissing: true, AllowUndetermined: true,
		},
	}
}

// programs are real verifiers, for laying beside the real thing.
func programs() []Behaviour {
	return []Behaviour{
		{
			Name: "java-pkix", Doc: "Java's PKIXRevocationChecker without SOFT_FAIL, enableCRLDP on",
			Claims: []Claim{
				{"Order", "OCSP, then CRL on every failure but revoked", "measured, OpenJDK 17"},
				{"LeafFirst", "from the root down", "measured, OpenJDK 17"},
				{"Staple", "a staple takes the responder's place", "measured, OpenJDK 17"},
				{"Limits", "15 s a fetch", "com.sun.security.ocsp.timeout"},
				{"Skew", "15 minutes", "com.sun.security.ocsp.clockSkew"},
			},
			Limits: DefaultLimits(),
		},
		{
			Name: "openssl-crl", Doc: "openssl s_client -crl_check -crl_download: the leaf, by CRL",
			Claims: []Claim{
				{"Scope", "the leaf", "measured, OpenSSL 3.0"},
				{"Order", "CRL only", "measured, OpenSSL 3.0"},
				{"Staple", "not looked at", "measured, OpenSSL 3.0"},
				{"Limits", "gives up after more than 30 s", "measured, OpenSSL 3.0"},
				{"Skew", "none", "X509_cmp_time of OpenSSL's crypto/x509"},
			},
			Scope: LeafOnly, Order: CRLOnly, Staple: StapleIgnored, Limits: Limits{PerURL: 30 * time.Second}, Skew: -1,
		},
		{
			Name: "openssl-ocsp", Doc: "openssl ocsp for each certificate of the chain",
			Claims: []Claim{
				{"LeafFirst", "from the leaf up", "measured, OpenSSL 3.0"},
				{"Order", "OCSP only", "measured, OpenSSL 3.0"},
				{"Staple", "not looked at", "measured, OpenSSL 3.0"},
				{"Method", "POST", "measured, OpenSSL 3.0"},
				{"Nonce", "sent", "openssl-ocsp(1), -nonce"},
				{"Limits", "10 s, as asked for by -timeout", "measured, OpenSSL 3.0"},
				{"Skew", "five minutes", "openssl-ocsp(1), -validity_period"},
			},
			LeafFirst: true, Order: OCSPOnly, Staple: StapleIgnored, Method: AlwaysPost, Nonce: true, Skew: 5 * time.Minute,
			Limits: Limits{PerURL: 10 * time.Second},
		},
		{
			Name: "gnutls-ocsp", Doc: "gnutls-cli --ocsp: one certificate found good is enough; no strict judge",
			Claims: []Claim{
				{"LeafFirst", "from the leaf up", "measured, GnuTLS 3.7"},
				{"Order", "OCSP only; it also asks the issuer's responder about a leaf without pointers, which decides nothing and is left out here", "measured, GnuTLS 3.7"},
				{"Staple", "wins over a responder", "measured, GnuTLS 3.7"},
				{"OneGood", "at least one verified, none revoked; unknown is taken for good", "measured, GnuTLS 3.7"},
				{"StapleSettles", "nothing is asked with a staple", "measured, GnuTLS 3.7"},
				{"MustStaple", "enforced", "measured, GnuTLS 3.7"},
				{"Method", "POST", "measured, GnuTLS 3.7"},
				{"Nonce", "sent", "measured, GnuTLS 3.7"},
				{"Limits", "gives up after more than 30 s", "measured, GnuTLS 3.7"},
			},
			LeafFirst: true, Order: OCSPOnly, Staple: StapleDecides, OneGood: true, StapleSettles: true, MustStaple: true,
			Method: AlwaysPost, Nonce: true, Limits: Limits{PerURL: 30 * time.Second},
		},
		{
			Name: "curl-staple", Doc: "curl --cert-status: the leaf, by its staple alone",
			Claims: []Claim{
				{"Scope", "the leaf", "measured, curl 7.88"},
				{"Order", "nothing is fetched", "measured, curl 7.88"},
				{"Staple", "demanded", "measured, curl 7.88"},
			},
			Scope: LeafOnly, Order: StapleOnly, Staple: StapleFirst,
		},
	}
}

// BehaviourNamed is the row of Behaviours with that name.
func BehaviourNamed(name string) (Behaviour, bool) {
	all := Behaviours()
	if i := slices.IndexFunc(all, func(b Behaviour) bool { return b.Name == name }); i >= 0 {
		return all[i], true
	}
	return Behaviour{}, false
}
