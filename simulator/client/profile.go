package client

import (
	"crypto/tls"
	"slices"

	"rehearse/proxy/revocation"
)

// Ending is how a client ends a handshake with a server that it refuses.
type Ending string

// The endings.
const (
	// EndAlert: a fatal alert in place of the client's second flight, then FIN.
	// Schannel does so when it judges the certificate itself.
	EndAlert Ending = "alert"
	// EndFIN: the handshake is finished, then the connection closed without an
	// alert or close_notify. An application that judges the certificate after the
	// handshake does so (SCH_CRED_MANUAL_CRED_VALIDATION).
	EndFIN Ending = "fin"
	// EndRST: as EndFIN, but with RST.
	EndRST Ending = "rst"
)

// Endings lists every ending.
var Endings = []Ending{EndAlert, EndFIN, EndRST}

// Discovery is how a client finds its SIP server when none is named.
type Discovery string

// The ways of discovery.
const (
	// ByAutodiscover: lyncdiscoverinternal and lyncdiscover over HTTP and HTTPS,
	// then as ByDNS.
	ByAutodiscover Discovery = "autodiscover"
	// ByDNS: service records, then well-known names.
	ByDNS Discovery = "dns"
	// NoDiscovery: this is no SIP client.
	NoDiscovery Discovery = "none"
)

// Profile is a kind of client: a named set of behaviours.
type Profile struct {
	Name string
	// Doc is one line for people.
	Doc string
	// Claims says where each behaviour is known from. Those about revocation are
	// in Revocation.Claims.
	Claims []Claim

	Revocation             revocation.Behaviour
	Ending                 Ending
	Discovery              Discovery
	MinVersion, MaxVersion uint16   // of TLS
	ALPN                   []string // nil: no ALPN extension
	UserAgent              string   // in SIP and HTTP
}

// Claim says where a behaviour of a profile is known from.
type Claim struct {
	Field, Says, Source string
}

// Profiles lists every profile, in the order in which they are shown.
var Profiles = []Profile{
	{
		Name: "skype-strict",
		Doc:  "Skype for Business that enforces revocation: no proof that a certificate is good, no connection",
		Claims: []Claim{
			{"Ending", "an alert, or a bare FIN where the application judges after the handshake", "learn.microsoft.com manually-validating-schannel-credentials; modelled: the alert is the usual case"},
			{"Discovery", "lyncdiscoverinternal and lyncdiscover, then SRV, then A records", "support article cannot-verify-the-server-is-trusted; pidgin-sipe sip-transport.c"},
			{"MaxVersion", "TLS 1.0 to 1.2", "modelled: Schannel of the Windows versions of that time"},
			{"ALPN", "none", "measured with pidgin-sipe; modelled for Skype for Business"},
			{"UserAgent", "of the 2016 client", "SIP trace in a public test file"},
		},
		Revocation: behaviour("skype-strict"), Ending: EndAlert, Discovery: ByAutodiscover,
		MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS12,
		UserAgent: "UCCAPI/16.0.4417.1000 OC/16.0.4417.1000 (Skype for Business)",
	},
	{
		Name: "skype-2010",
		Doc:  "Lync 2010 and Office Communicator: trust and name are checked, revocation is not",
		Claims: []Claim{
			{"Ending", "an alert", "modelled as skype-strict"},
			{"Discovery", "service records, then well-known names", "recalled: autodiscovery came with Lync 2013"},
			{"MaxVersion", "TLS 1.0 to 1.2", "modelled as skype-strict"},
			{"UserAgent", "of Lync 2010", "recalled"},
		},
		Revocation: behaviour("skype-2010"), Ending: EndAlert, Discovery: ByDNS,
		MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS12,
		UserAgent: "UCCAPI/4.0.7577.0 OC/4.0.7577.0 (Microsoft Lync 2010)",
	},
	{
		Name: "best-effort",
		Doc:  "checks revocation, but only a certificate known to be revoked stops it",
		Claims: []Claim{
			{"Ending", "an alert", "modelled: Schannel judges the certificate itself"},
			{"MaxVersion", "TLS 1.0 to 1.3", "modelled"},
			{"UserAgent", "of the 2013 client", "SIP trace in a public test file"},
		},
		Revocation: behaviour("best-effort"), Ending: EndAlert, Discovery: ByAutodiscover,
		MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS13,
		UserAgent: "UCCAPI/15.0.4569.1503 OC/15.0.4569.1503 (Microsoft Lync)",
	},
	{
		Name: "browser",
		Doc:  "a web browser: trust and name are checked, nobody is asked about revocation",
		Claims: []Claim{
			{"Ending", "an alert", "modelled: certificates are judged inside the handshake"},
			{"MaxVersion", "TLS 1.2 and 1.3", "Chromium since version 84"},
			{"ALPN", "http/1.1", "modelled: browsers offer h2 too, which this client does not speak"},
		},
		Revocation: behaviour("browser"), Ending: EndAlert, Discovery: NoDiscovery,
		MinVersion: tls.VersionTLS12, MaxVersion: tls.VersionTLS13, ALPN: []string{"http/1.1"},
		UserAgent: "Mozilla/5.0",
	},
	program("java-pkix", "Java with revocation on: whole chain, OCSP then CRL, no soft fail", "OpenJDK 17, measured"),
	program("openssl-crl", "openssl s_client -crl_check -crl_download: the leaf's CRL and nothing else", "OpenSSL 3.0, measured"),
	program("gnutls-ocsp", "gnutls-cli --ocsp: OCSP alone, one certificate found good is enough", "GnuTLS 3.7, measured"),
	program("curl-staple", "curl --cert-status: a good stapled answer for the leaf, or nothing", "curl 7.88, measured"),
}

// program is a command-line verifier, for laying beside the real one: it signs in
// nowhere.
func program(name, doc, source string) Profile {
	return Profile{
		Name: name, Doc: doc,
		Claims: []Claim{
			{"Ending", "an alert: it judges inside the handshake", source},
			{"MaxVersion", "TLS 1.2 and 1.3", source},
		},
		Revocation: behaviour(name), Ending: EndAlert, Discovery: NoDiscovery,
		MinVersion: tls.VersionTLS12, MaxVersion: tls.VersionTLS13,
	}
}

// ProfileNamed is the profile with that name.
func ProfileNamed(name string) (Profile, bool) {
	if i := slices.IndexFunc(Profiles, func(p Profile) bool { return p.Name == name }); i >= 0 {
		return Profiles[i], true
	}
	return Profile{}, false
}

// behaviour is the named row of revocation.Behaviours; a spec holds every
// profile to a name that is there.
func behaviour(name string) revocation.Behaviour {
	b, _ := revocation.BehaviourNamed(name)
	return b
}
