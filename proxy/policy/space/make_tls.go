package space

import (
	"slices"
	"strings"

	"rehearse/proxy/policy"
	"rehearse/proxy/policy/flow"
)

// origin is the server's side of TLS, and what is agreed on with the client.
func (m *maker) origin() {
	o := &m.f.Origin
	o.TLS, o.Cipher = m.version("server"), m.cipher("server")
	m.f.ClientTLS, m.f.ClientCipher = m.version("client"), m.cipher("client")
	if fault, ok := m.x.s.fields["certificate"].(*kindField); ok {
		o.Fault = flow.Fault(fault.list[m.a[fault.main]].Text)
	}
	if names, ok := m.texts("server.certificate.hostname"); ok {
		more, _ := names.list(m.a)
		if !names.listMeets(m.a, more) {
			m.refuse("names in certificates that nothing was found for", false, names.axes()...)
		}
		if len(more) > 0 {
			first := m.f.Host
			if o.Fault == flow.WrongName {
				first = "another.invalid"
			}
			o.Names = append([]string{first}, more...)
			if o.Fault == flow.WrongName && slices.Contains(more, m.f.Host) {
				m.refuse("", true, append(names.axes(), m.x.s.fields["certificate"].(*kindField).main, m.x.host.main)...)
			}
		}
	}
	if _, ok := m.texts("server.certificate.common_name"); ok {
		o.CommonName = m.text("server.certificate.common_name", "Origin")
	}
	m.subject()
}

// subject is the subject as a text: "CN=host,O=company".
func (m *maker) subject() {
	f, ok := m.texts("server.certificate.subject")
	if !ok {
		return
	}
	o := &m.f.Origin
	cn := o.CommonName
	if cn == "" {
		cn = m.f.Host
	}
	full := func() string {
		if o.Company == "" {
			return "CN=" + cn
		}
		return "CN=" + cn + ",O=" + o.Company
	}
	if f.meets(m.a, full()) {
		return
	}
	text := f.compose(m.a, textValue{kind: otherText})
	if f.main >= 0 {
		text = f.values[m.a[f.main]].text + text
	}
	for _, try := range []string{text, strings.TrimPrefix(text, "O="), text + " Inc"} {
		if o.Company = try; f.meets(m.a, full()) {
			return
		}
	}
	o.Company = ""
	if c, ok := strings.CutPrefix(text, "CN="); ok && !strings.Contains(c, ",") {
		if cn, o.CommonName = c, c; f.meets(m.a, full()) {
			return
		}
	}
	m.refuse("subjects of certificates that nothing was found for", false, append(f.axes(), m.x.host.main)...)
}

// version is a TLS version as CPL spells it; there are no others.
func (m *maker) version(side string) string {
	name := side + ".connection.negotiated_ssl_version"
	f, ok := m.texts(name)
	if !ok {
		return "TLSV1.2"
	}
	for _, v := range []string{"TLSV1.2", "TLSV1.3", "TLSV1.1", "TLSV1", "SSLV3", "SSLV2"} {
		if f.meets(m.a, v) {
			return v
		}
	}
	m.refuse("", true, f.axes()...)
	return ""
}

// cipher is a cipher suite of the name and strength asked for.
func (m *maker) cipher(side string) string {
	name := side + ".connection.negotiated_cipher"
	f, _ := m.texts(name)
	strength, _ := m.texts(name + ".strength")
	candidates := []string{ordinaryCipher, "TLS_RSA_WITH_RC4_128_SHA", "TLS_RSA_WITH_DES_CBC_SHA", "EXP-RC4-MD5", "TLS_RSA_WITH_NULL_SHA"}
	var axes []int
	if f != nil {
		axes = f.axes()
		for _, v := range f.values {
			candidates = append(candidates, v.text)
		}
	}
	if strength != nil {
		axes = append(axes, strength.axes()...)
	}
	for _, c := range candidates {
		if c != "" && (f == nil || f.meets(m.a, c)) && (strength == nil || strength.meets(m.a, policy.CipherStrength(c))) {
			return c
		}
	}
	m.refuse("", true, axes...)
	return ""
}
