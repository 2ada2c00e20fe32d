package policy

import (
	"slices"
	"strings"

	"rehearse/proxy/policy/cpl"
)

func clientVersion(m *machine) (string, value) {
	return m.tx.ClientTLSVersion, given(m.tx.ClientTLSVersion != "")
}

func clientCipher(m *machine) (string, value) {
	return m.tx.ClientCipher, given(m.tx.ClientCipher != "")
}

func clientStrength(m *machine) (string, value) {
	return strength(m.tx.ClientCipher), given(m.tx.ClientCipher != "")
}

func serverName(m *machine) (string, value) { return m.tx.SNI, given(m.tx.SNI != "") }

func serverVersion(m *machine) (string, value) {
	return m.tx.ServerTLSVersion, given(m.tx.ServerTLSVersion != "")
}

func serverCipher(m *machine) (string, value) {
	return m.tx.ServerCipher, given(m.tx.ServerCipher != "")
}

func serverStrength(m *machine) (string, value) {
	return strength(m.tx.ServerCipher), given(m.tx.ServerCipher != "")
}

// strength sorts a cipher suite by its name. Modelled: the classes of the cipher
// strings of that time, in which RC4 with 128 bits is medium and DES low.
func strength(cipher string) string {
	name := strings.ToUpper(strings.ReplaceAll(cipher, "-", "_"))
	has := func(part string) bool { return strings.Contains(name, part) }
	switch {
	case cipher == "" || has("NULL"):
		return "none"
	case has("EXP"):
		return "export"
	case has("3DES") || has("DES_CBC3") || has("DES_EDE"):
		return "high"
	case has("DES"):
		return "low"
	case has("RC4") || has("RC2") || has("IDEA") || has("SEED"):
		return "medium"
	}
	return "high"
}

// serverNames are the host names in the origin's certificate.
func serverNames(m *machine) ([]string, value) {
	cert := m.tx.ServerCertificate
	switch {
	case cert == nil:
		return nil, unavailable
	case len(cert.DNSNames) > 0:
		return cert.DNSNames, yes
	}
	m.pair[0] = cert.Subject.CommonName
	return m.pair[:1], given(m.pair[0] != "")
}

// certificateNames tests host names: without a modifier for the domain they
// belong to (KB 165956), else as text.
func certificateNames(c *compiler, cond *cpl.Condition) func([]cpl.Value) func([]string) bool {
	if len(cond.Modifiers) > 0 {
		return anyOf(texts(exact))(c, cond)
	}
	return anyOf(belongs)(c, cond)
}

// belongs tests which domain a name belongs to.
func belongs(*compiler, *cpl.Condition) func([]cpl.Value) func(string) bool {
	return func(any []cpl.Value) func(string) bool {
		domains := make([]string, len(any))
		for i, v := range any {
			domains[i] = parseURLPattern(v.Text, false).host
		}
		return func(name string) bool {
			return slices.ContainsFunc(domains, func(d string) bool { return inDomain(name, d) })
		}
	}
}

// inDomain says whether a name is a domain or lies below it.
func inDomain(name, domain string) bool {
	rest, ok := strings.CutSuffix(strings.ToLower(name), domain)
	return ok && domain != "" && (rest == "" || strings.HasSuffix(rest, "."))
}

// categorisedCertificate is where the first host name of the origin's
// certificate belongs.
func categorisedCertificate(m *machine) (*location, value) {
	names, known := serverNames(m)
	if known != yes {
		return nil, known
	}
	l := &location{}
	m.policy.hosts.locate(l, &URL{Host: strings.ToLower(strings.TrimPrefix(names[0], "*."))})
	given := m.tx.CertificateCategories
	if given == nil && l.url.Host == m.tx.URL.Host {
		given = m.tx.Categories
	}
	m.sortWith(l, given)
	return l, yes
}

func serverSubject(m *machine) (string, value) {
	if m.tx.ServerCertificate == nil {
		return "", unavailable
	}
	return m.tx.ServerCertificate.Subject.String(), yes
}

func serverCommonName(m *machine) (string, value) {
	if m.tx.ServerCertificate == nil {
		return "", unavailable
	}
	name := m.tx.ServerCertificate.Subject.CommonName
	return name, given(name != "")
}

// sslProxyMode is how TLS is terminated for this transaction: not at all where
// there is none, not known before the hello where there is.
func sslProxyMode(m *machine) (string, value) {
	switch {
	case m.scopes&inServerTLS == 0:
		return "none", yes
	case m.at < AtClientHello:
		return "", late
	case m.tx.Type == HTTPSForwardProxy:
		return "https-forward-proxy", yes
	case m.tx.ClientProtocol == "stunnel":
		return "stunnel", yes
	}
	return "none", yes
}
